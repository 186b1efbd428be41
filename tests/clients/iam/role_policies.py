"""The policies of roles: inline, managed, and the one that bounds them; what each call asks of the caller's policies."""

import json

from kit import ACCOUNT, IAM, allow, arn, client, policy, refused, same, tags, trust

IAM.create_role(RoleName="Build", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}), Tags=tags(stage="test"))
READ = policy(allow("s3:Get*"))
IAM.put_role_policy(RoleName="Build", PolicyName="read", PolicyDocument=READ)
IAM.put_role_policy(RoleName="Build", PolicyName="read", PolicyDocument=READ)
found = IAM.get_role_policy(RoleName="Build", PolicyName="read")
same((found["RoleName"], found["PolicyName"], found["PolicyDocument"]), ("Build", "read", json.loads(READ)))
IAM.put_role_policy(RoleName="Build", PolicyName="list", PolicyDocument=policy(allow("s3:List*")))
same(IAM.list_role_policies(RoleName="Build")["PolicyNames"], ["list", "read"])
pages = IAM.get_paginator("list_role_policies").paginate(RoleName="Build", PaginationConfig={"PageSize": 1})
same([name for page in pages for name in page["PolicyNames"]], ["list", "read"])

refused("NoSuchEntity", IAM.get_role_policy, RoleName="Build", PolicyName="none", says="The role policy with name none cannot be found.")
refused("NoSuchEntity", IAM.delete_role_policy, RoleName="Build", PolicyName="none")
for call, more in (
    (IAM.put_role_policy, {"PolicyName": "read", "PolicyDocument": READ}),
    (IAM.get_role_policy, {"PolicyName": "read"}),
    (IAM.list_role_policies, {}),
    (IAM.list_attached_role_policies, {}),
):
    refused("NoSuchEntity", call, RoleName="None", says="The role with name None cannot be found.", **more)
refused("MalformedPolicyDocument", IAM.put_role_policy, RoleName="Build", PolicyName="bad", PolicyDocument="{}", says="Syntax errors in policy.")
refused("MalformedPolicyDocument", IAM.put_role_policy, RoleName="Build", PolicyName="bad", PolicyDocument=policy(allow("all")))
large = policy(allow("s3:Get*", [f"arn:aws:s3:::{'x' * 250}{number}" for number in range(39)]))
refused("LimitExceeded", IAM.put_role_policy, RoleName="Build", PolicyName="large", PolicyDocument=large, says="Maximum policy size of 10240 bytes exceeded for role Build")
refused("DeleteConflict", IAM.delete_role, RoleName="Build", says="Cannot delete entity, must delete policies first.")
for name in ("read", "list"):
    IAM.delete_role_policy(RoleName="Build", PolicyName=name)

POWER = "arn:aws:iam::aws:policy/PowerUserAccess"
S3 = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
for attached in (S3, POWER, POWER):
    IAM.attach_role_policy(RoleName="Build", PolicyArn=attached)
same(
    IAM.list_attached_role_policies(RoleName="Build")["AttachedPolicies"],
    [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": S3}, {"PolicyName": "PowerUserAccess", "PolicyArn": POWER}],
)
same(IAM.list_attached_role_policies(RoleName="Build", PathPrefix="/a/")["AttachedPolicies"], [])
pages = IAM.get_paginator("list_attached_role_policies").paginate(RoleName="Build", PaginationConfig={"PageSize": 1})
same([one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]], [S3, POWER])
for missing in (arn("policy/None"), "arn:aws:iam::482011739056:policy/None", "arn:aws:iam::aws:policy/None"):
    refused("NoSuchEntity", IAM.attach_role_policy, RoleName="Build", PolicyArn=missing, says=f"Policy {missing} does not exist or is not attachable.")
refused("InvalidInput", IAM.attach_role_policy, RoleName="Build", PolicyArn="arn:aws:iam::nobody:nothing/x")
refused("DeleteConflict", IAM.delete_role, RoleName="Build", says="Cannot delete entity, must detach all policies first.")
IAM.detach_role_policy(RoleName="Build", PolicyArn=POWER)
refused("NoSuchEntity", IAM.detach_role_policy, RoleName="Build", PolicyArn=POWER, says=f"Policy {POWER} was not found.")

