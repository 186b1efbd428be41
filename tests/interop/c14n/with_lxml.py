"""Canonicalizes the documents of documents.py with lxml, which has it from libxml2.

Reads its lines from standard input and prints the SHA-256 of each canonical form in hexadecimal.
"""

import base64
import hashlib
import sys

from lxml import etree

PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"

# lxml leaves out what it has not read yet as a name or the like, though libxml2 knows #default.
etree.fromstring('<!DOCTYPE a [<!ATTLIST a b CDATA "#default">]><a/>')


def canonical(document, prefixes):
    root = etree.fromstring(document, PARSER)
    apex = next(element for element in root.iter() if element.get("ID") == "apex")
    signature = apex.find(SIGNATURE)
    if signature is not None:
        leave_out(signature)
    # lxml canonicalizes whole documents. Written by itself, an element keeps the namespaces in scope.
    alone = etree.fromstring(etree.tostring(apex, with_tail=False), PARSER)
    return etree.tostring(
        alone,
        method="c14n",
        exclusive=True,
        with_comments=False,
        # An empty list is taken for a mistake.
        inclusive_ns_prefixes=prefixes or None,
    )


def leave_out(element):
    """The text behind it stays."""
    parent, before = element.getparent(), element.getprevious()
    if before is None:
        parent.text = (parent.text or "") + (element.tail or "")
    else:
        before.tail = (before.tail or "") + (element.tail or "")
    element.tail = None
    parent.remove(element)


def main():
    for line in sys.stdin:
        prefixes, encoded = line.rstrip("\n").split("\t")
        form = canonical(base64.b64decode(encoded), prefixes.split())
        print(hashlib.sha256(form).hexdigest())


if __name__ == "__main__":
    main()
