//! The flows of a node, given what they need.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::open::{Resources, StartError, Sweeper};
use crate::audit::{AuditSink, RefusalLimits};
use crate::clock::Clock;
use crate::config::{BrowserSessions, Config, FederationSettings, OrganisationName, StoreLocation};
use crate::directory::LiveDirectory;
use crate::domain::InvalidValue;
use crate::domain::{Region, UnixTime};
use crate::entropy::Entropy;
use crate::federation::key_cache::KeyCache;
use crate::federation::outgoing::{Outgoing, OutgoingSettings};
use crate::federation::relying_party::RelyingParty;
use crate::federation::saml::browser_sso::BrowserSso;
use crate::federation::saml::metadata::source::MetadataReader;
use crate::federation::saml::own_addresses::OwnAddresses;
use crate::federation::saml::prove::{OwnNames, SamlVerifier};
use crate::federation::saml::second_opinion::{
    Limits, SecondOpinion, StartError as SecondOpinionStartError,
};
use crate::federation::saml::service_provider::Rotation;
use crate::federation::saml::single_logout::SingleLogout;
use crate::federation::secret_file::SecretFolder;
use crate::federation::sign_in::ProviderSignIn;
use crate::flows::{
    Administration, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, Authenticator, BootstrapAdmin,
    GetCallerIdentity, NodeKeys, OwnMetadata, Portal, Readiness, Recorder, RefreshMetadata,
    SamlKeySettings, SessionLimits, SignIn, SignOut,
};
use crate::http::edge::{Bodies, Edge, Hosts, TrustedProxies};
use crate::policy::IdentityPolicy;

/// What the user `admin` of the environment may do.
const ADMINISTRATOR_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The formats of name identifiers that our metadata asks for: names that last come first.
const NAME_ID_FORMATS: [&str; 3] = [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
];

/// Everything that a node does.
#[derive(Clone)]
pub struct Flows {
    pub(super) edge: Edge,
    pub(super) public_url: Arc<str>,
    pub(super) organisation: Option<Arc<str>>,
    pub(super) keys: Arc<KeyCache>,
    pub(super) metadata: RefreshMetadata,
    pub(super) node_keys: NodeKeys,
    pub(super) recorder: Arc<Recorder>,
    pub(super) sweeper: Arc<Sweeper>,
    pub(super) authenticator: Authenticator,
    pub(super) assume_role_with_saml: AssumeRoleWithSaml,
    pub(super) assume_role_with_web_identity: AssumeRoleWithWebIdentity,
    pub(super) get_caller_identity: GetCallerIdentity,
    pub(super) sign_in: SignIn,
    pub(super) sign_out: SignOut,
    pub(super) own_metadata: OwnMetadata,
    pub(super) portal: Portal,
    pub(super) administration: Administration,
    pub(super) readiness: Readiness,
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
    let directory = open_directory(config, &resources, now).await?;
    let node_keys = node_keys(&directory, &resources, public_url.url());
    node_keys.make_first(now).await?;
    let outgoing = Arc::new(Outgoing::new(&outgoing(&config.federation))?);
    let keys = Arc::new(KeyCache::new(Arc::clone(&outgoing)));
    let recorder = Arc::new(recorder(&resources.audit, &resources.entropy, now));
    let url = public_url.url().clone();
    let saml = Saml::at(&url, saml_verifier(&directory, &resources, now)?)?;
    let relying_party = RelyingParty::new(
        Arc::clone(&keys),
        Arc::clone(&outgoing),
        Arc::clone(&resources.entropy),
        secret_folder(&config.federation),
        url.clone(),
    );
    let admin = bootstrap_admin(config)?;
    let authenticator = authenticator(&directory, admin.as_ref(), config);
    let shared = Shared {
        directory: Arc::clone(&directory),
        recorder: Arc::clone(&recorder),
        resources: &resources,
    };
    let metadata = shared.metadata(config, outgoing);
    Ok(Flows {
        edge: edge(config, &url, address, &resources),
        public_url: public_url.as_str().into(),
        organisation: config.organisation.as_ref().map(OrganisationName::shared),
        assume_role_with_saml: shared.assume_role_with_saml(&saml),
        assume_role_with_web_identity: shared.assume_role_with_web_identity(Arc::clone(&keys)),
        get_caller_identity: GetCallerIdentity {
            authenticator: authenticator.clone(),
            recorder: Arc::clone(&recorder),
        },
        sign_in: shared.sign_in(relying_party, &saml, config.sessions),
        sign_out: shared.sign_out(&saml),
        own_metadata: shared.own_metadata(&saml)?,
        portal: shared.portal(config.sessions),
        administration: shared.administration(config, &node_keys.host, metadata.clone()),
        readiness: Readiness::new(
            Arc::clone(&directory),
            draining,
            admin,
            config.admin.account,
            Arc::clone(&metadata.looks),
        ),
        keys,
        metadata,
        node_keys,
        recorder,
        sweeper: Arc::clone(&resources.sweeper),
        authenticator,
        directory,
    })
}

