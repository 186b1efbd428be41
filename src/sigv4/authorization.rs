//! The `Authorization` header:
//! `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.

use super::{ALGORITHM, SigV4Error};
use crate::domain::Parts;

/// The parts of the header, not yet looked into.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    pub(super) credential: &'a str,
    pub(super) signed_headers: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Splits the header's value.
    pub(super) fn parse(value: &'a [u8]) -> Result<Self, SigV4Error> {
        let text = std::str::from_utf8(value).map_err(|_| SigV4Error::MalformedAuthorization)?;
        let text = text.trim_matches(' ');
        let (algorithm, pairs) = halves(text, b' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(SigV4Error::UnsupportedAlgorithm);
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for pair in Parts::of(pairs, b',').map(|pair| pair.trim_matches(' ')) {
            let (key, value) = halves(pair, b'=').ok_or(SigV4Error::MalformedAuthorization)?;
            match key {
                "Credential" => fill(&mut credential, "Credential", value)?,
                "SignedHeaders" => fill(&mut signed_headers, "SignedHeaders", value)?,
                "Signature" => fill(&mut signature, "Signature", value)?,
                _ => return Err(SigV4Error::MalformedAuthorization),
            }
        }
        let missing = |name| SigV4Error::MissingHeaderParameter { name };
        Ok(Self {
            credential: credential.ok_or(missing("Credential"))?,
            signed_headers: signed_headers.ok_or(missing("SignedHeaders"))?,
            signature: signature.ok_or(missing("Signature"))?,
        })
    }
}

fn halves(text: &str, separator: u8) -> Option<(&str, &str)> {
    let mut parts = Parts::of(text, separator);
    let first = parts.next()?;
    Some((first, parts.rest()?))
}

fn fill<'a>(
    slot: &mut Option<&'a str>,
    name: &'static str,
    value: &'a str,
) -> Result<(), SigV4Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(SigV4Error::RepeatedParameter { name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_after_commas_do_not_matter() {
        let expected = Authorization {
            credential: "c",
            signed_headers: "h",
            signature: "s",
        };
        for text in [
            "AWS4-HMAC-SHA256 Credential=c, SignedHeaders=h, Signature=s",
            "AWS4-HMAC-SHA256 Credential=c,SignedHeaders=h,Signature=s",
            "AWS4-HMAC-SHA256   Signature=s,  SignedHeaders=h,Credential=c",
        ] {
            let read = Authorization::parse(text.as_bytes());
            assert_eq!(read.as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        let missing = |name| SigV4Error::MissingHeaderParameter { name };
        for (text, error) in [
            ("Bearer abc", SigV4Error::UnsupportedAlgorithm),
            (
                "AWS4-HMAC-SHA1 Credential=c",
                SigV4Error::UnsupportedAlgorithm,
            ),
            ("AWS4-HMAC-SHA256", SigV4Error::MalformedAuthorization),
            (
                "AWS4-HMAC-SHA256 Credential",
                SigV4Error::MalformedAuthorization,
            ),
            (
                "AWS4-HMAC-SHA256 Other=c",
                SigV4Error::MalformedAuthorization,
            ),
            ("AWS4-HMAC-SHA256 Credential=c", missing("SignedHeaders")),
            ("AWS4-HMAC-SHA256 Signature=s", missing("Credential")),
            (
                "AWS4-HMAC-SHA256 Credential=c, Credential=d",
                SigV4Error::RepeatedParameter { name: "Credential" },
            ),
        ] {
            assert_eq!(Authorization::parse(text.as_bytes()), Err(error), "{text}");
        }
    }
}
