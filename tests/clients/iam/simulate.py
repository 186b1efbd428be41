"""Trying policies out: SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysFor…; and a hundred answers that must be those given in earnest."""

import random

from kit import ACCOUNT, IAM, allow, arn, client, policy, refused, same, tags, trust
from botocore.exceptions import ClientError

BUCKET = "arn:aws:s3:::bucket/home/ana/file"


def decisions(answer):
    return [result["EvalDecision"] for result in answer["EvaluationResults"]]


def custom(policies, actions, **more):
    return IAM.simulate_custom_policy(PolicyInputList=policies, ActionNames=actions, **more)


READ = policy(allow("s3:Get*"))
found = custom([READ], ["s3:GetObject", "s3:PutObject"])["EvaluationResults"]
same([(one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"]) for one in found], [("s3:GetObject", "*", "allowed"), ("s3:PutObject", "*", "implicitDeny")])
statement = found[0]["MatchedStatements"][0]
same((statement["SourcePolicyId"], statement["SourcePolicyType"]), ("PolicyInputList.1", "none"))
start, end = statement["StartPosition"], statement["EndPosition"]
same((start["Line"], READ[start["Column"] - 1], READ[end["Column"] - 2]), (1, "{", "}"))
same(found[1]["MatchedStatements"], [])

deny = policy({"Sid": "No", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"})
found = custom([READ, deny], ["s3:GetObject"])["EvaluationResults"][0]
same((found["EvalDecision"], [one["SourcePolicyId"] for one in found["MatchedStatements"]]), ("explicitDeny", ["PolicyInputList.2"]))
found = custom([READ], ["s3:GetObject"], PermissionsBoundaryPolicyInputList=[policy(allow("ec2:*"))])["EvaluationResults"][0]
same((found["EvalDecision"], found["PermissionsBoundaryDecisionDetail"]), ("implicitDeny", {"AllowedByPermissionsBoundary": False}))
found = custom([READ], ["s3:GetObject"], PermissionsBoundaryPolicyInputList=[READ])["EvaluationResults"][0]
same((found["EvalDecision"], found["PermissionsBoundaryDecisionDetail"]), ("allowed", {"AllowedByPermissionsBoundary": True}))

# Condition keys.
home = policy(allow("s3:*", "arn:aws:s3:::bucket/home/${aws:username}/*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}, "ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}))
same(IAM.get_context_keys_for_custom_policy(PolicyInputList=[home, READ])["ContextKeyNames"], ["aws:MultiFactorAuthAge", "aws:TagKeys", "aws:username"])
found = custom([home], ["s3:GetObject"], ResourceArns=[BUCKET])["EvaluationResults"][0]
same((found["EvalDecision"], found["MissingContextValues"]), ("implicitDeny", ["aws:MultiFactorAuthAge", "aws:TagKeys", "aws:username"]))
entries = [
    {"ContextKeyName": "AWS:username", "ContextKeyType": "string", "ContextKeyValues": ["ana"]},
    {"ContextKeyName": "aws:MultiFactorAuthAge", "ContextKeyType": "numeric", "ContextKeyValues": ["59"]},
    {"ContextKeyName": "aws:TagKeys", "ContextKeyType": "stringList", "ContextKeyValues": ["b", "a"]},
]
found = custom([home], ["s3:GetObject"], ResourceArns=[BUCKET, BUCKET.replace("ana", "bob")], ContextEntries=entries)
same(decisions(found), ["allowed", "implicitDeny"])
same(found["EvaluationResults"][0]["MissingContextValues"], [])

# Pages.
actions = [f"s3:Get{letter}" for letter in "abcdefghij"]
pages = IAM.get_paginator("simulate_custom_policy").paginate(PolicyInputList=[READ], ActionNames=actions, PaginationConfig={"PageSize": 3})
same([one["EvalActionName"] for page in pages for one in page["EvaluationResults"]], actions)

# The longer the policies, the fewer results are on one page.
long = [policy(allow("s3:Get*", [f"arn:aws:s3:::{'x' * 200}{number}/*" for number in range(100)])) for _ in range(5)]
first = IAM.simulate_custom_policy(PolicyInputList=long, ActionNames=[f"s3:Get{number}" for number in range(100)])
assert first["IsTruncated"] and 1 <= len(first["EvaluationResults"]) < 100, len(first["EvaluationResults"])
pages = IAM.get_paginator("simulate_custom_policy").paginate(PolicyInputList=long, ActionNames=[f"s3:Get{number}" for number in range(100)])
same(sum(len(page["EvaluationResults"]) for page in pages), 100)

# What the resource says.
resource = policy({"Effect": "Allow", "Principal": {"AWS": arn("user/ana")}, "Action": "s3:GetObject", "Resource": "*"})
none = policy(allow("ec2:*"))
refused("InvalidInput", IAM.simulate_custom_policy, PolicyInputList=[none], ActionNames=["s3:GetObject"], ResourcePolicy=resource, says="CallerArn")
found = custom([none], ["s3:GetObject"], ResourceArns=[BUCKET], ResourcePolicy=resource, CallerArn=arn("user/ana"))["EvaluationResults"][0]
same((found["EvalDecision"], found["MatchedStatements"][0]["SourcePolicyType"]), ("allowed", "resource"))
same(decisions(custom([none], ["s3:GetObject"], ResourceArns=[BUCKET], ResourcePolicy=resource, CallerArn=arn("user/bob"))), ["implicitDeny"])
elsewhere = {"ResourceOwner": "arn:aws:iam::482011739056:root", "ResourceArns": [BUCKET], "CallerArn": arn("user/ana"), "ResourcePolicy": resource}
same(decisions(custom([none], ["s3:GetObject"], **elsewhere)), ["implicitDeny"])
same(decisions(custom([READ], ["s3:GetObject"], **elsewhere)), ["allowed"])

for code, parameters in (
    ("InvalidInput", {"PolicyInputList": ["{}"], "ActionNames": ["s3:GetObject"]}),
    ("InvalidInput", {"PolicyInputList": [READ], "ActionNames": ["s3:Get*"]}),
    ("InvalidInput", {"PolicyInputList": [READ], "ActionNames": ["s3:GetObject"], "CallerArn": arn("role/x")}),
    ("InvalidInput", {"PolicyInputList": [READ], "ActionNames": ["s3:GetObject"], "ResourceOwner": "nobody"}),
    ("InvalidInput", {"PolicyInputList": [READ], "ActionNames": ["s3:GetObject"], "PermissionsBoundaryPolicyInputList": [READ, READ]}),
    ("InvalidInput", {"PolicyInputList": [READ], "ActionNames": ["s3:GetObject"], "ContextEntries": [{"ContextKeyName": "aws:userid", "ContextKeyType": "string", "ContextKeyValues": ["a", "b"]}]}),
    ("ValidationError", {"PolicyInputList": [READ], "ActionNames": ["s3:" + "x" * 126]}),
    ("ValidationError", {"PolicyInputList": [], "ActionNames": ["s3:GetObject"]}),
    ("ValidationError", {"PolicyInputList": [READ], "ActionNames": ["s3:GetObject"], "ContextEntries": [{"ContextKeyName": "aws:userid", "ContextKeyType": "text", "ContextKeyValues": ["a"]}]}),
):
    refused(code, IAM.simulate_custom_policy, **parameters)
refused("InvalidInput", IAM.get_context_keys_for_custom_policy, PolicyInputList=["{"])

# Somebody's own.
IAM.create_policy(PolicyName="List", PolicyDocument=policy(allow("s3:List*", Condition={"Bool": {"aws:SecureTransport": "true"}})))
IAM.create_role(RoleName="Role", Path="/x/", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}), Tags=tags(stage="test"))
IAM.put_role_policy(RoleName="Role", PolicyName="read", PolicyDocument=READ)
IAM.attach_role_policy(RoleName="Role", PolicyArn=arn("policy/List"))
IAM.attach_role_policy(RoleName="Role", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
ROLE = arn("role/x/Role")
found = IAM.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["s3:GetObject", "s3:PutObject"])["EvaluationResults"]
same([one["EvalDecision"] for one in found], ["allowed", "implicitDeny"])
same(sorted((one["SourcePolicyId"], one["SourcePolicyType"]) for one in found[0]["MatchedStatements"]), [("AmazonS3ReadOnlyAccess", "aws-managed"), ("read", "role")])
secure = [{"ContextKeyName": "aws:SecureTransport", "ContextKeyType": "boolean", "ContextKeyValues": ["true"]}]
found = IAM.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["s3:ListBucket"], ContextEntries=secure)["EvaluationResults"][0]
same(sorted((one["SourcePolicyId"], one["SourcePolicyType"]) for one in found["MatchedStatements"]), [("AmazonS3ReadOnlyAccess", "aws-managed"), ("List", "user-managed")])
same(IAM.get_context_keys_for_principal_policy(PolicySourceArn=ROLE)["ContextKeyNames"], ["aws:SecureTransport"])
same(IAM.get_context_keys_for_principal_policy(PolicySourceArn=ROLE, PolicyInputList=[home])["ContextKeyNames"], ["aws:MultiFactorAuthAge", "aws:SecureTransport", "aws:TagKeys", "aws:username"])
same(decisions(IAM.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["s3:GetObject"], PolicyInputList=[deny])), ["explicitDeny"])
IAM.put_role_permissions_boundary(RoleName="Role", PermissionsBoundary=arn("policy/List"))
found = IAM.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["s3:GetObject"])["EvaluationResults"][0]
same((found["EvalDecision"], found["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]), ("implicitDeny", False))
same(decisions(IAM.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["s3:GetObject"], PermissionsBoundaryPolicyInputList=[READ])), ["allowed"])
IAM.delete_role_permissions_boundary(RoleName="Role")
IAM.create_user(UserName="ana")
same(decisions(IAM.simulate_principal_policy(PolicySourceArn=arn("user/ana"), ActionNames=["s3:GetObject"], ResourceArns=[BUCKET], ResourcePolicy=resource)), ["allowed"])

# What a user has of groups, and what a group has.
IAM.create_group(GroupName="Team", Path="/t/")
IAM.put_group_policy(GroupName="Team", PolicyName="put", PolicyDocument=policy(allow("s3:Put*")))
TEAM = arn("group/t/Team")
UNTAGGED = policy(allow("s3:List*", Condition={"Null": {"aws:RequestTag/team": "true"}}))
IAM.create_policy(PolicyName="OfTeam", PolicyDocument=UNTAGGED)
for call, name in ((IAM.attach_group_policy, {"GroupName": "Team"}), (IAM.attach_user_policy, {"UserName": "ana"})):
    call(PolicyArn=arn("policy/OfTeam"), **name)
ASKED = ["s3:PutObject", "s3:ListBucket", "s3:GetObject"]
same(decisions(IAM.simulate_principal_policy(PolicySourceArn=arn("user/ana"), ActionNames=ASKED)), ["implicitDeny", "allowed", "implicitDeny"])
same(IAM.get_context_keys_for_principal_policy(PolicySourceArn=arn("user/ana"))["ContextKeyNames"], ["aws:RequestTag/team"])
IAM.put_group_policy(GroupName="Team", PolicyName="mfa", PolicyDocument=policy({"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}))
IAM.add_user_to_group(GroupName="Team", UserName="ana")
for source in (arn("user/ana"), TEAM):
    found = IAM.simulate_principal_policy(PolicySourceArn=source, ActionNames=ASKED)["EvaluationResults"]
    same([one["EvalDecision"] for one in found], ["allowed", "allowed", "implicitDeny"])
    same([(one["SourcePolicyId"], one["SourcePolicyType"]) for one in found[0]["MatchedStatements"]], [("put", "group")])
    same([(one["SourcePolicyId"], one["SourcePolicyType"]) for one in found[1]["MatchedStatements"]], [("OfTeam", "user-managed")])
    without = [{"ContextKeyName": "aws:MultiFactorAuthPresent", "ContextKeyType": "boolean", "ContextKeyValues": ["false"]}]
    found = IAM.simulate_principal_policy(PolicySourceArn=source, ActionNames=ASKED, ContextEntries=without)
    same(decisions(found), ["allowed", "explicitDeny", "implicitDeny"])
    same(IAM.get_context_keys_for_principal_policy(PolicySourceArn=source)["ContextKeyNames"], ["aws:MultiFactorAuthPresent", "aws:RequestTag/team"])
IAM.put_user_permissions_boundary(UserName="ana", PermissionsBoundary=arn("policy/OfTeam"))
same(decisions(IAM.simulate_principal_policy(PolicySourceArn=arn("user/ana"), ActionNames=ASKED)), ["implicitDeny", "allowed", "implicitDeny"])
# A group calls nothing itself.
theirs = {"PolicySourceArn": TEAM, "ActionNames": ["s3:GetObject"], "ResourceArns": [BUCKET], "ResourcePolicy": resource}
refused("InvalidInput", IAM.simulate_principal_policy, says="CallerArn is required", **theirs)
same(decisions(IAM.simulate_principal_policy(CallerArn=arn("user/ana"), **theirs)), ["allowed"])
same(decisions(IAM.simulate_principal_policy(CallerArn=arn("user/bob"), **theirs)), ["implicitDeny"])
for missing in (arn("group/Team"), arn("group/t/None"), arn("role/Role"), arn("user/none"), "arn:aws:iam::482011739056:group/t/Team", "arn:aws:iam::482011739056:role/x/Role"):
    refused("NoSuchEntity", IAM.simulate_principal_policy, PolicySourceArn=missing, ActionNames=["s3:GetObject"])
    refused("NoSuchEntity", IAM.get_context_keys_for_principal_policy, PolicySourceArn=missing)
refused("InvalidInput", IAM.simulate_principal_policy, PolicySourceArn=arn("policy/List"), ActionNames=["s3:GetObject"])

# Without some of what somebody has.
IAM.put_role_policy(RoleName="Role", PolicyName="write", PolicyDocument=policy(allow("s3:Put*")))
IAM.create_policy(PolicyName="Gone", Path="/out/", PolicyDocument=policy(allow("s3:Delete*")))
IAM.attach_role_policy(RoleName="Role", PolicyArn=arn("policy/out/Gone"))
DOES = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetBucketAcl"]


def without(*excluded, source=ROLE, **more):
    found = IAM.simulate_principal_policy(PolicySourceArn=source, ActionNames=DOES, PolicyExclusionList=list(excluded), **more)
    return "".join({"allowed": "y", "implicitDeny": "n", "explicitDeny": "-"}[one] for one in decisions(found))


def inline(name, kind, holder):
    return {"InlinePolicyIdentifier": {"PolicyName": name, "AttachmentType": kind, "AttachmentName": holder}}


MANAGED = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
same(without(), "yyyy")
for expected, *excluded in (
    ("ynyy", inline("write", "role", "Role")),
    ("ynyy", inline("write", "role", "R*")),
    ("ynyy", inline("write", "role", "Ro?e")),
    ("yyyy", inline("write", "user", "Role"), inline("write", "role", "Ro?"), inline("none", "role", "*")),
    ("ynyy", {"PolicyType": "inline"}),
    ("nnyn", {"PolicyType": "inline"}, {"PolicyType": "aws-managed"}),
    ("nnyn", {"PolicyType": "inline"}, {"PolicyArn": MANAGED}),
    ("yyny", {"PolicyType": "user-managed"}),
    ("yyny", {"PolicyArn": arn("policy/out/Gone")}),
    ("yyny", {"PolicyArn": arn("policy/Gone")}),
    ("yyny", {"PolicyArn": arn("policy/*")}),
    ("yyyy", {"PolicyArn": arn("policy/none")}, {"PolicyType": "scp"}, {"PolicyType": "rcp"}, {"PolicyType": "permission-boundary"}),
):
    same((without(*excluded), excluded), (expected, excluded))
same(without({"PolicyType": "inline"}, PolicyInputList=[policy(allow("s3:PutObject"))]), "yyyy")
IAM.put_role_permissions_boundary(RoleName="Role", PermissionsBoundary=arn("policy/out/Gone"))
same(without(), "nnyn")
same(without({"PolicyArn": arn("policy/out/Gone")}), "nnnn")
same(without({"PolicyType": "permission-boundary"}), "yyyy")
same(without({"PolicyType": "permission-boundary"}, PermissionsBoundaryPolicyInputList=[READ]), "ynny")
IAM.delete_role_permissions_boundary(RoleName="Role")
theirs = {"source": arn("user/ana"), "PermissionsBoundaryPolicyInputList": [policy(allow("*"))]}
same(without(**theirs), "nynn")
same(without(inline("put", "group", "T*"), **theirs), "nnnn")
same(without(inline("put", "user", "*"), **theirs), "nynn")
same(without({"PolicyType": "inline"}, source=TEAM), "nnnn")
SIMULATED = {"PolicySourceArn": ROLE, "ActionNames": ["s3:GetObject"]}
for code, excluded in (
    ("InvalidInput", {"PolicyArn": arn("role/x/Role")}),
    ("InvalidInput", {"PolicyArn": "arn:aws:iam::*:policy/Gone"}),
    ("InvalidInput", {"PolicyArn": arn("policy/*a*")}),
    ("InvalidInput", {"PolicyArn": MANAGED, "PolicyType": "inline"}),
    ("InvalidInput", inline("read", "role", "*o*")),
    ("ValidationError", {"PolicyType": "session"}),
    ("ValidationError", {"PolicyArn": "short"}),
    ("ValidationError", inline("a b", "role", "Role")),
    ("ValidationError", inline("read", "robot", "Role")),
    ("ValidationError", {"InlinePolicyIdentifier": {"PolicyName": "read"}}),
):
    refused(code, client(checked=False).simulate_principal_policy, PolicyExclusionList=[excluded], **SIMULATED)
many = [{"PolicyType": "inline"}] * 257
refused("ValidationError", client(checked=False).simulate_principal_policy, PolicyExclusionList=many, says="equal to 256", **SIMULATED)
# What stands after a gap, or in an action that has no such list, is not passed over.
def sending(**raw):
    """A client whose calls have these parameters, too."""
    sender = client()
    sender.meta.events.register("before-call.iam", lambda params, **_: params["body"].update(raw))
    return sender


for number in (0, 2):
    gap = {f"PolicyExclusionList.member.{number}.PolicyType": "inline"}
    refused("MalformedInput", sending(**gap).simulate_principal_policy, **SIMULATED)
first = {"PolicyExclusionList.member.1.PolicyType": "inline"}
refused("InvalidInput", sending(**first).simulate_custom_policy, PolicyInputList=[policy(allow("s3:*"))], ActionNames=["s3:GetObject"])
IAM.detach_role_policy(RoleName="Role", PolicyArn=arn("policy/out/Gone"))
IAM.delete_role_policy(RoleName="Role", PolicyName="write")

# A hundred policies: what is simulated for a role is what its session is answered.
for name in ("Role", "Bound"):
    if name != "Role":
        IAM.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}), Tags=tags(stage="test"))
IAM.put_role_policy(RoleName="Bound", PolicyName="own", PolicyDocument=READ)
session = client("sts").assume_role(RoleArn=arn("role/Bound"), RoleSessionName="one")["Credentials"]
SESSION = client(keys=(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]))
CALLS = {
    "iam:GetRole": (lambda: SESSION.get_role(RoleName="Role"), ROLE),
    "iam:ListRolePolicies": (lambda: SESSION.list_role_policies(RoleName="Role"), ROLE),
    "iam:ListPolicies": (lambda: SESSION.list_policies(), "*"),
    "iam:GetPolicy": (lambda: SESSION.get_policy(PolicyArn=arn("policy/List")), arn("policy/List")),
}
dice = random.Random(7)
met = {"allowed": 0, "explicitDeny": 0, "implicitDeny": 0}
for _ in range(100):
    statements = []
    for _ in range(dice.randint(1, 3)):
        statement = {
            "Effect": dice.choice(["Allow", "Allow", "Deny"]),
            dice.choice(["Action", "Action", "NotAction"]): dice.choice(["*", "iam:*", "iam:Get*", "iam:List*", "iam:?etRole", "IAM:getrole", "s3:*"]),
            dice.choice(["Resource", "Resource", "NotResource"]): dice.choice(["*", ROLE, arn("role/*"), arn("policy/*"), arn("role/x/?ole"), arn("*")]),
        }
        if dice.random() < 0.4:
            statement["Condition"] = dice.choice(
                [
                    {"StringEquals": {"aws:ResourceTag/stage": "test"}},
                    {"StringNotEquals": {"iam:ResourceTag/stage": "test"}},
                    {"StringLike": {"aws:PrincipalArn": arn("role/B*")}},
                    {"Null": {"aws:TokenIssueTime": "true"}},
                ]
            )
        statements.append(statement)
    IAM.put_role_policy(RoleName="Bound", PolicyName="own", PolicyDocument=policy(*statements))
    action = dice.choice(list(CALLS))
    call, target = CALLS[action]
    given = {"aws:PrincipalArn": arn("role/Bound"), "aws:TokenIssueTime": "2026-11-21T09:41:07Z"}
    if target == ROLE:
        given |= {"aws:ResourceTag/stage": "test", "iam:ResourceTag/stage": "test"}
    entries = [{"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]} for key, value in given.items()]
    simulated = IAM.simulate_principal_policy(PolicySourceArn=arn("role/Bound"), ActionNames=[action], ResourceArns=[target], ContextEntries=entries)
    (decision,) = decisions(simulated)
    try:
        call()
        answered = "allowed"
    except ClientError as error:
        same(error.response["Error"]["Code"], "AccessDenied")
        answered = "explicitDeny" if "with an explicit deny" in error.response["Error"]["Message"] else "implicitDeny"
    same((action, statements, answered), (action, statements, decision))
    met[decision] += 1
assert all(times > 5 for times in met.values()), met

# Who may try out what.
IAM.put_role_policy(RoleName="Bound", PolicyName="own", PolicyDocument=policy(allow(["iam:SimulatePrincipalPolicy", "iam:GetContextKeysForPrincipalPolicy"], ROLE, Condition={"StringEquals": {"aws:ResourceTag/stage": "test"}})))
SESSION.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["s3:GetObject"])
SESSION.get_context_keys_for_principal_policy(PolicySourceArn=ROLE)
refused("AccessDenied", SESSION.simulate_principal_policy, PolicySourceArn=arn("user/ana"), ActionNames=["s3:GetObject"])
refused("AccessDenied", SESSION.simulate_custom_policy, PolicyInputList=[READ], ActionNames=["s3:GetObject"])
refused("AccessDenied", SESSION.get_context_keys_for_custom_policy, PolicyInputList=[READ])
