//! The canonical request: the one text of a request that is signed.

use super::presigned::{SIGNATURE, pairs};
use super::{HttpRequest, SigV4Error};
use crate::domain::Parts;

/// How a path is written into the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathForm {
    /// Without dot and empty segments, and encoded once more.
    Normalised,
    /// As it is, with its bytes in the one encoding: S3's, to which `a//b` and `a/../b` are names.
    EncodedOnce,
}

/// Writes the canonical request.
///
/// `signed_headers` is the list as it was signed, `payload_hash` the last line. The parameter
/// `X-Amz-Signature` is left out.
pub(super) fn canonical_request(
    request: &HttpRequest<'_>,
    form: PathForm,
    signed_headers: &str,
    payload_hash: &[u8],
) -> Result<Vec<u8>, SigV4Error> {
    const USUAL_BYTES: usize = 1024;
    let mut out = Vec::with_capacity(USUAL_BYTES + request.query.len());
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    match form {
        PathForm::Normalised => push_path(&mut out, request.path)?,
        PathForm::EncodedOnce => push_path_once(&mut out, request.path)?,
    }
    out.push(b'\n');
    push_query(&mut out, request.query)?;
    out.push(b'\n');
    for name in Parts::of(signed_headers, b';') {
        push_header(&mut out, request, name)?;
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload_hash);
    Ok(out)
}

/// The path without dot and empty segments (RFC 3986 section 5.2.4), encoded once more, as every
/// service but S3 has it.
fn push_path(out: &mut Vec<u8>, path: &str) -> Result<(), SigV4Error> {
    if path == "/" {
        out.push(b'/');
        return Ok(());
    }
    if !is_unambiguous_path(path) {
        return Err(SigV4Error::AmbiguousPath);
    }
    if !path.contains("//") && !path.contains("/.") {
        push_encoded(out, path.as_bytes(), b"/");
        return Ok(());
    }
    let mut kept = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        match segment {
            "." => {}
            ".." => {
                kept.pop().ok_or(SigV4Error::AmbiguousPath)?;
            }
            segment => kept.push(segment),
        }
    }
    for segment in &kept {
        out.push(b'/');
        push_encoded(out, segment.as_bytes(), b"");
    }
    if kept.is_empty() || path.ends_with('/') {
        out.push(b'/');
    }
    Ok(())
}

/// The path, decoded and encoded again, as S3 has it. An encoded slash would be read as one, and a plus as
/// a space by some: both are refused.
fn push_path_once(out: &mut Vec<u8>, path: &str) -> Result<(), SigV4Error> {
    if !path.starts_with('/') {
        return Err(SigV4Error::AmbiguousPath);
    }
    for byte in Decoded::of(path) {
        match byte.ok_or(SigV4Error::AmbiguousPath)? {
            Byte::Plain(b'/') => out.push(b'/'),
            Byte::Encoded(b'/' | 0) | Byte::Plain(b'+' | b'?' | b'#' | b'\\') => {
                return Err(SigV4Error::AmbiguousPath);
            }
            Byte::Plain(byte) if !(0x21..0x7f).contains(&byte) => {
                return Err(SigV4Error::AmbiguousPath);
            }
            Byte::Plain(byte) | Byte::Encoded(byte) => push_encoded(out, &[byte], b""),
        }
    }
    Ok(())
}

/// Whether every reader sees the same path: printable ASCII, complete percent-encoding, nothing
/// encoded that would be a separator, a dot, a percent sign or a control character, and no dot
/// segment at the end, where clients disagree about the slash.
fn is_unambiguous_path(path: &str) -> bool {
    let plain = |byte: u8| (0x21..0x7f).contains(&byte) && !matches!(byte, b'\\' | b'?' | b'#');
    let encoded = |byte: u8| byte >= 0x20 && !matches!(byte, b'/' | b'\\' | b'.' | b'%' | 0x7f);
    path.starts_with('/')
        && !path.ends_with("/.")
        && !path.ends_with("/..")
        && Decoded::of(path).all(|byte| match byte {
            Some(Byte::Plain(byte)) => plain(byte),
            Some(Byte::Encoded(byte)) => encoded(byte),
            None => false,
        })
}

