//! Whatever is done to a signed response, it is refused or says the same.

use super::*;

/// How many edited responses are read, over all kinds of signed ones.
const EDITED: u32 = 10_000;

/// What attackers insert.
const SNIPPETS: [&str; 16] = [
    "<!---->",
    "<?p?>",
    "<![CDATA[x]]>",
    " ID=\"_a1\"",
    " xmlns=\"urn:x\"",
    " xmlns:saml=\"urn:x\"",
    "<saml:Assertion>",
    "</saml:Assertion>",
    "<saml:NameID>admin@example.com</saml:NameID>",
    "<saml:Audience>x</saml:Audience>",
    "<ds:Object></ds:Object>",
    "&amp;",
    "&#13;",
    "\r\n",
    ">",
    "\"",
];

/// Numbers that are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % end
    }
}

/// The places where a tag begins or ends.
fn edges(text: &str) -> Vec<usize> {
    let ends = text.match_indices('>').map(|(at, _)| at + 1);
    text.match_indices('<')
        .map(|(at, _)| at)
        .chain(ends)
        .collect()
}

/// One edit: of a byte, or of a piece between two tags.
fn edit(text: &str, numbers: &mut Numbers) -> String {
    let edges = edges(text);
    let mut edge = || edges[numbers.below(edges.len())];
    let (one, other, place) = (edge(), edge(), edge());
    let (from, to) = (one.min(other), one.max(other));
    let at = numbers.below(text.len());
    let snippet = SNIPPETS[numbers.below(SNIPPETS.len())];
    let insert = |place: usize, what: &str| {
        let (before, after) = text.split_at(place);
        [before, what, after].concat()
    };
    let piece = text.get(from..to).unwrap();
    match numbers.below(7) {
        0 => insert(place, snippet),
        1 => insert(at, snippet),
        2 => insert(place, piece),
        3 => insert(place, &piece.replace(PERSON, ADMIN)),
        4 => [text.get(..from).unwrap(), text.get(to..).unwrap()].concat(),
        5 => [text.get(..at).unwrap(), "a", text.get(at + 1..).unwrap()].concat(),
        _ => text.replacen(PERSON, ADMIN, 1),
    }
}

#[test]
fn no_edit_makes_another_identity() {
    let mut numbers = Numbers(1);
    let (mut refused, mut same) = (0, 0);
    for by in Signed::BY_SOMEBODY {
        let good = response(by);
        let expected = read(&good).unwrap();
        for _ in 0..=EDITED / 3 {
            let mut edited = good.clone();
            for _ in 0..=numbers.below(3) {
                edited = edit(&edited, &mut numbers);
            }
            match read(&edited) {
                Err(_) => refused += 1,
                Ok(read) => {
                    assert_eq!(read.assertion, expected.assertion, "{edited}");
                    same += 1;
                }
            }
        }
    }
    assert!(refused + same >= EDITED);
    // Both happen: not everything in a response is signed.
    assert!(same > 10 && refused > 1000, "{refused} {same}");
}
