//! The flows in memory: a small directory, a clock that stands, keys that need no network, and an
//! audit log that can fill up.

mod administer;
mod authenticate;
mod authorize;
mod back_up;
mod end_sessions;
mod guessed_codes;
mod history;
mod iam_devices;
mod iam_providers;
mod known_providers;
mod metadata;
mod own_roles;
mod portal;
mod provider_files;
mod rates;
mod record;
mod revoke;
mod saml;
mod saml_browser;
mod saml_keys;
mod services;
mod sessions;
mod shut_out;
mod sign_in;
mod web_identity;
mod why_not;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::*;
use crate::audit::{AuditSink, AuditUnavailable, Event, MemorySink, RefusalLimits};
use crate::clock::FixedClock;
use crate::credentials::OpenedTokens;
use crate::decisions::{Decisions, Keeping};
use crate::directory::testing::{self, ISSUER, NOW, READER};
use crate::directory::{DirectoryFiles, LiveDirectory};
use crate::domain::{
    Credentials, KeyKind, Region, RequestId, SessionDuration, SessionToken, UnixTime,
};
use crate::entropy::SystemEntropy;
use crate::federation::Algorithm;
use crate::federation::access_token::TokenInspector;
use crate::federation::jwks::KeySet;
use crate::federation::key_cache::KeyCache;
use crate::federation::known::KnownProviders;
use crate::federation::outgoing::{Outgoing, OutgoingSettings};
use crate::federation::saml::metadata::source::MetadataReader;
use crate::federation::secret_file::SecretFolder;
use crate::federation::testing::Signer;
use crate::metrics::Metrics;
use crate::sigv4::{self, HttpRequest};
use crate::store::memory::MemoryStore;
use crate::store::{DecisionLog, OneTimeUse, PersonalRoles, Redeemed, StoreError};
use crate::throttle::{Rates, Throttle};

/// The provider's key, which all tests share because one costs more than a test.
static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::p256("a"));
/// Its public half, at hand without asking anybody.
static KEYS: LazyLock<Arc<KeyCache>> = LazyLock::new(|| {
    let keys = KeyCache::new(Arc::new(
        Outgoing::new(&OutgoingSettings::default()).unwrap(),
    ));
    keys.serve_own(&ISSUER.parse().unwrap(), key_set(&SIGNER));
    Arc::new(keys)
});

/// Ways out that lead nowhere, and ask no name server about the provider of SAML.
fn nowhere() -> OutgoingSettings {
    let provider = "saml.example.com".parse().unwrap();
    OutgoingSettings {
        resolve: [(provider, vec![[127, 0, 0, 1].into()])].into(),
        ..OutgoingSettings::default()
    }
}

/// The files with SAML providers of which no second verifier is asked, so that programs without one
/// take them.
fn without_second_opinion(mut files: DirectoryFiles) -> DirectoryFiles {
    for (path, text) in &mut files {
        let is_settings = std::path::Path::new(path).extension() == Some("toml".as_ref());
        if path.contains("/saml-providers/") && is_settings {
            text.push_str("second_opinion = false\n");
        }
        *text = text.replace("[saml]\n", "[saml]\nsecond_opinion = false\n");
    }
    files
}

fn key_set(signer: &Signer) -> KeySet {
    let set = json!({ "keys": [signer.jwk()] });
    KeySet::read(set.as_object().unwrap()).unwrap()
}

/// An audit log with room for so many more events.
#[derive(Clone)]
struct Audit {
    kept: MemorySink,
    room: Arc<AtomicUsize>,
}

impl Audit {
    fn new() -> Self {
        Self {
            kept: MemorySink::default(),
            room: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    fn leave_room_for(&self, events: usize) {
        self.room.store(events, Ordering::SeqCst);
    }

    /// Each event's name and error code; an empty code where there was no error.
    fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let events = self.kept.events();
        let told = events
            .iter()
            .map(|event| (text(&event["eventName"]), text(&event["errorCode"])));
        told.collect()
    }
}

#[async_trait]
impl AuditSink for Audit {
    async fn record(&self, event: &Event<'_>) -> Result<(), AuditUnavailable> {
        let full = AuditUnavailable::NotWritten(std::io::ErrorKind::StorageFull);
        self.room
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |room| {
                room.checked_sub(1)
            })
            .map_err(|_| full)?;
        self.kept.record(event).await
    }
}

