"""SAML providers: create, get, list, update, delete, private keys, tags, and documents of every length."""

from datetime import datetime, timezone

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from kit import IAM, arn, client, refused, same, tags
from saml_metadata import PEM, metadata

ARN = arn("saml-provider/Partners")
CREATE = IAM.create_saml_provider
UPDATE = IAM.update_saml_provider


def private_key(key=None, form=serialization.PrivateFormat.PKCS8, password=None):
    key = key or rsa.generate_private_key(65537, 2048)
    sealed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, form, sealed).decode()


def found(provider=ARN):
    return IAM.get_saml_provider(SAMLProviderArn=provider)


def keys():
    return [it["KeyId"] for it in found()["PrivateKeyList"]]


def listed():
    return [it["Arn"] for it in IAM.list_saml_providers()["SAMLProviderList"]]


same(listed(), [])
first = metadata("https://idp.example.com/a")
made = CREATE(Name="Partners", SAMLMetadataDocument=first, Tags=tags(team="ops"))
same((made["SAMLProviderArn"], made["Tags"]), (ARN, tags(team="ops")))
told = found()
same(told["SAMLMetadataDocument"], first)
same((told["Tags"], told["AssertionEncryptionMode"], told["PrivateKeyList"]), (tags(team="ops"), "Allowed", []))
assert 22 <= len(told["SAMLProviderUUID"]) <= 64 and "ValidUntil" not in told, told
same(listed(), [ARN])

# What is wrong with a new one.
other = metadata("https://idp.example.com/b")
refused("EntityAlreadyExists", CREATE, Name="PARTNERS", SAMLMetadataDocument=other)
refused("ValidationError", CREATE, Name="a b", SAMLMetadataDocument=other, says=r"[\w._-]+")
unchecked = client(checked=False).create_saml_provider
refused("ValidationError", unchecked, Name="B", SAMLMetadataDocument="<a/>", says="greater than or equal to 1000")
refused("InvalidInput", CREATE, Name="B", SAMLMetadataDocument="<" * 1000, says="Could not parse metadata")
none = other.replace("IDPSSODescriptor", "SPSSODescriptor")
refused("InvalidInput", CREATE, Name="B", SAMLMetadataDocument=none, says="no identity provider")
refused("ValidationError", CREATE, Name="B", SAMLMetadataDocument=other, AssertionEncryptionMode="Maybe", says="enum")
for bad in [
    "no key",
    private_key(ec.generate_private_key(ec.SECP256R1())),
    private_key(rsa.generate_private_key(65537, 1024)),
    private_key(password=b"secret"),
]:
    told = refused("InvalidInput", CREATE, Name="B", SAMLMetadataDocument=other, AddPrivateKey=bad)
    assert bad not in told["Message"], told
same(listed(), [ARN])

# Changes, each of which leaves the rest.
until = "2099-01-01T00:00:00Z"
second = metadata("https://idp.example.com/c", f' validUntil="{until}"')
same(UPDATE(SAMLProviderArn=ARN, SAMLMetadataDocument=second)["SAMLProviderArn"], ARN)
told = found()
same((told["SAMLMetadataDocument"], told["Tags"]), (second, tags(team="ops")))
same(told["ValidUntil"], datetime(2099, 1, 1, tzinfo=timezone.utc))
same(IAM.list_saml_providers()["SAMLProviderList"][0]["ValidUntil"], told["ValidUntil"])
UPDATE(SAMLProviderArn=ARN, AssertionEncryptionMode="Required")
same(found()["AssertionEncryptionMode"], "Required")
one = private_key()
UPDATE(SAMLProviderArn=ARN, AddPrivateKey=one)
refused("InvalidInput", UPDATE, SAMLProviderArn=ARN, AddPrivateKey=one, says="already")
(kept,) = keys()
UPDATE(SAMLProviderArn=ARN, AddPrivateKey=private_key(form=serialization.PrivateFormat.TraditionalOpenSSL))
same(len(keys()), 2)
refused("LimitExceeded", UPDATE, SAMLProviderArn=ARN, AddPrivateKey=private_key())
UPDATE(SAMLProviderArn=ARN, AddPrivateKey=private_key(), RemovePrivateKey=kept)
same((len(keys()), kept in keys()), (2, False))
refused("NoSuchEntity", UPDATE, SAMLProviderArn=ARN, RemovePrivateKey=kept)
for key in keys():
    UPDATE(SAMLProviderArn=ARN, RemovePrivateKey=key, AssertionEncryptionMode="Allowed")
