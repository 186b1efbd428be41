"""Users: CreateUser, GetUser, ListUsers, DeleteUser."""

from kit import ACCOUNT, IAM, arn, client, refused, same, tags

# An administrator whose account nobody has made yet.
same(IAM.list_users()["Users"], [])
made = IAM.create_user(UserName="ana", Path="/staff/", Tags=tags(team="ops"))["User"]
same(made["Arn"], arn("user/staff/ana"))
same((made["Path"], made["UserName"], made["Tags"]), ("/staff/", "ana", tags(team="ops")))
assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21, made
same(IAM.get_user(UserName="ana")["User"], made)

refused("EntityAlreadyExists", IAM.create_user, UserName="ANA", says="User with name ANA already exists.")
refused("NoSuchEntity", IAM.get_user, UserName="bob", says="The user with name bob cannot be found.")
refused("NoSuchEntity", IAM.delete_user, UserName="bob")
refused("ValidationError", IAM.create_user, UserName="a b", says="failed to satisfy constraint")
refused("NoSuchEntity", IAM.create_user, UserName="bob", PermissionsBoundary=arn("policy/None"))
refused("InvalidInput", IAM.create_user, UserName="bob", Tags=tags(a="1", A="2"))

for number in range(1, 121):
    IAM.create_user(UserName=f"user{number:03}")
first = IAM.list_users()
same((len(first["Users"]), first["IsTruncated"]), (100, True))
rest = IAM.list_users(Marker=first["Marker"])
same((len(rest["Users"]), rest["IsTruncated"]), (21, False))
pages = IAM.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 7})
names = [user["UserName"] for page in pages for user in page["Users"]]
same(names, sorted(set(names)))
same(len(names), 121)
same([user["UserName"] for user in IAM.list_users(PathPrefix="/staff/")["Users"]], ["ana"])

IAM.delete_user(UserName="ana")
refused("NoSuchEntity", IAM.get_user, UserName="ana")
again = IAM.create_user(UserName="ana")["User"]
assert again["UserId"] != made["UserId"]

stranger = client(keys=("AKIAQYLPMN5HZZZZZZZZ", "no-such-secret"))
refused("InvalidClientTokenId", stranger.list_users)
forged = client(keys=(IAM._request_signer._credentials.access_key, "a wrong secret"))
refused("SignatureDoesNotMatch", forged.list_users)
same(ACCOUNT, made["Arn"].split(":")[4])
