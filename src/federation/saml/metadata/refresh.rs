//! Whether metadata that was fetched anew may take the place of what was known.
//!
//! Keys roll over by standing beside one another for a while: the new one is published before it
//! signs. So a document that shares no key with the one before is not a rollover but another
//! provider, or somebody who took its place; an admin decides then, and until then the old one counts.
//!
//! ```text
//! known, new ── the same? ─────────────────────────────────────────> Decision::Keep
//!     └ replace: entity, end, keys, endpoints ── fits ──> Decision::Take, with what there is to tell
//!          └ does not fit ──> RefreshRefusal: the known one counts on
//! ```

use super::IdpMetadata;
use crate::domain::{EntityId, UnixTime};
use crate::federation::saml::certificate::{Certificate, Fingerprint, WARNED_BEFORE};

/// Why metadata that was fetched anew is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshRefusal {
    /// It describes another entity.
    #[error("the metadata describes {found}, not {expected}")]
    OtherEntity {
        /// What it describes.
        found: EntityId,
        /// What was known.
        expected: EntityId,
    },
    /// It counts no more.
    #[error("the metadata was valid until {0}")]
    Expired(UnixTime),
    /// None of the keys that were known is in it.
    #[error("the metadata drops every key that was known; an admin must confirm its new keys")]
    DropsEveryKey,
    /// Sign-ins could be asked for, and can't be any more.
    #[error("the metadata drops every endpoint for sign-ins")]
    DropsSignOn,
}

/// What an admin should know of metadata that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshWarning {
    /// A key is new.
    #[error("the signing certificate {0} is new")]
    Added(Fingerprint),
    /// A key counts no more.
    #[error("the signing certificate {0} is gone")]
    Removed(Fingerprint),
    /// A certificate's validity is over; its key is used all the same.
    #[error("the signing certificate {certificate} expired at {at}")]
    Expired {
        /// The certificate.
        certificate: Fingerprint,
        /// Its last moment.
        at: UnixTime,
    },
    /// A certificate's validity is over within 30 days.
    #[error("the signing certificate {certificate} expires at {at}")]
    ExpiresSoon {
        /// The certificate.
        certificate: Fingerprint,
        /// Its last moment.
        at: UnixTime,
    },
    /// Sign-outs could be told, and can't be any more.
    #[error("the metadata drops every endpoint for sign-outs")]
    DropsLogout,
}

/// What becomes of new keys that stand beside none of those that were known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewKeys {
    /// They are refused.
    Refuse,
    /// They are taken: an admin has seen to it that they are the provider's.
    Accept,
}

/// What is done with metadata that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: what is known says it already.
    Keep,
    /// It takes the place of what is known, if anything is; this is what an admin should know of it.
    Take(Vec<RefreshWarning>),
}

/// What is done with metadata that was read for a provider of which `known` is known.
///
/// A provider that gives its metadata a new end each time it is asked changes nothing by that before
/// half of the time is over; an earlier end counts at once.
pub fn decide(
    known: Option<&IdpMetadata>,
    new: &IdpMetadata,
    now: UnixTime,
    keys: NewKeys,
) -> Result<Decision, RefreshRefusal> {
    let Some(known) = known else {
        check_end(new, now)?;
        return Ok(Decision::Take(expiry(new, now)));
    };
    if says_the_same(known, new, now) {
        check_end(new, now)?;
        return Ok(Decision::Keep);
    }
    replace(known, new, now, keys).map(Decision::Take)
}

fn says_the_same(known: &IdpMetadata, new: &IdpMetadata, now: UnixTime) -> bool {
    let but_for_its_end = IdpMetadata {
        valid_until: known.valid_until,
        ..new.clone()
    };
    but_for_its_end == *known
        && match (known.valid_until, new.valid_until) {
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
            (Some(known), Some(new)) => {
                known <= new && known.since(now).saturating_mul(2) > new.since(now)
            }
        }
}

fn check_end(metadata: &IdpMetadata, now: UnixTime) -> Result<(), RefreshRefusal> {
    let end = metadata.valid_until.filter(|_| !metadata.is_valid(now));
    end.map_or(Ok(()), |end| Err(RefreshRefusal::Expired(end)))
}

/// Whether `new` may take the place of `old`, and what there is to tell.
fn replace(
    old: &IdpMetadata,
    new: &IdpMetadata,
    now: UnixTime,
    keys: NewKeys,
) -> Result<Vec<RefreshWarning>, RefreshRefusal> {
    if new.entity_id != old.entity_id {
        return Err(RefreshRefusal::OtherEntity {
            found: new.entity_id.clone(),
            expected: old.entity_id.clone(),
        });
    }
    check_end(new, now)?;
    let mut known = old.signing_certificates.iter();
    if keys == NewKeys::Refuse && !known.any(|certificate| has_key(new, certificate)) {
        return Err(RefreshRefusal::DropsEveryKey);
    }
    if new.single_sign_on.is_empty() && !old.single_sign_on.is_empty() {
        return Err(RefreshRefusal::DropsSignOn);
    }
    let mut warnings = changes(old, new);
    warnings.extend(expiry(new, now));
    Ok(warnings)
}

fn changes(old: &IdpMetadata, new: &IdpMetadata) -> Vec<RefreshWarning> {
    let only_in = |one: &IdpMetadata, other: &IdpMetadata| -> Vec<Fingerprint> {
        let certificates = one.signing_certificates.iter();
        let missing = certificates.filter(|certificate| !has_key(other, certificate));
        missing.map(Certificate::fingerprint).collect()
    };
    let added = only_in(new, old).into_iter().map(RefreshWarning::Added);
    let removed = only_in(old, new).into_iter().map(RefreshWarning::Removed);
    let drops_logout = new.single_logout.is_empty() && !old.single_logout.is_empty();
    added
        .chain(removed)
        .chain(drops_logout.then_some(RefreshWarning::DropsLogout))
        .collect()
}

/// What an admin is told of the certificates of a provider that is in use.
pub fn expiry(metadata: &IdpMetadata, now: UnixTime) -> Vec<RefreshWarning> {
    let warn = |certificate: &Certificate| {
        let (at, certificate) = (certificate.not_after(), certificate.fingerprint());
        if now > at {
            Some(RefreshWarning::Expired { certificate, at })
        } else if now.plus(WARNED_BEFORE) > at {
            Some(RefreshWarning::ExpiresSoon { certificate, at })
        } else {
            None
        }
    };
    let certificates = metadata.signing_certificates.iter();
    certificates.filter_map(warn).collect()
}

/// Whether metadata holds the certificate's key, be it in another certificate.
fn has_key(metadata: &IdpMetadata, certificate: &Certificate) -> bool {
    let mut certificates = metadata.signing_certificates.iter();
    certificates.any(|other| other.key() == certificate.key())
}

#[cfg(test)]
mod tests;