same((keys(), found()["AssertionEncryptionMode"]), ([], "Allowed"))
before = found()
UPDATE(SAMLProviderArn=ARN)
same({**found(), "ResponseMetadata": None}, {**before, "ResponseMetadata": None})

# Tags.
IAM.tag_saml_provider(SAMLProviderArn=ARN, Tags=tags(Team="dev", b="2"))
page = IAM.list_saml_provider_tags(SAMLProviderArn=ARN, MaxItems=1)
same((page["Tags"], page["IsTruncated"]), (tags(Team="dev"), True))
page = IAM.list_saml_provider_tags(SAMLProviderArn=ARN, Marker=page["Marker"])
same((page["Tags"], page["IsTruncated"]), (tags(b="2"), False))
IAM.untag_saml_provider(SAMLProviderArn=ARN, TagKeys=["team"])
same(found()["Tags"], tags(b="2"))
full = tags(**{f"key{n}": "v" for n in range(50)})
refused("LimitExceeded", IAM.tag_saml_provider, SAMLProviderArn=ARN, Tags=full)

# One that is not there.
for call, more in [
    (IAM.get_saml_provider, {}),
    (IAM.update_saml_provider, {}),
    (IAM.delete_saml_provider, {}),
    (IAM.list_saml_provider_tags, {}),
    (IAM.tag_saml_provider, {"Tags": tags(a="1")}),
    (IAM.untag_saml_provider, {"TagKeys": ["a"]}),
]:
    for gone in (arn("saml-provider/None"), ARN.replace("123456789012", "210987654321")):
        refused("NoSuchEntity", call, SAMLProviderArn=gone, says=f"Manifest not found for arn {gone}", **more)
refused("ValidationError", IAM.get_saml_provider, SAMLProviderArn=arn("role/none/at/all"))

# One of the same name that is made later is another one.
IAM.delete_saml_provider(SAMLProviderArn=ARN)
refused("NoSuchEntity", IAM.get_saml_provider, SAMLProviderArn=ARN)
CREATE(Name="Partners", SAMLMetadataDocument=first, AssertionEncryptionMode="Required", AddPrivateKey=one)
told = found()
assert told["SAMLProviderUUID"] != before["SAMLProviderUUID"], told
same((told["AssertionEncryptionMode"], len(told["PrivateKeyList"])), ("Required", 1))

# The longest document there is, and one that is longer; all of an account together have 32 MiB.
long = metadata("https://idp.example.com/long", padding=9_800_000)
long += " " * (10_000_000 - len(long.encode()))
CREATE(Name="Long", SAMLMetadataDocument=long)
assert found(arn("saml-provider/Long"))["SAMLMetadataDocument"] == long
refused("InvalidInput", CREATE, Name="Longer", SAMLMetadataDocument=long + " ", says="10000000 bytes")
refused("ValidationError", unchecked, Name="Longer", SAMLMetadataDocument=long + " " * 200_000, says="equal to 10000000")
for name in ("Long2", "Long3"):
    CREATE(Name=name, SAMLMetadataDocument=long)
refused("LimitExceeded", CREATE, Name="Long4", SAMLMetadataDocument=long, says="SAMLMetadataBytesPerAccount")
for name in ("Long", "Long2", "Long3"):
    IAM.delete_saml_provider(SAMLProviderArn=arn(f"saml-provider/{name}"))

# A hundred and no more.
for number in range(99):
    CREATE(Name=f"p{number}", SAMLMetadataDocument=first)
refused("LimitExceeded", CREATE, Name="over", SAMLMetadataDocument=first, says="SAMLProvidersPerAccount: 100")
same(len(listed()), 100)
