//! The flows, each made of what most of them need.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Semaphore;

use super::saml::Saml;
use super::settings::{base_region, key_propagation, known_providers, outgoing, secret_folder};
use crate::app::open::{Resources, StartError};
use crate::audit::RefusalLimits;
use crate::config::{BrowserSessions, Config};
use crate::directory::LiveDirectory;
use crate::domain::{InvalidValue, Regions, UnixTime};
use crate::entropy::Entropy;
use crate::federation::key_cache::KeyCache;
use crate::federation::known::KnownProviders;
use crate::federation::oidc_logout::OidcLogout;
use crate::federation::outgoing::Outgoing;
use crate::federation::relying_party::RelyingParty;
use crate::federation::saml::browser_sso::BrowserSso;
use crate::federation::saml::metadata::source::MetadataReader;
use crate::federation::saml::own_addresses::OwnAddresses;
use crate::federation::saml::service_provider::Rotation;
use crate::federation::saml::single_logout::SingleLogout;
use crate::federation::sign_in::ProviderSignIn;
use crate::flows::iam::Iam;
use crate::flows::{
    Administration, AssumeRole, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot,
    Authenticator, Authorize, BootstrapAdmin, EndSessions, FitIssuers, GetCallerIdentity,
    GetWebIdentityToken, Issuers, MAX_REPLAYS, MAX_SEARCHES, NodeKeys, Observe, OwnIssuers,
    OwnMetadata, Portal, Readiness, Recorder, RefreshMetadata, SamlKeySettings, SessionLimits,
    SignIn, SignOut, UserSessions, WriteUsedKeys,
};

/// The formats of name identifiers that our metadata asks for: names that last come first.
const NAME_ID_FORMATS: [&str; 3] = [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
];

/// What most flows need.
pub(super) struct Shared {
    pub(super) directory: Arc<LiveDirectory>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) provider_keys: Arc<KeyCache>,
    pub(super) known_providers: Arc<KnownProviders>,
    pub(super) resources: Resources,
    outgoing: Arc<Outgoing>,
}

impl Shared {
    pub(super) async fn open(
        config: &Config,
        resources: Resources,
        now: UnixTime,
    ) -> Result<Self, StartError> {
        let log = Arc::clone(&resources.log);
        let max_staleness = config.max_staleness_seconds.into();
        let of = (log, config.partition);
        let opening = LiveDirectory::open_knowing(resources.known, of, max_staleness, now);
        let directory = opening.await?;
        let outgoing = Arc::new(Outgoing::new(&outgoing(&config.federation))?);
        let recorder = Recorder::new(
            Arc::clone(&resources.audit),
            Arc::clone(&resources.entropy),
            RefusalLimits::default(),
            now,
        )
        .counting(Arc::clone(&resources.metrics))
        .tracing(Arc::clone(resources.decisions.queue()));
        Ok(Self {
            directory: Arc::new(directory),
            recorder: Arc::new(recorder),
            known_providers: Arc::new(known_providers(&config.federation, &outgoing)),
            provider_keys: Arc::new(KeyCache::new(Arc::clone(&outgoing))),
            resources,
            outgoing,
        })
    }

    pub(super) fn node_keys(&self, public_url: &url::Url) -> NodeKeys {
        NodeKeys {
            directory: Arc::clone(&self.directory),
            entropy: self.entropy(),
            host: public_url.host_str().unwrap_or_default().into(),
        }
    }

    pub(super) fn authenticator(
        &self,
        admin: Option<&Arc<BootstrapAdmin>>,
        config: &Config,
    ) -> Authenticator {
        Authenticator {
            directory: Arc::clone(&self.directory),
            admin: admin.cloned(),
            regions: config.regions.clone().into(),
            known: Arc::clone(&self.known_providers),
            opened: Arc::default(),
            used: Arc::default(),
        }
    }

    pub(super) fn observe(&self, metadata: &RefreshMetadata, saml: &Saml) -> Observe {
        Observe {
            metrics: Arc::clone(&self.resources.metrics),
            directory: Arc::clone(&self.directory),
            keys: Arc::clone(&self.provider_keys),
            looks: Arc::clone(&metadata.looks),
            verifier: saml.verifier.clone(),
            audit: Arc::clone(&self.resources.audit),
            decisions: Arc::clone(&self.resources.decisions),
        }
    }

