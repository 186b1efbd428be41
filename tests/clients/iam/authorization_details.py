"""Everything that says what somebody may do, in pages and by kind; another account's alias; an organization."""

import json

from kit import ARGUMENTS, IAM, arn, client, refused, same, tags

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
    lists = ("UserDetailList", "RoleDetailList", "Policies")
    return [it.get("UserName") or it.get("RoleName") or it["PolicyName"] for part in lists for it in page[part]]


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

# Another account's alias.
refused("EntityAlreadyExists", IAM.create_account_alias, AccountAlias="payments", says="payments already exists")

# The organization that the account manages.
features = IAM.list_organizations_features()
same((features["OrganizationId"], features["EnabledFeatures"]), ("o-123456789012", []))
same(IAM.enable_organizations_root_sessions()["EnabledFeatures"], ["RootSessions"])
same(IAM.enable_organizations_root_sessions()["EnabledFeatures"], ["RootSessions"])
same(IAM.list_organizations_features()["EnabledFeatures"], ["RootSessions"])
same(IAM.disable_organizations_root_sessions()["EnabledFeatures"], [])
