//! The parameters of a presigned URL.

use std::borrow::Cow;

use super::{MAX_EXPIRES_SECONDS, MAX_QUERY_PARAMETERS, SigV4Error};

pub(super) const SIGNATURE: &str = "X-Amz-Signature";

/// The signature's parameters in a query, not yet looked into.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Presigned<'a> {
    pub(super) algorithm: Option<Cow<'a, str>>,
    pub(super) credential: Option<Cow<'a, str>>,
    pub(super) date: Option<Cow<'a, str>>,
    pub(super) expires: Option<Cow<'a, str>>,
    pub(super) signed_headers: Option<Cow<'a, str>>,
    pub(super) signature: Option<Cow<'a, str>>,
    pub(super) session_token: Option<Cow<'a, str>>,
    pub(super) content_sha256: Option<Cow<'a, str>>,
}

impl<'a> Presigned<'a> {
    /// Finds the signature's parameters, names in any case; `None` where a query has none.
    pub(super) fn find(query: &'a str) -> Result<Option<Self>, SigV4Error> {
        let mut found = Self::default();
        for (index, pair) in pairs(query).enumerate() {
            if index >= MAX_QUERY_PARAMETERS {
                return Err(SigV4Error::TooManyParameters);
            }
            let (name, value) = pair?;
            let name = decode(name)?;
            let Some((slot, name)) = found.slot(&name) else {
                continue;
            };
            if slot.replace(decode(value)?).is_some() {
                return Err(SigV4Error::RepeatedParameter { name });
            }
        }
        let is_signed = found.is_signed();
        Ok(is_signed.then_some(found))
    }

    fn slot(&mut self, name: &str) -> Option<(&mut Option<Cow<'a, str>>, &'static str)> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name {
            _ if !name
                .get(..6)
                .is_some_and(|start| start.eq_ignore_ascii_case("x-amz-")) =>
            {
                None
            }
            _ if is("X-Amz-Algorithm") => Some((&mut self.algorithm, "X-Amz-Algorithm")),
            _ if is("X-Amz-Credential") => Some((&mut self.credential, "X-Amz-Credential")),
            _ if is("X-Amz-Date") => Some((&mut self.date, "X-Amz-Date")),
            _ if is("X-Amz-Expires") => Some((&mut self.expires, "X-Amz-Expires")),
            _ if is("X-Amz-SignedHeaders") => {
                Some((&mut self.signed_headers, "X-Amz-SignedHeaders"))
            }
            _ if is(SIGNATURE) => Some((&mut self.signature, SIGNATURE)),
            _ if is("X-Amz-Security-Token") => {
                Some((&mut self.session_token, "X-Amz-Security-Token"))
            }
            _ if is("X-Amz-Content-Sha256") => {
                Some((&mut self.content_sha256, "X-Amz-Content-Sha256"))
            }
            _ => None,
        }
    }

    /// Whether the query means to be signed: any parameter but the body's hash, which a request
    /// that is signed by header may carry too.
    const fn is_signed(&self) -> bool {
        self.algorithm.is_some()
            || self.credential.is_some()
            || self.date.is_some()
            || self.expires.is_some()
            || self.signed_headers.is_some()
            || self.signature.is_some()
            || self.session_token.is_some()
    }
}

/// Reads `X-Amz-Expires`: digits only, 1 to [`MAX_EXPIRES_SECONDS`].
pub(super) fn parse_expires(text: &str) -> Result<u32, SigV4Error> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SigV4Error::MalformedExpires);
    }
    match text.parse() {
        Ok(seconds) if (1..=MAX_EXPIRES_SECONDS).contains(&seconds) => Ok(seconds),
        _ => Err(SigV4Error::MalformedExpires),
    }
}

/// The pairs of a query, still percent-encoded; a pair without `=` has an empty value.
///
/// # Errors
/// [`SigV4Error::AmbiguousQuery`] for an empty pair, which one client counts and another doesn't.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = Result<(&str, &str), SigV4Error>> {
    let all = (!query.is_empty()).then(|| query.split('&'));
    all.into_iter().flatten().map(|pair| match pair {
        "" => Err(SigV4Error::AmbiguousQuery),
        pair => Ok(pair.split_once('=').unwrap_or((pair, ""))),
    })
}

/// Decodes a name or value as form decoding does: `+` is a space.
fn decode(text: &str) -> Result<Cow<'_, str>, SigV4Error> {
    if !text.contains('+') {
        return percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| SigV4Error::AmbiguousQuery);
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| SigV4Error::AmbiguousQuery)?;
    Ok(Cow::Owned(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expires_is_one_second_to_seven_days() {
        assert_eq!(parse_expires("1"), Ok(1));
        assert_eq!(parse_expires("604800"), Ok(604_800));
        for text in [
            "",
            "0",
            "-1",
            "+1",
            "604801",
            "691200",
            "sixty",
            "1e3",
            "99999999999",
        ] {
            assert_eq!(
                parse_expires(text),
                Err(SigV4Error::MalformedExpires),
                "{text}"
            );
        }
    }

    #[test]
    fn encoded_and_differently_cased_names_are_found() {
        for query in [
            "X-Amz-%53ignature=a&x-amz-signature=b",
            "X-AMZ-SIGNATURE=a&X-Amz-Signature=a",
        ] {
            assert_eq!(
                Presigned::find(query).err(),
                Some(SigV4Error::RepeatedParameter { name: SIGNATURE }),
                "{query}"
            );
        }
    }

    #[test]
    fn empty_pairs_are_ambiguous() {
        for query in ["&", "a=1&&b=2", "a=1&", "&a=1"] {
            assert_eq!(
                Presigned::find(query).err(),
                Some(SigV4Error::AmbiguousQuery),
                "{query}"
            );
        }
    }

    #[test]
    fn parameters_are_bounded() {
        let query = vec!["a"; MAX_QUERY_PARAMETERS + 1].join("&");
        assert_eq!(
            Presigned::find(&query).err(),
            Some(SigV4Error::TooManyParameters)
        );
    }
}
