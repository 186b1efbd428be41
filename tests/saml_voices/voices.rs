//! The three verifiers, asked in the same way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rolegate::domain::ProviderRef;
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::response::{self, AuthenticatedResponse, Undecryptable};
use rolegate::federation::saml::second_opinion::{
    Disagreement, Limits, Opinion, Refusal, SecondOpinion, SecondOpinionError,
};
use rolegate::federation::saml::xml::Element;
use saml::{
    Binding, ConsumeResponse, DigestAlgorithm, IdpDescriptor, LoginTracker, PeerCryptoPolicy,
    ReplayMode, ServiceProvider, ServiceProviderConfig, SignatureAlgorithm, SpWantSigned,
    SsoResponseBinding, SsoResponseEndpoint, StartLogin,
};

const ISSUER: &str = "https://idp.example.org/saml";
const AUDIENCE: &str = "https://aws.example.com/saml";
const ACS: &str = "https://aws.example.com/saml/acs";
/// 2026-11-22T00:01:01Z, when every document is valid.
const NOW: Duration = Duration::from_secs(1_795_305_661);
/// How far clocks may be apart, and how old a request may be.
const SKEW: Duration = Duration::from_mins(1);
/// It seals what the crate `saml` keeps of a request; nobody else sees it.
const TRACKER_KEY: [u8; 32] = [7; 32];

/// A place for each of the threads that ask.
const LIMITS: Limits = Limits {
    at_once: 8,
    each_provider: 8,
    wait: Duration::from_mins(1),
    line: 8,
};

/// What all three read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    assertion_id: String,
    subject: String,
    attributes: BTreeMap<String, Vec<String>>,
}

/// What was read, or the name of the reason why not.
pub type Answer = Result<Reading, String>;

/// A document and whose key signed it.
pub struct Case {
    pub name: &'static str,
    pub document: &'static str,
    certificate: Certificate,
    provider: IdpDescriptor,
}

pub struct Voices {
    runtime: tokio::runtime::Runtime,
    second: SecondOpinion,
    service_provider: ServiceProvider,
}

impl Case {
    pub fn new(name: &'static str, document: &'static str, pem: &str) -> Self {
        let certificate: Certificate = pem.parse().unwrap();
        let metadata = format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ISSUER}\">\
             <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">\
             <X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
             <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://idp.example.org/sso\"/></IDPSSODescriptor></EntityDescriptor>",
            String::from(certificate.clone())
        );
        Self {
            name,
            document,
            certificate,
            provider: IdpDescriptor::from_metadata_xml(metadata.as_bytes()).unwrap(),
        }
    }
}

impl Voices {
    pub fn start() -> Self {
        let service_provider = ServiceProviderConfig {
            entity_id: AUDIENCE.to_owned(),
            acs: vec![SsoResponseEndpoint::post(ACS, 0, true)],
            slo: Vec::new(),
            name_id_formats: Vec::new(),
            signing_key: None,
            decryption_key: None,
            sign_authn_requests: false,
            want_signed: SpWantSigned {
                response: false,
                assertions: false,
            },
            allow_unsolicited: false,
            default_peer_crypto_policy: PeerCryptoPolicy::strong_defaults(),
            outbound_signature_algorithm: SignatureAlgorithm::RsaSha256,
            outbound_digest_algorithm: DigestAlgorithm::Sha256,
        };
        Self {
            runtime: tokio::runtime::Runtime::new().unwrap(),
            second: SecondOpinion::start(LIMITS).unwrap(),
            service_provider: ServiceProvider::new(service_provider).unwrap(),
        }
    }

