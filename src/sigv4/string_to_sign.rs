//! The string to sign: algorithm, time, scope and the canonical request's hash, a line each.

use aws_lc_rs::digest::{SHA256, digest};

use super::credential::Credential;
use super::timestamp::Timestamp;
use super::verify::hex;
use super::{ALGORITHM, TERMINATOR};

/// What is signed. It is hashed as it stands, and nowhere written down.
pub(super) struct StringToSign<'a> {
    signed_at: Timestamp,
    credential: &'a Credential,
    hash: [u8; 64],
}

impl<'a> StringToSign<'a> {
    /// Of a canonical request.
    pub(super) fn of(canonical: &[u8], credential: &'a Credential, signed_at: Timestamp) -> Self {
        Self {
            signed_at,
            credential,
            hash: hex(&digest(&SHA256, canonical)),
        }
    }

    /// Its bytes, one part after another.
    pub(super) fn parts(&self) -> [&[u8]; 13] {
        let credential = self.credential;
        [
            ALGORITHM.as_bytes(),
            b"\n",
            self.signed_at.text(),
            b"\n",
            credential.date.digits(),
            b"/",
            credential.region.as_str().as_bytes(),
            b"/",
            credential.service.as_bytes(),
            b"/",
            TERMINATOR.as_bytes(),
            b"\n",
            &self.hash,
        ]
    }
}
