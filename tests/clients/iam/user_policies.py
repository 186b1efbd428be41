"""The policies of users and groups, inline and attached. What differs is how the calls are called."""

import json

from kit import IAM, allow, arn, policy, refused, same

EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"
POWER = "arn:aws:iam::aws:policy/PowerUserAccess"


def check(kind, create, most, delete):
    lower = kind.lower()

    def call(pattern):
        return getattr(IAM, pattern.format(lower))

    def whose(name="ana"):
        return {f"{kind}Name": name}

    create(**whose())
    put, get, remove = call("put_{}_policy"), call("get_{}_policy"), call("delete_{}_policy")
    listed, attached = call("list_{}_policies"), call("list_attached_{}_policies")
    attach, detach = call("attach_{}_policy"), call("detach_{}_policy")
    document = '{ "Version": "2012-10-17",\n "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*\u00e9"}] }'
    document = document.replace("*\u00e9", "arn:aws:s3:::b/\u00e9 +%")
    same(listed(**whose())["PolicyNames"], [])
    put(PolicyName="read", PolicyDocument=document, **whose())
    found = get(PolicyName="read", **whose())
    same((found[f"{kind}Name"], found["PolicyName"]), ("ana", "read"))
    # botocore has decoded it.
    same(found["PolicyDocument"], json.loads(document))
    put(PolicyName="read", PolicyDocument=policy(allow("s3:List*")), **whose())
    same(get(PolicyName="read", **whose())["PolicyDocument"]["Statement"][0]["Action"], "s3:List*")
    for number in range(5):
        put(PolicyName=f"p{number}", PolicyDocument=policy(allow("s3:*")), **whose())
    pages = IAM.get_paginator(f"list_{lower}_policies").paginate(PaginationConfig={"PageSize": 2}, **whose())
    pages = [page["PolicyNames"] for page in pages]
    same(pages, [["p0", "p1"], ["p2", "p3"], ["p4", "read"]])

    broken = {"PolicyName": "bad", **whose()}
    refused("MalformedPolicyDocument", put, PolicyDocument="{", says="Syntax errors in policy.", **broken)
    refused(
        "MalformedPolicyDocument",
        put,
        PolicyDocument=policy({"Effect": "Allow", "Action": "*"}),
        says="Policy statement must contain resources.",
        **broken,
    )
    refused("ValidationError", put, PolicyDocument="\u0100", says="policyDocument", **broken)
    long = policy(allow("s3:*", ["arn:aws:s3:::" + "b" * 100 + str(number) for number in range(most // 110)]))
    refused("LimitExceeded", put, PolicyDocument=long, says=f"Maximum policy size of {most} bytes exceeded", **broken)
    same("bad" in listed(**whose())["PolicyNames"], False)
    text = f"The {lower} policy with name none cannot be found."
    refused("NoSuchEntity", get, PolicyName="none", says=text, **whose())
    refused("NoSuchEntity", remove, PolicyName="none", says=text, **whose())
    nobody = f"The {lower} with name none cannot be found."
    refused("NoSuchEntity", put, PolicyName="p", PolicyDocument=document, says=nobody, **whose("none"))
    refused("NoSuchEntity", get, PolicyName="p", says=nobody, **whose("none"))
    refused("NoSuchEntity", listed, says=nobody, **whose("none"))
    refused("NoSuchEntity", remove, PolicyName="p", says=nobody, **whose("none"))

    same(attached(**whose())["AttachedPolicies"], [])
    for policy_arn in (POWER, EVERYTHING, POWER):
        attach(PolicyArn=policy_arn, **whose())
    expected = [
        {"PolicyName": "AdministratorAccess", "PolicyArn": EVERYTHING},
        {"PolicyName": "PowerUserAccess", "PolicyArn": POWER},
    ]
    same(attached(**whose())["AttachedPolicies"], expected)
    same(attached(PathPrefix="/x/", **whose())["AttachedPolicies"], [])
    first = attached(MaxItems=1, **whose())
    same((first["AttachedPolicies"], first["IsTruncated"]), (expected[:1], True))
    rest = attached(MaxItems=1, Marker=first["Marker"], **whose())
    same((rest["AttachedPolicies"], rest["IsTruncated"]), (expected[1:], False))
    missing = arn("policy/None")
    refused("NoSuchEntity", attach, PolicyArn=missing, says=f"Policy {missing} does not exist", **whose())
    refused("InvalidInput", attach, PolicyArn="arn:aws:iam::aws:role/Nothing", says="is not valid", **whose())
    refused("NoSuchEntity", attach, PolicyArn=POWER, says=nobody, **whose("none"))
    refused("NoSuchEntity", detach, PolicyArn=missing, says=f"Policy {missing} was not found.", **whose())
    refused("NoSuchEntity", detach, PolicyArn=POWER, says=nobody, **whose("none"))
    refused("NoSuchEntity", attached, says=nobody, **whose("none"))

    refused("DeleteConflict", delete, says="must delete policies first", **whose())
    for name in listed(**whose())["PolicyNames"]:
        remove(PolicyName=name, **whose())
    refused("DeleteConflict", delete, says="must detach all policies first", **whose())
    for policy_arn in (POWER, EVERYTHING):
        detach(PolicyArn=policy_arn, **whose())
    refused("NoSuchEntity", detach, PolicyArn=POWER, **whose())
    delete(**whose())


check("User", IAM.create_user, 2048, IAM.delete_user)
check("Group", IAM.create_group, 5120, IAM.delete_group)