/// Marks that nobody can read or write.
struct MarksDown;

#[async_trait]
impl OneTimeUse for MarksDown {
    async fn redeem(&self, _: &[u8; 32], _: UnixTime, _: UnixTime) -> Result<Redeemed, StoreError> {
        Err(StoreError::Unavailable("down".into()))
    }

    async fn is_redeemed(&self, _: &[u8; 32], _: UnixTime) -> Result<bool, StoreError> {
        Err(StoreError::Unavailable("down".into()))
    }
}

/// The favourite roles that a node keeps in its store.
fn own_roles(node: &Node) -> OwnRoles {
    OwnRoles::new(Arc::clone(&node.store) as Arc<dyn PersonalRoles>)
}

/// A node without its edges.
struct Node {
    store: Arc<MemoryStore>,
    directory: Arc<LiveDirectory>,
    audit: Audit,
    recorder: Arc<Recorder>,
    decisions: Arc<Decisions>,
    opened: Arc<OpenedTokens>,
}

impl Node {
    async fn new() -> Self {
        Self::with(&testing::files()).await
    }

    async fn with(files: &DirectoryFiles) -> Self {
        let store = Arc::new(MemoryStore::default());
        let directory = testing::seeded(&store, files).await;
        Self::over(store, directory)
    }

    /// Another node over the same store.
    async fn beside(&self) -> Self {
        let directory = testing::open(&self.store).await;
        Self::over(Arc::clone(&self.store), directory)
    }

    /// The looks at SAML connections' metadata, with these ways out.
    fn metadata(&self, outgoing: &OutgoingSettings) -> RefreshMetadata {
        RefreshMetadata {
            directory: Arc::clone(&self.directory),
            reader: MetadataReader {
                plain_http: outgoing.http_issuers.clone().into(),
                outgoing: Arc::new(Outgoing::new(outgoing).unwrap()),
                files: SecretFolder::default(),
            },
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::new(SystemEntropy),
            region: Region::us_east_1(),
            looks: Arc::default(),
        }
    }

    fn over(store: Arc<MemoryStore>, directory: LiveDirectory) -> Self {
        let audit = Audit::new();
        let decisions = Arc::new(Decisions::new(
            Arc::clone(&store) as Arc<dyn DecisionLog>,
            Arc::new(SystemEntropy),
            Keeping {
                days: 30,
                bytes: 16 << 20,
            },
            &Metrics::default(),
        ));
        let recorder = Recorder::new(
            Arc::new(audit.clone()),
            Arc::new(SystemEntropy),
            RefusalLimits::default(),
            NOW,
        )
        .tracing(Arc::clone(decisions.queue()));
        Self {
            store,
            directory: Arc::new(directory),
            audit,
            recorder: Arc::new(recorder),
            decisions,
            opened: Arc::default(),
        }
    }

    async fn apply(&self, files: &DirectoryFiles) {
        testing::apply(&self.directory, files).await;
    }

    fn web_identity(&self) -> AssumeRoleWithWebIdentity {
        AssumeRoleWithWebIdentity {
            directory: Arc::clone(&self.directory),
            keys: Arc::clone(&KEYS),
            known: nobody_known(),
            own_issuers: OwnIssuers::below("https://sso.example.com"),
            marks: Arc::clone(&self.store) as Arc<dyn OneTimeUse>,
            throttle: no_rates(),
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::new(SystemEntropy),
        }
    }

    fn authenticator(&self) -> Authenticator {
        Authenticator {
            opened: Arc::clone(&self.opened),
            used: Arc::default(),
            directory: Arc::clone(&self.directory),
            admin: Some(Arc::new(bootstrap_admin())),
            regions: Arc::new([Region::us_east_1()]),
            known: nobody_known(),
        }
    }

    /// Credentials for a role, from a good token. They are used at once, so that the node remembers what their
    /// session token opens to.
    async fn credentials_of(&self, role: &str) -> Credentials {
        let token = good_token();
        let request = WebIdentityRequest {
            role: role.parse().unwrap(),
            ..request(&token)
        };
        let session = self.web_identity().run(request, &meta()).await.unwrap();
        let credentials = session.issued.credentials;
        self.remember(&credentials).await;
        credentials
    }

