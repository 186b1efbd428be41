//! The token itself (RFC 7519; "Understanding token claims", IAM user guide).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};

use super::jwk::SigningAlgorithm;
use super::keys::WebIdentityKey;
use crate::domain::{AccountId, Region, RequestId, UnixTime};

/// The claims of a token take no more bytes.
pub const MAX_PAYLOAD_BYTES: usize = 8192;

/// What a token says.
#[derive(Debug, Serialize)]
pub struct Claims<'a> {
    /// The account's issuer.
    pub iss: &'a str,
    /// For whom it is, at least one: a text for one, a list for several.
    #[serde(rename = "aud", serialize_with = "one_or_list")]
    pub audiences: &'a [&'a str],
    /// The ARN of the role or user.
    pub sub: &'a str,
    /// When it was issued.
    pub iat: UnixTime,
    /// From when it is over.
    pub exp: UnixTime,
    /// The request that it was given to, by which it is found in the audit.
    pub jti: RequestId,
    /// What AWS says beside.
    #[serde(rename = "https://sts.amazonaws.com/")]
    pub aws: AwsClaims<'a>,
}

/// The claims in AWS's own name space.
#[derive(Debug, Serialize)]
pub struct AwsClaims<'a> {
    /// The caller's account.
    pub aws_account: AccountId,
    /// The region that was asked.
    pub source_region: &'a Region,
    /// The tags of the caller: `aws:PrincipalTag/…`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub principal_tags: BTreeMap<&'a str, &'a str>,
    /// The tags of the request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub request_tags: BTreeMap<&'a str, &'a str>,
}

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// The claims are longer than [`MAX_PAYLOAD_BYTES`].
    #[error("the claims would take {bytes} of {MAX_PAYLOAD_BYTES} bytes")]
    TooLarge {
        /// How long they are.
        bytes: usize,
    },
    /// The library made no signature.
    #[error("the key made no signature")]
    Signature,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: SigningAlgorithm,
    kid: &'a str,
    typ: &'static str,
}

impl WebIdentityKey {
    /// Signs claims as a JWT in compact form (RFC 7515, section 3.1).
    ///
    /// # Errors
    /// [`NotSigned`]
    pub fn sign(
        &self,
        claims: &Claims<'_>,
        algorithm: SigningAlgorithm,
    ) -> Result<String, NotSigned> {
        let header = Header {
            alg: algorithm,
            kid: &self.public(algorithm).kid,
            typ: "JWT",
        };
        let payload = serde_json::to_vec(claims).map_err(|_| NotSigned::Signature)?;
        let bytes = payload.len();
        if bytes > MAX_PAYLOAD_BYTES {
            return Err(NotSigned::TooLarge { bytes });
        }
        let header = serde_json::to_vec(&header).map_err(|_| NotSigned::Signature)?;
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.signature(algorithm, token.as_bytes());
        let signature = signature.ok_or(NotSigned::Signature)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

fn one_or_list<S: Serializer>(audiences: &[&str], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [one] => serializer.serialize_str(one),
        several => several.serialize(serializer),
    }
}
