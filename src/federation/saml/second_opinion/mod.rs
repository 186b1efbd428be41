//! The second opinion: what another verifier makes of a document that ours has accepted.
//!
//! ```text
//! bytes ─> our verifier ─ accepted ─┬────────────────────────────────> what we read ──┐
//!                                   └> SecondOpinion::ask                             ├─ agree? ─> go on
//!                                        Bulkhead: a free place, or overload          │
//!                                        samael: libxml2, libxmlsec1, OpenSSL ─> Opinion
//! ```
//!
//! It shares no code with ours: not the reader, not canonicalisation, not cryptography. Where the two
//! read different things out of one document, one of them is wrong, nobody knows which, and the
//! sign-in is refused.
//!
//! The C libraries have had their own faults before a signature is checked (documents fetched, time
//! and memory without bound), so they see no document before a provider's signature in it was checked
//! and its assertion accepted. It is asked about the document that a claim is read from:
//!
//! | signed | it sees | it must return |
//! |---|---|---|
//! | the Assertion | the Response, of which **what is around the Assertion is anybody's** | the Assertion |
//! | the Response, or both | the Response | the Response with the Assertion |
//! | an encrypted Assertion | the decrypted Assertion, as it was decrypted | the Assertion |
//!
//! So whoever has one good assertion can show libxml2 some bytes of their own, and a `KeyInfo` is
//! never signed. Cutting the Assertion out would not do: its signature counts on the namespaces that
//! are declared around it, and a document that we wrote is not the one that was received. What makes
//! it bearable is that ours has read **every** byte before, strictly: UTF-8, well-formed, no DTD, no
//! entity but the five, no processing instruction, no comment, bounded in size and depth; signatures
//! in the two places only, each of the one shape that is checked, every `ID` a name and there once.
//! And the C libraries have no way to network or disk.
//!
//! The Signature of a Response around an encrypted Assertion is ours alone to check: nothing is read
//! from that Response, so there is nothing to compare.
//!
//! Without the cargo feature `second-opinion` nothing of it is built, and [`SecondOpinion::start`]
//! says so. A provider that asks for it must then be refused when it is loaded:
//! [`require_built_in`].

#[cfg(feature = "second-opinion")]
mod native;
#[cfg(not(feature = "second-opinion"))]
mod not_built_in;
mod opinion;

pub use opinion::{Attribute, Authentication, Bearer, Difference, Disagreement, Opinion, Subject};

use std::sync::Arc;

#[cfg(feature = "second-opinion")]
use self::native::Native;
#[cfg(not(feature = "second-opinion"))]
use self::not_built_in::Native;
use super::bulkhead::{Asker, Bulkhead, Load, RunError};
pub use super::bulkhead::{Limits, Overload};
use crate::domain::{ProviderRef, Subject as Person};
use crate::federation::saml::certificate::Certificate;

/// Asks the second verifier, a bounded number of times at once.
#[derive(Debug)]
pub struct SecondOpinion {
    native: Native,
    bulkhead: Bulkhead,
}

/// Why the second verifier can't be asked at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// This program was built without it.
    #[error("this program was built without the feature second-opinion")]
    NotBuiltIn,
    /// The C libraries gave no right answer to a document whose answer is known.
    #[error("the second SAML verifier failed its test at start: {because}")]
    SelfTest {
        /// What it answered.
        because: String,
    },
}

/// Why there is no second opinion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecondOpinionError {
    /// There was no free place in time. Says nothing about the document: the client may try again.
    #[error(transparent)]
    Overload(#[from] Overload),
    /// The second verifier refuses what ours accepted.
    #[error("the second verifier refuses what the first accepted")]
    Refused(#[source] Refusal),
    /// The second verifier panicked.
    #[error("the second verifier panicked")]
    Panicked,
}

impl SecondOpinionError {
    /// Whether the same document may succeed later.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Overload(_) => true,
            Self::Refused(_) | Self::Panicked => false,
        }
    }
}

/// Why the second verifier refuses a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are not UTF-8.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// libxml2 can't read the document.
    #[error("the document is not well-formed")]
    NotWellFormed,
    /// There is no Signature.
    #[error("the document has no signature")]
    NoSignature,
    /// A Signature names no algorithm that is allowed.
    #[error("a signature's algorithm is not allowed")]
    Algorithm,
    /// One Signature needs an RSA key and another one of an elliptic curve, which libxmlsec1 can't
    /// choose between.
    #[error("the signatures need keys of different types")]
    MixedKeyTypes,
    /// No certificate's key fits the algorithm.
    #[error("no certificate fits the signature's algorithm")]
    NoCertificate,
    /// samael says that a signature is wrong, or failed on the way.
    #[error("the signature does not verify: {because}")]
    Signature {
        /// What samael said; it quotes nothing of the document but an ID.
        because: String,
    },
    /// What was signed is neither a Response nor an Assertion.
    #[error("what was signed is neither a Response nor an Assertion")]
    SignedElement,
    /// What was signed lacks something, or has it twice.
    #[error("what was signed has no single {0}")]
    Claims(&'static str),
}

/// Whether this program can ask the second verifier; an error for settings that want it where it
/// can't.
pub const fn require_built_in() -> Result<(), StartError> {
    if cfg!(feature = "second-opinion") {
        Ok(())
    } else {
        Err(StartError::NotBuiltIn)
    }
}

impl SecondOpinion {
    /// Loads the C libraries, takes their way to network and disk away, and has them answer a
    /// document whose answer is known. May block for some milliseconds, the first time.
    pub fn start(limits: Limits) -> Result<Self, StartError> {
        Ok(Self {
            native: Native::start()?,
            bulkhead: Bulkhead::new(limits),
        })
    }

    /// One that never has a free place.
    #[cfg(all(test, feature = "second-opinion"))]
    pub(crate) fn without_places() -> Result<Self, StartError> {
        Ok(Self {
            native: Native::start()?,
            bulkhead: Bulkhead::without_places(),
        })
    }

    /// How full its places are now.
    pub(super) fn load(&self) -> Load {
        self.bulkhead.load()
    }

    /// Whether a response of this provider could be asked about: many that wait already are enough to
    /// refuse it before anything is done for it.
    pub fn check_line(&self, provider: &ProviderRef) -> Result<(), SecondOpinionError> {
        Ok(self.bulkhead.check_line(provider)?)
    }

    /// What the second verifier reads out of a document that the first one has **authenticated**
    /// with keys of these certificates, as the first one's of this person. No other document may come
    /// here.
    ///
    /// Waits for a free place at most [`Limits::wait`]; a person has one at a time. A call into C can't be stopped: where the
    /// caller goes away, its place stays taken until the call is over.
    pub async fn ask(
        &self,
        (provider, person): (&ProviderRef, &Person),
        document: Arc<[u8]>,
        certificates: Vec<Certificate>,
    ) -> Result<Opinion, SecondOpinionError> {
        let native = self.native;
        let answer = self.bulkhead.run(Asker::Person(provider, person), move || {
            native.verify(&document, &certificates)
        });
        match answer.await {
            Ok(opinion) => opinion.map_err(SecondOpinionError::Refused),
            Err(RunError::Overload(overload)) => Err(overload.into()),
            Err(RunError::Panicked) => Err(SecondOpinionError::Panicked),
        }
    }
}

#[cfg(test)]
mod tests;