    pub(super) fn assume_role_with_saml(&self, saml: &Saml) -> AssumeRoleWithSaml {
        AssumeRoleWithSaml {
            directory: Arc::clone(&self.directory),
            verifier: saml.verifier.clone(),
            own: Arc::clone(&saml.names),
            marks: Arc::clone(&self.resources.marks),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
        }
    }

    pub(super) fn assume_role(&self, authenticator: &Authenticator) -> AssumeRole {
        AssumeRole {
            authenticator: authenticator.clone(),
            directory: Arc::clone(&self.directory),
            marks: Arc::clone(&self.resources.marks),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
        }
    }

    pub(super) fn authorize(
        &self,
        authenticator: &Authenticator,
        regions: &Arc<Regions>,
    ) -> Authorize {
        Authorize {
            authenticator: authenticator.clone(),
            directory: Arc::clone(&self.directory),
            regions: Arc::clone(regions),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
        }
    }

    pub(super) fn iam(&self, authenticator: &Authenticator, issuers: &FitIssuers) -> Iam {
        Iam {
            issuers: issuers.clone(),
            authenticator: authenticator.clone(),
            directory: Arc::clone(&self.directory),
            marks: Arc::clone(&self.resources.marks),
            key_uses: Arc::clone(&self.resources.key_uses),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
        }
    }

    pub(super) fn write_used_keys(&self, authenticator: &Authenticator) -> WriteUsedKeys {
        WriteUsedKeys {
            used: Arc::clone(&authenticator.used),
            store: Arc::clone(&self.resources.key_uses),
        }
    }

    pub(super) fn get_caller_identity(&self, authenticator: &Authenticator) -> GetCallerIdentity {
        GetCallerIdentity {
            authenticator: authenticator.clone(),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
        }
    }

    pub(super) fn user_sessions(&self, authenticator: &Authenticator) -> UserSessions {
        UserSessions {
            authenticator: authenticator.clone(),
            directory: Arc::clone(&self.directory),
            marks: Arc::clone(&self.resources.marks),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
        }
    }

    pub(super) fn issuers(&self, node_keys: &NodeKeys, public_url: &str) -> Issuers {
        Issuers {
            directory: Arc::clone(&self.directory),
            node_keys: node_keys.clone(),
            making: Arc::default(),
            public_url: public_url.into(),
        }
    }

    pub(super) fn get_web_identity_token(
        &self,
        authenticator: &Authenticator,
        issuers: &Issuers,
    ) -> GetWebIdentityToken {
        GetWebIdentityToken {
            authenticator: authenticator.clone(),
            issuers: issuers.clone(),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
        }
    }

    pub(super) fn assume_root(&self, authenticator: &Authenticator) -> AssumeRoot {
        AssumeRoot {
            authenticator: authenticator.clone(),
            directory: Arc::clone(&self.directory),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
        }
    }

    pub(super) fn assume_role_with_web_identity(
        &self,
        public_url: &str,
    ) -> AssumeRoleWithWebIdentity {
        AssumeRoleWithWebIdentity {
            own_issuers: OwnIssuers::below(public_url),
            directory: Arc::clone(&self.directory),
            keys: Arc::clone(&self.provider_keys),
            known: Arc::clone(&self.known_providers),
            marks: Arc::clone(&self.resources.marks),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
        }
    }

    pub(super) fn sign_in(&self, config: &Config, public_url: &url::Url, saml: &Saml) -> SignIn {
        let relying_party = RelyingParty::new(
            Arc::clone(&self.provider_keys),
            Arc::clone(&self.outgoing),
            self.entropy(),
            secret_folder(&config.federation),
            public_url.clone(),
        );
        let sso = BrowserSso::new(
            OwnAddresses::clone(&saml.own),
            Arc::clone(&saml.names),
            saml.verifier.clone(),
            self.entropy(),
        );
        SignIn {
            directory: Arc::clone(&self.directory),
            providers: Arc::new(ProviderSignIn::new(relying_party, sso, self.entropy())),
            sessions: Arc::clone(&self.resources.sessions),
            marks: Arc::clone(&self.resources.marks),
            answers: Arc::default(),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
            limits: SessionLimits {
                idle_seconds: config.sessions.idle_seconds,
                absolute_seconds: config.sessions.absolute_seconds,
            },
        }
    }

