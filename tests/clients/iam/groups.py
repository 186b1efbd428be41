"""Groups, who is in them, and what that gives."""

from kit import IAM, allow, arn, client, policy, refused, same

made = IAM.create_group(GroupName="Developers", Path="/teams/")["Group"]
same((made["GroupName"], made["Path"], made["Arn"]), ("Developers", "/teams/", arn("group/teams/Developers")))
assert made["GroupId"].startswith("AGPA") and len(made["GroupId"]) == 21, made
refused("EntityAlreadyExists", IAM.create_group, GroupName="developers", says="Group with name developers already exists.")
refused("ValidationError", IAM.create_group, GroupName="a b")
empty = IAM.get_group(GroupName="Developers")
same((empty["Group"], empty["Users"], empty["IsTruncated"]), (made, [], False))
refused("NoSuchEntity", IAM.get_group, GroupName="developers", says="The group with name developers cannot be found.")

for number in range(12):
    IAM.create_group(GroupName=f"group{number:02}")
names = [group["GroupName"] for group in IAM.list_groups()["Groups"]]
same(names, ["Developers"] + [f"group{number:02}" for number in range(12)])
pages = IAM.get_paginator("list_groups").paginate(PaginationConfig={"PageSize": 5})
same([len(page["Groups"]) for page in pages], [5, 5, 3])
same([group["GroupName"] for group in IAM.list_groups(PathPrefix="/teams/")["Groups"]], ["Developers"])

users = ["ana", "bob", "eva"]
for user in users:
    IAM.create_user(UserName=user)
    IAM.add_user_to_group(GroupName="Developers", UserName=user)
IAM.add_user_to_group(GroupName="Developers", UserName="ana")
same([user["UserName"] for user in IAM.get_group(GroupName="Developers")["Users"]], users)
pages = IAM.get_paginator("get_group").paginate(GroupName="Developers", PaginationConfig={"PageSize": 2})
same([[user["UserName"] for user in page["Users"]] for page in pages], [["ana", "bob"], ["eva"]])
for number in range(9):
    IAM.add_user_to_group(GroupName=f"group{number:02}", UserName="eva")
refused("LimitExceeded", IAM.add_user_to_group, GroupName="group09", UserName="eva", says="GroupsPerUser: 10")
same(len(IAM.list_groups_for_user(UserName="eva")["Groups"]), 10)
pages = IAM.get_paginator("list_groups_for_user").paginate(UserName="eva", PaginationConfig={"PageSize": 4})
same([len(page["Groups"]) for page in pages], [4, 4, 2])
same(IAM.list_groups_for_user(UserName="ana")["Groups"], [made])
for call in (IAM.add_user_to_group, IAM.remove_user_from_group):
    refused("NoSuchEntity", call, GroupName="none", UserName="ana", says="The group with name none")
    refused("NoSuchEntity", call, GroupName="Developers", UserName="none", says="The user with name none")
refused("NoSuchEntity", IAM.list_groups_for_user, UserName="none")
IAM.remove_user_from_group(GroupName="Developers", UserName="bob")
IAM.remove_user_from_group(GroupName="Developers", UserName="bob")

# What a group's policies say is what its users' policies say: at IAM and at STS.
key = IAM.create_access_key(UserName="ana")["AccessKey"]
keys = (key["AccessKeyId"], key["SecretAccessKey"])
ana, sts = client(keys=keys), client("sts", keys)
refused("AccessDenied", ana.list_groups, says="no identity-based policy allows the iam:ListGroups action")
IAM.put_group_policy(GroupName="Developers", PolicyName="list", PolicyDocument=policy(allow("iam:List*")))
same(len(ana.list_groups()["Groups"]), 13)
refused("AccessDenied", ana.get_user)
IAM.attach_group_policy(GroupName="Developers", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
same(ana.get_user()["User"]["UserName"], "ana")
# A session of the user's that is narrowed has no more than both give.
federated = sts.get_federation_token(Name="app", Policy=policy(allow("sts:*")))["Credentials"]
federated = (federated["AccessKeyId"], federated["SecretAccessKey"], federated["SessionToken"])
same(client("sts", federated).get_caller_identity()["Arn"], f"arn:aws:sts::{made['Arn'].split(':')[4]}:federated-user/app")
# A Deny of a group is one, whatever the user's own policies say; so is the user's boundary.
IAM.put_user_policy(UserName="ana", PolicyName="own", PolicyDocument=policy(allow("*")))
deny = {"Effect": "Deny", "Action": "iam:GetUser", "Resource": "*"}
IAM.put_group_policy(GroupName="Developers", PolicyName="list", PolicyDocument=policy(deny))
refused("AccessDenied", ana.get_user, says="with an explicit deny in an identity-based policy")
IAM.delete_user_policy(UserName="ana", PolicyName="own")
IAM.put_user_permissions_boundary(UserName="ana", PermissionsBoundary="arn:aws:iam::aws:policy/PowerUserAccess")
refused("AccessDenied", ana.list_groups, says="no permissions boundary allows")
IAM.delete_user_permissions_boundary(UserName="ana")

# A new name and path: the group stays the one it is, with its users and policies.
IAM.update_group(GroupName="Developers", NewGroupName="Builders", NewPath="/")
found = IAM.get_group(GroupName="Builders")
same((found["Group"]["GroupId"], found["Group"]["Arn"]), (made["GroupId"], arn("group/Builders")))
same([user["UserName"] for user in found["Users"]], ["ana", "eva"])
same([group["GroupName"] for group in IAM.list_groups_for_user(UserName="ana")["Groups"]], ["Builders"])
same(len(ana.list_groups()["Groups"]), 13)
refused("NoSuchEntity", IAM.get_group, GroupName="Developers")
refused("EntityAlreadyExists", IAM.update_group, GroupName="Builders", NewGroupName="GROUP00")
refused("NoSuchEntity", IAM.update_group, GroupName="Developers", NewPath="/x/")
IAM.update_group(GroupName="Builders", NewGroupName="builders")
same([user["UserName"] for user in IAM.get_group(GroupName="builders")["Users"]], ["ana", "eva"])
# A group of the old name gives them nothing.
IAM.create_group(GroupName="Builders2")

# Who leaves has nothing of it from then on.
IAM.remove_user_from_group(GroupName="builders", UserName="ana")
refused("AccessDenied", ana.list_groups)
refused("DeleteConflict", IAM.delete_user, UserName="eva", says="must remove users from group first")
IAM.delete_group_policy(GroupName="builders", PolicyName="list")
IAM.detach_group_policy(GroupName="builders", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
refused("DeleteConflict", IAM.delete_group, GroupName="builders", says="must remove users from group first")
for group in IAM.list_groups_for_user(UserName="eva")["Groups"]:
    IAM.remove_user_from_group(GroupName=group["GroupName"], UserName="eva")
IAM.delete_group(GroupName="builders")
refused("NoSuchEntity", IAM.delete_group, GroupName="builders", says="The group with name builders")
IAM.delete_user(UserName="eva")
again = IAM.create_group(GroupName="Developers")["Group"]
assert again["GroupId"] != made["GroupId"]
