//! Verifying a signature: scope, times, body, and then the signature itself.

use aws_lc_rs::digest::{Digest, SHA256, digest};
use data_encoding::HEXLOWER;

use super::canonical::{PathForm, canonical_request};
use super::read::Validity;
use super::signing_secret::SecretRef;
use super::string_to_sign::StringToSign;
use super::{
    MAX_SKEW_SECONDS, MAX_STS_EXPIRES_SECONDS, SigV4Error, UNSIGNED_PAYLOAD, UnverifiedSignature,
};
use crate::domain::{AccessKeyId, Region, UnixTime};

/// What a signature must be made for.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedScope<'a> {
    /// The service that was asked, e.g. `sts`.
    pub service: &'static str,
    /// The regions that are enabled; none means nobody.
    pub regions: &'a [Region],
}

/// A signature that proves its request. Only [`UnverifiedSignature::verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature {
    access_key_id: AccessKeyId,
    region: Region,
    signed_at: UnixTime,
}

impl VerifiedSignature {
    /// The key whose secret signed the request.
    pub const fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// The region that it was signed for.
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// When it was signed, by the client's clock.
    pub const fn signed_at(&self) -> UnixTime {
        self.signed_at
    }

    /// The key, and the region that it was signed for.
    pub fn into_key_and_region(self) -> (AccessKeyId, Region) {
        (self.access_key_id, self.region)
    }
}

impl UnverifiedSignature<'_> {
    /// Verifies the signature against the secret of its access key.
    ///
    /// # Errors
    /// [`SigV4Error`] of the first check that failed; [`SigV4Error::SignatureMismatch`] where the
    /// request was altered or signed with another secret.
    pub fn verify<'s>(
        self,
        secret: impl Into<SecretRef<'s>>,
        expected: &ExpectedScope<'_>,
        now: UnixTime,
    ) -> Result<VerifiedSignature, SigV4Error> {
        self.check(expected, now)?;
        let hash = hex(&digest(&SHA256, self.request.body));
        let last_line = self.last_line(&hash)?;
        self.prove(secret.into(), last_line, PathForm::Normalised)?;
        Ok(self.verified())
    }

    /// What a signature that was proven says.
    pub(super) fn verified(self) -> VerifiedSignature {
        VerifiedSignature {
            access_key_id: self.credential.access_key_id,
            region: self.credential.region,
            signed_at: self.signed_at.time(),
        }
    }

    /// Verifies the signature before the body is there, with the hash of it that the request states
    /// in a header. [`Self::verify`] must follow once the body is there: it compares that hash.
    ///
    /// # Errors
    /// [`SigV4Error`] of the first check that failed; [`SigV4Error::MissingPayloadHash`] where the
    /// request states no hash, [`SigV4Error::Presigned`] where it is signed by query.
    pub fn verify_head<'s>(
        &self,
        secret: impl Into<SecretRef<'s>>,
        expected: &ExpectedScope<'_>,
        now: UnixTime,
    ) -> Result<(), SigV4Error> {
        self.check(expected, now)?;
        self.refuse_presigned()?;
        let stated = self
            .content_sha256
            .as_deref()
            .filter(|stated| is_hash(stated));
        let stated = stated.ok_or(SigV4Error::MissingPayloadHash)?;
        self.prove(secret.into(), stated.as_bytes(), PathForm::Normalised)
    }

    /// Lets a signature by query be good no longer than [`MAX_STS_EXPIRES_SECONDS`].
    #[must_use]
    pub fn no_longer_than_at_sts(mut self) -> Self {
        if let Validity::Seconds(seconds) = self.validity {
            self.validity = Validity::Seconds(seconds.min(MAX_STS_EXPIRES_SECONDS));
        }
        self
    }

    /// Refuses a signature by query, for requests that nobody may keep and hand on.
    ///
    /// # Errors
    /// [`SigV4Error::Presigned`]
    pub const fn refuse_presigned(&self) -> Result<(), SigV4Error> {
        match self.validity {
            Validity::Skew => Ok(()),
            Validity::Seconds(_) => Err(SigV4Error::Presigned),
        }
    }

    /// Compares the signature with that of this secret over the request with a body of this hash.
    pub(super) fn prove(
        &self,
        secret: SecretRef<'_>,
        hash: &[u8],
        form: PathForm,
    ) -> Result<(), SigV4Error> {
        let canonical = canonical_request(&self.request, form, &self.signed_headers, hash)?;
        let string_to_sign = StringToSign::of(&canonical, &self.credential, self.signed_at);
        let key = secret.key(&self.credential);
        if key.is_signature(&string_to_sign, &self.signature) {
            Ok(())
        } else {
            Err(SigV4Error::SignatureMismatch)
        }
    }

    /// Checks what the signature is made for and when, as far as it goes without the secret and the
    /// body.
    ///
    /// # Errors
    /// [`SigV4Error`] of the first check that failed.
    pub fn check(&self, expected: &ExpectedScope<'_>, now: UnixTime) -> Result<(), SigV4Error> {
        self.check_scope(expected)?;
        self.check_time(now)
    }

    fn check_scope(&self, expected: &ExpectedScope<'_>) -> Result<(), SigV4Error> {
        if !expected.regions.contains(&self.credential.region) {
            return Err(SigV4Error::WrongRegion);
        }
        if *self.credential.service != *expected.service {
            return Err(SigV4Error::WrongService {
                expected: expected.service,
            });
        }
        Ok(())
    }

    pub(super) fn check_time(&self, now: UnixTime) -> Result<(), SigV4Error> {
        let signed_at = self.signed_at.time();
        let age = now.since(signed_at);
        if age < -MAX_SKEW_SECONDS {
            return Err(SigV4Error::SignatureNotYetCurrent { signed_at, now });
        }
        match self.validity {
            Validity::Skew if age > MAX_SKEW_SECONDS => {
                Err(SigV4Error::SignatureExpired { signed_at, now })
            }
            Validity::Seconds(seconds) if age > i64::from(seconds) => {
                let ended_at = signed_at.plus(seconds.into());
                Err(SigV4Error::PresignedUrlExpired { ended_at, now })
            }
            Validity::Skew | Validity::Seconds(_) => Ok(()),
        }
    }

    /// The last line of the canonical request: the body's hash. Only a presigned GET without a body may leave
    /// its (empty) body unsigned.
    fn last_line<'h>(&self, hash: &'h [u8]) -> Result<&'h [u8], SigV4Error> {
        match self.content_sha256.as_deref() {
            None => Ok(hash),
            Some(stated) if stated.as_bytes() == hash => Ok(hash),
            Some(UNSIGNED_PAYLOAD) if self.may_leave_body_unsigned() => {
                Ok(UNSIGNED_PAYLOAD.as_bytes())
            }
            Some(UNSIGNED_PAYLOAD) => Err(SigV4Error::UnsignedPayload),
            Some(_) => Err(SigV4Error::WrongPayloadHash),
        }
    }

    fn may_leave_body_unsigned(&self) -> bool {
        matches!(self.validity, Validity::Seconds(_))
            && self.request.method == "GET"
            && self.request.body.is_empty()
    }
}

/// The SHA-256 of a body as `X-Amz-Content-Sha256` states it: 64 lower-case hexadecimal digits.
pub fn payload_hash(body: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, body).as_ref())
}

pub(super) fn is_hash(stated: &str) -> bool {
    stated.len() == 64
        && stated
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// 64 lower-case hexadecimal digits.
pub(super) fn hex(hash: &Digest) -> [u8; 64] {
    let mut digits = [0; 64];
    HEXLOWER.encode_mut(hash.as_ref(), &mut digits);
    digits
}
