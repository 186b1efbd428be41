//! Signing a request by header, for our own command line.

use aws_lc_rs::digest::{SHA256, digest};

use super::canonical::{PathForm, canonical_request};
use super::credential::Credential;
use super::signing_key::SigningKey;
use super::string_to_sign::StringToSign;
use super::timestamp::Timestamp;
use super::{ALGORITHM, HttpRequest, RequiredHeader, ScopeDate, SigV4Error, TERMINATOR};
use crate::domain::{AccessKeyId, Region, Secret, SecretAccessKey, SessionToken, UnixTime};

/// Headers that a proxy or the HTTP client may change on the way, and that are therefore not signed.
const UNSIGNED: [&str; 5] = [
    "authorization",
    "connection",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// With what and for what to sign.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The access key.
    pub access_key_id: &'a AccessKeyId,
    /// Its secret.
    pub secret: &'a SecretAccessKey,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a SessionToken>,
    /// The region to sign for.
    pub region: &'a Region,
    /// The service to sign for, e.g. `sts`.
    pub service: &'a str,
}

/// Signs `request` at `now` and gives the headers to add to it: `x-amz-date`, with temporary
/// credentials `x-amz-security-token`, and `authorization`.
///
/// The request must carry its `Host` header and none of these three.
///
/// # Errors
/// [`SigV4Error::UnsignedHeader`] without a `Host`, [`SigV4Error::RepeatedHeader`] where one of the
/// three is there already, and the `Ambiguous…` errors for what the other side would refuse.
pub fn sign(
    request: &HttpRequest<'_>,
    signer: &Signer<'_>,
    now: UnixTime,
) -> Result<Vec<(&'static str, Secret<String>)>, SigV4Error> {
    let signed_at = Timestamp::at(now).ok_or(SigV4Error::MalformedDate)?;
    let mut added = vec![("x-amz-date", Secret::new(now.basic()))];
    if let Some(token) = signer.session_token {
        added.push((
            "x-amz-security-token",
            Secret::new(token.expose().to_owned()),
        ));
    }
    check_additions(request, &added)?;
    let mut headers = request.headers.to_vec();
    headers.extend(
        added
            .iter()
            .map(|(name, value)| (*name, value.expose().as_bytes())),
    );
    let signed_headers = names_to_sign(&headers);
    let credential = credential(signer, now)?;
    let hash = data_encoding::HEXLOWER.encode(digest(&SHA256, request.body).as_ref());
    let whole = HttpRequest {
        headers: &headers,
        ..*request
    };
    let canonical = canonical_request(
        &whole,
        PathForm::Normalised,
        &signed_headers,
        hash.as_bytes(),
    )?;
    let key = SigningKey::derive(
        signer.secret,
        credential.date,
        signer.region,
        signer.service,
    );
    let signature = key.sign(&StringToSign::of(&canonical, &credential, signed_at));
    let Credential {
        access_key_id,
        date,
        region,
        service,
    } = credential;
    added.push((
        "authorization",
        Secret::new(format!("{ALGORITHM} Credential={access_key_id}/{date}/{region}/{service}/{TERMINATOR}, SignedHeaders={signed_headers}, Signature={signature}")),
    ));
    Ok(added)
}

fn check_additions(
    request: &HttpRequest<'_>,
    added: &[(&'static str, Secret<String>)],
) -> Result<(), SigV4Error> {
    let names = added.iter().map(|(name, _)| *name);
    for name in names.chain(["authorization"]) {
        if request.values(name).next().is_some() {
            return Err(SigV4Error::RepeatedHeader { name });
        }
    }
    match request.single("Host")? {
        Some(_) => Ok(()),
        None => Err(SigV4Error::UnsignedHeader(RequiredHeader::Host)),
    }
}

fn names_to_sign(headers: &[(&str, &[u8])]) -> String {
    let lower_case = headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let mut names: Vec<_> = lower_case
        .filter(|name| !UNSIGNED.contains(&name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

fn credential(signer: &Signer<'_>, now: UnixTime) -> Result<Credential, SigV4Error> {
    Ok(Credential {
        access_key_id: signer.access_key_id.clone(),
        date: ScopeDate::parse(&now.basic_date()).ok_or(SigV4Error::MalformedDate)?,
        region: signer.region.clone(),
        service: signer.service.into(),
    })
}
