"""Each resource is made, read back, changed and removed, and no two calls in a row are of the same node.

`RESOURCES` has one row for each kind: how it is made, read and changed, what is read before and after, and how it is
removed, each by one call or a list of them. A call is a name of boto3 and its parameters, or a function of the answer to the
last call that made the resource. Further kinds are further rows.
"""

import json
from itertools import cycle

from botocore.exceptions import ClientError
from kit import ACCOUNT, ARGUMENTS, allow, arn, client, policy, refused, same, tags, trust
from saml_metadata import metadata

NODES = cycle([client(endpoint=endpoint) for endpoint in ARGUMENTS["endpoints"]])

OIDC = {"OpenIDConnectProviderArn": arn("oidc-provider/idp.example.com")}
SAML = {"SAMLProviderArn": arn("saml-provider/Partners")}
FIRST, SECOND = metadata("https://idp.example.com/a"), metadata("https://idp.example.com/b")
ANA, TEAM = {"UserName": "ana"}, {"GroupName": "Team"}
BUILD, WEB = {"RoleName": "Build"}, {"InstanceProfileName": "Web"}
OWN, OF_AWS = {"PolicyArn": arn("policy/Own")}, "arn:aws:iam::aws:policy/ReadOnlyAccess"
PHONE = {"SerialNumber": arn("mfa/phone")}
READ, WRITE = policy(allow("s3:Get*")), policy(allow("s3:Put*"))
TRUST = trust({"AWS": ACCOUNT})
ROLE = ("create_role", {**BUILD, "AssumeRolePolicyDocument": TRUST})
POLICY = ("create_policy", {"PolicyName": "Own", "PolicyDocument": READ})


def key_id(made):
    return {"AccessKeyId": made["AccessKey"]["AccessKeyId"]}


