"""Roles: made, shown, changed, tagged and removed; those that a service has made for itself."""

import json
import time

from kit import ACCOUNT, IAM, arn, client, refused, same, tags, trust

PROVIDER = arn("oidc-provider/token.actions.githubusercontent.com")
TRUST = trust({"AWS": arn("root")}, Condition={"StringEquals": {"aws:PrincipalTag/team": "é &+%/"}})

same(IAM.list_roles()["Roles"], [])
made = IAM.create_role(
    RoleName="Build",
    Path="/ci/",
    AssumeRolePolicyDocument=TRUST,
    Description="Builds, ü",
    MaxSessionDuration=7200,
    Tags=tags(team="ops"),
)["Role"]
same(made["Arn"], arn("role/ci/Build"))
same(made["AssumeRolePolicyDocument"], json.loads(TRUST))
same((made["Description"], made["MaxSessionDuration"]), ("Builds, ü", 7200))
same(made["Tags"], tags(team="ops"))
assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21, made
same(IAM.get_role(RoleName="Build")["Role"], {**made, "RoleLastUsed": {}})

# In XML and in JSON, a document is percent-encoded.
raw = {}
IAM.meta.events.register("before-parse.iam.GetRole", lambda response_dict, **_: raw.update(response_dict))
IAM.get_role(RoleName="Build")
assert b"%22Version%22%3A%20%222012-10-17%22" in raw["body"], raw["body"]
assert b"%2B%25%2F" in raw["body"], raw["body"]

refused("EntityAlreadyExists", IAM.create_role, RoleName="BUILD", AssumeRolePolicyDocument=TRUST, says="Role with name BUILD already exists.")
refused("NoSuchEntity", IAM.get_role, RoleName="build", says="The role with name build cannot be found.")
refused("NoSuchEntity", IAM.create_role, RoleName="R", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn("policy/None"))
refused("ValidationError", IAM.create_role, RoleName="a b", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=99999, says="2 validation errors detected")
refused("InvalidInput", IAM.create_role, RoleName="R", Path="/aws-service-role/x/", AssumeRolePolicyDocument=TRUST)
refused("MalformedPolicyDocument", IAM.create_role, RoleName="R", AssumeRolePolicyDocument="{", says="This policy contains invalid Json")
refused("MalformedPolicyDocument", IAM.create_role, RoleName="R", AssumeRolePolicyDocument=trust({"AWS": "nobody"}), says='Invalid principal in policy: "AWS":"nobody"')
refused("MalformedPolicyDocument", IAM.create_role, RoleName="R", AssumeRolePolicyDocument=trust({"AWS": arn("root")}, "s3:GetObject"), says="AssumeRole policy may only specify STS AssumeRole actions.")
long = trust({"AWS": arn("root")}, Condition={"StringEquals": {"aws:username": ["x" * 4000]}})
refused("LimitExceeded", IAM.create_role, RoleName="R", AssumeRolePolicyDocument=long, says="Cannot exceed quota for ACLSizePerRole: 4096")

# Everybody can have tokens of a shared provider: the trust policy must say whose it accepts.
WEB = "sts:AssumeRoleWithWebIdentity"
AUDIENCE = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
SUBJECT = {"token.actions.githubusercontent.com:sub": "repo:acme/site:*"}
open_to_all = trust({"Federated": PROVIDER}, WEB, Condition={"StringEquals": AUDIENCE})
narrow = trust({"Federated": PROVIDER}, WEB, Condition={"StringEquals": AUDIENCE, "StringLike": SUBJECT})
refused("MalformedPolicyDocument", IAM.create_role, RoleName="R", AssumeRolePolicyDocument=open_to_all, says="token.actions.githubusercontent.com:sub")
refused("MalformedPolicyDocument", IAM.update_assume_role_policy, RoleName="Build", PolicyDocument=open_to_all)
IAM.update_assume_role_policy(RoleName="Build", PolicyDocument=narrow)
same(IAM.get_role(RoleName="Build")["Role"]["AssumeRolePolicyDocument"], json.loads(narrow))
refused("NoSuchEntity", IAM.update_assume_role_policy, RoleName="None", PolicyDocument=narrow)

IAM.update_role(RoleName="Build", MaxSessionDuration=3600)
role = IAM.get_role(RoleName="Build")["Role"]
same((role["MaxSessionDuration"], role["Description"]), (3600, "Builds, ü"))
IAM.update_role(RoleName="Build", Description="")
assert "Description" not in IAM.get_role(RoleName="Build")["Role"]
described = IAM.update_role_description(RoleName="Build", Description="Again")["Role"]
same((described["Description"], described["RoleId"]), ("Again", made["RoleId"]))
refused("NoSuchEntity", IAM.update_role, RoleName="None", Description="")
refused("NoSuchEntity", IAM.update_role_description, RoleName="None", Description="")
refused("ValidationError", IAM.update_role, RoleName="Build", Description="\u0001")

