//! Whether a request is looked at now: how often its address asks (decision 60), and how many others wait
//! (decision 61). Asked before its body is read.

use std::net::IpAddr;

use super::{Edge, QueueFull};
use crate::domain::network_of;
use crate::flows::RequestMeta;
use crate::throttle::{Limit, Throttled};

/// Why a request is not looked at now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Its address asks too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Too many wait.
    #[error(transparent)]
    Queue(#[from] QueueFull),
}

impl Edge {
    /// Admits one more request of its address.
    ///
    /// # Errors
    /// [`NotAdmitted`]
    pub fn admit(&self, meta: &RequestMeta) -> Result<(), NotAdmitted> {
        let network = network_of(meta.source_ip);
        self.throttle.admit(Limit::Address, &network)?;
        Ok(self.queue.enter()?)
    }

    /// Likewise a call that carries a proof, which nobody may guess at.
    ///
    /// # Errors
    /// [`NotAdmitted`]
    pub fn admit_proof(&self, meta: &RequestMeta) -> Result<(), NotAdmitted> {
        let network = network_of(meta.source_ip);
        let throttle = self.throttle.now();
        throttle.check(Limit::FailedProof, &prover(meta))?;
        throttle.admit(Limit::Address, &network)?;
        Ok(self.queue.enter()?)
    }

    /// Likewise an administrator's request. Whoever asks from the node's own machine is neither
    /// limited nor counted: where everybody else is refused, somebody must be able to see to it.
    ///
    /// # Errors
    /// [`NotAdmitted`]
    pub fn admit_administrator(&self, meta: &RequestMeta) -> Result<(), NotAdmitted> {
        if meta.source_ip.is_loopback() {
            return Ok(());
        }
        self.admit_proof(meta)
    }

    /// Whether one more step of signing in or out by browser may be taken, on top of [`Self::admit`].
    ///
    /// # Errors
    /// [`Throttled`]
    pub fn admit_sign_in(&self, meta: &RequestMeta) -> Result<(), Throttled> {
        let network = network_of(meta.source_ip);
        self.throttle.admit(Limit::SignIn, &network)
    }

    /// The proof that a call carried did not hold.
    pub fn proof_failed(&self, meta: &RequestMeta) {
        self.throttle.charge(Limit::FailedProof, &prover(meta));
    }
}

/// Who showed a proof: pages in browsers of a network are counted apart from what else is there, so that a
/// stranger's page takes nothing from the programs beside it.
fn prover(meta: &RequestMeta) -> (IpAddr, bool) {
    (network_of(meta.source_ip), meta.is_of_page)
}