IAM.put_role_permissions_boundary(RoleName="Build", PermissionsBoundary=POWER)
same(IAM.get_role(RoleName="Build")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"], POWER)
refused("NoSuchEntity", IAM.put_role_permissions_boundary, RoleName="Build", PermissionsBoundary=arn("policy/None"))

# Somebody who may change roles only within a boundary, and only roles of a stage.
IAM.create_role(RoleName="Lead", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
bounded = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": POWER}}}
of_stage = {"Condition": {"StringEquals": {"aws:ResourceTag/stage": "test"}}}
IAM.put_role_policy(
    RoleName="Lead",
    PolicyName="lead",
    PolicyDocument=policy(
        allow(["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary"], **bounded),
        allow("iam:AttachRolePolicy", Condition={"ArnEquals": {"iam:PolicyARN": S3}}),
        allow(["iam:GetRole", "iam:UpdateRole"], **of_stage),
        allow("iam:TagRole", arn("role/*"), Condition={"StringEquals": {"aws:RequestTag/stage": "test"}, "ForAllValues:StringEquals": {"aws:TagKeys": "stage"}}),
        allow("iam:UntagRole", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:TagKeys": "false"}}),
        allow("iam:CreateServiceLinkedRole", Condition={"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}),
    ),
)
session = client("sts").assume_role(RoleArn=arn("role/Lead"), RoleSessionName="lead")["Credentials"]
LEAD = client(keys=(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]))
TRUST = trust({"AWS": ACCOUNT})
refused("AccessDenied", LEAD.create_role, RoleName="New", AssumeRolePolicyDocument=TRUST)
refused("AccessDenied", LEAD.create_role, RoleName="New", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=S3)
LEAD.create_role(RoleName="New", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=POWER)
refused("AccessDenied", LEAD.create_role, RoleName="New2", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=POWER, Tags=tags(stage="production"))
LEAD.create_role(RoleName="New2", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=POWER, Tags=tags(stage="test"))
LEAD.put_role_policy(RoleName="New", PolicyName="p", PolicyDocument=READ)
refused("AccessDenied", LEAD.put_role_policy, RoleName="Lead", PolicyName="p", PolicyDocument=policy(allow("*")))
refused("AccessDenied", LEAD.delete_role_permissions_boundary, RoleName="New")
refused("AccessDenied", LEAD.put_role_permissions_boundary, RoleName="New", PermissionsBoundary=S3)
LEAD.attach_role_policy(RoleName="New", PolicyArn=S3)
refused("AccessDenied", LEAD.attach_role_policy, RoleName="New", PolicyArn=POWER)
same(LEAD.get_role(RoleName="Build")["Role"]["RoleName"], "Build")
refused("AccessDenied", LEAD.get_role, RoleName="New")
LEAD.update_role(RoleName="New2", Description="x")
refused("AccessDenied", LEAD.update_role, RoleName="Lead", Description="x")
LEAD.tag_role(RoleName="New", Tags=tags(stage="test"))
refused("AccessDenied", LEAD.tag_role, RoleName="New", Tags=tags(stage="test", more="x"))
LEAD.untag_role(RoleName="New", TagKeys=["a", "b"])
refused("AccessDenied", LEAD.untag_role, RoleName="New", TagKeys=["a", "stage"])
LEAD.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
refused("AccessDenied", LEAD.create_service_linked_role, AWSServiceName="rds.amazonaws.com")
# Whether something is there is told to those alone who may know it.
refused("AccessDenied", LEAD.update_assume_role_policy, RoleName="None", PolicyDocument="{")

IAM.delete_role_permissions_boundary(RoleName="Build")
assert "PermissionsBoundary" not in IAM.get_role(RoleName="Build")["Role"]
refused("NoSuchEntity", IAM.delete_role_permissions_boundary, RoleName="Build")
IAM.detach_role_policy(RoleName="Build", PolicyArn=S3)
IAM.delete_role(RoleName="Build")
