"""The account: its alias, what it has, preferences of STS, tokens for others, an organization that is not there."""

import json
from urllib.request import urlopen

from kit import ACCOUNT, ARGUMENTS, IAM, allow, client, policy, refused, same, trust
from totp import step_with_time_left, two


def aliases():
    return IAM.list_account_aliases()["AccountAliases"]


# An account that nobody has named is called by its number, which is no alias.
same(aliases(), [])
refused("NoSuchEntity", IAM.delete_account_alias, AccountAlias="acme", says="acme")
IAM.create_account_alias(AccountAlias="acme-prod")
same(aliases(), ["acme-prod"])
IAM.create_account_alias(AccountAlias="acme-prod")
IAM.create_account_alias(AccountAlias="acme")
same(aliases(), ["acme"])
same(IAM.list_account_aliases(MaxItems=1)["IsTruncated"], False)
refused("NoSuchEntity", IAM.delete_account_alias, AccountAlias="acme-prod")
unchecked = client(checked=False)
for bad in ["ab", "Acme", "-acme", "acme-", "ac--me", "a" * 64, ACCOUNT]:
    refused("ValidationError", unchecked.create_account_alias, AccountAlias=bad, says="'accountAlias'")
same(aliases(), ["acme"])
IAM.delete_account_alias(AccountAlias="acme")
same(aliases(), [])

# What it has.
IAM.create_user(UserName="ana")
IAM.create_open_id_connect_provider(Url="https://idp.example.com", ClientIDList=["a"])
IAM.create_group(GroupName="Team")
IAM.create_role(RoleName="Build", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
for name in ("Web", "Worker"):
    IAM.create_instance_profile(InstanceProfileName=name)
OWN = IAM.create_policy(PolicyName="Own", PolicyDocument=policy(allow("s3:Get*")))["Policy"]["Arn"]
IAM.create_policy_version(PolicyArn=OWN, PolicyDocument=policy(allow("s3:Put*")))
IAM.create_policy(PolicyName="Other", PolicyDocument=policy(allow("s3:Get*")))
devices = [IAM.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"] for name in ("phone", "spare")]
shown = two(devices[0]["Base32StringSeed"], step_with_time_left())
IAM.enable_mfa_device(UserName="ana", SerialNumber=devices[0]["SerialNumber"], **shown)
summary = IAM.get_account_summary()["SummaryMap"]
SUMMARY = {
    **{"Users": 1, "Groups": 1, "Roles": 1, "InstanceProfiles": 2, "Providers": 1, "Policies": 2},
    **{"PolicyVersionsInUse": 3, "MFADevices": 2, "MFADevicesInUse": 1, "GlobalEndpointTokenVersion": 1},
    **{"AccessKeysPerUserQuota": 2, "GroupsPerUserQuota": 10, "VersionsPerPolicyQuota": 5, "PolicySizeQuota": 6144},
    **{"UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240},
    **{"AssumeRolePolicySizeQuota": 4096, "AttachedPoliciesPerGroupQuota": 20, "ServerCertificates": 0},
}
same({key: summary.get(key) for key in SUMMARY}, SUMMARY)
same(set(summary), set(IAM.meta.service_model.shape_for("summaryKeyType").enum))

# STS.
IAM.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
same(IAM.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"], 2)
IAM.set_security_token_service_preferences(GlobalEndpointTokenVersion="v1Token")
same(IAM.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"], 1)
preferences = unchecked.set_security_token_service_preferences
refused("ValidationError", preferences, GlobalEndpointTokenVersion="v3Token", says="enum value set: [v1Token, v2Token]")
refused("ValidationError", preferences, says="Member must not be null")

# Tokens for others.
info = IAM.get_outbound_web_identity_federation_info
refused("FeatureDisabled", info)
refused("FeatureDisabled", IAM.disable_outbound_web_identity_federation)
issuer = IAM.enable_outbound_web_identity_federation()["IssuerIdentifier"]
same(issuer, f"{ARGUMENTS['endpoint']}/issuers/{ACCOUNT}")
refused("FeatureEnabled", IAM.enable_outbound_web_identity_federation)
told = info()
same((told["IssuerIdentifier"], told["JwtVendingEnabled"]), (issuer, True))
same(json.load(urlopen(f"{issuer}/.well-known/openid-configuration"))["issuer"], issuer)
IAM.disable_outbound_web_identity_federation()
refused("FeatureDisabled", info)

# No organization.
for call in (
    IAM.list_organizations_features,
    IAM.enable_organizations_root_sessions,
    IAM.disable_organizations_root_sessions,
):
    refused("OrganizationNotFoundException", call)
