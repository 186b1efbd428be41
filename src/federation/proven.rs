//! Identities that a verifier has proven, and how they become usable once.

use aws_lc_rs::digest::{SHA256, digest};

use super::id_token::SKEW;
use crate::domain::{
    Audience, Claims, FederatedIdentity, IssuerName, ProviderRef, Subject, UnixTime,
};
use crate::store::{OneTimeUse, Redeemed, StoreError};

/// An identity that was proven by a signed message. Only a verifier of this room builds one.
///
/// How it is taken decides whether the message may be used again (decision 9):
/// [`redeem`](Self::redeem) in the browser, [`unless_redeemed`](Self::unless_redeemed) at STS where
/// the browser's client is listed as an audience, [`into_federated`](Self::into_federated) at STS
/// otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenIdentity {
    pub(super) provider: ProviderRef,
    pub(super) issuer: IssuerName,
    pub(super) subject: Subject,
    pub(super) audience: Audience,
    pub(super) claims: Claims,
    pub(super) proved_at: UnixTime,
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: UnixTime,
    pub(super) proof: [u8; 32],
}

/// Why a proof can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// The message has been used already: its bearer is to blame.
    #[error("the proof has been used already")]
    UsedAlready,
    /// It can't be known whether the message has been used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProvenIdentity {
    /// Who proved it.
    pub const fn provider(&self) -> &ProviderRef {
        &self.provider
    }

    /// The issuer.
    pub const fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    /// The person; unique together with the issuer only.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The client that the message was issued to.
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// All that the provider said.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// When the message was issued.
    pub const fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// When the message ceases to be valid.
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Uses the message up: of all who present it, at any moment on any node, one gets the identity.
    pub async fn redeem(
        self,
        marks: &dyn OneTimeUse,
        now: UnixTime,
    ) -> Result<FederatedIdentity, RedeemError> {
        let keep_until = self.expires_at.plus(SKEW);
        match marks.redeem(&self.proof, keep_until, now).await? {
            Redeemed::First => Ok(self.into_federated()),
            Redeemed::Again => Err(RedeemError::UsedAlready),
        }
    }

    /// Takes the identity if nobody has used the message up; it can be taken again.
    pub async fn unless_redeemed(
        self,
        marks: &dyn OneTimeUse,
        now: UnixTime,
    ) -> Result<FederatedIdentity, RedeemError> {
        if marks.is_redeemed(&self.proof, now).await? {
            return Err(RedeemError::UsedAlready);
        }
        Ok(self.into_federated())
    }

    /// Takes the identity without a look at whether the message was used before.
    pub fn into_federated(self) -> FederatedIdentity {
        FederatedIdentity {
            provider: self.provider,
            issuer: self.issuer,
            subject: self.subject,
            audience: self.audience,
            claims: self.claims,
            proved_at: self.proved_at,
        }
    }

    /// The name of a message's mark: the hash of what was signed, without the signature, of which an
    /// elliptic curve has two for one message.
    pub(super) fn proof_of(signed: &str) -> [u8; 32] {
        let mut proof = [0; 32];
        proof.copy_from_slice(digest(&SHA256, signed.as_bytes()).as_ref());
        proof
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;
    use crate::federation::testing::NOW;

    /// Marks that are kept until they may be forgotten; or a store that is down.
    enum Marks {
        Kept(Mutex<HashMap<[u8; 32], UnixTime>>),
        Down,
    }

    fn down() -> StoreError {
        StoreError::Unavailable("down".into())
    }

    #[async_trait::async_trait]
    impl OneTimeUse for Marks {
        async fn redeem(
            &self,
            what: &[u8; 32],
            keep_until: UnixTime,
            _: UnixTime,
        ) -> Result<Redeemed, StoreError> {
            let Self::Kept(marks) = self else {
                return Err(down());
            };
            match marks.lock().unwrap().insert(*what, keep_until) {
                None => Ok(Redeemed::First),
                Some(_) => Ok(Redeemed::Again),
            }
        }

        async fn is_redeemed(&self, what: &[u8; 32], _: UnixTime) -> Result<bool, StoreError> {
            match self {
                Self::Kept(marks) => Ok(marks.lock().unwrap().contains_key(what)),
                Self::Down => Err(down()),
            }
        }
    }

    fn proven() -> ProvenIdentity {
        ProvenIdentity {
            provider: ProviderRef::Connection("a".parse().unwrap()),
            issuer: "https://idp.example.com".parse().unwrap(),
            subject: "person-1".parse().unwrap(),
            audience: "client-a".parse().unwrap(),
            claims: Claims::default(),
            proved_at: NOW,
            issued_at: NOW,
            expires_at: NOW.plus(300),
            proof: ProvenIdentity::proof_of("header.payload"),
        }
    }

    #[tokio::test]
    async fn what_the_browser_used_up_is_used_up_everywhere() {
        let marks = Marks::Kept(Mutex::default());
        assert!(proven().unless_redeemed(&marks, NOW).await.is_ok());
        assert!(proven().unless_redeemed(&marks, NOW).await.is_ok());
        assert!(proven().redeem(&marks, NOW).await.is_ok());
        for again in [
            proven().redeem(&marks, NOW).await,
            proven().unless_redeemed(&marks, NOW).await,
        ] {
            assert!(matches!(again, Err(RedeemError::UsedAlready)));
        }
    }

    #[tokio::test]
    async fn the_mark_outlives_the_token() {
        let marks = Marks::Kept(Mutex::default());
        proven().redeem(&marks, NOW).await.unwrap();
        let Marks::Kept(kept) = marks else {
            panic!("the marks are kept")
        };
        let kept = kept.into_inner().unwrap();
        assert_eq!(
            kept.into_values().collect::<Vec<_>>(),
            [NOW.plus(300 + SKEW)]
        );
    }

    #[tokio::test]
    async fn without_the_store_nothing_is_taken_once() {
        for refused in [
            proven().redeem(&Marks::Down, NOW).await,
            proven().unless_redeemed(&Marks::Down, NOW).await,
        ] {
            assert!(matches!(refused, Err(RedeemError::Store(_))));
        }
    }
}