fn node_keys(directory: &Arc<LiveDirectory>, resources: &Resources, url: &url::Url) -> NodeKeys {
    NodeKeys {
        directory: Arc::clone(directory),
        entropy: Arc::clone(&resources.entropy),
        host: url.host_str().unwrap_or_default().into(),
    }
}

/// What most flows need.
struct Shared<'a> {
    directory: Arc<LiveDirectory>,
    recorder: Arc<Recorder>,
    resources: &'a Resources,
}

impl Shared<'_> {
    fn assume_role_with_saml(&self, saml: &Saml) -> AssumeRoleWithSaml {
        AssumeRoleWithSaml {
            directory: Arc::clone(&self.directory),
            verifier: saml.verifier.clone(),
            own: Arc::clone(&saml.names),
            marks: Arc::clone(&self.resources.marks),
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::clone(&self.resources.entropy),
        }
    }

    fn assume_role_with_web_identity(&self, keys: Arc<KeyCache>) -> AssumeRoleWithWebIdentity {
        AssumeRoleWithWebIdentity {
            directory: Arc::clone(&self.directory),
            keys,
            marks: Arc::clone(&self.resources.marks),
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::clone(&self.resources.entropy),
        }
    }

    fn sign_in(
        &self,
        relying_party: RelyingParty,
        saml: &Saml,
        sessions: BrowserSessions,
    ) -> SignIn {
        let entropy = || Arc::clone(&self.resources.entropy);
        let names = Arc::clone(&saml.names);
        let sso = BrowserSso::new(
            OwnAddresses::clone(&saml.own),
            names,
            saml.verifier.clone(),
            entropy(),
        );
        SignIn {
            directory: Arc::clone(&self.directory),
            providers: Arc::new(ProviderSignIn::new(relying_party, sso, entropy())),
            sessions: Arc::clone(&self.resources.sessions),
            marks: Arc::clone(&self.resources.marks),
            answers: Arc::default(),
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::clone(&self.resources.entropy),
            limits: SessionLimits {
                idle_seconds: sessions.idle_seconds,
                absolute_seconds: sessions.absolute_seconds,
            },
        }
    }

    fn sign_out(&self, saml: &Saml) -> SignOut {
        let entropy = || Arc::clone(&self.resources.entropy);
        SignOut {
            directory: Arc::clone(&self.directory),
            sessions: Arc::clone(&self.resources.sessions),
            marks: Arc::clone(&self.resources.marks),
            recorder: Arc::clone(&self.recorder),
            entropy: entropy(),
            logout: Arc::new(SingleLogout::new(OwnAddresses::clone(&saml.own), entropy())),
            audience: saml.names.entity_id.clone(),
        }
    }

    fn own_metadata(&self, saml: &Saml) -> Result<OwnMetadata, InvalidValue> {
        let formats = NAME_ID_FORMATS.iter().map(|format| format.parse());
        Ok(OwnMetadata {
            directory: Arc::clone(&self.directory),
            own: Arc::clone(&saml.own),
            name_id_formats: formats.collect::<Result<_, _>>()?,
        })
    }

    fn portal(&self, sessions: BrowserSessions) -> Portal {
        Portal {
            directory: Arc::clone(&self.directory),
            sessions: Arc::clone(&self.resources.sessions),
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::clone(&self.resources.entropy),
            max_claim_age: sessions.absolute_seconds.into(),
        }
    }

    fn metadata(&self, config: &Config, outgoing: Arc<Outgoing>) -> RefreshMetadata {
        RefreshMetadata {
            directory: Arc::clone(&self.directory),
            reader: MetadataReader {
                outgoing,
                files: secret_folder(&config.federation),
                plain_http: config.federation.allow_http_issuers.clone().into(),
            },
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::clone(&self.resources.entropy),
            region: base_region(&config.regions),
            looks: Arc::default(),
        }
    }

    fn administration(
        &self,
        config: &Config,
        host: &Arc<str>,
        metadata: RefreshMetadata,
    ) -> Administration {
        Administration {
            directory: Arc::clone(&self.directory),
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::clone(&self.resources.entropy),
            account: config.admin.account,
            secrets: secret_folder(&config.federation),
            marks: Arc::clone(&self.resources.marks),
            plain_http: config.federation.allow_http_issuers.clone().into(),
            key_propagation: key_propagation(config),
            metadata,
            saml_keys: SamlKeySettings {
                host: Arc::clone(host),
                rotation: Rotation {
                    overlap: config.saml.key_overlap_seconds.into(),
                    grace: config.saml.key_grace_seconds.into(),
                },
            },
        }
    }
}

