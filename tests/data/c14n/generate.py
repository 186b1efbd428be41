"""Makes corpus.jsonl: random documents and what libxml2 and xmlsec make of them.

    pip install xmlsec==1.3.17 && python3 generate.py > corpus.jsonl

A line is [document, PrefixList, SHA-256 of the canonical form]. The canonical form is that of the element
with ID="a", by exclusive canonicalization 1.0 without comments, without the ds:Signature inside it.
xmlsec computes the digests: it signs each document and the digest is read from its signature.
"""

import base64
import json
import random
import sys

import xmlsec
from lxml import etree

CASES = 1000
HOLE = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
TEMPLATE = (
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>'
    '<ds:Reference URI="#a"><ds:Transforms>'
    '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
    f'<ds:Transform Algorithm="{EXCLUSIVE}">%s</ds:Transform></ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/>'
    "</ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"
)
INCLUSIVE = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="%s"/>'

PREFIXES = ["", "p", "q", "xs", "a.b", "Z_1"]
URIS = ["urn:1", "urn:2", "http://a.example/x?y=1"]
NAMES = ["a", "B", "Name-ID", "_x", "n.m", "Value"]
PIECES = [
    "text", " ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#13;", "&#xA;",
    "&#9;", "&#x20;", "é", "日本", "😀", "&#x1F600;", "\u0085", "\u2028", "\ufffd", ">", "a&#38;lt;",
]


def text(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.choice([0, 0, 1, 1, 2, 4])))


def value(rng, quote):
    other = {"'": '"', '"': "'"}[quote]
    return text(rng) + rng.choice(["", "", other])


def declarations(rng, scope):
    own = {}
    for prefix in PREFIXES:
        if rng.random() < 0.2:
            own[prefix] = rng.choice(URIS) if prefix or rng.random() < 0.7 else ""
    scope = {**scope, **own}
    return own, scope


def attributes(rng, scope):
    names, written = set(), []
    for _ in range(rng.choice([0, 0, 1, 2, 4])):
        bound = [prefix for prefix in scope if prefix] + ["", "", "xml"]
        prefix, local = rng.choice(bound), rng.choice(NAMES)
        namespace = scope.get(prefix, prefix) if prefix else ""
        if (namespace, local) in names:
            continue
        names.add((namespace, local))
        written.append((f"{prefix}:{local}" if prefix else local, None))
    return written


def element(rng, scope, depth, holes):
    own, scope = declarations(rng, scope)
    prefix = rng.choice([prefix for prefix in scope if prefix] + ["", ""])
    name = rng.choice(NAMES)
    name = f"{prefix}:{name}" if prefix else name
    written = attributes(rng, scope) + [(f"xmlns:{p}" if p else "xmlns", uri) for p, uri in own.items()]
    if holes is not None and holes.pop("apex", None):
        written.append(("ID", "a"))
    rng.shuffle(written)
    start = name
    for attribute, given in written:
        quote = rng.choice("'\"")
        space = rng.choice([" ", " ", "\n", "  "])
        start += f"{space}{attribute}{rng.choice(['=', '=', ' = '])}{quote}{value(rng, quote) if given is None else given}{quote}"
    inside = text(rng)
    for _ in range(rng.choice([0, 1, 2, 3]) if depth else 0):
        inside += element(rng, scope, depth - 1, None) + text(rng)
    if holes is not None:
        inside += HOLE + text(rng)
        for _ in range(rng.choice([0, 1])):
            inside += element(rng, scope, 1, None)
    if not inside and rng.random() < 0.7:
        return f"<{start}/>"
    return f"<{start}>{inside}</{name}{rng.choice(['', '', ' '])}>"


def document(rng):
    """An element with ID="a" under up to two others, with the place of its signature inside."""
    scope, before, after = {}, "", ""
    for _ in range(rng.choice([0, 1, 2])):
        own, scope = declarations(rng, scope)
        name = rng.choice(NAMES)
        before += f"<{name}" + "".join(f' xmlns{":" if p else ""}{p}="{uri}"' for p, uri in own.items()) + ">" + text(rng)
        after = text(rng) + f"</{name}>" + after
    return before + element(rng, scope, rng.choice([0, 1, 2, 3]), {"apex": True}) + after


def digest(written, prefixes):
    template = TEMPLATE % (INCLUSIVE % prefixes if prefixes else "")
    root = etree.fromstring(written.replace(HOLE, template).encode(), etree.XMLParser(resolve_entities=False))
    apex = root if root.get("ID") == "a" else root.xpath("//*[@ID='a']")[0]
    context = xmlsec.SignatureContext()
    context.register_id(apex, "ID")
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, b"secret")
    signature = root.xpath("//ds:Signature", namespaces={"ds": "http://www.w3.org/2000/09/xmldsig#"})[0]
    context.sign(signature)
    found = signature.xpath("string(.//ds:DigestValue)", namespaces={"ds": "http://www.w3.org/2000/09/xmldsig#"})
    return base64.b64decode(found).hex()


def main():
    rng = random.Random(20261122)
    for _ in range(CASES):
        written = document(rng)
        listed = [p or "#default" for p in PREFIXES + ["unbound"] if rng.random() < 0.3]
        prefixes = " ".join(listed) if rng.random() < 0.5 else ""
        json.dump([written, prefixes, digest(written, prefixes)], sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")


main()