/// The parameters but `X-Amz-Signature`, decoded and encoded again, sorted by encoded name and then
/// by encoded value.
fn push_query(out: &mut Vec<u8>, query: &str) -> Result<(), SigV4Error> {
    if query.is_empty() {
        return Ok(());
    }
    let mut parameters = Vec::new();
    for pair in pairs(query) {
        let (name, value) = pair?;
        let (name, value) = (recoded(name)?, recoded(value)?);
        if !name.eq_ignore_ascii_case(SIGNATURE.as_bytes()) {
            parameters.push((name, value));
        }
    }
    parameters.sort_unstable();
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
    Ok(())
}

/// A name or value in the one encoding that is signed.
fn recoded(text: &str) -> Result<Vec<u8>, SigV4Error> {
    let mut encoded = Vec::with_capacity(text.len());
    for byte in Decoded::of(text) {
        let byte = match byte.ok_or(SigV4Error::AmbiguousQuery)? {
            Byte::Plain(b'+') => b' ',
            Byte::Plain(byte) if !(0x21..0x7f).contains(&byte) => {
                return Err(SigV4Error::AmbiguousQuery);
            }
            Byte::Plain(byte) | Byte::Encoded(byte) => byte,
        };
        push_encoded(&mut encoded, &[byte], b"");
    }
    Ok(encoded)
}

/// Encodes all but the unreserved characters of RFC 3986 and those of `keep`.
fn push_encoded(out: &mut Vec<u8>, bytes: &[u8], keep: &[u8]) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || keep.contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'%', hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
        }
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'A' + nibble - 10,
    }
}

/// `name:value` with the values of a repeated header joined by commas.
fn push_header(out: &mut Vec<u8>, request: &HttpRequest<'_>, name: &str) -> Result<(), SigV4Error> {
    out.extend_from_slice(name.as_bytes());
    let mut separator = b':';
    for value in request.values(name) {
        out.push(separator);
        push_header_value(out, value)?;
        separator = b',';
    }
    if separator == b':' {
        return Err(SigV4Error::AbsentSignedHeader);
    }
    out.push(b'\n');
    Ok(())
}

/// The value without spaces at its ends, and with one where there were several.
fn push_header_value(out: &mut Vec<u8>, value: &[u8]) -> Result<(), SigV4Error> {
    let value = value.trim_ascii();
    // Without an early return, so that the compiler can look at many bytes at once.
    let is_control = |found, byte: &u8| found | byte.is_ascii_control();
    if value.iter().fold(false, is_control) {
        return Err(SigV4Error::AmbiguousHeader);
    }
    if memchr::memchr(b' ', value).is_none() || !value.windows(2).any(|pair| pair == b"  ") {
        out.extend_from_slice(value);
        return Ok(());
    }
    let words = value.split(|byte| *byte == b' ');
    for (index, word) in words.filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    Ok(())
}

/// A byte of a percent-encoded text.
#[derive(Clone, Copy)]
enum Byte {
    Plain(u8),
    Encoded(u8),
}

/// The bytes of a percent-encoded text; `None` where the encoding is incomplete.
struct Decoded<'a>(std::str::Bytes<'a>);

impl<'a> Decoded<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.bytes())
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = char::from(self.0.next()?).to_digit(16)?;
        u8::try_from(digit).ok()
    }
}

