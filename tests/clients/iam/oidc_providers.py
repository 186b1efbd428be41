"""OpenID Connect providers: create, get, list, delete, client ids, thumbprints, tags, and who may do it."""

from kit import ARGUMENTS, IAM, arn, client, refused, same, tags

URL = "https://login.example.com/realms/staff"
ARN = arn("oidc-provider/login.example.com/realms/staff")
PRINT = "990f4193972f2becf12ddeda5237f9c952f20d9e"
CREATE = IAM.create_open_id_connect_provider


def found():
    answer = IAM.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
    return {name: answer.get(name) for name in ("Url", "ClientIDList", "ThumbprintList", "Tags")}


def listed():
    return [it["Arn"] for it in IAM.list_open_id_connect_providers()["OpenIDConnectProviderList"]]


same(listed(), [])
made = CREATE(Url=URL, ClientIDList=["a", "b", "a"], ThumbprintList=[PRINT], Tags=tags(team="ops"))
same((made["OpenIDConnectProviderArn"], made["Tags"]), (ARN, tags(team="ops")))
same(
    found(),
    {"Url": URL[8:], "ClientIDList": ["a", "b"], "ThumbprintList": [PRINT], "Tags": tags(team="ops")},
)
created = IAM.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)["CreateDate"]
same(listed(), [ARN])

# What is wrong with a new one.
refused("EntityAlreadyExists", CREATE, Url=URL, says=URL)
refused("ValidationError", CREATE, Url="ftp://login.example.com", says="Url is invalid")
refused("InvalidInput", CREATE, Url="http://login.example.com", says="plain http")
refused("InvalidInput", CREATE, Url=f"{ARGUMENTS['endpoint']}/issuers/123456789012", says="gateway's own")
refused("ValidationError", CREATE, Url="https://x.example.com", ThumbprintList=["z" * 40])
refused(
    "ValidationError",
    client(checked=False).create_open_id_connect_provider,
    Url="https://x.example.com",
    ThumbprintList=[PRINT[1:]],
    says="at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint:",
)
refused("InvalidInput", CREATE, Url="https://x.example.com", ThumbprintList=[f"{n:040x}" for n in range(6)])
many = [f"client{n}" for n in range(101)]
refused("LimitExceeded", CREATE, Url="https://x.example.com", ClientIDList=many)
refused("InvalidInput", CREATE, Url="https://x.example.com", Tags=tags(a="1", A="2"))
same(listed(), [ARN])

# One on this machine, which the node lists.
plain = CREATE(Url=ARGUMENTS["http_issuer"])["OpenIDConnectProviderArn"]
same(plain, arn("oidc-provider/" + ARGUMENTS["http_issuer"][7:]))
same(IAM.get_open_id_connect_provider(OpenIDConnectProviderArn=plain)["ClientIDList"], [])
same(sorted(listed()), sorted([ARN, plain]))

# Client ids come and go; twice is once.
for _ in range(2):
    IAM.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=ARN, ClientID="c")
    same(found()["ClientIDList"], ["a", "b", "c"])
for _ in range(2):
    IAM.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=ARN, ClientID="a")
    same(found()["ClientIDList"], ["b", "c"])
full = CREATE(Url="https://full.example.com", ClientIDList=many[:100])["OpenIDConnectProviderArn"]
add = IAM.add_client_id_to_open_id_connect_provider
refused("LimitExceeded", add, OpenIDConnectProviderArn=full, ClientID="one more")
add(OpenIDConnectProviderArn=full, ClientID=many[0])

# Thumbprints are kept as they are told.
update = IAM.update_open_id_connect_provider_thumbprint
update(OpenIDConnectProviderArn=ARN, ThumbprintList=[PRINT.upper(), "0" * 40])
same(found()["ThumbprintList"], [PRINT.upper(), "0" * 40])
update(OpenIDConnectProviderArn=ARN, ThumbprintList=[])
same(found()["ThumbprintList"], [])

# Tags.
IAM.tag_open_id_connect_provider(OpenIDConnectProviderArn=ARN, Tags=tags(Team="dev", b="2", c=""))
same(found()["Tags"], tags(Team="dev", b="2", c=""))
page = IAM.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=ARN, MaxItems=2)
same((page["Tags"], page["IsTruncated"]), (tags(Team="dev", b="2"), True))
page = IAM.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=ARN, Marker=page["Marker"])
same((page["Tags"], page["IsTruncated"]), (tags(c=""), False))
IAM.untag_open_id_connect_provider(OpenIDConnectProviderArn=ARN, TagKeys=["team", "c", "none"])
same(found()["Tags"], tags(b="2"))
fifty = {f"key{n}": "v" for n in range(50)}
tag = IAM.tag_open_id_connect_provider
refused("LimitExceeded", tag, OpenIDConnectProviderArn=ARN, Tags=tags(**fifty))
untag = client(checked=False).untag_open_id_connect_provider
refused("ValidationError", untag, OpenIDConnectProviderArn=ARN, says="'tagKeys'")

# One that is not there.
none = arn("oidc-provider/none.example.com")
for call, more in [
    (IAM.get_open_id_connect_provider, {}),
    (IAM.list_open_id_connect_provider_tags, {}),
    (IAM.tag_open_id_connect_provider, {"Tags": tags(a="1")}),
    (IAM.untag_open_id_connect_provider, {"TagKeys": ["a"]}),
    (IAM.add_client_id_to_open_id_connect_provider, {"ClientID": "a"}),
    (IAM.remove_client_id_from_open_id_connect_provider, {"ClientID": "a"}),
    (IAM.update_open_id_connect_provider_thumbprint, {"ThumbprintList": [PRINT]}),
]:
    says = f"OpenIDConnect Provider not found for arn {none}"
    refused("NoSuchEntity", call, OpenIDConnectProviderArn=none, says=says, **more)
IAM.delete_open_id_connect_provider(OpenIDConnectProviderArn=none)
elsewhere = ARN.replace("123456789012", "210987654321")
refused("NoSuchEntity", IAM.get_open_id_connect_provider, OpenIDConnectProviderArn=elsewhere)
refused("ValidationError", IAM.get_open_id_connect_provider, OpenIDConnectProviderArn=arn("role/none"))

IAM.delete_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
refused("NoSuchEntity", IAM.get_open_id_connect_provider, OpenIDConnectProviderArn=ARN)
IAM.delete_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
CREATE(Url=URL)
same(found(), {"Url": URL[8:], "ClientIDList": [], "ThumbprintList": [], "Tags": []})
assert IAM.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)["CreateDate"] >= created

# A hundred and no more.
for number in range(97):
    CREATE(Url=f"https://idp{number}.example.com")
refused("LimitExceeded", CREATE, Url="https://over.example.com", says="OpenIdConnectProvidersPerAccount: 100")
