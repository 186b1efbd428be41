//! Reading a signature: the parts are there, well formed and unambiguous, and prove nothing yet.

use std::borrow::Cow;

use super::authorization::Authorization;
use super::credential::Credential;
use super::presigned::{Presigned, parse_expires};
use super::timestamp::Timestamp;
use super::{ALGORITHM, HttpRequest, MAX_SIGNED_HEADERS, RequiredHeader, SigV4Error, is_same_name};
use crate::domain::{AccessKeyId, Parts, Region, UnixTime};

/// A signature that was read and not yet verified, together with the request that it is to prove.
pub struct UnverifiedSignature<'a> {
    pub(super) request: HttpRequest<'a>,
    pub(super) credential: Credential,
    pub(super) signed_headers: Cow<'a, str>,
    pub(super) signature: [u8; 32],
    pub(super) signed_at: Timestamp,
    pub(super) validity: Validity,
    pub(super) content_sha256: Option<Cow<'a, str>>,
    session_token: Option<Cow<'a, str>>,
}

/// How long a signature is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    /// Signed by header: 15 minutes around its time.
    Skew,
    /// A presigned URL: from 15 minutes before its time to this many seconds after it.
    Seconds(u32),
}

/// Reads the signature of a request; `None` where nothing in it is signed.
///
/// # Errors
/// [`SigV4Error`] where a signature is there and incomplete, ambiguous, or leaves out a header that
/// it must cover.
pub fn read<'a>(request: &HttpRequest<'a>) -> Result<Option<UnverifiedSignature<'a>>, SigV4Error> {
    let header = request.single("Authorization")?;
    let presigned = Presigned::find(request.query)?;
    let signature = match (header, presigned) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(SigV4Error::SignedTwice),
        (Some(header), None) => by_header(request, header)?,
        (None, Some(presigned)) => by_query(request, presigned)?,
    };
    check_coverage(request, &signature.signed_headers)?;
    Ok(Some(signature))
}

impl UnverifiedSignature<'_> {
    /// The access key id that the request claims to be signed with.
    pub const fn access_key_id(&self) -> &AccessKeyId {
        &self.credential.access_key_id
    }

    /// The region in the credential scope.
    pub const fn region(&self) -> &Region {
        &self.credential.region
    }

    /// The service in the credential scope.
    pub const fn service(&self) -> &str {
        &self.credential.service
    }

    /// The signature itself: with its secret, nobody makes the same one for another request.
    pub const fn signature(&self) -> &[u8; 32] {
        &self.signature
    }

    /// When it says that it was signed, by the client's clock.
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at.time()
    }

    /// The session token, which the signature covers; a secret.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }
}

impl std::fmt::Debug for UnverifiedSignature<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("UnverifiedSignature")
            .field("credential", &self.credential)
            .field("signed_headers", &self.signed_headers)
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}

fn by_header<'a>(
    request: &HttpRequest<'a>,
    header: &'a [u8],
) -> Result<UnverifiedSignature<'a>, SigV4Error> {
    let authorization = Authorization::parse(header)?;
    let (signed_at, dated_by) = signing_time(request)?;
    if dated_by == DatedBy::Date && !names(authorization.signed_headers).any(|name| name == "date")
    {
        return Err(SigV4Error::UnsignedHeader(RequiredHeader::Date));
    }
    Ok(UnverifiedSignature {
        request: *request,
        credential: Credential::parse(authorization.credential, signed_at)?,
        signed_headers: authorization.signed_headers.into(),
        signature: parse_signature(authorization.signature)?,
        signed_at,
        validity: Validity::Skew,
        content_sha256: text_of(request.single("X-Amz-Content-Sha256")?)?,
        session_token: text_of(request.single("X-Amz-Security-Token")?)?,
    })
}

