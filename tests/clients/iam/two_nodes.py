"""Each resource is made, read back, changed and removed, and no two calls in a row are of the same node.

`RESOURCES` has one row for each kind: how it is made, read and changed, what is read before and after, and how it is
removed. A call is a name of boto3 and its parameters. Further kinds are further rows.
"""

from itertools import cycle

from botocore.exceptions import ClientError
from kit import ARGUMENTS, arn, client, same, tags
from saml_metadata import metadata

NODES = cycle([client(endpoint=endpoint) for endpoint in ARGUMENTS["endpoints"]])

OIDC = {"OpenIDConnectProviderArn": arn("oidc-provider/idp.example.com")}
SAML = {"SAMLProviderArn": arn("saml-provider/Partners")}
FIRST, SECOND = metadata("https://idp.example.com/a"), metadata("https://idp.example.com/b")

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
]


def ask(call):
    name, parameters = call
    return getattr(next(NODES), name)(**parameters)


for name, make, read, pick, expected, changes, expected_then, remove in RESOURCES:
    for _ in range(3):
        ask(make)
        same(pick(ask(read)), expected)
        same(pick(ask(read)), expected)
        for change in changes:
            ask(change)
            ask(read)
        if changes:
            same(pick(ask(read)), expected_then)
            same(pick(ask(read)), expected_then)
        ask(remove)
        for _ in range(2):
            try:
                raise AssertionError(f"the {name} is still there: {ask(read)}")
            except ClientError as error:
                same(error.response["Error"]["Code"], "NoSuchEntity")
