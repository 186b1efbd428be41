//! How often an address may ask (decision 60).

use super::Edge;
use crate::domain::network_of;
use crate::flows::RequestMeta;
use crate::throttle::{Limit, Throttled};

impl Edge {
    /// Whether one more request of its address may be looked at: before its body is read.
    ///
    /// # Errors
    /// [`Throttled`]
    pub fn admit(&self, meta: &RequestMeta) -> Result<(), Throttled> {
        let network = network_of(meta.source_ip);
        self.throttle.admit(Limit::Address, &network)
    }

    /// The same of a call that carries a proof, which nobody may guess at.
    ///
    /// # Errors
    /// [`Throttled`]
    pub fn admit_proof(&self, meta: &RequestMeta) -> Result<(), Throttled> {
        let network = network_of(meta.source_ip);
        self.throttle.check(Limit::FailedProof, &network)?;
        self.throttle.admit(Limit::Address, &network)
    }

    /// The same of a step of signing in or out by browser, on top of [`Self::admit`].
    ///
    /// # Errors
    /// [`Throttled`]
    pub fn admit_sign_in(&self, meta: &RequestMeta) -> Result<(), Throttled> {
        let network = network_of(meta.source_ip);
        self.throttle.admit(Limit::SignIn, &network)
    }

    /// The same of an administrator's request. Whoever asks from the node's own machine is not limited:
    /// where everybody else is, somebody must be able to see to it.
    ///
    /// # Errors
    /// [`Throttled`]
    pub fn admit_administrator(&self, meta: &RequestMeta) -> Result<(), Throttled> {
        if meta.source_ip.is_loopback() {
            return Ok(());
        }
        self.admit_proof(meta)
    }

    /// The proof that a call carried did not hold.
    pub fn proof_failed(&self, meta: &RequestMeta) {
        let network = network_of(meta.source_ip);
        self.throttle.charge(Limit::FailedProof, &network);
    }
}
