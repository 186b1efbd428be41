"""Access keys: made, listed, made inactive, deleted; and when they were last used."""

import time

from kit import ACCOUNT, IAM, allow, arn, client, policy, refused, same, trust

IAM.create_user(UserName="ana")
made = IAM.create_access_key(UserName="ana")["AccessKey"]
same((made["UserName"], made["Status"]), ("ana", "Active"))
assert made["AccessKeyId"].startswith("AKIA") and len(made["AccessKeyId"]) == 20, made["AccessKeyId"]
same(len(made["SecretAccessKey"]), 40)
keys = (made["AccessKeyId"], made["SecretAccessKey"])
sts = client("sts", keys)
same(sts.get_caller_identity()["Arn"], arn("user/ana"))
same(client("sts").get_access_key_info(AccessKeyId=made["AccessKeyId"])["Account"], ACCOUNT)

second = IAM.create_access_key(UserName="ana")["AccessKey"]
refused("LimitExceeded", IAM.create_access_key, UserName="ana", says="Cannot exceed quota for AccessKeysPerUser: 2")
listed = IAM.list_access_keys(UserName="ana")
same(listed["IsTruncated"], False)
same([sorted(key) for key in listed["AccessKeyMetadata"]], [["AccessKeyId", "CreateDate", "Status", "UserName"]] * 2)
ids = [key["AccessKeyId"] for key in listed["AccessKeyMetadata"]]
same(ids, sorted([made["AccessKeyId"], second["AccessKeyId"]]))
pages = IAM.get_paginator("list_access_keys").paginate(UserName="ana", PaginationConfig={"PageSize": 1})
same([key["AccessKeyId"] for page in pages for key in page["AccessKeyMetadata"]], ids)

# A key that is inactive, or deleted, is none.
IAM.update_access_key(UserName="ana", AccessKeyId=made["AccessKeyId"], Status="Inactive")
refused("InvalidClientTokenId", sts.get_caller_identity)
status = {key["AccessKeyId"]: key["Status"] for key in IAM.list_access_keys(UserName="ana")["AccessKeyMetadata"]}
same(status, {made["AccessKeyId"]: "Inactive", second["AccessKeyId"]: "Active"})
IAM.update_access_key(UserName="ana", AccessKeyId=made["AccessKeyId"], Status="Active")
same(sts.get_caller_identity()["Arn"], arn("user/ana"))
refused("ValidationError", IAM.update_access_key, UserName="ana", AccessKeyId=made["AccessKeyId"], Status="Expired")
IAM.delete_access_key(UserName="ana", AccessKeyId=second["AccessKeyId"])
refused("InvalidClientTokenId", client("sts", (second["AccessKeyId"], second["SecretAccessKey"])).get_caller_identity)
text = f"The Access Key with id {second['AccessKeyId']} cannot be found."
refused("NoSuchEntity", IAM.delete_access_key, UserName="ana", AccessKeyId=second["AccessKeyId"], says=text)
refused("NoSuchEntity", IAM.update_access_key, UserName="ana", AccessKeyId=second["AccessKeyId"], Status="Active", says=text)
IAM.create_user(UserName="bob")
refused("NoSuchEntity", IAM.delete_access_key, UserName="bob", AccessKeyId=made["AccessKeyId"])
for call in (IAM.create_access_key, IAM.list_access_keys):
    refused("NoSuchEntity", call, UserName="nobody", says="The user with name nobody cannot be found.")
refused("DeleteConflict", IAM.delete_user, UserName="ana", says="must delete access keys first")

# Whoever names nobody means themselves; the administrator of the environment is no user of the directory.
refused("NoSuchEntity", IAM.create_access_key, says="The user with name admin cannot be found.")
ana = client(keys=keys)
refused("AccessDenied", ana.list_access_keys, says="iam:ListAccessKeys on resource: user ana because")
own = "arn:aws:iam::*:user/${aws:username}"
IAM.put_user_policy(UserName="ana", PolicyName="own", PolicyDocument=policy(allow("iam:*AccessKey*", own)))
same([key["AccessKeyId"] for key in ana.list_access_keys()["AccessKeyMetadata"]], [made["AccessKeyId"]])
third = ana.create_access_key()["AccessKey"]
same(third["UserName"], "ana")
refused("AccessDenied", ana.create_access_key, UserName="bob")
refused("AccessDenied", ana.create_access_key, UserName="nobody")
ana.update_access_key(AccessKeyId=third["AccessKeyId"], Status="Inactive")
ana.delete_access_key(AccessKeyId=third["AccessKeyId"])
same(len(ana.list_access_keys()["AccessKeyMetadata"]), 1)

# When a key was last used is known a moment after it was.
def last_use(key):
    return IAM.get_access_key_last_used(AccessKeyId=key)


fresh = IAM.create_access_key(UserName="bob")["AccessKey"]
never = last_use(fresh["AccessKeyId"])
same((never["UserName"], never["AccessKeyLastUsed"]), ("bob", {"ServiceName": "N/A", "Region": "N/A"}))
client("sts", (fresh["AccessKeyId"], fresh["SecretAccessKey"])).get_caller_identity()
begun = time.time()
while "LastUsedDate" not in last_use(fresh["AccessKeyId"])["AccessKeyLastUsed"]:
    assert time.time() < begun + 60, "its use is not known"
    time.sleep(0.2)
used = last_use(fresh["AccessKeyId"])["AccessKeyLastUsed"]
same((used["ServiceName"], used["Region"]), ("sts", "us-east-1"))
assert abs(used["LastUsedDate"].timestamp() - begun) < 60, used
refused("NoSuchEntity", IAM.get_access_key_last_used, AccessKeyId=second["AccessKeyId"], says=text)
# Nothing is told of other users' keys, nor whether there is one.
unknown = "AKIAQYLPMN5HZZZZZZZZ"
refused("AccessDenied", ana.get_access_key_last_used, AccessKeyId=unknown, says=f"on resource: access key {unknown} because")
of_bob = fresh["AccessKeyId"]
refused("AccessDenied", ana.get_access_key_last_used, AccessKeyId=of_bob, says=f"on resource: access key {of_bob} because")
same(ana.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])["UserName"], "ana")

# Nobody learns by a refusal what there is, and where it stands.
hidden = {"Path": "/secret/"}
IAM.create_user(UserName="Hidden", **hidden)
IAM.create_group(GroupName="Hidden", **hidden)
IAM.create_instance_profile(InstanceProfileName="Hidden", **hidden)
IAM.create_role(RoleName="Hidden", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}), **hidden)
for call, name in (
    (ana.get_user, "UserName"),
    (ana.get_group, "GroupName"),
    (ana.get_instance_profile, "InstanceProfileName"),
    (ana.get_role, "RoleName"),
):
    there = refused("AccessDenied", call, **{name: "Hidden"})["Message"]
    same(there.replace("Hidden", "Nobody"), refused("AccessDenied", call, **{name: "Nobody"})["Message"])
