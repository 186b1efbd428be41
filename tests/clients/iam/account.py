"""The account: its alias, what it has, preferences of STS, tokens for others, an organization that is not there."""

import json
from urllib.request import urlopen

from kit import ACCOUNT, ARGUMENTS, IAM, client, refused, same


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
summary = IAM.get_account_summary()["SummaryMap"]
same((summary["Users"], summary["Providers"], summary["Roles"]), (1, 1, 0))
same((summary["AccessKeysPerUserQuota"], summary["GlobalEndpointTokenVersion"]), (2, 1))

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
