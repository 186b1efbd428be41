//! Documents with something changed: bytes anywhere, pieces of XML, whole elements, namespaces; one to
//! three changes each. The same in every run.

use std::ops::Range;

/// What attackers of XML signatures have put into documents, and what a document may bear.
const FRAGMENTS: [&str; 21] = [
    "<!---->",
    "<?p not-?>",
    "<![CDATA[]]>",
    "<!DOCTYPE x [<!ENTITY x \"y\">]>",
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
const PREFIXES: [&str; 7] = ["saml", "samlp", "ds", "xs", "xsi", "xml", "v"];
const NAMESPACES: [&str; 6] = [
    "urn:oasis:names:tc:SAML:2.0:assertion",
    "urn:oasis:names:tc:SAML:2.0:protocol",
    "http://www.w3.org/2000/09/xmldsig#",
    "http://www.w3.org/2001/XMLSchema-instance",
    "urn:v",
    "",
];

/// A changed document, and how it was changed.
pub struct Mutated {
    pub how: String,
    pub document: Vec<u8>,
}

/// Changed documents without end.
pub struct Mutations<'d> {
    document: &'d [u8],
    numbers: Numbers,
}

/// A sequence of numbers that looks random (SplitMix64).
struct Numbers(u64);

/// What is done to a document.
struct Edit {
    /// What goes.
    range: Range<usize>,
    /// What comes in its place.
    piece: Vec<u8>,
}

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % bound
    }

    fn one<T>(&mut self, of: &[T]) -> T
    where
        T: Copy,
    {
        of[self.below(of.len())]
    }
}

