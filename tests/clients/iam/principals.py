"""Users and roles in trust policies: kept by unique id, shown by ARN, dead once they are gone."""

import json

from kit import ACCOUNT, IAM, allow, arn, client, policy, refused, same, trust

EVERY = policy(allow("sts:AssumeRole"))


def make(name, principal, *, own=EVERY):
    role = IAM.create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal))["Role"]
    IAM.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=own)
    return role["RoleId"]


def remove(name):
    IAM.delete_role_policy(RoleName=name, PolicyName="own")
    IAM.delete_role(RoleName=name)


def session(role, sts=None):
    found = (sts or client("sts")).assume_role(RoleArn=arn(f"role/{role}"), RoleSessionName="one")["Credentials"]
    return client("sts", (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]))


def principal_of(role):
    return IAM.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]


def listed(role):
    roles = {found["RoleName"]: found for found in IAM.list_roles()["Roles"]}
    return roles[role]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]


first = make("Caller", {"AWS": ACCOUNT})
created = IAM.create_role(RoleName="Target", AssumeRolePolicyDocument=trust({"AWS": arn("role/Caller")}))["Role"]
same(created["AssumeRolePolicyDocument"]["Statement"][0]["Principal"], {"AWS": arn("role/Caller")})
for shown in (principal_of("Target"), listed("Target")):
    same(shown, {"AWS": arn("role/Caller")})
caller = session("Caller")
session("Target", caller)

# Gone: the grant is dead, and the id is all that is left to show.
remove("Caller")
for shown in (principal_of("Target"), listed("Target")):
    same(shown, {"AWS": first})

# Made again under the same name: somebody else.
second = make("Caller", {"AWS": ACCOUNT})
assert second != first
refused("AccessDenied", session("Caller").assume_role, RoleArn=arn("role/Target"), RoleSessionName="one")
same(principal_of("Target"), {"AWS": first})
# What has nothing to do with the trust policy leaves it as it is.
IAM.update_role(RoleName="Target", Description="changed")
refused("AccessDenied", session("Caller").assume_role, RoleArn=arn("role/Target"), RoleSessionName="one")
# Nor can the old text be saved again while it names who is gone.
dead = json.dumps(IAM.get_role(RoleName="Target")["Role"]["AssumeRolePolicyDocument"])
refused("MalformedPolicyDocument", IAM.update_assume_role_policy, RoleName="Target", PolicyDocument=dead, says=f'Invalid principal in policy: "AWS":"{first}"')
# Saved by name it is about whoever has it now.
IAM.update_assume_role_policy(RoleName="Target", PolicyDocument=trust({"AWS": [arn("role/Caller"), arn("root")]}))
same(principal_of("Target"), {"AWS": [arn("role/Caller"), arn("root")]})
session("Target", session("Caller"))
# An id that somebody has is shown as their ARN.
IAM.update_assume_role_policy(RoleName="Target", PolicyDocument=trust({"AWS": second}))
same(principal_of("Target"), {"AWS": arn("role/Caller")})
session("Target", session("Caller"))

# Users, likewise.
IAM.create_user(UserName="ana", Path="/staff/")
ana = IAM.get_user(UserName="ana")["User"]["UserId"]
IAM.update_assume_role_policy(RoleName="Target", PolicyDocument=trust({"AWS": arn("user/staff/ana")}))
same(principal_of("Target"), {"AWS": arn("user/staff/ana")})
IAM.delete_user(UserName="ana")
IAM.create_user(UserName="ana", Path="/staff/")
same(principal_of("Target"), {"AWS": ana})

for unknown in (arn("user/ana"), arn("role/None"), "arn:aws:iam::999999999999:role/Caller", "AROA77777777777777777"):
    says = f'Invalid principal in policy: "AWS":"{unknown}"'
    refused("MalformedPolicyDocument", IAM.update_assume_role_policy, RoleName="Target", PolicyDocument=trust({"AWS": [unknown]}), says=says)
    refused("MalformedPolicyDocument", IAM.create_role, RoleName="New", AssumeRolePolicyDocument=trust({"AWS": unknown}), says=says)
# Another account needn't be here, and what a session is called is for whoever begins it to say.
IAM.update_assume_role_policy(
    RoleName="Target",
    PolicyDocument=trust({"AWS": ["999999999999", f"arn:aws:sts::{ACCOUNT}:assumed-role/Caller/one"]}),
)
session("Target", session("Caller"))