/// What the flows with SAML share.
struct Saml {
    own: Arc<OwnAddresses>,
    names: Arc<OwnNames>,
    verifier: SamlVerifier,
}

impl Saml {
    fn at(public_url: &url::Url, verifier: SamlVerifier) -> Result<Self, InvalidValue> {
        Ok(Self {
            own: Arc::new(OwnAddresses::at(public_url)?),
            names: Arc::new(OwnNames::at(public_url)?),
            verifier,
        })
    }
}

/// Starts the verifier of SAML responses. Without the second one, which not every program is built
/// with, no provider of the directory may want it to agree.
fn saml_verifier(
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

fn authenticator(
    directory: &Arc<LiveDirectory>,
    admin: Option<&Arc<BootstrapAdmin>>,
    config: &Config,
) -> Authenticator {
    Authenticator {
        directory: Arc::clone(directory),
        admin: admin.cloned(),
        regions: config.regions.clone().into(),
    }
}

/// How long a new key is known before anything is sealed under it, in seconds.
///
/// A node that has not seen the key by then has not confirmed its directory for longer than
/// `max_staleness`, so it answers nothing. The second `max_staleness` is what clocks may differ by. Where
/// one process has the store, a key is known everywhere at once.
fn key_propagation(config: &Config) -> i64 {
    match config.store {
        StoreLocation::Memory | StoreLocation::Embedded(_) => 0,
        StoreLocation::Redis(_) => 2 * i64::from(config.max_staleness_seconds),
    }
}

fn secret_folder(settings: &FederationSettings) -> SecretFolder {
    let folder = settings.secret_folder.clone();
    folder.map_or_else(SecretFolder::default, SecretFolder::at)
}

async fn open_directory(
    config: &Config,
    resources: &Resources,
    now: UnixTime,
) -> Result<Arc<LiveDirectory>, StartError> {
    let max_staleness = config.max_staleness_seconds.into();
    let log = Arc::clone(&resources.log);
    let directory = LiveDirectory::open(log, config.partition, max_staleness, now);
    Ok(Arc::new(directory.await?))
}

fn recorder(audit: &Arc<dyn AuditSink>, entropy: &Arc<dyn Entropy>, now: UnixTime) -> Recorder {
    Recorder::new(
        Arc::clone(audit),
        Arc::clone(entropy),
        RefusalLimits::default(),
        now,
    )
}

fn outgoing(settings: &FederationSettings) -> OutgoingSettings {
    OutgoingSettings {
        timeout: Duration::from_secs(settings.timeout_seconds.into()),
        allowed_networks: settings.allow_private_addresses.clone(),
        http_issuers: settings.allow_http_issuers.clone(),
        extra_authorities: settings.ca_file.clone(),
        resolve: settings.resolve.clone(),
    }
}

fn bootstrap_admin(config: &Config) -> Result<Option<Arc<BootstrapAdmin>>, StartError> {
    let Some(key) = &config.admin.bootstrap else {
        return Ok(None);
    };
    let policy: IdentityPolicy = ADMINISTRATOR_ACCESS.parse()?;
    Ok(Some(Arc::new(BootstrapAdmin {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret_access_key.clone(),
        account: config.admin.account,
        partition: config.partition,
        policy,
    })))
}

fn edge(
    config: &Config,
    public_url: &url::Url,
    address: SocketAddr,
    resources: &Resources,
) -> Edge {
    let hosts: Vec<String> = config
        .network
        .hosts
        .iter()
        .map(|host| host.as_str().to_owned())
        .collect();
    let proxies = TrustedProxies::new(
        config.network.trusted_proxies.clone(),
        config.network.tls.is_some(),
    );
    Edge {
        hosts: Arc::new(Hosts::new(public_url, &hosts, address)),
        proxies: Arc::new(proxies),
        bodies: Bodies::new(
            Duration::from_secs(config.limits.body_seconds.into()),
            config.limits.bodies_bytes,
        ),
        region: base_region(&config.regions),
        clock: Arc::clone(&resources.clock) as Arc<dyn Clock>,
        entropy: Arc::clone(&resources.entropy),
    }
}

/// The region of the base host: the first that is enabled. The configuration lists at least one.
fn base_region(regions: &[Region]) -> Region {
    regions.first().cloned().unwrap_or_else(Region::us_east_1)
}
