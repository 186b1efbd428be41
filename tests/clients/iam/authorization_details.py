"""Everything that says what somebody may do, in pages and by kind; another account's alias; an organization."""

import json

from kit import ARGUMENTS, IAM, allow, arn, client, policy, refused, same, tags

DETAILS = IAM.get_account_authorization_details
OWN = arn("policy/team/Own")
OF_AWS = "arn:aws:iam::aws:policy/PowerUserAccess"
DOCUMENT = json.loads(ARGUMENTS["document"])

everything = DETAILS()
same(everything["IsTruncated"], False)
ana, bob = everything["UserDetailList"]
same((ana["UserName"], ana["Arn"], ana["GroupList"]), ("ana", arn("user/ana"), []))
same((bob["UserName"], bob["Path"], bob["UserPolicyList"]), ("bob", "/staff/", []))
same(ana["UserPolicyList"], [{"PolicyName": "read", "PolicyDocument": DOCUMENT}])
attached = [{"PolicyName": "Own", "PolicyArn": OWN}, {"PolicyName": "PowerUserAccess", "PolicyArn": OF_AWS}]
same(ana["AttachedManagedPolicies"], attached)
same(ana["PermissionsBoundary"]["PermissionsBoundaryArn"], OWN)
(role,) = everything["RoleDetailList"]
same((role["RoleName"], role["Arn"], role["Tags"]), ("Reader", arn("role/Reader"), tags(team="ops")))
same(role["RolePolicyList"], [{"PolicyName": "read", "PolicyDocument": DOCUMENT}])
same(role["AssumeRolePolicyDocument"]["Statement"]["Action"], "sts:AssumeRole")
own, of_aws = everything["Policies"]
same((own["Arn"], own["Path"], own["Description"]), (OWN, "/team/", "Of our own"))
same((own["AttachmentCount"], own["PermissionsBoundaryUsageCount"]), (1, 1))
same(own["PolicyVersionList"][0]["Document"], DOCUMENT)
same((of_aws["Arn"], of_aws["AttachmentCount"]), (OF_AWS, 1))


def names(page):
    lists = {"UserDetailList": "User", "GroupDetailList": "Group", "RoleDetailList": "Role", "Policies": "Policy"}
    return [it[f"{kind}Name"] for part, kind in lists.items() for it in page[part]]


for kind, expected in [
    ("User", ["ana", "bob"]),
    ("Group", []),
    ("Role", ["Reader"]),
    ("LocalManagedPolicy", ["Own"]),
    ("AWSManagedPolicy", ["PowerUserAccess"]),
]:
    same(names(DETAILS(Filter=[kind])), expected)
same(names(DETAILS(Filter=["Role", "User"])), ["ana", "bob", "Reader"])
pages = IAM.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2})
pages = [names(page) for page in pages]
same(pages, [["ana", "bob"], ["Reader", "Own"], ["PowerUserAccess"]])
unchecked = client(checked=False).get_account_authorization_details
refused("ValidationError", unchecked, Filter=["Everything"], says="enum value set")

# Groups, what users have of them, instance profiles of roles, and versions of policies.
made = IAM.create_group(GroupName="Team", Path="/teams/")["Group"]
IAM.add_user_to_group(GroupName="Team", UserName="bob")
IAM.put_group_policy(GroupName="Team", PolicyName="read", PolicyDocument=ARGUMENTS["document"])
for attached in (OWN, "arn:aws:iam::aws:policy/SecurityAudit"):
    IAM.attach_group_policy(GroupName="Team", PolicyArn=attached)
for name in ("Worker", "Web"):
    profile = IAM.create_instance_profile(InstanceProfileName=name, Path="/prod/")["InstanceProfile"]
    IAM.add_role_to_instance_profile(InstanceProfileName=name, RoleName="Reader")
IAM.create_instance_profile(InstanceProfileName="Empty")
newer = policy(allow("s3:Put*"))
IAM.create_policy_version(PolicyArn=OWN, PolicyDocument=newer, SetAsDefault=True)
IAM.create_policy_version(PolicyArn=OWN, PolicyDocument=ARGUMENTS["document"])
everything = DETAILS()
(group,) = everything["GroupDetailList"]
same({key: group[key] for key in made}, made)
same(group["GroupPolicyList"], [{"PolicyName": "read", "PolicyDocument": DOCUMENT}])
same([it["PolicyName"] for it in group["AttachedManagedPolicies"]], ["Own", "SecurityAudit"])
same([(user["UserName"], user["GroupList"]) for user in everything["UserDetailList"]], [("ana", []), ("bob", ["Team"])])
(role,) = everything["RoleDetailList"]
same([it["InstanceProfileName"] for it in role["InstanceProfileList"]], ["Web", "Worker"])
same([it["Arn"] for it in role["InstanceProfileList"]], [arn("instance-profile/prod/Web"), arn("instance-profile/prod/Worker")])
same([it["RoleName"] for it in role["InstanceProfileList"][0]["Roles"]], ["Reader"])
own, power, audit = everything["Policies"]
same((own["DefaultVersionId"], own["AttachmentCount"], own["PermissionsBoundaryUsageCount"]), ("v2", 2, 1))
versions = [(it["VersionId"], it["IsDefaultVersion"], it["Document"]) for it in own["PolicyVersionList"]]
same(versions, [("v3", False, DOCUMENT), ("v2", True, json.loads(newer)), ("v1", False, DOCUMENT)])
same((audit["PolicyName"], audit["AttachmentCount"], audit["DefaultVersionId"]), ("SecurityAudit", 1, "v1"))
for found in (own, power, audit):
    told = IAM.get_policy(PolicyArn=found["Arn"])["Policy"]
    same({key: found[key] for key in told if key != "Tags"}, {key: told[key] for key in told if key != "Tags"})
same(names(DETAILS(Filter=["Group"])), ["Team"])
same(names(DETAILS(Filter=["Role", "Group"])), ["Team", "Reader"])
pages = IAM.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2})
pages = [names(page) for page in pages]
same(pages, [["ana", "bob"], ["Team", "Reader"], ["Own", "PowerUserAccess"], ["SecurityAudit"]])

# Another account's alias.
refused("EntityAlreadyExists", IAM.create_account_alias, AccountAlias="payments", says="payments already exists")

# The organization that the account manages.
features = IAM.list_organizations_features()
same((features["OrganizationId"], features["EnabledFeatures"]), ("o-123456789012", []))
same(IAM.enable_organizations_root_sessions()["EnabledFeatures"], ["RootSessions"])
same(IAM.enable_organizations_root_sessions()["EnabledFeatures"], ["RootSessions"])
same(IAM.list_organizations_features()["EnabledFeatures"], ["RootSessions"])
same(IAM.disable_organizations_root_sessions()["EnabledFeatures"], [])
