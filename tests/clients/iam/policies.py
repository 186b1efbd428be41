"""Managed policies: made, shown, listed, given new versions, tagged and removed; and those that every account has."""

import json

from kit import ACCOUNT, IAM, allow, arn, client, policy, refused, same, tags, trust

READ, WRITE = policy(allow("s3:Get*")), policy(allow("s3:Put*"))
NONE = arn("policy/None")

same(IAM.list_policies(Scope="Local")["Policies"], [])
made = IAM.create_policy(PolicyName="Read", Path="/team/", PolicyDocument=READ, Description="Reads", Tags=tags(team="ops"))["Policy"]
READ_ARN = arn("policy/team/Read")
same((made["Arn"], made["Path"], made["DefaultVersionId"]), (READ_ARN, "/team/", "v1"))
same((made["AttachmentCount"], made["PermissionsBoundaryUsageCount"], made["IsAttachable"]), (0, 0, True))
same((made["Description"], made["Tags"], made["CreateDate"]), ("Reads", tags(team="ops"), made["UpdateDate"]))
assert made["PolicyId"].startswith("ANPA") and len(made["PolicyId"]) == 21, made
same(IAM.get_policy(PolicyArn=READ_ARN)["Policy"], made)

refused("EntityAlreadyExists", IAM.create_policy, PolicyName="READ", PolicyDocument=READ, says="A policy called READ already exists. Duplicate names are not allowed.")
refused("MalformedPolicyDocument", IAM.create_policy, PolicyName="P", PolicyDocument="{}", says="Syntax errors in policy.")
refused("MalformedPolicyDocument", IAM.create_policy, PolicyName="P", PolicyDocument=trust({"AWS": ACCOUNT}))
large = policy(allow("s3:Get*", [f"arn:aws:s3:::{'x' * 200}{number}" for number in range(30)]))
refused("LimitExceeded", IAM.create_policy, PolicyName="P", PolicyDocument=large, says="Cannot exceed quota for PolicySize: 6144")
refused("ValidationError", IAM.create_policy, PolicyName="a b", PolicyDocument=READ)
refused("InvalidInput", IAM.create_policy, PolicyName="P", PolicyDocument=READ, Tags=tags(a="1", A="2"))
refused("InvalidInput", IAM.get_policy, PolicyArn="arn:aws:iam::x:policy/None")
for missing in (NONE, arn("policy/Read"), "arn:aws:iam::482011739056:policy/team/Read", "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"):
    refused("NoSuchEntity", IAM.get_policy, PolicyArn=missing, says=f"Policy {missing} was not found.")

# Versions: at most five, numbers are never given again, the one that holds stays.
second = IAM.create_policy_version(PolicyArn=READ_ARN, PolicyDocument=WRITE)["PolicyVersion"]
same((second["VersionId"], second["IsDefaultVersion"]), ("v2", False))
assert "Document" not in second, second
found = IAM.get_policy_version(PolicyArn=READ_ARN, VersionId="v2")["PolicyVersion"]
same((found["Document"], found["IsDefaultVersion"], found["CreateDate"]), (json.loads(WRITE), False, second["CreateDate"]))
same(IAM.get_policy_version(PolicyArn=READ_ARN, VersionId="v1")["PolicyVersion"]["Document"], json.loads(READ))
third = IAM.create_policy_version(PolicyArn=READ_ARN, PolicyDocument=WRITE, SetAsDefault=True)["PolicyVersion"]
same((third["VersionId"], third["IsDefaultVersion"]), ("v3", True))
same(IAM.get_policy(PolicyArn=READ_ARN)["Policy"]["DefaultVersionId"], "v3")
for expected in ("v4", "v5"):
    same(IAM.create_policy_version(PolicyArn=READ_ARN, PolicyDocument=READ)["PolicyVersion"]["VersionId"], expected)
