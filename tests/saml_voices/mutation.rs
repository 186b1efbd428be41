//! Documents with something changed: bytes anywhere, and whole pieces of XML. The same in every run.

/// Changed documents for each document.
const BYTES: usize = 250;
const PIECES: usize = 250;

/// What attackers of XML signatures have put into documents, and what a document may bear.
const FRAGMENTS: [&str; 20] = [
    "<!---->",
    "<?p not-?>",
    "<![CDATA[]]>",
    " ",
    "\n",
    "&#x20;",
    "&amp;",
    " ID=\"_assertion-1\"",
    " Id=\"_assertion-1\"",
    " xml:id=\"_assertion-1\"",
    " xmlns:v=\"1\"",
    " xmlns:v=\"urn:v\"",
    " xmlns=\"\"",
    " xml:lang=\"de\"",
    "<saml:Issuer>https://idp.example.org/saml</saml:Issuer>",
    "<saml:Assertion/>",
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
    "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
    "<samlp:Extensions><x/></samlp:Extensions>",
    "<saml:NameID>someone.else@example.org</saml:NameID>",
];

/// A changed document, and how it was changed.
pub struct Mutated {
    pub how: String,
    pub document: String,
}

/// A sequence of numbers that looks random (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound
    }
}

pub fn mutations(document: &str) -> Vec<Mutated> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let bytes = (0..BYTES).map(|_| change_bytes(document, &mut numbers));
    let mut mutated: Vec<_> = bytes.collect();
    mutated.extend((0..PIECES).map(|_| change_piece(document, &mut numbers)));
    mutated
}

/// Replaces, deletes or repeats some characters.
fn change_bytes(document: &str, numbers: &mut Numbers) -> Mutated {
    let at = boundary(document, numbers.below(document.len()));
    let end = boundary(document, (at + 1 + numbers.below(12)).min(document.len()));
    let (before, after) = (&document[..at], &document[end..]);
    let (what, between) = match numbers.below(3) {
        0 => {
            let printable = u8::try_from(32 + numbers.below(95)).unwrap();
            ("replace", char::from(printable).to_string())
        }
        1 => ("delete", String::new()),
        _ => ("repeat", document[at..end].repeat(2)),
    };
    Mutated {
        how: format!("{what} {:?} at {at} ({between:?})", &document[at..end]),
        document: [before, &between, after].concat(),
    }
}

/// Puts a piece in before or behind a tag, or inside it; or moves a piece of the document.
fn change_piece(document: &str, numbers: &mut Numbers) -> Mutated {
    let tags: Vec<_> = document.match_indices('<').map(|(at, _)| at).collect();
    let at = tags[numbers.below(tags.len())];
    let close = at + document[at..].find('>').unwrap();
    let place = match numbers.below(4) {
        0 => at,
        1 => close + 1,
        _ if document[..close].ends_with('/') => close - 1,
        _ => close,
    };
    let other = tags[numbers.below(tags.len())];
    let piece = match numbers.below(4) {
        0 => &document[other..=other + document[other..].find('>').unwrap()],
        _ => FRAGMENTS[numbers.below(FRAGMENTS.len())],
    };
    Mutated {
        how: format!(
            "put {piece:?} at {place}, behind {:?}",
            &document[at..place]
        ),
        document: [&document[..place], piece, &document[place..]].concat(),
    }
}

/// The beginning of the character at `at`.
fn boundary(document: &str, at: usize) -> usize {
    let is_boundary = |at: &usize| document.is_char_boundary(*at);
    (0..=at).rev().find(is_boundary).unwrap()
}