impl<'d> Mutations<'d> {
    /// Those of a document that begin with a number; another number begins others.
    pub const fn new(document: &'d str, seed: u64) -> Self {
        Self {
            document: document.as_bytes(),
            numbers: Numbers(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)),
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Mutated;

    fn next(&mut self) -> Option<Mutated> {
        let mut mutated = Mutated {
            how: String::new(),
            document: self.document.to_vec(),
        };
        for _ in 0..=self.numbers.below(3) {
            let edit = edit(&mutated.document, &mut self.numbers);
            let gone = mutated.document.get(edit.range.clone()).unwrap();
            let shown =
                |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
            let how = format!(
                "at {}: {:?} -> {:?}; ",
                edit.range.start,
                shown(gone),
                shown(&edit.piece)
            );
            mutated.how.push_str(&how);
            mutated.document.splice(edit.range, edit.piece);
        }
        Some(mutated)
    }
}

fn edit(document: &[u8], numbers: &mut Numbers) -> Edit {
    if document.len() < 64 {
        return change_bytes(document, numbers);
    }
    match numbers.below(4) {
        0 => change_bytes(document, numbers),
        1 => put_piece(document, numbers),
        2 => change_tree(document, numbers),
        _ => change_namespace(document, numbers),
    }
}

/// Replaces, deletes or repeats some bytes.
fn change_bytes(document: &[u8], numbers: &mut Numbers) -> Edit {
    let start = numbers.below(document.len().max(1));
    let end = (start + 1 + numbers.below(12)).min(document.len());
    let piece = match numbers.below(4) {
        0 => vec![u8::try_from(32 + numbers.below(95)).unwrap()],
        1 => vec![u8::try_from(numbers.below(256)).unwrap()],
        2 => Vec::new(),
        _ => document.get(start..end).unwrap_or_default().repeat(2),
    };
    Edit {
        range: start.min(end)..end,
        piece,
    }
}

/// Puts a piece in before or behind a tag, or inside it; another tag may be the piece.
fn put_piece(document: &[u8], numbers: &mut Numbers) -> Edit {
    let tag = a_tag(document, numbers);
    let inner = tag.end
        - if document[..tag.end].ends_with(b"/>") {
            2
        } else {
            1
        };
    let at = match numbers.below(4) {
        0 => tag.start,
        1 => tag.end,
        _ => inner.max(tag.start),
    };
    let piece = match numbers.below(4) {
        0 => document[a_tag(document, numbers)].to_vec(),
        _ => numbers.one(&FRAGMENTS).into(),
    };
    Edit {
        range: at..at,
        piece,
    }
}

/// Deletes, repeats, moves, replaces or wraps an element.
fn change_tree(document: &[u8], numbers: &mut Numbers) -> Edit {
    let one = an_element(document, numbers);
    let other = an_element(document, numbers);
    let element = document[one.clone()].to_vec();
    match numbers.below(6) {
        0 => Edit {
            range: one,
            piece: Vec::new(),
        },
        1 => Edit {
            range: one.end..one.end,
            piece: element,
        },
        2 => Edit {
            range: other.start..other.start,
            piece: element,
        },
        3 => Edit {
            range: other,
            piece: element,
        },
        4 => Edit {
            range: one,
            piece: [b"<v:w xmlns:v=\"urn:v\">", &element[..], b"</v:w>"].concat(),
        },
        _ => {
            let subject = b"ines.okafor@example.org";
            let text = element.windows(subject.len()).position(|it| it == subject);
            let start = one.start + text.unwrap_or_default();
            let length = text.map_or(0, |_| subject.len());
            Edit {
                range: start..start + length,
                piece: b"root@example.org".to_vec(),
            }
        }
    }
}

/// Declares a prefix in a tag, changes what a declaration says, or a name's prefix.
fn change_namespace(document: &[u8], numbers: &mut Numbers) -> Edit {
    let (prefix, namespace) = (numbers.one(&PREFIXES), numbers.one(&NAMESPACES));
    let declaration = format!(" xmlns:{prefix}=\"{namespace}\"");
    let of_default = format!(" xmlns=\"{namespace}\"");
    let tag = a_tag(document, numbers);
    let name_end = tag.start + name_length(&document[tag.clone()]);
    let declared = all(document, b" xmlns");
    match numbers.below(4) {
        0 => Edit {
            range: name_end..name_end,
            piece: declaration.into(),
        },
        1 => Edit {
            range: name_end..name_end,
            piece: of_default.into(),
        },
        2 if !declared.is_empty() => {
            let start = numbers.one(&declared);
            let values = document[start..].split(|byte| *byte == b'"');
            let length: usize = values.take(2).map(|part| part.len() + 1).sum();
            let end = (start + length).min(document.len());
            Edit {
                range: start..end,
                piece: declaration.into(),
            }
        }
        _ => {
            let name = &document[tag.start..name_end];
            let colon = name.iter().position(|byte| *byte == b':');
            let start = tag.start + 1 + usize::from(name.starts_with(b"</"));
            let end = colon.map_or(start, |colon| (tag.start + colon).max(start));
            Edit {
                range: start.min(end)..end,
                piece: prefix.into(),
            }
        }
    }
}

/// A tag, from its `<` to behind its `>`; nothing at the end where there is none.
fn a_tag(document: &[u8], numbers: &mut Numbers) -> Range<usize> {
    let tags = all(document, b"<");
    if tags.is_empty() {
        return document.len()..document.len();
    }
    let start = numbers.one(&tags);
    start..end_of_tag(document, start)
}

fn end_of_tag(document: &[u8], start: usize) -> usize {
    let end = document[start..].iter().position(|byte| *byte == b'>');
    end.map_or(document.len(), |end| start + end + 1)
}

/// The length of `<` or `</` and the name behind it.
fn name_length(tag: &[u8]) -> usize {
    let is_end = |byte: &u8| matches!(byte, b' ' | b'>' | b'\n');
    let end = tag.iter().position(is_end);
    let length = end.unwrap_or(tag.len());
    if tag[..length].ends_with(b"/") && length > 1 {
        length - 1
    } else {
        length
    }
}

/// An element, from its start tag to behind its end tag, as far as names tell.
fn an_element(document: &[u8], numbers: &mut Numbers) -> Range<usize> {
    let starts = all(document, b"<");
    let is_start = |at: &usize| document.get(at + 1).is_some_and(u8::is_ascii_alphabetic);
    let starts: Vec<_> = starts.into_iter().filter(is_start).collect();
    if starts.is_empty() {
        return document.len()..document.len();
    }
    let start = numbers.one(&starts);
    let tag = start..end_of_tag(document, start);
    if document[tag.clone()].ends_with(b"/>") {
        return tag;
    }
    let name = &document[start + 1..start + name_length(&document[tag.clone()])];
    let end_tag = [b"</", name, b">"].concat();
    let (mut depth, mut at) = (1, tag.end);
    while let Some(next) = document[at..].iter().position(|byte| *byte == b'<') {
        let rest = &document[at + next..];
        if rest.starts_with(&end_tag) {
            depth -= 1;
        } else if rest[1..].starts_with(name) {
            depth += usize::from(!document[..end_of_tag(document, at + next)].ends_with(b"/>"));
        }
        at = end_of_tag(document, at + next);
        if depth == 0 {
            return start..at;
        }
    }
    tag
}

fn all(document: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = document.windows(wanted.len()).enumerate();
    windows
        .filter(|(_, it)| *it == wanted)
        .map(|(at, _)| at)
        .collect()
}