refused("LimitExceeded", IAM.create_policy_version, PolicyArn=READ_ARN, PolicyDocument=READ, says="A managed policy can have up to 5 versions.")
listed = IAM.list_policy_versions(PolicyArn=READ_ARN)["Versions"]
same([version["VersionId"] for version in listed], ["v5", "v4", "v3", "v2", "v1"])
same([version["VersionId"] for version in listed if version["IsDefaultVersion"]], ["v3"])
pages = IAM.get_paginator("list_policy_versions").paginate(PolicyArn=READ_ARN, PaginationConfig={"PageSize": 2})
same([version["VersionId"] for page in pages for version in page["Versions"]], ["v5", "v4", "v3", "v2", "v1"])
refused("DeleteConflict", IAM.delete_policy_version, PolicyArn=READ_ARN, VersionId="v3", says="Cannot delete the default version of a policy.")
IAM.delete_policy_version(PolicyArn=READ_ARN, VersionId="v5")
refused("NoSuchEntity", IAM.delete_policy_version, PolicyArn=READ_ARN, VersionId="v5")
same(IAM.create_policy_version(PolicyArn=READ_ARN, PolicyDocument=READ)["PolicyVersion"]["VersionId"], "v6")
refused("NoSuchEntity", IAM.set_default_policy_version, PolicyArn=READ_ARN, VersionId="v5")
refused("NoSuchEntity", IAM.get_policy_version, PolicyArn=READ_ARN, VersionId="v5")
refused("ValidationError", IAM.get_policy_version, PolicyArn=READ_ARN, VersionId="5")
refused("MalformedPolicyDocument", IAM.create_policy_version, PolicyArn=READ_ARN, PolicyDocument="{")
IAM.set_default_policy_version(PolicyArn=READ_ARN, VersionId="v1")
same(IAM.get_policy(PolicyArn=READ_ARN)["Policy"]["DefaultVersionId"], "v1")
same(IAM.get_policy_version(PolicyArn=READ_ARN, VersionId="v3")["PolicyVersion"]["Document"], json.loads(WRITE))

# Who has it, and what holds of it.
IAM.create_role(RoleName="Role", Path="/r/", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
IAM.create_role(RoleName="Bounded", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}), PermissionsBoundary=READ_ARN)
IAM.create_user(UserName="ana", PermissionsBoundary=READ_ARN)
IAM.attach_role_policy(RoleName="Role", PolicyArn=READ_ARN)
found = IAM.get_policy(PolicyArn=READ_ARN)["Policy"]
same((found["AttachmentCount"], found["PermissionsBoundaryUsageCount"]), (1, 2))
session = client("sts").assume_role(RoleArn=arn("role/r/Role"), RoleSessionName="one")["Credentials"]
ROLE = client(keys=(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]))
refused("AccessDenied", ROLE.list_policies)
LISTS = policy(allow("iam:ListPolicies"))
version = IAM.create_policy_version(PolicyArn=READ_ARN, PolicyDocument=LISTS)["PolicyVersion"]["VersionId"] if IAM.delete_policy_version(PolicyArn=READ_ARN, VersionId="v4") else None
refused("AccessDenied", ROLE.list_policies)
IAM.set_default_policy_version(PolicyArn=READ_ARN, VersionId=version)
ROLE.list_policies()
IAM.set_default_policy_version(PolicyArn=READ_ARN, VersionId="v1")
refused("AccessDenied", ROLE.list_policies)


def entities(**parameters):
    found = IAM.list_entities_for_policy(PolicyArn=READ_ARN, **parameters)
    same(found["PolicyGroups"], [])
    return [role["RoleName"] for role in found["PolicyRoles"]], [user["UserName"] for user in found["PolicyUsers"]]


same(entities(), (["Bounded", "Role"], ["ana"]))
same(entities(EntityFilter="Role"), (["Bounded", "Role"], []))
same(entities(EntityFilter="User"), ([], ["ana"]))
same(entities(EntityFilter="Group"), ([], []))
same(entities(PolicyUsageFilter="PermissionsPolicy"), (["Role"], []))
same(entities(PolicyUsageFilter="PermissionsBoundary"), (["Bounded"], ["ana"]))
same(entities(PathPrefix="/r/"), (["Role"], []))
pages = IAM.get_paginator("list_entities_for_policy").paginate(PolicyArn=READ_ARN, PaginationConfig={"PageSize": 1})
pages = list(pages)
same([len(page["PolicyRoles"]) + len(page["PolicyUsers"]) for page in pages], [1, 1, 1])
same([user["UserId"][:4] for page in pages for user in page["PolicyUsers"]], ["AIDA"])
refused("NoSuchEntity", IAM.list_entities_for_policy, PolicyArn=NONE)