# Tags: keys are one in any case.
IAM.tag_role(RoleName="Build", Tags=tags(Team="dev", stage="test"))
same(IAM.list_role_tags(RoleName="Build")["Tags"], tags(Team="dev", stage="test"))
pages = IAM.get_paginator("list_role_tags").paginate(RoleName="Build", PaginationConfig={"PageSize": 1})
same([tag["Key"] for page in pages for tag in page["Tags"]], ["Team", "stage"])
IAM.untag_role(RoleName="Build", TagKeys=["STAGE", "none"])
same(IAM.list_role_tags(RoleName="Build")["Tags"], tags(Team="dev"))
many = tags(**{f"k{number}": "" for number in range(50)})
refused("LimitExceeded", IAM.tag_role, RoleName="Build", Tags=many)
refused("InvalidInput", IAM.tag_role, RoleName="Build", Tags=tags(a="1", A="2"))
for call, more in ((IAM.tag_role, {"Tags": []}), (IAM.untag_role, {"TagKeys": []}), (IAM.list_role_tags, {})):
    refused("NoSuchEntity", call, RoleName="None", **more)

for number in range(1, 106):
    IAM.create_role(RoleName=f"role{number:03}", AssumeRolePolicyDocument=TRUST)
first = IAM.list_roles()
same((len(first["Roles"]), first["IsTruncated"]), (100, True))
pages = IAM.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 9})
names = [role["RoleName"] for page in pages for role in page["Roles"]]
same((names, len(names)), (sorted(set(names)), 106))
below = IAM.list_roles(PathPrefix="/ci/")["Roles"]
same([role["RoleName"] for role in below], ["Build"])
assert "Tags" not in below[0], below

IAM.delete_role(RoleName="Build")
refused("NoSuchEntity", IAM.delete_role, RoleName="Build")
again = IAM.create_role(RoleName="Build", AssumeRolePolicyDocument=TRUST)["Role"]
assert again["RoleId"] != made["RoleId"]

# What a service has made for itself is its own.
linked = IAM.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", Description="Scales")["Role"]
name = "AWSServiceRoleForAutoScaling"
same(linked["Arn"], arn(f"role/aws-service-role/autoscaling.amazonaws.com/{name}"))
statement = linked["AssumeRolePolicyDocument"]["Statement"][0]
same(statement["Principal"], {"Service": ["autoscaling.amazonaws.com"]})
refused("InvalidInput", IAM.create_service_linked_role, AWSServiceName="autoscaling.amazonaws.com", says="has been taken in this account")
other = IAM.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="two")["Role"]
same(other["RoleName"], f"{name}_two")
refused("InvalidInput", IAM.create_service_linked_role, AWSServiceName="nothing")
POWER = "arn:aws:iam::aws:policy/PowerUserAccess"
for call, more in (
    (IAM.delete_role, {}),
    (IAM.update_role, {"Description": ""}),
    (IAM.update_assume_role_policy, {"PolicyDocument": TRUST}),
    (IAM.put_role_policy, {"PolicyName": "p", "PolicyDocument": "{}"}),
    (IAM.delete_role_policy, {"PolicyName": "p"}),
    (IAM.attach_role_policy, {"PolicyArn": POWER}),
    (IAM.detach_role_policy, {"PolicyArn": POWER}),
    (IAM.put_role_permissions_boundary, {"PermissionsBoundary": POWER}),
    (IAM.delete_role_permissions_boundary, {}),
):
    refused("UnmodifiableEntity", call, RoleName=name, **more)
IAM.update_role_description(RoleName=name, Description="Scales a lot")
IAM.tag_role(RoleName=name, Tags=tags(a="b"))
task = IAM.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
same(IAM.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"], "SUCCEEDED")
refused("NoSuchEntity", IAM.get_role, RoleName=name)
refused("NoSuchEntity", IAM.delete_service_linked_role, RoleName=name)
refused("NoSuchEntity", IAM.delete_service_linked_role, RoleName="Build")
refused("InvalidInput", IAM.get_service_linked_role_deletion_status, DeletionTaskId="x")

# A role that is there can be assumed at once, one that was removed by nobody.
sts = client("sts")
same(sts.get_caller_identity()["Account"], ACCOUNT)
IAM.create_role(RoleName="Taken", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
session = sts.assume_role(RoleArn=arn("role/Taken"), RoleSessionName="one")["Credentials"]
same(IAM.get_role(RoleName="Taken")["Role"]["RoleLastUsed"], {})
keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
same(client("sts", keys).get_caller_identity()["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/Taken/one")
refused("AccessDenied", client(keys=keys).list_roles, says="because no identity-based policy allows the iam:ListRoles action")

# When its sessions last asked is known a moment after they did; assuming it is no use yet.
begun = time.time()
while not IAM.get_role(RoleName="Taken")["Role"]["RoleLastUsed"]:
    assert time.time() < begun + 60, "its use is not known"
    time.sleep(0.2)
used = IAM.get_role(RoleName="Taken")["Role"]["RoleLastUsed"]
same(used["Region"], "us-east-1")
assert abs(used["LastUsedDate"].timestamp() - begun) < 60, used
assert "RoleLastUsed" not in IAM.list_roles()["Roles"][0]

IAM.delete_role(RoleName="Taken")
IAM.create_role(RoleName="Taken", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
same(IAM.get_role(RoleName="Taken")["Role"]["RoleLastUsed"], {})
refused("InvalidClientTokenId", client("sts", keys).get_caller_identity)
