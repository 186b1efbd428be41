"""A SAML identity provider that signs whatever it is told to, with signxml or with pysaml2.

    saml_response.py provider FOLDER ENTITY_ID [--key rsa|p256]
    saml_response.py response FOLDER --by signxml|pysaml2 < WANTED

`provider` puts key.pem, certificate.pem and metadata.xml, new each time, into a folder that exists.
`response` prints a response in base64, as a browser posts it. WANTED is JSON:

    entity_id         the issuer
    acs               where it is posted: Destination and Recipient
    audience          the service provider's entity ID
    name_id           the subject
    in_response_to    the request's ID; left out: nobody asked
    attributes        name -> list of values
    lifetime          of the assertion, in seconds; default: 300
    age               for how long there is the message, in seconds; default: 0: signxml alone
    status            its status code; default: Success: signxml alone
    sign              "assertion", "response" or "both"
    algorithm         "rsa-sha256" (the default), "rsa-sha512", "ecdsa-sha256", …: signxml alone
    encrypt           {certificate, algorithm}: the assertion for this certificate (a PEM file), by
                      aes128-gcm or aes256-gcm under a key by RSA-OAEP: pysaml2, with xmlsec1

An encrypted assertion is signed before, the response after it.
"""

import argparse
import base64
import json
import shutil
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.builder import ElementMaker
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig, SPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.sigver import pre_encryption_part, pre_signature_part
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
from signxml import XMLSigner

SAML_URI = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP_URI = "urn:oasis:names:tc:SAML:2.0:protocol"
DS_URI = "http://www.w3.org/2000/09/xmldsig#"
SAML = ElementMaker(namespace=SAML_URI, nsmap={"saml": SAML_URI})
SAMLP = ElementMaker(namespace=SAMLP_URI, nsmap={"samlp": SAMLP_URI, "saml": SAML_URI})
DS = ElementMaker(namespace=DS_URI, nsmap={"ds": DS_URI})
URI_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
GCM = "http://www.w3.org/2009/xmlenc11#"
LIFETIME_SECONDS = 300


def make_provider(folder, entity_id, kind):
    key = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    }[kind]()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "identity provider")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    metadata = str(entity_descriptor(configuration(folder, entity_id)))
    (folder / "metadata.xml").write_text(metadata)


# --- signxml: the message is written here, and signed there ------------------------------------


def by_signxml(folder, wanted):
    now = datetime.now(timezone.utc) - timedelta(seconds=wanted.get("age", 0))
    parts = wanted["sign"]
    assertion = assertion_of(wanted, now)
    if parts in ("assertion", "both"):
        assertion = signed(folder, assertion, wanted)
    message = SAMLP.Response(
        issuer(wanted),
        SAMLP.Status(SAMLP.StatusCode(Value=wanted.get("status", SUCCESS))),
        assertion,
        Destination=wanted["acs"],
        **identified(now),
        **answering(wanted),
    )
    if parts in ("response", "both"):
        message = signed(folder, message, wanted)
    return etree.tostring(message)


def assertion_of(wanted, now):
    end = instant(now + timedelta(seconds=wanted.get("lifetime", LIFETIME_SECONDS)))
    data = {"Recipient": wanted["acs"], "NotOnOrAfter": end, **answering(wanted)}
    return SAML.Assertion(
        issuer(wanted),
        SAML.Subject(
            SAML.NameID(wanted["name_id"], Format=NAMEID_FORMAT_PERSISTENT),
            SAML.SubjectConfirmation(SAML.SubjectConfirmationData(**data), Method=BEARER),
        ),
        SAML.Conditions(
            SAML.AudienceRestriction(SAML.Audience(wanted["audience"])),
            NotBefore=instant(now),
            NotOnOrAfter=end,
        ),
        SAML.AuthnStatement(
            SAML.AuthnContext(SAML.AuthnContextClassRef(PASSWORD)),
            AuthnInstant=instant(now),
            SessionIndex=fresh_id(),
        ),
        SAML.AttributeStatement(*(attribute(*pair) for pair in wanted["attributes"].items())),
        **identified(now),
    )


def attribute(name, values):
    values = (SAML.AttributeValue(value) for value in values)
    return SAML.Attribute(*values, Name=name, NameFormat=URI_FORMAT)


def signed(folder, element, wanted):
    # The schema wants the signature after the issuer; signxml fills in the place that it finds.
    element.insert(1, DS.Signature(Id="placeholder"))
    algorithm = wanted.get("algorithm", "rsa-sha256")
    signer = XMLSigner(
        signature_algorithm=algorithm,
        digest_algorithm=algorithm.rpartition("-")[2],
        c14n_algorithm=EXCLUSIVE,
    )
    return signer.sign(
        element,
        key=(folder / "key.pem").read_bytes(),
        cert=(folder / "certificate.pem").read_text(),
        reference_uri=element.get("ID"),
        id_attribute="ID",
    )