fn by_query<'a>(
    request: &HttpRequest<'a>,
    presigned: Presigned<'a>,
) -> Result<UnverifiedSignature<'a>, SigV4Error> {
    let need = |value: Option<Cow<'a, str>>, name: &'static str| {
        value.ok_or(SigV4Error::MissingQueryParameter { name })
    };
    if need(presigned.algorithm, "X-Amz-Algorithm")? != ALGORITHM {
        return Err(SigV4Error::UnsupportedAlgorithm);
    }
    if request.values("X-Amz-Security-Token").next().is_some() {
        return Err(SigV4Error::SignedTwice);
    }
    let header_hash = text_of(request.single("X-Amz-Content-Sha256")?)?;
    if header_hash.is_some() && presigned.content_sha256.is_some() {
        return Err(SigV4Error::RepeatedParameter {
            name: "X-Amz-Content-Sha256",
        });
    }
    let credential = need(presigned.credential, "X-Amz-Credential")?;
    let date = need(presigned.date, "X-Amz-Date")?;
    let expires = need(presigned.expires, "X-Amz-Expires")?;
    let signed_headers = need(presigned.signed_headers, "X-Amz-SignedHeaders")?;
    let signature = need(presigned.signature, "X-Amz-Signature")?;
    let signed_at = Timestamp::parse_basic(date.as_bytes())?;
    Ok(UnverifiedSignature {
        request: *request,
        credential: Credential::parse(&credential, signed_at)?,
        signed_headers,
        signature: parse_signature(&signature)?,
        signed_at,
        validity: Validity::Seconds(parse_expires(&expires)?),
        content_sha256: presigned.content_sha256.or(header_hash),
        session_token: presigned.session_token,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DatedBy {
    AmzDate,
    Date,
}

/// The time of a request that is signed by header.
fn signing_time(request: &HttpRequest<'_>) -> Result<(Timestamp, DatedBy), SigV4Error> {
    if let Some(date) = request.single("X-Amz-Date")? {
        let signed_at = Timestamp::parse_basic(date.trim_ascii())?;
        return Ok((signed_at, DatedBy::AmzDate));
    }
    let date = request.single("Date")?.ok_or(SigV4Error::MissingDate)?;
    let signed_at = Timestamp::parse_date_header(date.trim_ascii())?;
    Ok((signed_at, DatedBy::Date))
}

fn text_of(value: Option<&[u8]>) -> Result<Option<Cow<'_, str>>, SigV4Error> {
    let text = value.map(<[u8]>::trim_ascii).map(std::str::from_utf8);
    let text = text.transpose().map_err(|_| SigV4Error::AmbiguousHeader)?;
    Ok(text.map(Cow::Borrowed))
}

fn parse_signature(text: &str) -> Result<[u8; 32], SigV4Error> {
    let mut signature = [0; 32];
    if text.len() != 64 {
        return Err(SigV4Error::MalformedSignature);
    }
    data_encoding::HEXLOWER
        .decode_mut(text.as_bytes(), &mut signature)
        .map_err(|_| SigV4Error::MalformedSignature)?;
    Ok(signature)
}

fn names(signed_headers: &str) -> Parts<'_> {
    Parts::of(signed_headers, b';')
}

/// The list of signed headers is well formed, names only headers that are there, and leaves out
/// none that it must name.
fn check_coverage(request: &HttpRequest<'_>, signed_headers: &str) -> Result<(), SigV4Error> {
    const USUAL: usize = 16;
    let listed = names(signed_headers).take(MAX_SIGNED_HEADERS + 1);
    let mut names = Vec::with_capacity(USUAL);
    names.extend(listed);
    check_list(&names)?;
    let is_signed = |header: &str| names.iter().any(|name| is_same_name(name, header));
    if !is_signed("host") {
        return Err(SigV4Error::UnsignedHeader(RequiredHeader::Host));
    }
    request.single("Host")?;
    let is_there = |name: &&str| request.values(name).next().is_some();
    if !names.iter().all(is_there) {
        return Err(SigV4Error::AbsentSignedHeader);
    }
    let unsigned = |header: &&(&str, &[u8])| is_amz(header.0) && !is_signed(header.0);
    if request.headers.iter().any(|header| unsigned(&header)) {
        return Err(SigV4Error::UnsignedHeader(RequiredHeader::Amz));
    }
    match request.single("Content-Type")? {
        Some(value) if !is_signed("content-type") && !is_usual_content_type(value) => {
            Err(SigV4Error::UnsignedHeader(RequiredHeader::ContentType))
        }
        _ => Ok(()),
    }
}

fn is_amz(header: &str) -> bool {
    header
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
}

/// The types that AWS's query and JSON protocols send; changing one for another of them can't
/// change what a request means, because the operation decides how its body is read.
fn is_usual_content_type(value: &[u8]) -> bool {
    const USUAL: [&str; 5] = [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "application/x-amz-json-1.0",
        "application/x-amz-json-1.1",
    ];
    let value = value.trim_ascii();
    USUAL
        .iter()
        .any(|usual| value.eq_ignore_ascii_case(usual.as_bytes()))
}

fn check_list(names: &[&str]) -> Result<(), SigV4Error> {
    if names.len() > MAX_SIGNED_HEADERS {
        return Err(SigV4Error::TooManySignedHeaders);
    }
    let ascending = names.is_sorted_by(|one, next| one < next);
    if ascending && names.iter().all(|name| is_header_name(name)) {
        Ok(())
    } else {
        Err(SigV4Error::MalformedSignedHeaders)
    }
}

/// A field name (RFC 9110 section 5.1) in lower case.
fn is_header_name(name: &str) -> bool {
    let allowed = |byte: u8| {
        matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.'
            | b'^'..=b'`' | b'|' | b'~')
    };
    !name.is_empty() && name.bytes().all(allowed)
}