    /// Uses credentials until the node remembers what their session token opens to.
    async fn remember(&self, credentials: &Credentials) {
        let authenticator = self.authenticator();
        let mut sessions = Vec::new();
        for _ in 0..3 {
            let caller = authenticate(&authenticator, credentials, "sts", NOW).await;
            sessions.extend(caller.unwrap().session);
        }
        assert!(Arc::ptr_eq(&sessions[1], &sessions[2]));
    }
}

pub(super) fn bootstrap_admin() -> BootstrapAdmin {
    BootstrapAdmin {
        access_key_id: crate::domain::AccessKeyId::from_random(
            KeyKind::LongTerm,
            "123456789012".parse().unwrap(),
            [9; 5],
        ),
        secret_access_key: crate::domain::SecretAccessKey::new("s3cr3t/s3cr3t+s3cr3t".to_owned()),
        account: "123456789012".parse().unwrap(),
        partition: crate::domain::Partition::Aws,
        policy:
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#
                .parse()
                .unwrap(),
    }
}

fn throttle(rates: &Rates) -> Arc<Throttle> {
    let clock = Arc::new(FixedClock::at(NOW));
    Arc::new(Throttle::new(rates, clock, Arc::default()))
}

/// Providers that every account knows, none of which this node has an app at.
fn nobody_known() -> Arc<KnownProviders> {
    let outgoing = Arc::new(Outgoing::new(&nowhere()).unwrap());
    let inspector = TokenInspector::new(outgoing, SecretFolder::default(), None, None);
    Arc::new(KnownProviders::new(Vec::new(), inspector))
}

fn no_rates() -> Arc<Throttle> {
    throttle(&Rates::OFF)
}

fn meta() -> RequestMeta {
    meta_at(NOW)
}

fn meta_at(now: UnixTime) -> RequestMeta {
    RequestMeta {
        id: RequestId::from_random([2; 16]),
        now,
        source_ip: [203, 0, 113, 7].into(),
        user_agent: "test".to_owned(),
        is_secure: true,
        region: Region::us_east_1(),
        endpoint: crate::domain::Endpoint::Global,
        is_of_page: false,
    }
}

/// A good token with some claims changed; `null` takes one out.
fn token(changed: Value) -> String {
    let mut claims = json!({
        "iss": ISSUER,
        "sub": "ines",
        "aud": "sts",
        "iat": NOW.seconds(),
        "exp": NOW.seconds() + 300,
    });
    let Value::Object(changed) = changed else {
        panic!("an object")
    };
    for (name, value) in changed {
        claims[&name] = value;
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    SIGNER.token(Algorithm::Es256, &claims)
}

fn good_token() -> String {
    token(json!({}))
}

/// A good request with this token.
fn request(token: &str) -> WebIdentityRequest<'_> {
    WebIdentityRequest {
        role: READER.parse().unwrap(),
        session: "ines".parse().unwrap(),
        token: PresentedToken::IdToken(token),
        duration: SessionDuration::DEFAULT,
        narrowing: Narrowing::default(),
    }
}

/// A request to `service`, signed with these credentials at `now`, as `authenticator` takes it.
async fn authenticate(
    authenticator: &Authenticator,
    credentials: &Credentials,
    service: &'static str,
    now: UnixTime,
) -> Result<Caller, AuthenticationError> {
    let token = Some(&credentials.session_token).filter(|token| !token.expose().is_empty());
    let signer = sigv4::Signer {
        access_key_id: &credentials.access_key_id,
        secret: &credentials.secret_access_key,
        session_token: token,
        region: &Region::us_east_1(),
        service: "sts",
    };
    let host: [(&str, &[u8]); 1] = [("host", b"gate.example.com")];
    let plain = HttpRequest {
        method: "POST",
        path: "/",
        query: "",
        headers: &host,
        body: b"",
    };
    let added = sigv4::sign(&plain, &signer, now).unwrap();
    let mut headers = host.to_vec();
    headers.extend(
        added
            .iter()
            .map(|(name, value)| (*name, value.expose().as_bytes())),
    );
    let whole = HttpRequest {
        headers: &headers,
        ..plain
    };
    authenticator.authenticate(&whole, service, now).await
}

/// Long-term credentials in the shape of a session's; without a session token.
fn long_term(admin: &BootstrapAdmin) -> Credentials {
    Credentials {
        access_key_id: admin.access_key_id.clone(),
        secret_access_key: admin.secret_access_key.clone(),
        session_token: SessionToken::new(String::new()),
        expiration: NOW,
    }
}
