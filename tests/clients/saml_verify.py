"""What signxml makes of a SAML response.

    saml_verify.py --certificate PEM [--key PEM] < SAMLResponse

Standard input is the response in base64, as a browser posts it. With the service provider's private
key, an encrypted assertion is decrypted. Every signature must be one by the certificate's key. Prints
{signed, encrypted, response, subject, attributes} as JSON, where `signed` names the signed elements,
`encrypted` the algorithms, and the subject and attributes come from what signxml says was signed.
"""

import argparse
import base64
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier

NAMES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "xenc11": "http://www.w3.org/2009/xmlenc11#",
}
ASSERTION = f"{{{NAMES['saml']}}}Assertion"
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha512": hashes.SHA512}
NONCE_BYTES = 12
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


def signed_parts(message, certificate, locations):
    """The signed elements as signxml returns them, by name; raises where a signature is wrong."""
    found = {}
    for location in locations:
        if message.find(f"{location}ds:Signature", NAMES) is None:
            continue
        config = SignatureConfiguration(location=location)
        result = XMLVerifier().verify(message, x509_cert=certificate, expect_config=config)
        found[etree.QName(result.signed_xml).localname] = result.signed_xml
    return found


def decrypted(shell, key):
    """The assertion of an EncryptedAssertion: RSA-OAEP (XML Encryption 5.5.2), then AES-GCM (5.2.4)."""
    data_key = key.decrypt(cipher(shell, ".//xenc:EncryptedKey"), oaep(shell))
    sealed = cipher(shell, "xenc:EncryptedData")
    plain = AESGCM(data_key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    return etree.fromstring(plain, PARSER)


def cipher(shell, path):
    return base64.b64decode(shell.findtext(f"{path}/xenc:CipherData/xenc:CipherValue", None, NAMES))


def oaep(shell):
    method = shell.find(".//xenc:EncryptedKey/xenc:EncryptionMethod", NAMES)
    named = {
        etree.QName(part).localname: part.get("Algorithm").rpartition("#")[2] for part in method
    }
    mask = HASHES[named.get("MGF", "sha1").removeprefix("mgf1")]
    return padding.OAEP(padding.MGF1(mask()), HASHES[named.get("DigestMethod", "sha1")](), None)


def facts(message, certificate, key):
    # A signature of the response is over the ciphertext.
    signed = signed_parts(message, certificate, ["./", f"./{ASSERTION}/"])
    shell = message.find("saml:EncryptedAssertion", NAMES)
    if shell is not None:
        assertion = decrypted(shell, key)
        signed |= signed_parts(assertion, certificate, ["./"])
    assertion = signed.get("Assertion")
    if assertion is None:
        assertion = signed["Response"].find(ASSERTION)
    methods = message.findall(".//xenc:EncryptionMethod", NAMES)
    return {
        "signed": sorted(signed),
        "encrypted": [method.get("Algorithm") for method in methods],
        "response": dict(message.attrib),
        "subject": assertion.findtext(".//saml:NameID", None, NAMES),
        "attributes": {
            attribute.get("Name"): [value.text for value in attribute]
            for attribute in assertion.iterfind(".//saml:Attribute", NAMES)
        },
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path)
    given = parser.parse_args()
    message = etree.fromstring(base64.b64decode(sys.stdin.read()), PARSER)
    key = given.key and serialization.load_pem_private_key(given.key.read_bytes(), None)
    json.dump(facts(message, given.certificate.read_text(), key), sys.stdout)


if __name__ == "__main__":
    main()