impl Iterator for Decoded<'_> {
    type Item = Option<Byte>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.0.next()? {
            b'%' => self
                .digit()
                .and_then(|high| Some(Byte::Encoded(high << 4 | self.digit()?))),
            byte => Some(Byte::Plain(byte)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> Result<String, SigV4Error> {
        let mut out = Vec::new();
        push_path(&mut out, path).map(|()| String::from_utf8(out).unwrap())
    }

    fn query(query: &str) -> Result<String, SigV4Error> {
        let mut out = Vec::new();
        push_query(&mut out, query).map(|()| String::from_utf8(out).unwrap())
    }

    fn value(value: &[u8]) -> Result<Vec<u8>, SigV4Error> {
        let mut out = Vec::new();
        push_header_value(&mut out, value).map(|()| out)
    }

    #[test]
    fn path_loses_dot_and_empty_segments_and_is_encoded_once_more() {
        for (received, canonical) in [
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/sts", "/sts"),
            ("/sts/", "/sts/"),
            ("/a//b/./../c", "/a/c"),
            ("/a/.b/..c/d", "/a/.b/..c/d"),
            ("/a%20b~c", "/a%2520b~c"),
            ("/%e1%88%b4", "/%25e1%2588%25b4"),
            ("/a+b=c@d", "/a%2Bb%3Dc%40d"),
        ] {
            assert_eq!(path(received).as_deref(), Ok(canonical), "{received}");
        }
    }

    #[test]
    fn path_with_two_readings_is_refused() {
        for received in [
            "",
            "sts",
            "/%2F",
            "/%2fsts",
            "/a%2e%2e",
            "/%2E",
            "/%5c",
            "/a\\b",
            "/%252F",
            "/%",
            "/%4",
            "/%zz",
            "/%00",
            "/a b",
            "/\u{e9}",
            "/..",
            "/../a",
            "/a/..",
            "/a/.",
            "/a/../../b",
        ] {
            assert_eq!(path(received), Err(SigV4Error::AmbiguousPath), "{received}");
        }
    }

    fn path_once(path: &str) -> Result<String, SigV4Error> {
        let mut out = Vec::new();
        push_path_once(&mut out, path).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn s3_s_path_keeps_what_it_has_and_is_encoded_once() {
        for (received, canonical) in [
            ("/", "/"),
            ("/bucket/a//b/../c.", "/bucket/a//b/../c."),
            ("/bucket/a%20b~c", "/bucket/a%20b~c"),
            ("/bucket/%7e%e1%88%b4", "/bucket/~%E1%88%B4"),
            ("/bucket/a!b(c)", "/bucket/a%21b%28c%29"),
            ("/bucket/100%25", "/bucket/100%25"),
        ] {
            assert_eq!(path_once(received).as_deref(), Ok(canonical), "{received}");
        }
        for received in [
            "", "bucket", "/a%2Fb", "/a%2fb", "/a+b", "/a%", "/a%zz", "/a b", "/a%00",
        ] {
            assert_eq!(
                path_once(received),
                Err(SigV4Error::AmbiguousPath),
                "{received}"
            );
        }
    }

    #[test]
    fn query_is_sorted_by_encoded_name_and_then_value() {
        for (received, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1&a", "a=&a=1&a=2"),
            ("a-=1&a=2&a%20=3", "a=2&a%20=3&a-=1"),
            ("p=a+b%20c%2Bd", "p=a%20b%20c%2Bd"),
            ("p=%7e%41%e1%88%b4", "p=~A%E1%88%B4"),
            ("p=a=b", "p=a%3Db"),
            ("X-Amz-Signature=00&a=1&x-amz-%53ignature=11", "a=1"),
        ] {
            assert_eq!(query(received).as_deref(), Ok(canonical), "{received}");
        }
    }

    #[test]
    fn query_with_two_readings_is_refused() {
        for received in [
            "a=%", "a=%2", "%zz", "a=\u{e9}", "a=b c", "a=1&&b=2", "a\n=1",
        ] {
            assert_eq!(
                query(received),
                Err(SigV4Error::AmbiguousQuery),
                "{received:?}"
            );
        }
    }

    #[test]
    fn header_value_has_single_spaces() {
        for (received, canonical) in [
            (&b"  a   b  c "[..], &b"a b c"[..]),
            (b"", b""),
            (b"   ", b""),
            (b"\"a   b\"", b"\"a b\""),
            ("é  è".as_bytes(), "é è".as_bytes()),
        ] {
            assert_eq!(value(received).as_deref(), Ok(canonical));
        }
        assert_eq!(value(b"a\tb"), Err(SigV4Error::AmbiguousHeader));
        assert_eq!(value(b"a\nb"), Err(SigV4Error::AmbiguousHeader));
    }
}