def issuer(wanted):
    return SAML.Issuer(wanted["entity_id"])


def identified(now):
    return {"ID": fresh_id(), "Version": "2.0", "IssueInstant": instant(now)}


def answering(wanted):
    request = wanted.get("in_response_to")
    return {"InResponseTo": request} if request else {}


def fresh_id():
    return f"_{uuid4()}"


def instant(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# --- pysaml2: written and signed there -----------------------------------------------------------


def configuration(folder, entity_id, **more):
    services = {"single_sign_on_service": [(f"{entity_id}/sso", BINDING_HTTP_REDIRECT)]}
    services["single_logout_service"] = [(f"{entity_id}/slo", BINDING_HTTP_REDIRECT)]
    lifetime = {"seconds": more.pop("lifetime", LIFETIME_SECONDS)}
    policy = {"default": {"lifetime": lifetime, "name_form": URI_FORMAT}}
    return IdPConfig().load(
        {
            "entityid": entity_id,
            "key_file": str(folder / "key.pem"),
            "cert_file": str(folder / "certificate.pem"),
            "xmlsec_binary": shutil.which("xmlsec1"),
            "service": {"idp": {"endpoints": services, "policy": policy}},
            **more,
        }
    )


def service_provider(wanted):
    """Its metadata, which pysaml2 wants to have seen before it signs a response."""
    services = {"assertion_consumer_service": [(wanted["acs"], BINDING_HTTP_POST)]}
    told = {"entityid": wanted["audience"], "service": {"sp": {"endpoints": services}}}
    return str(entity_descriptor(SPConfig().load(told)))


def by_pysaml2(folder, wanted):
    metadata = {"inline": [service_provider(wanted)]}
    lifetime = wanted.get("lifetime", LIFETIME_SECONDS)
    told = configuration(folder, wanted["entity_id"], lifetime=lifetime, metadata=metadata)
    server = Server(config=told)
    parts, encrypt = wanted["sign"], wanted.get("encrypt")
    message = server.create_authn_response(
        wanted["attributes"],
        wanted.get("in_response_to"),
        wanted["acs"],
        wanted["audience"],
        name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=wanted["name_id"]),
        authn={"class_ref": PASSWORD, "authn_instant": int(time.time())},
        sign_assertion=parts in ("assertion", "both"),
        sign_response=parts in ("response", "both") and not encrypt,
        sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
    )
    if encrypt:
        message = encrypted(server.sec, str(message), encrypt)
        if parts in ("response", "both"):
            message = signed_by_pysaml2(server.sec, message)
    return str(message).encode()


def encrypted(security, message, encrypt):
    """What pysaml2 encrypts by itself it encrypts with 3DES, so it is given the template."""
    root = etree.fromstring(message.encode())
    assertion = root.find(f"{{{SAML_URI}}}Assertion")
    place = SAML.EncryptedAssertion("assertion")
    root.replace(assertion, place)
    # Written by itself, it declares every namespace that it uses.
    alone = etree.tostring(assertion, encoding="unicode")
    text = etree.tostring(root, encoding="unicode").replace(">assertion<", f">{alone}<")
    algorithm = encrypt["algorithm"]
    return security.encrypt_assertion(
        text,
        encrypt["certificate"],
        pre_encryption_part(msg_enc=GCM + algorithm),
        key_type={"aes128-gcm": "aes-128", "aes256-gcm": "aes-256"}[algorithm],
    )


def signed_by_pysaml2(security, message):
    root = etree.fromstring(message.encode())
    template = pre_signature_part(
        root.get("ID"), security.my_cert, sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256
    )
    root.insert(1, etree.fromstring(str(template)))
    text = etree.tostring(root, encoding="unicode")
    return security.sign_statement(text, f"{SAMLP_URI}:Response", node_id=root.get("ID"))


# --- the command ---------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    provider = commands.add_parser("provider")
    provider.add_argument("folder", type=Path)
    provider.add_argument("entity_id")
    provider.add_argument("--key", choices=["rsa", "p256"], default="rsa")
    response = commands.add_parser("response")
    response.add_argument("folder", type=Path)
    response.add_argument("--by", choices=["signxml", "pysaml2"], required=True)
    given = parser.parse_args()
    if given.command == "provider":
        make_provider(given.folder, given.entity_id, given.key)
        return
    make = {"signxml": by_signxml, "pysaml2": by_pysaml2}[given.by]
    print(base64.b64encode(make(given.folder, json.load(sys.stdin))).decode())


if __name__ == "__main__":
    main()