# name, make, read, what is looked at, what it is, changes, what it is then, remove
RESOURCES = [
    (
        "user",
        ("create_user", {"UserName": "ana", "Path": "/staff/", "Tags": tags(team="ops")}),
        ("get_user", {"UserName": "ana"}),
        lambda told: (told["User"]["Path"], told["User"]["Tags"]),
        ("/staff/", tags(team="ops")),
        [],
        None,
        ("delete_user", {"UserName": "ana"}),
    ),
    (
        "OpenID Connect provider",
        ("create_open_id_connect_provider", {"Url": "https://idp.example.com", "ClientIDList": ["a"]}),
        ("get_open_id_connect_provider", OIDC),
        lambda told: (told["ClientIDList"], told["Tags"]),
        (["a"], []),
        [
            ("add_client_id_to_open_id_connect_provider", {**OIDC, "ClientID": "b"}),
            ("remove_client_id_from_open_id_connect_provider", {**OIDC, "ClientID": "a"}),
            ("update_open_id_connect_provider_thumbprint", {**OIDC, "ThumbprintList": ["0" * 40]}),
            ("tag_open_id_connect_provider", {**OIDC, "Tags": tags(team="ops", x="1")}),
            ("untag_open_id_connect_provider", {**OIDC, "TagKeys": ["x"]}),
        ],
        (["b"], tags(team="ops")),
        ("delete_open_id_connect_provider", OIDC),
    ),
    (
        "SAML provider",
        ("create_saml_provider", {"Name": "Partners", "SAMLMetadataDocument": FIRST}),
        ("get_saml_provider", SAML),
        lambda told: (told["SAMLMetadataDocument"] == SECOND, told["AssertionEncryptionMode"], told["Tags"]),
        (False, "Allowed", []),
        [
            ("update_saml_provider", {**SAML, "SAMLMetadataDocument": SECOND}),
            ("update_saml_provider", {**SAML, "AssertionEncryptionMode": "Required"}),
            ("tag_saml_provider", {**SAML, "Tags": tags(team="ops")}),
        ],
        (True, "Required", tags(team="ops")),
        ("delete_saml_provider", SAML),
    ),
    (
        "role",
        ("create_role", {**BUILD, "Path": "/ci/", "AssumeRolePolicyDocument": TRUST}),
        ("get_role", BUILD),
        lambda told: (told["Role"].get("Description"), told["Role"]["MaxSessionDuration"], told["Role"].get("Tags")),
        (None, 3600, None),
        [
            ("update_role", {**BUILD, "Description": "Builds", "MaxSessionDuration": 7200}),
            ("update_assume_role_policy", {**BUILD, "PolicyDocument": TRUST}),
            ("tag_role", {**BUILD, "Tags": tags(team="ops", x="1")}),
            ("untag_role", {**BUILD, "TagKeys": ["x"]}),
        ],
        ("Builds", 7200, tags(team="ops")),
        ("delete_role", BUILD),
    ),
    (
        "role's policy",
        [ROLE, ("put_role_policy", {**BUILD, "PolicyName": "own", "PolicyDocument": READ})],
        ("get_role_policy", {**BUILD, "PolicyName": "own"}),
        lambda told: told["PolicyDocument"],
        json.loads(READ),
        [("put_role_policy", {**BUILD, "PolicyName": "own", "PolicyDocument": WRITE})],
        json.loads(WRITE),
        [("delete_role_policy", {**BUILD, "PolicyName": "own"}), ("delete_role", BUILD)],
    ),
    (
        "attachment",
        [ROLE, POLICY, ("attach_role_policy", {**BUILD, **OWN})],
        ("list_attached_role_policies", BUILD),
        lambda told: [policy["PolicyArn"] for policy in told["AttachedPolicies"]],
        [OWN["PolicyArn"]],
        [("attach_role_policy", {**BUILD, "PolicyArn": OF_AWS}), ("detach_role_policy", {**BUILD, **OWN})],
        [OF_AWS],
        [("detach_role_policy", {**BUILD, "PolicyArn": OF_AWS}), ("delete_role", BUILD), ("delete_policy", OWN)],
    ),
    (
        "managed policy",
        POLICY,
        ("get_policy", OWN),
        lambda told: (told["Policy"]["DefaultVersionId"], told["Policy"].get("Tags")),
        ("v1", None),
        [
            ("create_policy_version", {**OWN, "PolicyDocument": WRITE, "SetAsDefault": True}),
            ("delete_policy_version", {**OWN, "VersionId": "v1"}),
            ("tag_policy", {**OWN, "Tags": tags(team="ops")}),
        ],
        ("v2", tags(team="ops")),
        ("delete_policy", OWN),
    ),
    (
        "policy version",
        [POLICY, ("create_policy_version", {**OWN, "PolicyDocument": WRITE})],
        ("get_policy_version", {**OWN, "VersionId": "v2"}),
        lambda told: (told["PolicyVersion"]["Document"], told["PolicyVersion"]["IsDefaultVersion"]),
        (json.loads(WRITE), False),
        [("set_default_policy_version", {**OWN, "VersionId": "v2"})],
        (json.loads(WRITE), True),
        [("delete_policy_version", {**OWN, "VersionId": "v1"}), ("delete_policy", OWN)],
    ),
    (
        "group",
        ("create_group", {**TEAM, "Path": "/a/"}),
        ("get_group", TEAM),
        lambda told: told["Group"]["Arn"],
        arn("group/a/Team"),
        [("update_group", {**TEAM, "NewPath": "/b/"})],
        arn("group/b/Team"),
        ("delete_group", TEAM),
    ),
    (
        "group's policy",
        [("create_group", TEAM), ("put_group_policy", {**TEAM, "PolicyName": "own", "PolicyDocument": READ})],
        ("get_group_policy", {**TEAM, "PolicyName": "own"}),
        lambda told: told["PolicyDocument"],
        json.loads(READ),
        [("put_group_policy", {**TEAM, "PolicyName": "own", "PolicyDocument": WRITE})],
        json.loads(WRITE),
        [("delete_group_policy", {**TEAM, "PolicyName": "own"}), ("delete_group", TEAM)],
    ),
    (
        "membership",
        [("create_group", TEAM), ("create_user", ANA), ("add_user_to_group", {**TEAM, **ANA})],
        ("get_group", TEAM),
        lambda told: [user["UserName"] for user in told["Users"]],
        ["ana"],
        [("remove_user_from_group", {**TEAM, **ANA})],
        [],
        [("delete_user", ANA), ("delete_group", TEAM)],
    ),
    (
        "access key",
        [("create_user", ANA), ("create_access_key", ANA)],
        ("list_access_keys", ANA),
        lambda told: [key["Status"] for key in told["AccessKeyMetadata"]],
        ["Active"],
        [("update_access_key", lambda made: {**ANA, **key_id(made), "Status": "Inactive"})],
        ["Inactive"],
        [("delete_access_key", lambda made: {**ANA, **key_id(made)}), ("delete_user", ANA)],
    ),
    (
        "instance profile",
        [ROLE, ("create_instance_profile", WEB)],
        ("get_instance_profile", WEB),
        lambda told: [role["RoleName"] for role in told["InstanceProfile"]["Roles"]],
        [],
        [("add_role_to_instance_profile", {**WEB, **BUILD})],
        ["Build"],
        [
            ("remove_role_from_instance_profile", {**WEB, **BUILD}),
            ("delete_instance_profile", WEB),
            ("delete_role", BUILD),
        ],
    ),
    (
        "virtual MFA device",
        ("create_virtual_mfa_device", {"VirtualMFADeviceName": "phone", "Tags": tags(team="ops")}),
        ("list_mfa_device_tags", PHONE),
        lambda told: told["Tags"],
        tags(team="ops"),
        [("tag_mfa_device", {**PHONE, "Tags": tags(x="1")}), ("untag_mfa_device", {**PHONE, "TagKeys": ["team"]})],
        tags(x="1"),
        ("delete_virtual_mfa_device", PHONE),
    ),
]


