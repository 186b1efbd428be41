//! The flows of a node, given what they need.
//!
//! ```text
//! Config, Resources ── Shared: directory, recorder, providers' keys, the way out
//!                       ├ node keys, made at the first start
//!                       ├ Saml: our names, the verifiers
//!                       └ Flows: each of them made of these, and of what the settings say
//! ```

mod saml;
mod settings;
mod shared;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use self::saml::{Saml, saml_verifier};
use self::settings::{bootstrap_admin, edge};
use self::shared::Shared;
use super::open::{Resources, StartError, Sweeper};
use crate::config::Config;
use crate::decisions::Decisions;
use crate::directory::LiveDirectory;
use crate::federation::key_cache::KeyCache;
use crate::flows::iam::Iam;
use crate::flows::{
    Administration, AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot,
    Authenticator, Authorize, FitIssuers, GetCallerIdentity, GetWebIdentityToken, Issuers,
    NodeKeys, Observe, OwnIssuers, OwnMetadata, Portal, Readiness, Recorder, RefreshMetadata,
    SignIn, SignOut, UserSessions, WriteUsedKeys,
};
use crate::http::edge::Edge;

/// Everything that a node does.
#[derive(Clone)]
pub struct Flows {
    pub(super) edge: Edge,
    pub(super) public_url: Arc<str>,
    pub(super) organisation: Option<Arc<str>>,
    pub(super) contact: Option<Arc<str>>,
    pub(super) keys: Arc<KeyCache>,
    pub(super) metadata: RefreshMetadata,
    pub(super) node_keys: NodeKeys,
    pub(super) recorder: Arc<Recorder>,
    pub(super) sweeper: Arc<Sweeper>,
    pub(super) decisions: Arc<Decisions>,
    pub(super) authenticator: Authenticator,
    pub(super) assume_role_with_saml: AssumeRoleWithSaml,
    pub(super) assume_role_with_web_identity: AssumeRoleWithWebIdentity,
    pub(super) assume_role: AssumeRole,
    pub(super) assume_root: AssumeRoot,
    pub(super) user_sessions: UserSessions,
    pub(super) authorize: Authorize,
    pub(super) get_caller_identity: GetCallerIdentity,
    pub(super) get_web_identity_token: GetWebIdentityToken,
    pub(super) issuers: Issuers,
    pub(super) sign_in: SignIn,
    pub(super) sign_out: SignOut,
    pub(super) own_metadata: OwnMetadata,
    pub(super) portal: Portal,
    pub(super) iam: Iam,
    pub(super) write_used_keys: WriteUsedKeys,
    pub(super) administration: Administration,
    pub(super) readiness: Readiness,
    pub(super) observe: Observe,
    pub(super) directory: Arc<LiveDirectory>,
}

impl Flows {
    /// Where people and clients reach this gateway.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }
}

pub(super) async fn compose(
    config: &Config,
    resources: Resources,
    address: SocketAddr,
    draining: Arc<AtomicBool>,
) -> Result<Flows, StartError> {
    let now = resources.clock.now();
    let public_url = config.network.public_url(address);
    let url = public_url.url();
    let shared = Shared::open(config, resources, now).await?;
    let node_keys = shared.node_keys(url);
    node_keys.make_first(now).await?;
    let verifier = saml_verifier(&shared.directory, &shared.resources, now)?;
    let saml = Saml::at(url, verifier)?;
    let admin = bootstrap_admin(config)?;
    let authenticator = shared.authenticator(admin.as_ref(), config);
    let metadata = shared.metadata(config);
    let issuers = shared.issuers(&node_keys, public_url.as_str());
    let fit_issuers = fit_issuers(config, public_url.as_str());
    let edge = edge(config, url, address, &shared.resources);
    let told = admin.clone().filter(|_| config.admin.is_to_be_unset());
    let readiness = shared.readiness(draining, told, config, &metadata);
    let known = (admin.as_ref(), metadata.clone());
    Ok(Flows {
        public_url: public_url.as_str().into(),
        organisation: config.portal.organisation_name(),
        contact: config.portal.contact_address(),
        assume_role_with_saml: shared.assume_role_with_saml(&saml),
        assume_role_with_web_identity: shared.assume_role_with_web_identity(public_url.as_str()),
        assume_role: shared.assume_role(&authenticator),
        assume_root: shared.assume_root(&authenticator),
        user_sessions: shared.user_sessions(&authenticator),
        authorize: shared.authorize(&authenticator, &edge.regions),
        edge,
        get_caller_identity: shared.get_caller_identity(&authenticator),
        get_web_identity_token: shared.get_web_identity_token(&authenticator, &issuers),
        issuers,
        sign_in: shared.sign_in(config, url, &saml),
        sign_out: shared.sign_out(url, &saml),
        own_metadata: shared.own_metadata(&saml)?,
        portal: shared.portal(config.sessions),
        iam: shared.iam(&authenticator, &fit_issuers),
        write_used_keys: shared.write_used_keys(&authenticator),
        administration: shared.administration(
            &authenticator,
            config,
            (&node_keys.host, fit_issuers),
            known,
        ),
        readiness,
        observe: shared.observe(&metadata, &saml),
        metadata,
        node_keys,
        authenticator,
        sweeper: shared.resources.sweeper,
        decisions: shared.resources.decisions,
        keys: shared.provider_keys,
        recorder: shared.recorder,
        directory: shared.directory,
    })
}

/// The issuers that may be providers on this node.
fn fit_issuers(config: &Config, public_url: &str) -> FitIssuers {
    FitIssuers {
        own: OwnIssuers::below(public_url),
        plain_http: config.federation.allow_http_issuers.clone().into(),
    }
}