# A group that has it is one of those that have it.
group = IAM.create_group(GroupName="Team", Path="/g/")["Group"]
OF_GROUP = IAM.create_policy(PolicyName="OfGroup", PolicyDocument=READ)["Policy"]["Arn"]
for arn_of in (OF_GROUP, READ_ARN):
    IAM.attach_group_policy(GroupName="Team", PolicyArn=arn_of)
same(IAM.get_policy(PolicyArn=OF_GROUP)["Policy"]["AttachmentCount"], 1)
same(IAM.get_policy(PolicyArn=READ_ARN)["Policy"]["AttachmentCount"], 2)
same([found["PolicyName"] for found in IAM.list_policies(Scope="Local", OnlyAttached=True)["Policies"]], ["OfGroup", "Read"])
found = IAM.list_entities_for_policy(PolicyArn=OF_GROUP)
same(found["PolicyGroups"], [{"GroupName": "Team", "GroupId": group["GroupId"]}])
same((found["PolicyRoles"], found["PolicyUsers"]), ([], []))
for more, expected in (
    ({"EntityFilter": "Group"}, ["Team"]),
    ({"EntityFilter": "Role"}, []),
    ({"PathPrefix": "/g/"}, ["Team"]),
    ({"PathPrefix": "/r/"}, []),
    ({"PolicyUsageFilter": "PermissionsPolicy"}, ["Team"]),
    ({"PolicyUsageFilter": "PermissionsBoundary"}, []),
):
    found = IAM.list_entities_for_policy(PolicyArn=READ_ARN, **more)
    same([one["GroupName"] for one in found["PolicyGroups"]], expected)
pages = IAM.get_paginator("list_entities_for_policy").paginate(PolicyArn=READ_ARN, PaginationConfig={"PageSize": 1})
same([[len(page[kind]) for kind in ("PolicyGroups", "PolicyRoles", "PolicyUsers")] for page in pages], [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])
refused("DeleteConflict", IAM.delete_policy, PolicyArn=OF_GROUP, says="Cannot delete a policy attached to entities.")
for arn_of in (OF_GROUP, READ_ARN):
    IAM.detach_group_policy(GroupName="Team", PolicyArn=arn_of)
IAM.delete_policy(PolicyArn=OF_GROUP)
IAM.delete_group(GroupName="Team")
refused("ValidationError", IAM.list_entities_for_policy, PolicyArn=READ_ARN, EntityFilter="Nobody", says="Member must satisfy enum value set: [User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]")

# Lists.
POWER = "arn:aws:iam::aws:policy/PowerUserAccess"
IAM.attach_role_policy(RoleName="Role", PolicyArn=POWER)
IAM.create_policy(PolicyName="Other", PolicyDocument=READ)


def names(**parameters):
    return [found["PolicyName"] for found in IAM.list_policies(**parameters)["Policies"]]


AWS = ["AdministratorAccess", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess", "IAMFullAccess", "PowerUserAccess", "ReadOnlyAccess", "SecurityAudit"]
same(names(Scope="AWS"), AWS)
same(names(Scope="Local"), ["Other", "Read"])
same(names(), sorted([*AWS, "Other", "Read"]))
same(names(OnlyAttached=True), ["PowerUserAccess", "Read"])
same(names(PolicyUsageFilter="PermissionsBoundary"), ["Read"])
same(names(PolicyUsageFilter="PermissionsPolicy", Scope="AWS"), ["PowerUserAccess"])
same(names(PathPrefix="/team/"), ["Read"])
pages = IAM.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 2})
same([found["PolicyName"] for page in pages for found in page["Policies"]], names())
listed = next(found for found in IAM.list_policies(Scope="Local")["Policies"] if found["PolicyName"] == "Read")
same((listed["AttachmentCount"], "Tags" in listed, "Description" in listed), (1, False, False))
refused("ValidationError", IAM.list_policies, Scope="None", says="Value 'None' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, AWS, Local]")

