//! Names: ASCII, with at most one colon (Namespaces in XML 1.0, production 7), and not endless: other
//! readers refuse long ones, each from a length of its own on.

use super::Profile;

/// A name as it is written, and where its local part begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'i> {
    written: &'i str,
    local: u32,
}

/// What a byte may be in a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It may stand anywhere in a name.
    Start,
    /// It may stand anywhere but at the beginning.
    Inner,
    /// It stands between a prefix and a local name.
    Colon,
    /// It ends the name.
    Other,
}

/// Looking a byte up is quicker than to compare it with every range.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Other; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            kinds[byte as usize] = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => Kind::Start,
                b'0'..=b'9' | b'-' | b'.' => Kind::Inner,
                b':' => Kind::Colon,
                _ => Kind::Other,
            };
        }
        byte += 1;
    }
    kinds
};

fn kind(byte: u8) -> Kind {
    // Every byte is in the table.
    KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Other)
}

impl<'i> Name<'i> {
    /// The name that `text` begins with, and what stands behind it; `None` where it begins with none.
    pub(super) fn take(text: &'i str) -> Option<(Self, &'i str)> {
        let bytes = text.as_bytes();
        let (mut length, mut local) = (0, 0);
        for byte in bytes {
            match kind(*byte) {
                Kind::Start | Kind::Inner => {}
                Kind::Other => break,
                Kind::Colon if local == 0 => local = length + 1,
                Kind::Colon => return None,
            }
            length += 1;
        }
        let begins_at = |place: usize| bytes.get(place).is_some_and(|it| kind(*it) == Kind::Start);
        if length > Profile::MAX_NAME || !begins_at(0) || !begins_at(local) {
            return None;
        }
        let (written, rest) = text.split_at_checked(length)?;
        let local = u32::try_from(local).ok()?;
        Some((Self { written, local }, rest))
    }

    /// The name as it is written.
    pub(super) const fn written(self) -> &'i str {
        self.written
    }

    /// What stands before the colon; empty where there is none.
    pub(super) fn prefix(self) -> &'i str {
        let length = (self.local as usize).saturating_sub(1);
        self.written.get(..length).unwrap_or_default()
    }

    /// What stands behind the colon, or the whole name where there is none.
    pub(super) fn local(self) -> &'i str {
        let start = self.local as usize;
        self.written.get(start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_prefix_or_none_and_ends_where_no_byte_of_a_name_stands() {
        for (text, prefix, local, rest) in [
            ("a", "", "a", ""),
            ("_a-1.b>", "", "_a-1.b", ">"),
            ("saml:Issuer Format", "saml", "Issuer", " Format"),
            ("A:_=\"\"", "A", "_", "=\"\""),
            ("aé", "", "a", "é"),
        ] {
            let (name, behind) = Name::take(text).unwrap();
            assert_eq!((name.prefix(), name.local(), behind), (prefix, local, rest));
        }
    }

    #[test]
    fn a_name_has_at_most_1024_bytes() {
        let longest = "n".repeat(Profile::MAX_NAME);
        assert!(Name::take(&longest).is_some());
        assert!(Name::take(&[&longest, "n"].concat()).is_none());
    }

    #[test]
    fn nothing_else_is_a_name() {
        for text in [
            "", " a", "é", "-a", ".a", "1a", ":a", "a:", "a:>", "a:-b", "a:1", "a::b", "a:b:c",
            "xmlns:",
        ] {
            assert!(Name::take(text).is_none(), "{text}");
        }
    }
}
