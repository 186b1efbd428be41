//! Whether somebody was revoked since a provider vouched for them.

use super::assume_role_error::AssumeRoleError;
use crate::directory::{Snapshot, Vouched};
use crate::domain::{FederatedIdentity, UnixTime};
use crate::federation::ProvenIdentity;
use crate::store::BrowserSession;

/// The person, or the connection that they came by, was revoked since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof of identity was issued before sessions of its person were revoked")]
pub(super) struct Revoked;

/// That what is proven, and not taken yet, still opens something.
pub(super) fn check_proven(snapshot: &Snapshot, proven: &ProvenIdentity) -> Result<(), Revoked> {
    check(
        snapshot,
        &Vouched {
            provider: proven.provider(),
            issuer: proven.issuer(),
            subject: proven.subject(),
            issued_at: proven.issued_at(),
        },
    )
}

/// That an identity whose proof was issued then still opens something.
pub(super) fn check_proof(
    snapshot: &Snapshot,
    identity: &FederatedIdentity,
    issued_at: UnixTime,
) -> Result<(), Revoked> {
    check(
        snapshot,
        &Vouched {
            provider: &identity.provider,
            issuer: &identity.issuer,
            subject: &identity.subject,
            issued_at,
        },
    )
}

/// That a browser's session is not over before its time.
pub(super) fn check_session(snapshot: &Snapshot, session: &BrowserSession) -> Result<(), Revoked> {
    if snapshot.revocations().end_sign_in(session.sign_in) {
        return Err(Revoked);
    }
    check_proof(snapshot, &session.identity, session.proof_issued_at)
}

fn check(snapshot: &Snapshot, vouched: &Vouched<'_>) -> Result<(), Revoked> {
    if snapshot.revocations().end_proof(vouched) {
        Err(Revoked)
    } else {
        Ok(())
    }
}

impl From<Revoked> for AssumeRoleError {
    fn from(_: Revoked) -> Self {
        Self::Revoked
    }
}
