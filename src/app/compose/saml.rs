//! What a node is as a SAML service provider.

use std::sync::Arc;

use crate::app::open::{Resources, StartError};
use crate::directory::LiveDirectory;
use crate::domain::{InvalidValue, UnixTime};
use crate::federation::saml::own_addresses::OwnAddresses;
use crate::federation::saml::prove::{OwnNames, SamlVerifier};
use crate::federation::saml::second_opinion::{
    Limits, SecondOpinion, StartError as SecondOpinionStartError,
};

/// What the flows with SAML share.
pub(super) struct Saml {
    pub(super) own: Arc<OwnAddresses>,
    pub(super) names: Arc<OwnNames>,
    pub(super) verifier: SamlVerifier,
}

impl Saml {
    pub(super) fn at(public_url: &url::Url, verifier: SamlVerifier) -> Result<Self, InvalidValue> {
        Ok(Self {
            own: Arc::new(OwnAddresses::at(public_url)?),
            names: Arc::new(OwnNames::at(public_url)?),
            verifier,
        })
    }
}

/// Starts the verifier of SAML responses. Without the second one, which not every program is built
/// with, no provider of the directory may want it to agree.
pub(super) fn saml_verifier(
    directory: &LiveDirectory,
    resources: &Resources,
    now: UnixTime,
) -> Result<SamlVerifier, StartError> {
    let second = match SecondOpinion::start(Limits::default()) {
        Ok(second) => Some(Arc::new(second)),
        Err(SecondOpinionStartError::NotBuiltIn)
            if !directory.snapshot(now)?.wants_second_opinion() =>
        {
            None
        }
        Err(error) => return Err(error.into()),
    };
    Ok(SamlVerifier::new(second, Arc::clone(&resources.entropy)))
}