def ask(call, made=None):
    name, parameters = call
    return getattr(next(NODES), name)(**(parameters(made) if callable(parameters) else parameters))


def ask_each(calls, made=None):
    """The answer to the last."""
    for call in calls if isinstance(calls, list) else [calls]:
        answer = ask(call, made)
    return answer


for name, make, read, pick, expected, changes, expected_then, remove in RESOURCES:
    for _ in range(3):
        made = ask_each(make)
        same(pick(ask(read)), expected)
        same(pick(ask(read)), expected)
        for change in changes:
            ask(change, made)
            ask(read)
        if changes:
            same(pick(ask(read)), expected_then)
            same(pick(ask(read)), expected_then)
        ask_each(remove, made)
        for _ in range(2):
            try:
                raise AssertionError(f"the {name} is still there: {ask(read)}")
            except ClientError as error:
                same(error.response["Error"]["Code"], "NoSuchEntity")

# A key is good, and no longer, at every node at once; so is what its user may do by a group.
for _ in range(2):
    next(NODES)
    made = ask_each([("create_user", ANA), ("create_group", TEAM), ("create_access_key", ANA)])
    key = (made["AccessKey"]["AccessKeyId"], made["AccessKey"]["SecretAccessKey"])
    own = cycle([client(keys=key, endpoint=endpoint) for endpoint in reversed(ARGUMENTS["endpoints"])])
    refused("AccessDenied", next(own).list_groups)
    ask(("put_group_policy", {**TEAM, "PolicyName": "own", "PolicyDocument": policy(allow("iam:ListGroups"))}))
    ask(("add_user_to_group", {**TEAM, **ANA}))
    for _ in range(2):
        same([group["GroupName"] for group in next(own).list_groups()["Groups"]], ["Team"])
    ask(("remove_user_from_group", {**TEAM, **ANA}))
    for _ in range(2):
        refused("AccessDenied", next(own).list_groups)
    ask(("update_access_key", {**ANA, **key_id(made), "Status": "Inactive"}))
    for _ in range(2):
        refused("InvalidClientTokenId", next(own).list_groups)
    ask(("update_access_key", {**ANA, **key_id(made), "Status": "Active"}))
    for _ in range(2):
        refused("AccessDenied", next(own).list_groups)
    ask(("delete_access_key", {**ANA, **key_id(made)}))
    for _ in range(2):
        refused("InvalidClientTokenId", next(own).list_groups)
    ask_each([("delete_group_policy", {**TEAM, "PolicyName": "own"}), ("delete_group", TEAM), ("delete_user", ANA)])