    pub(super) fn sign_out(&self, public_url: &url::Url, saml: &Saml) -> SignOut {
        SignOut {
            directory: Arc::clone(&self.directory),
            sessions: Arc::clone(&self.resources.sessions),
            marks: Arc::clone(&self.resources.marks),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
            logout: Arc::new(SingleLogout::new(
                OwnAddresses::clone(&saml.own),
                self.entropy(),
            )),
            oidc: Arc::new(OidcLogout::new(
                Arc::clone(&self.provider_keys),
                public_url.clone(),
            )),
            ends: EndSessions {
                directory: Arc::clone(&self.directory),
                sessions: Arc::clone(&self.resources.sessions),
                recorder: Arc::clone(&self.recorder),
            },
            stock: Arc::clone(&self.resources.stock),
            audience: saml.names.entity_id.clone(),
        }
    }

    pub(super) fn own_metadata(&self, saml: &Saml) -> Result<OwnMetadata, InvalidValue> {
        let formats = NAME_ID_FORMATS.iter().map(|format| format.parse());
        Ok(OwnMetadata {
            directory: Arc::clone(&self.directory),
            own: Arc::clone(&saml.own),
            name_id_formats: formats.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn portal(&self, sessions: BrowserSessions) -> Portal {
        Portal {
            directory: Arc::clone(&self.directory),
            sessions: Arc::clone(&self.resources.sessions),
            own_roles: self.resources.own_roles.clone(),
            throttle: Arc::clone(&self.resources.throttle),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
            max_claim_age: sessions.absolute_seconds.into(),
        }
    }

    pub(super) fn metadata(&self, config: &Config) -> RefreshMetadata {
        RefreshMetadata {
            directory: Arc::clone(&self.directory),
            reader: MetadataReader {
                outgoing: Arc::clone(&self.outgoing),
                files: secret_folder(&config.federation),
                plain_http: config.federation.allow_http_issuers.clone().into(),
            },
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
            region: base_region(&config.regions),
            looks: Arc::default(),
        }
    }

    pub(super) fn readiness(
        &self,
        draining: Arc<AtomicBool>,
        admin: Option<Arc<BootstrapAdmin>>,
        config: &Config,
        metadata: &RefreshMetadata,
    ) -> Readiness {
        Readiness::new(
            Arc::clone(&self.directory),
            draining,
            admin,
            config.admin.account,
            Arc::clone(&metadata.looks),
        )
    }

    pub(super) fn administration(
        &self,
        authenticator: &Authenticator,
        config: &Config,
        (host, issuers): (&Arc<str>, FitIssuers),
        (admin, metadata): (Option<&Arc<BootstrapAdmin>>, RefreshMetadata),
    ) -> Administration {
        Administration {
            authenticator: authenticator.clone(),
            directory: Arc::clone(&self.directory),
            recorder: Arc::clone(&self.recorder),
            entropy: self.entropy(),
            account: config.admin.account,
            first_key: admin.map(|admin| admin.access_key_id.clone()),
            secrets: secret_folder(&config.federation),
            marks: Arc::clone(&self.resources.marks),
            issuers,
            key_propagation: key_propagation(config),
            metadata,
            stock: Arc::clone(&self.resources.stock),
            back_ups: self.resources.back_ups.clone(),
            decisions: Arc::clone(&self.resources.decisions),
            own_roles: self.resources.own_roles.clone(),
            searches: Arc::new(Semaphore::new(MAX_SEARCHES)),
            replays: Arc::new(Semaphore::new(MAX_REPLAYS)),
            saml_keys: SamlKeySettings {
                host: Arc::clone(host),
                rotation: Rotation {
                    overlap: config.saml.key_overlap_seconds.into(),
                    grace: config.saml.key_grace_seconds.into(),
                },
            },
        }
    }

    fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.resources.entropy)
    }
}