    /// What each of them makes of a document.
    pub fn hear(&self, case: &Case, document: &[u8]) -> [(&'static str, Answer); 3] {
        let ours = authenticate(case, document);
        let ours = ours.map(|response| Opinion::from(&response).into());
        let samael = self.ask_samael(case, document);
        [
            ("ours", ours),
            ("samael", samael.map(Reading::from)),
            ("saml", self.ask_saml(case, document)),
        ]
    }

    /// Whether samael agrees, in a document that we accept.
    pub fn agreement(&self, case: &Case, document: &[u8]) -> Option<Result<(), Disagreement>> {
        let ours = Opinion::from(&authenticate(case, document).ok()?);
        let samael = self.ask_samael(case, document).ok()?;
        Some(samael.agree(&ours))
    }

    fn ask_samael(&self, case: &Case, document: &[u8]) -> Result<Opinion, String> {
        let provider = ProviderRef::Connection("voices".parse().unwrap());
        let person = "anybody".parse().unwrap();
        let certificates = vec![case.certificate.clone()];
        let asked = (&provider, &person);
        let answer = self.second.ask(asked, Arc::from(document), certificates);
        self.runtime.block_on(answer).map_err(|error| match error {
            SecondOpinionError::Refused(Refusal::Claims(what)) => format!("no single {what}"),
            SecondOpinionError::Refused(refusal) => name_of(&refusal),
            other => name_of(&other),
        })
    }

    /// The request that every document answers. The crate `saml` gives each request an id of its own,
    /// and lets one that was sealed be opened.
    fn request(&self, case: &Case) -> LoginTracker {
        let begun = self.service_provider.start_login(
            &case.provider,
            StartLogin {
                relay_state: None,
                binding: Binding::HttpRedirect,
                force_authn: false,
                is_passive: false,
                requested_name_id_format: None,
                requested_authn_context: None,
                acs_index: None,
                acs_url: None,
                response_binding: None,
            },
        );
        let now = SystemTime::UNIX_EPOCH + NOW;
        let mut request = begun.unwrap().tracker.to_payload();
        "_request-1".clone_into(&mut request.request_id);
        request.issued_at = now;
        let sealed = request.seal(&TRACKER_KEY).unwrap();
        LoginTracker::open(&sealed, &TRACKER_KEY, now, SKEW).unwrap()
    }

    fn ask_saml(&self, case: &Case, document: &[u8]) -> Answer {
        let answer = self.service_provider.consume_response(ConsumeResponse {
            idp: &case.provider,
            peer_crypto_policy: None,
            saml_response: document,
            binding: SsoResponseBinding::HttpPost,
            relay_state: None,
            tracker: Some(&self.request(case)),
            expected_destination: ACS,
            now: SystemTime::UNIX_EPOCH + NOW,
            clock_skew: SKEW,
            replay_cache: None,
            replay_mode: ReplayMode::All,
            holder_of_key_cert: None,
        });
        let identity = answer.map_err(|error| name_of(&error))?;
        let attributes = identity.attributes().iter();
        let attributes = attributes.map(|it| (it.name.clone(), it.values.clone()));
        Ok(Reading {
            assertion_id: identity.assertion_id().to_owned(),
            subject: identity.name_id().value.clone(),
            attributes: attributes.collect(),
        })
    }
}

fn authenticate<'d>(case: &Case, document: &'d [u8]) -> Result<AuthenticatedResponse<'d>, String> {
    let certificates = std::slice::from_ref(&case.certificate);
    let nothing_is_encrypted = |_: Element<'_>| Err(Undecryptable);
    response::authenticate(document, certificates, &nothing_is_encrypted)
        .map_err(|error| error.check().to_owned())
}

/// The name of an error's variant.
fn name_of(error: &impl std::fmt::Debug) -> String {
    let debug = format!("{error:?}");
    let name = debug.split(|c: char| !c.is_alphanumeric()).next();
    name.unwrap().to_owned()
}

impl From<Opinion> for Reading {
    fn from(opinion: Opinion) -> Self {
        let attributes = opinion.attributes.into_iter();
        Self {
            assertion_id: opinion.assertion_id,
            subject: opinion.subject.name_id,
            attributes: attributes.map(|it| (it.name, it.values)).collect(),
        }
    }
}
