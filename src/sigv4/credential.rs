//! The credential of a signature: `key id/day/region/service/aws4_request`.

use super::timestamp::Timestamp;
use super::{ScopeDate, SigV4Error, TERMINATOR};
use crate::domain::{AccessKeyId, Parts, Region};

/// The five parts of a credential, the last of which is always `aws4_request`.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) access_key_id: AccessKeyId,
    pub(super) date: ScopeDate,
    pub(super) region: Region,
    pub(super) service: Box<str>,
}

impl Credential {
    /// Reads a credential that was signed with at `signed_at`.
    pub(super) fn parse(text: &str, signed_at: Timestamp) -> Result<Self, SigV4Error> {
        let mut parts = Parts::of(text, b'/');
        let mut next = || parts.next().ok_or(SigV4Error::MalformedCredential);
        let (key_id, date, region) = (next()?, next()?, next()?);
        let (service, terminator) = (next()?, next()?);
        if parts.next().is_some() || service.is_empty() || region.is_empty() {
            return Err(SigV4Error::MalformedCredential);
        }
        if terminator != TERMINATOR {
            return Err(SigV4Error::WrongTerminator);
        }
        let date = ScopeDate::parse(date).ok_or(SigV4Error::MalformedCredential)?;
        if !signed_at.is_of(date) {
            return Err(SigV4Error::WrongScopeDate {
                scope: date,
                signed_at: signed_at.time(),
            });
        }
        Ok(Self {
            access_key_id: key_id
                .parse()
                .map_err(|_| SigV4Error::MalformedAccessKeyId)?,
            date,
            region: region.parse().map_err(|_| SigV4Error::WrongRegion)?,
            service: service.into(),
        })
    }
}
