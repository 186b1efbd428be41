"""Makes random documents for a comparison of canonicalizers, the same for the same seed.

    documents.py --seed N --count N

A line is two fields with a tab between: the PrefixList of the exclusive canonicalization (perhaps empty)
and the document in base64. What is to be canonicalized is the element with the attribute ID="apex",
without the element ds:Signature that may be its child.

Documents are within what the gateway reads: UTF-8, no document type, comment, processing instruction
or CDATA section, names of ASCII letters, namespaces that are absolute URIs without references.
"""

import argparse
import base64
import random
import sys

SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
# "A" sorts before "_" before "a"; one name begins another; the default namespace is "".
PREFIXES = ["", "", "a", "ab", "a.b", "a-b", "A", "_", "saml", "saml2", "ds", "xsi"]
NAMESPACES = [
    "urn:a",
    "urn:A",
    "urn:a:b",
    "urn:ab",
    "urn:a-b",
    "http://a.example/",
    "http://a.example/b?c=d#e",
    "urn:oasis:names:tc:SAML:2.0:assertion",
    SIGNATURE,
]
NAMES = ["a", "b", "A", "_", "a.b", "a-b", "ab", "Assertion", "AttributeValue", "xmlish", "xs"]
XML_NAMES = ["xml:lang", "xml:space", "xml:base"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", " \n\t"]
TEXTS = [
    "plain", "two words", " ", "\n", "\r", "\r\n", "\n\r", "\t", ">", "]] >", "'", '"', "%41", "#",
    "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#38;", "&#x26;", "&#60;", "&#x3c;", "&#62;",
    "&amp;lt;", "&amp;#13;", "&#9;", "&#10;", "&#13;", "&#xD;&#xA;", "&#x20;", "&#0065;", "\u00e9",
    "&#233;", "e\u0301", "\u00df", "\u0153", "\u20ac", "\u65e5\u672c", "\u0085", "\u00a0", "\u2028",
    "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0001f511", "\U0010ffff", "&#x10FFFF;", "\u007f",
]  # fmt: skip
DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n"
MOST_DEPTH = 5


class Document:
    def __init__(self, chance):
        self.chance = chance
        # How often each kind of thing happens is different from one document to the next.
        self.declaring = chance.choice([0.05, 0.2, 0.5])
        self.attributes = chance.choice([0, 1, 3, 8])
        self.children = chance.choice([1, 1, 2, 3])
        self.prefixes = chance.sample(PREFIXES, chance.randint(2, 6))
        self.namespaces = chance.sample(NAMESPACES, chance.randint(1, 5))
        self.apex_depth = chance.choice([0, 0, 1, 2, 4])

    def written(self):
        head = self.chance.choice(["", "", '<?xml version="1.0"?>', DECLARATION])
        tail = self.chance.choice(["", "", "\n", "\r\n "])
        return head + self.element({}, 0, on_the_way=True) + tail

    def element(self, outer, depth, on_the_way):
        own = self.declarations(outer)
        scope = outer | own
        name = self.name(scope)
        is_apex = on_the_way and depth == self.apex_depth
        attributes = self.attribute_list(scope) + [
            (f"xmlns:{prefix}" if prefix else "xmlns", uri) for prefix, uri in own.items()
        ]
        if is_apex:
            attributes.append(("ID", "apex"))
        self.chance.shuffle(attributes)
        tag = name + "".join(self.attribute(*pair) for pair in attributes)
        inside = self.inside(scope, depth, on_the_way and not is_apex)
        if is_apex and self.chance.random() < 0.5:
            inside = self.text() + self.signature(scope) + inside
        if not inside and self.chance.random() < 0.5:
            return f"<{tag}{self.maybe_space()}/>"
        return f"<{tag}{self.maybe_space()}>{inside}</{name}{self.maybe_space()}>"

    def inside(self, scope, depth, on_the_way):
        parts = [self.text()]
        count = self.chance.randint(0, self.children) if depth < MOST_DEPTH else 0
        parts += [self.element(scope, depth + 1, False) + self.text() for _ in range(count)]
        if on_the_way:
            parts.insert(self.chance.randint(0, len(parts)), self.element(scope, depth + 1, True))
        return "".join(parts)

    def signature(self, scope):
        """It declares its prefix itself, or not where somebody has."""
        if scope.get("ds") == SIGNATURE and self.chance.random() < 0.5:
            return "<ds:Signature><ds:SignedInfo/>&#13;</ds:Signature>"
        return f'<Signature xmlns="{SIGNATURE}"><x:y xmlns:x="urn:x" ID="b"/></Signature>'

    def declarations(self, scope):
        own = {}
        for prefix in self.prefixes:
            if self.chance.random() < self.declaring:
                own[prefix] = self.chance.choice(self.namespaces)
        # Taken back, whether or not there was one.
        if self.chance.random() < self.declaring / 2:
            own[""] = ""
        # Said again, with nothing new.
        for prefix, uri in scope.items():
            if prefix not in own and self.chance.random() < self.declaring / 4:
                own[prefix] = uri
        return own

    def name(self, scope):
        bound = [prefix for prefix in scope if prefix]
        prefix = self.chance.choice([*bound, ""])
        local = self.chance.choice(NAMES)
        return f"{prefix}:{local}" if prefix else local

    def attribute_list(self, scope):
        taken, chosen = set(), []
        for _ in range(self.chance.randint(0, self.attributes)):
            if self.chance.random() < 0.1:
                name = self.chance.choice(XML_NAMES)
            else:
                name = self.name(scope)
            prefix, _, local = name.rpartition(":")
            expanded = (scope.get(prefix, prefix) if prefix else None, local)
            if expanded not in taken:
                taken.add(expanded)
                chosen.append((name, None))
        return chosen

    def attribute(self, name, value):
        quote = self.chance.choice("'\"")
        if value is None:
            value = self.text().replace(quote, "&quot;" if quote == '"' else "&apos;")
        equals = self.chance.choice(["=", "=", "=", " = ", "\n="])
        return f"{self.chance.choice(SPACES)}{name}{equals}{quote}{value}{quote}"

    def text(self):
        count = self.chance.choice([0, 0, 1, 1, 2, 5])
        return "".join(self.chance.choice(TEXTS) for _ in range(count))

    def maybe_space(self):
        return self.chance.choice(["", "", "", " ", "\n"])

    def prefix_list(self):
        names = [prefix or "#default" for prefix in dict.fromkeys(PREFIXES)] + ["xs", "not-there"]
        count = self.chance.choice([0, 0, 1, 2, 6])
        return " ".join(self.chance.sample(names, count))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    for _ in range(given.count):
        document = Document(chance)
        encoded = base64.b64encode(document.written().encode()).decode()
        sys.stdout.write(f"{document.prefix_list()}\t{encoded}\n")


if __name__ == "__main__":
    main()
