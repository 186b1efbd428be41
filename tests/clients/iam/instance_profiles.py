"""Instance profiles, and the roles that they stand for."""

from kit import ACCOUNT, IAM, allow, arn, client, policy, refused, same, tags, trust

same(IAM.list_instance_profiles()["InstanceProfiles"], [])
made = IAM.create_instance_profile(InstanceProfileName="Web", Path="/prod/", Tags=tags(team="ops"))["InstanceProfile"]
same((made["Arn"], made["Roles"], made["Tags"]), (arn("instance-profile/prod/Web"), [], tags(team="ops")))
assert made["InstanceProfileId"].startswith("AIPA") and len(made["InstanceProfileId"]) == 21, made
same(IAM.get_instance_profile(InstanceProfileName="Web")["InstanceProfile"], made)
refused("EntityAlreadyExists", IAM.create_instance_profile, InstanceProfileName="WEB", says="Instance Profile WEB already exists.")
refused("ValidationError", IAM.create_instance_profile, InstanceProfileName="a b")
refused("InvalidInput", IAM.create_instance_profile, InstanceProfileName="P", Tags=tags(a="1", A="2"))

TRUST = trust({"Service": "ec2.amazonaws.com"})
role = IAM.create_role(RoleName="Web", AssumeRolePolicyDocument=TRUST)["Role"]
IAM.create_role(RoleName="Other", AssumeRolePolicyDocument=TRUST)
IAM.add_role_to_instance_profile(InstanceProfileName="Web", RoleName="Web")
found = IAM.get_instance_profile(InstanceProfileName="Web")["InstanceProfile"]
same([(one["RoleName"], one["RoleId"]) for one in found["Roles"]], [("Web", role["RoleId"])])
refused("LimitExceeded", IAM.add_role_to_instance_profile, InstanceProfileName="Web", RoleName="Other", says="Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
refused("DeleteConflict", IAM.delete_instance_profile, InstanceProfileName="Web", says="Cannot delete entity, must remove roles from instance profile first.")
refused("DeleteConflict", IAM.delete_role, RoleName="Web", says="Cannot delete entity, must remove roles from instance profile first.")
refused("NoSuchEntity", IAM.remove_role_from_instance_profile, InstanceProfileName="Web", RoleName="Other")
refused("NoSuchEntity", IAM.add_role_to_instance_profile, InstanceProfileName="Web", RoleName="None", says="The role with name None cannot be found.")
linked = IAM.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]["RoleName"]
IAM.create_instance_profile(InstanceProfileName="Linked")
refused("UnmodifiableEntity", IAM.add_role_to_instance_profile, InstanceProfileName="Linked", RoleName=linked)

same([one["InstanceProfileName"] for one in IAM.list_instance_profiles_for_role(RoleName="Web")["InstanceProfiles"]], ["Web"])
same(IAM.list_instance_profiles_for_role(RoleName="Other")["InstanceProfiles"], [])
refused("NoSuchEntity", IAM.list_instance_profiles_for_role, RoleName="None")
for number in range(1, 104):
    IAM.create_instance_profile(InstanceProfileName=f"profile{number:03}")
first = IAM.list_instance_profiles()
same((len(first["InstanceProfiles"]), first["IsTruncated"]), (100, True))
pages = IAM.get_paginator("list_instance_profiles").paginate(PaginationConfig={"PageSize": 10})
names = [one["InstanceProfileName"] for page in pages for one in page["InstanceProfiles"]]
same((len(names), names), (105, sorted(set(names))))
below = IAM.list_instance_profiles(PathPrefix="/prod/")["InstanceProfiles"]
same([(one["InstanceProfileName"], "Tags" in one) for one in below], [("Web", False)])
for name in ("profile001", "profile002"):
    IAM.add_role_to_instance_profile(InstanceProfileName=name, RoleName="Web")
pages = IAM.get_paginator("list_instance_profiles_for_role").paginate(RoleName="Web", PaginationConfig={"PageSize": 2})
same([one["InstanceProfileName"] for page in pages for one in page["InstanceProfiles"]], ["Web", "profile001", "profile002"])

IAM.tag_instance_profile(InstanceProfileName="Web", Tags=tags(TEAM="dev", stage="test"))
pages = IAM.get_paginator("list_instance_profile_tags").paginate(InstanceProfileName="Web", PaginationConfig={"PageSize": 1})
same([tag for page in pages for tag in page["Tags"]], tags(TEAM="dev", stage="test"))
IAM.untag_instance_profile(InstanceProfileName="Web", TagKeys=["team"])
same(IAM.list_instance_profile_tags(InstanceProfileName="Web")["Tags"], tags(stage="test"))
refused("LimitExceeded", IAM.tag_instance_profile, InstanceProfileName="Web", Tags=tags(**{f"k{number}": "" for number in range(50)}))
for call, more in (
    (IAM.get_instance_profile, {}),
    (IAM.delete_instance_profile, {}),
    (IAM.add_role_to_instance_profile, {"RoleName": "Web"}),
    (IAM.remove_role_from_instance_profile, {"RoleName": "Web"}),
    (IAM.tag_instance_profile, {"Tags": tags(a="b")}),
    (IAM.untag_instance_profile, {"TagKeys": ["a"]}),
    (IAM.list_instance_profile_tags, {}),
):
    refused("NoSuchEntity", call, InstanceProfileName="None", says="Instance Profile None cannot be found.", **more)

# Whoever gives a role to machines must be allowed to pass it on to them.
IAM.create_role(RoleName="Lead", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))


def may(*statements):
    IAM.put_role_policy(RoleName="Lead", PolicyName="own", PolicyDocument=policy(allow("iam:AddRoleToInstanceProfile"), *statements))


may()
session = client("sts").assume_role(RoleArn=arn("role/Lead"), RoleSessionName="one")["Credentials"]
LEAD = client(keys=(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]))
to_other = {"InstanceProfileName": "profile003", "RoleName": "Other"}
refused("AccessDenied", LEAD.add_role_to_instance_profile, says="iam:PassRole on resource: role Other because", **to_other)
may(allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}))
refused("AccessDenied", LEAD.add_role_to_instance_profile, **to_other)
may(allow("iam:PassRole", arn("role/Web")))
refused("AccessDenied", LEAD.add_role_to_instance_profile, **to_other)
may(allow("iam:PassRole", arn("role/Other"), Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))
LEAD.add_role_to_instance_profile(**to_other)
refused("AccessDenied", LEAD.get_instance_profile, InstanceProfileName="Web")

for name in ("Web", "profile001", "profile002"):
    IAM.remove_role_from_instance_profile(InstanceProfileName=name, RoleName="Web")
IAM.delete_role(RoleName="Web")
IAM.delete_instance_profile(InstanceProfileName="Web")
refused("NoSuchEntity", IAM.get_instance_profile, InstanceProfileName="Web")
again = IAM.create_instance_profile(InstanceProfileName="Web")["InstanceProfile"]
assert again["InstanceProfileId"] != made["InstanceProfileId"]
