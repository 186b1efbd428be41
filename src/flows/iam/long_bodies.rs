//! Who may send a body that is longer than others', asked before it is read.
//!
//! A signature is over the hash of the body. Where the head states it (`x-amz-content-sha256`), the head alone is
//! proof of who sends it. AWS's CLI and most SDKs don't state it for IAM: then the head only names somebody's key.

use super::{Iam, of_iam};
use crate::directory::Snapshot;
use crate::flows::authenticate::{AuthenticationError, Caller, HeadProof};
use crate::flows::own_policies::OwnPolicies;
use crate::flows::rates::{check_holder, number_of};
use crate::flows::request::RequestMeta;
use crate::metrics::Operation;
use crate::sigv4::HttpRequest;
use crate::throttle::Throttled;

/// The actions that are given documents, in lower case, as policies compare them.
const GIVEN_DOCUMENTS: [&str; 13] = [
    "iam:createpolicy",
    "iam:createpolicyversion",
    "iam:createrole",
    "iam:createsamlprovider",
    "iam:getcontextkeysforcustompolicy",
    "iam:getcontextkeysforprincipalpolicy",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:simulatecustompolicy",
    "iam:simulateprincipalpolicy",
    "iam:updateassumerolepolicy",
    "iam:updatesamlprovider",
];

/// Who sends a long body, as far as its head tells, by a number: the same for all keys and sessions of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Whoever has the key's secret signed the head, and may do something that is given documents.
    Proven(u64),
    /// The head names a key of theirs.
    Named(u64),
}

/// Why a long body is not read.
#[derive(Debug, thiserror::Error)]
pub enum LongBodyError {
    /// Nobody is known to have signed. Recorded.
    #[error(transparent)]
    Unauthenticated(#[from] AuthenticationError),
    /// They ask too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// They may do nothing that is given documents.
    #[error("the caller may do nothing that has a long body")]
    NotNeeded,
}

impl Iam {
    /// Who sends a long body that is not there yet.
    ///
    /// # Errors
    /// [`LongBodyError`]
    pub async fn long_body_sender(
        &self,
        head: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Sender, LongBodyError> {
        let found = self.authenticator.head_proof(head, "iam", meta.now).await;
        let found = found.and_then(|proof| match proof {
            HeadProof::Signed(caller) => Ok(HeadProof::Signed(Box::new(of_iam(*caller)?))),
            HeadProof::KeyAlone(_) => Ok(proof),
        });
        let proof = match found {
            Ok(proof) => proof,
            Err(error) => {
                let action = Operation::Unread.as_str();
                let recorded = self.recorder.unauthenticated_iam(meta, action, &error);
                recorded.await.map_err(AuthenticationError::from)?;
                return Err(error.into());
            }
        };
        match proof {
            HeadProof::Signed(caller) => {
                check_holder(&self.throttle, caller.holder())?;
                if !self.may_be_given_documents(&caller, meta).await {
                    return Err(LongBodyError::NotNeeded);
                }
                Ok(Sender::Proven(number_of(&self.throttle, caller.holder())))
            }
            // Whoever only knows the id of a key is not told what its holder may do.
            HeadProof::KeyAlone(unverified) => {
                check_holder(&self.throttle, unverified.holder())?;
                let number = number_of(&self.throttle, unverified.holder());
                Ok(Sender::Named(number))
            }
        }
    }

    /// Whether the caller's policies could allow something that is given documents, by the directory at hand or a
    /// newer one. What is asked in earnest is decided when the body is there.
    async fn may_be_given_documents(&self, caller: &Caller, meta: &RequestMeta) -> bool {
        let may = |snapshot: &Snapshot| {
            let own = OwnPolicies::of(caller, snapshot);
            own.is_some_and(|own| own.authority().could_allow(&GIVEN_DOCUMENTS))
        };
        let at_hand = self.directory.snapshot(meta.now);
        if at_hand.is_ok_and(|snapshot| may(&snapshot)) {
            return true;
        }
        let newest = self.directory.catch_up(meta.now).await;
        newest.is_ok_and(|snapshot| may(&snapshot))
    }
}