# Tags.
IAM.tag_policy(PolicyArn=READ_ARN, Tags=tags(TEAM="dev", stage="test"))
same(IAM.list_policy_tags(PolicyArn=READ_ARN)["Tags"], tags(TEAM="dev", stage="test"))
pages = IAM.get_paginator("list_policy_tags").paginate(PolicyArn=READ_ARN, PaginationConfig={"PageSize": 1})
same([tag["Key"] for page in pages for tag in page["Tags"]], ["TEAM", "stage"])
IAM.untag_policy(PolicyArn=READ_ARN, TagKeys=["team"])
same(IAM.list_policy_tags(PolicyArn=READ_ARN)["Tags"], tags(stage="test"))
refused("LimitExceeded", IAM.tag_policy, PolicyArn=READ_ARN, Tags=tags(**{f"k{number}": "" for number in range(50)}))
for call, more in (
    (IAM.tag_policy, {"Tags": []}),
    (IAM.untag_policy, {"TagKeys": []}),
    (IAM.list_policy_tags, {}),
    (IAM.list_policy_versions, {}),
    (IAM.get_policy_version, {"VersionId": "v1"}),
    (IAM.set_default_policy_version, {"VersionId": "v1"}),
    (IAM.delete_policy_version, {"VersionId": "v2"}),
    (IAM.create_policy_version, {"PolicyDocument": READ}),
    (IAM.delete_policy, {}),
):
    refused("NoSuchEntity", call, PolicyArn=NONE, **more)

# Those that every account has are read like any other and changed by nobody.
aws = IAM.get_policy(PolicyArn=POWER)["Policy"]
same((aws["DefaultVersionId"], aws["AttachmentCount"], aws["PolicyId"][:4]), ("v1", 1, "ANPA"))
same(IAM.get_policy_version(PolicyArn=POWER, VersionId="v1")["PolicyVersion"]["Document"]["Version"], "2012-10-17")
same(IAM.list_policy_tags(PolicyArn=POWER)["Tags"], [])
for call, more in (
    (IAM.tag_policy, {"Tags": tags(a="b")}),
    (IAM.untag_policy, {"TagKeys": ["a"]}),
    (IAM.create_policy_version, {"PolicyDocument": READ}),
    (IAM.set_default_policy_version, {"VersionId": "v1"}),
    (IAM.delete_policy_version, {"VersionId": "v2"}),
    (IAM.delete_policy, {}),
):
    refused("AccessDenied", call, PolicyArn=POWER, says="Policy is outside your own account.", **more)

refused("DeleteConflict", IAM.delete_policy, PolicyArn=READ_ARN, says="Cannot delete a policy attached to entities.")
IAM.detach_role_policy(RoleName="Role", PolicyArn=READ_ARN)
IAM.delete_role(RoleName="Bounded")
IAM.delete_user(UserName="ana")
refused("DeleteConflict", IAM.delete_policy, PolicyArn=READ_ARN, says="This policy has more than one version.")
for version in IAM.list_policy_versions(PolicyArn=READ_ARN)["Versions"]:
    if not version["IsDefaultVersion"]:
        IAM.delete_policy_version(PolicyArn=READ_ARN, VersionId=version["VersionId"])
IAM.delete_policy(PolicyArn=READ_ARN)
refused("NoSuchEntity", IAM.get_policy, PolicyArn=READ_ARN)
again = IAM.create_policy(PolicyName="Read", Path="/team/", PolicyDocument=READ)["Policy"]
assert again["PolicyId"] != made["PolicyId"]

# What each call asks of the caller's policies.
IAM.tag_policy(PolicyArn=READ_ARN, Tags=tags(stage="test"))
IAM.put_role_policy(
    RoleName="Role",
    PolicyName="own",
    PolicyDocument=policy(
        allow(["iam:GetPolicy", "iam:CreatePolicyVersion"], Condition={"StringEquals": {"iam:ResourceTag/stage": "test"}}),
        allow("iam:CreatePolicy", arn("policy/mine/*")),
    ),
)
ROLE.get_policy(PolicyArn=READ_ARN)
ROLE.create_policy_version(PolicyArn=READ_ARN, PolicyDocument=READ)
refused("AccessDenied", ROLE.get_policy, PolicyArn=arn("policy/Other"))
refused("AccessDenied", ROLE.get_policy, PolicyArn=NONE)
ROLE.create_policy(PolicyName="Mine", Path="/mine/", PolicyDocument=READ)
refused("AccessDenied", ROLE.create_policy, PolicyName="Theirs", PolicyDocument=READ)
refused("AccessDenied", ROLE.create_policy, PolicyName="Mine2", Path="/mine/", PolicyDocument=READ, Tags=tags(a="b"))
