"""UpdateUser, TagUser, UntagUser, ListUserTags, Put- and DeleteUserPermissionsBoundary."""

from kit import IAM, allow, arn, client, policy, refused, same, tags

EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"
POWER = "arn:aws:iam::aws:policy/PowerUserAccess"


def key_of(user):
    key = IAM.create_access_key(UserName=user)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


# A new name and a new path: the user stays who they are, and goes by the key that they have.
made = IAM.create_user(UserName="ana", Tags=tags(team="ops"))["User"]
IAM.create_user(UserName="Bob")
key = key_of("ana")
IAM.put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=policy(allow("sts:*"), allow("iam:*")))
sts = client("sts", key)
same(sts.get_caller_identity()["Arn"], arn("user/ana"))
session = sts.get_session_token()["Credentials"]
session = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
same(client("sts", session).get_caller_identity()["Arn"], arn("user/ana"))
IAM.update_user(UserName="ana", NewUserName="eva", NewPath="/staff/")
found = IAM.get_user(UserName="eva")["User"]
same((found["UserId"], found["Arn"]), (made["UserId"], arn("user/staff/eva")))
same(found["Tags"], tags(team="ops"))
same(sts.get_caller_identity()["Arn"], arn("user/staff/eva"))
refused("NoSuchEntity", IAM.get_user, UserName="ana", says="The user with name ana cannot be found.")
# What names an ARN that is nobody's any more is over.
refused("InvalidClientTokenId", client("sts", session).get_caller_identity)
# A user who is called so now has none of it.
other = IAM.create_user(UserName="ana")["User"]
assert other["UserId"] != made["UserId"]
refused("InvalidClientTokenId", client("sts", session).get_caller_identity)
IAM.update_user(UserName="eva", NewUserName="EVA")
same(IAM.get_user(UserName="EVA")["User"]["UserId"], made["UserId"])
IAM.update_user(UserName="EVA", NewUserName="eva")
IAM.update_user(UserName="eva")
refused("EntityAlreadyExists", IAM.update_user, UserName="eva", NewUserName="bob", says="User with name bob already exists.")
refused("NoSuchEntity", IAM.update_user, UserName="nobody", NewUserName="somebody")
refused("ValidationError", IAM.update_user, UserName="eva", NewPath="no-slash")

# It must be allowed here and there.
IAM.put_user_policy(
    UserName="eva",
    PolicyName="p",
    PolicyDocument=policy(allow("iam:UpdateUser", arn("user/staff/*"))),
)
eva = client(keys=key)
eva.update_user(UserName="eva", NewPath="/staff/office/")
refused("AccessDenied", eva.update_user, UserName="eva", NewPath="/", says=arn("user/eva"))
refused("AccessDenied", eva.update_user, UserName="Bob", NewPath="/staff/", says="on resource: user Bob because")

# Tags: a key takes the place of one that differs in case alone.
IAM.tag_user(UserName="eva", Tags=tags(Team="dev", zone="a", area="b"))
same(IAM.list_user_tags(UserName="eva")["Tags"], tags(Team="dev", area="b", zone="a"))
first = IAM.list_user_tags(UserName="eva", MaxItems=2)
same((len(first["Tags"]), first["IsTruncated"]), (2, True))
rest = IAM.list_user_tags(UserName="eva", MaxItems=2, Marker=first["Marker"])
same((rest["Tags"], rest["IsTruncated"]), (tags(zone="a"), False))
IAM.untag_user(UserName="eva", TagKeys=["TEAM", "no-such-key"])
IAM.untag_user(UserName="eva", TagKeys=["area"])
same(IAM.list_user_tags(UserName="eva")["Tags"], tags(zone="a"))
many = [{"Key": f"key{number}", "Value": ""} for number in range(49)]
IAM.tag_user(UserName="eva", Tags=many)
same(len(IAM.list_user_tags(UserName="eva")["Tags"]), 50)
refused("LimitExceeded", IAM.tag_user, UserName="eva", Tags=tags(more="1"), says="TagsPerUser: 50")
IAM.tag_user(UserName="eva", Tags=tags(zone="c"))
refused("InvalidInput", IAM.tag_user, UserName="eva", Tags=tags(a="1", A="2"))
for call in (IAM.tag_user, IAM.untag_user):
    keys = {"Tags": tags(a="1")} if call == IAM.tag_user else {"TagKeys": ["a"]}
    refused("NoSuchEntity", call, UserName="nobody", **keys)
refused("NoSuchEntity", IAM.list_user_tags, UserName="nobody")
# Policies see the tags of the user, and those of the request.
IAM.put_user_policy(
    UserName="eva",
    PolicyName="p",
    PolicyDocument=policy(
        allow("iam:TagUser", Condition={"StringEquals": {"aws:ResourceTag/zone": "c", "aws:RequestTag/color": "red"}}),
        allow("iam:UntagUser", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["color"]}}),
    ),
)
refused("AccessDenied", eva.tag_user, UserName="eva", Tags=tags(color="blue"))
refused("AccessDenied", eva.tag_user, UserName="Bob", Tags=tags(color="red"))
IAM.untag_user(UserName="eva", TagKeys=[f"key{number}" for number in range(49)])
eva.tag_user(UserName="eva", Tags=tags(color="red"))
refused("AccessDenied", eva.untag_user, UserName="eva", TagKeys=["color", "zone"])
eva.untag_user(UserName="eva", TagKeys=["color"])

# The boundary bounds what the user may do, and says which policies may be put.
IAM.put_user_policy(UserName="eva", PolicyName="p", PolicyDocument=policy(allow("*")))
same(len(eva.list_users()["Users"]), 3)
IAM.put_user_permissions_boundary(UserName="eva", PermissionsBoundary=POWER)
same(IAM.get_user(UserName="eva")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"], POWER)
refused("AccessDenied", eva.list_users, says="no permissions boundary allows the iam:ListUsers action")
IAM.delete_user_permissions_boundary(UserName="eva")
same("PermissionsBoundary" in IAM.get_user(UserName="eva")["User"], False)
same(len(eva.list_users()["Users"]), 3)
refused("NoSuchEntity", IAM.delete_user_permissions_boundary, UserName="eva")
refused("NoSuchEntity", IAM.put_user_permissions_boundary, UserName="nobody", PermissionsBoundary=POWER)
refused("NoSuchEntity", IAM.put_user_permissions_boundary, UserName="eva", PermissionsBoundary=arn("policy/None"))
bounded = {"StringEquals": {"iam:PermissionsBoundary": POWER}}
IAM.put_user_policy(
    UserName="eva",
    PolicyName="p",
    PolicyDocument=policy(
        allow(["iam:PutUserPermissionsBoundary", "iam:PutUserPolicy", "iam:AttachUserPolicy"], Condition=bounded)
    ),
)
refused("AccessDenied", eva.put_user_policy, UserName="Bob", PolicyName="p", PolicyDocument=policy(allow("*")))
refused("AccessDenied", eva.put_user_permissions_boundary, UserName="Bob", PermissionsBoundary=EVERYTHING)
eva.put_user_permissions_boundary(UserName="Bob", PermissionsBoundary=POWER)
eva.put_user_policy(UserName="Bob", PolicyName="p", PolicyDocument=policy(allow("*")))
eva.attach_user_policy(UserName="Bob", PolicyArn=EVERYTHING)
