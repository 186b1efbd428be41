"""Makes the signed responses in this folder, with signxml and pysaml2: none of it is Rolegate's code.

    python -m venv VENV && VENV/bin/pip install signxml==5.2.0 pysaml2==7.5.5
    VENV/bin/python make.py

Every run makes new keys, which are not kept: the certificates are what remains of them. The times in
the assertions are far in the future, so that only what a test changes is wrong with them.
"""

import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from saml2 import saml, samlp
from signxml import XMLSigner, methods

HERE = pathlib.Path(__file__).parent
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
ISSUED, EXPIRES = "2026-11-22T00:00:00Z", "2099-01-01T00:00:00Z"
ISSUER, AUDIENCE = "https://idp.example.org/saml", "https://aws.example.com/saml"
ACS = "https://aws.example.com/saml/acs"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

ROLE = "https://aws.amazon.com/SAML/Attributes/Role"
SESSION_NAME = "https://aws.amazon.com/SAML/Attributes/RoleSessionName"
USUAL = {
    ROLE: [
        "arn:aws:iam::482011739056:role/ReadOnly,arn:aws:iam::482011739056:saml-provider/Example",
        "arn:aws:iam::482011739056:role/Deploy,arn:aws:iam::482011739056:saml-provider/Example",
    ],
    SESSION_NAME: ["ines@example.org"],
    "displayName": ["Inés Ω & <Söhne> \"GmbH\""],
    "groups": ["engineering", "on call", "a\nb\tc"],
    "spaced": ["  kept as it is  "],
    "empty": [""],
}


def certificate(key, name):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2026, 1, 1))
        .not_valid_after(datetime.datetime(2099, 1, 1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


class Signer:
    def __init__(self, key, algorithm, name, digest="sha256"):
        self.key, self.algorithm, self.digest = key, algorithm, digest
        self.certificate = certificate(key, name)

    def sign(self, element):
        """Puts a signature of `element` behind its Issuer."""
        place = etree.Element(f"{{{DSIG}}}Signature", Id="placeholder", nsmap={"ds": DSIG})
        element.insert(1, place)
        signer = XMLSigner(
            method=methods.enveloped,
            signature_algorithm=self.algorithm,
            digest_algorithm=self.digest,
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
        )
        identifier = element.get("ID")
        return signer.sign(element, key=self.key, cert=self.certificate, reference_uri=identifier)


def attribute(name, values):
    def value(text):
        return saml.AttributeValue(text=text, extension_attributes={
            "{http://www.w3.org/2001/XMLSchema-instance}type": "xs:string",
        })

    return saml.Attribute(
        name=name, name_format=BASIC, attribute_value=[value(text) for text in values]
    )


def assertion(attributes):
    confirmation = saml.SubjectConfirmationData(
        not_on_or_after=EXPIRES, recipient=ACS, in_response_to="_request-1"
    )
    return saml.Assertion(
        id="_assertion-1",
        version="2.0",
        issue_instant=ISSUED,
        issuer=saml.Issuer(text=ISSUER),
        subject=saml.Subject(
            name_id=saml.NameID(text="ines.okafor@example.org", format=PERSISTENT),
            subject_confirmation=[
                saml.SubjectConfirmation(
                    method="urn:oasis:names:tc:SAML:2.0:cm:bearer",
                    subject_confirmation_data=confirmation,
                )
            ],
        ),
        conditions=saml.Conditions(
            not_before=ISSUED,
            not_on_or_after=EXPIRES,
            audience_restriction=[
                saml.AudienceRestriction(audience=[saml.Audience(text=AUDIENCE)])
            ],
        ),
        authn_statement=[
            saml.AuthnStatement(
                authn_instant=ISSUED,
                session_index="_session-1",
                session_not_on_or_after=EXPIRES,
                authn_context=saml.AuthnContext(
                    authn_context_class_ref=saml.AuthnContextClassRef(text=CLASS)
                ),
            )
        ],
        attribute_statement=[
            saml.AttributeStatement(
                attribute=[attribute(name, values) for name, values in attributes.items()]
            )
        ],
    )


def response(attributes):
    made = samlp.Response(
        id="_response-1",
        version="2.0",
        issue_instant=ISSUED,
        destination=ACS,
        in_response_to="_request-1",
        issuer=saml.Issuer(text=ISSUER),
        status=samlp.Status(status_code=samlp.StatusCode(value=samlp.STATUS_SUCCESS)),
        assertion=[assertion(attributes)],
    )
    # The prefix in xsi:type="xs:string" is part of a value, so pysaml2 does not declare it.
    text = made.to_string(nspair={
        "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
        "saml": SAML,
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    }).decode()
    text = text.replace("<samlp:Response ", '<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" ', 1)
    return etree.fromstring(text.encode())


def write(name, signer, attributes=None, what=("assertion",), more=None):
    """A response whose `what` is signed, and the certificate beside it."""
    made = response(attributes or USUAL)
    if more is not None:
        more(made)
    if "assertion" in what:
        old = made.find(f"{{{SAML}}}Assertion")
        made.replace(old, signer.sign(old))
    if "response" in what:
        made = signer.sign(made)
    (HERE / f"{name}.xml").write_bytes(etree.tostring(made, encoding="UTF-8"))
    (HERE / f"{name}.pem").write_text(signer.certificate)


def with_targeted_id(made):
    """An eduPersonTargetedID: a value that holds an element, as academic providers send it."""
    statement = made.find(f".//{{{SAML}}}AttributeStatement")
    added = etree.SubElement(statement, f"{{{SAML}}}Attribute", Name="eduPersonTargetedID")
    value = etree.SubElement(added, f"{{{SAML}}}AttributeValue")
    etree.SubElement(value, f"{{{SAML}}}NameID", Format=PERSISTENT).text = "k7x2"


def main():
    rsa_key = rsa.generate_private_key(65537, 2048)
    rsa_signer = Signer(rsa_key, "rsa-sha256", "signxml RSA")
    write("assertion_signed", rsa_signer)
    write("response_signed", rsa_signer, what=("response",))
    write("both_signed", rsa_signer, what=("assertion", "response"))
    write("targeted_id", rsa_signer, more=with_targeted_id)
    p256 = Signer(ec.generate_private_key(ec.SECP256R1()), "ecdsa-sha256", "signxml P-256")
    write("assertion_signed_p256", p256)
    p384 = Signer(ec.generate_private_key(ec.SECP384R1()), "ecdsa-sha384", "signxml P-384", "sha384")
    write("both_signed_p384", p384, what=("assertion", "response"))
    rsa512 = Signer(rsa_key, "rsa-sha512", "signxml RSA", "sha512")
    write("assertion_signed_rsa_sha512", rsa512)
    groups = {"groups": [f"engineering-team-{number:02}" for number in range(16)]}
    write("typical_6k", rsa_signer, attributes=USUAL | groups)
    write("typical_6k_both", rsa_signer, attributes=USUAL | groups, what=("assertion", "response"))
    many = {f"attribute-{number:03}": [f"value of attribute {number}"] for number in range(194)}
    write("attributes_200", rsa_signer, attributes=USUAL | many)


main()
