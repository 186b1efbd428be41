//! One node, two SAML connections, and a browser.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::directory::DirectoryFiles;
use rolegate::domain::UnixTime;
use rolegate::federation::saml::redirect::UnverifiedRedirect;
use rolegate::federation::saml::signing::{PLACEHOLDER, SigningKey};
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::directory::{ACCOUNT, account_files, add_role, in_account, role_arn};
use crate::support::http::{Request, Response};
use crate::support::node::{Node, Settings};

pub const PERSON: &str = "alice@example.com";
pub const ADMIN: &str = "admin@example.com";

/// An identity provider: its entity ID, key and certificate.
pub struct Provider {
    pub entity: &'static str,
    pub key: SigningKey,
    certificate: String,
}

impl Provider {
    pub fn new(entity: &'static str) -> Self {
        let size = rcgen::RsaKeySize::_2048;
        let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
        let certificate = rcgen::CertificateParams::new(["idp.example.com".to_owned()]).unwrap();
        let certificate = certificate.self_signed(&pair).unwrap();
        Self {
            entity,
            key: SigningKey::from_pkcs8(&pair.serialize_der()).unwrap(),
            certificate: STANDARD.encode(certificate.der()),
        }
    }

    fn metadata(&self) -> String {
        self.metadata_with(&[self])
    }

    /// The provider's metadata with the keys of these.
    pub fn metadata_with(&self, keys: &[&Self]) -> String {
        let key = |provider: &&Self| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
                 <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                provider.certificate
            )
        };
        let keys: String = keys.iter().map(key).collect();
        let service = |name: &str, binding: &str| {
            format!(
                "<md:{name} Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{}/there\"/>",
                self.entity
            )
        };
        let services: String = ["SingleLogoutService", "SingleSignOnService"]
            .iter()
            .flat_map(|name| ["HTTP-Redirect", "HTTP-POST"].map(|binding| service(name, binding)))
            .collect();
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{}\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             {keys}{services}</md:IDPSSODescriptor></md:EntityDescriptor>",
            self.entity
        )
    }
}

/// The provider of the connection `partners`.
pub static PARTNERS: LazyLock<Provider> =
    LazyLock::new(|| Provider::new("https://idp.example.com"));
/// The provider of the connection `others`.
pub static OTHERS: LazyLock<Provider> =
    LazyLock::new(|| Provider::new("https://other.example.com"));

pub struct Scene {
    pub node: Node,
}

/// A sign-in that a browser began.
pub struct Begun {
    pub relay_state: String,
    pub request: String,
}

/// Two connections, with these lines in both.
pub fn directory(lines: &str) -> DirectoryFiles {
    let mut files = account_files();
    for (id, provider) in [("partners", &*PARTNERS), ("others", &*OTHERS)] {
        let connection = format!(
            "display_name = '{id}'\n[saml]\nentity_id = '{}'\nmetadata = 'upload'\n{lines}",
            provider.entity
        );
        files.insert(format!("connections/{id}.toml"), connection);
        files.insert(
            format!("connections/{id}.metadata.xml"),
            provider.metadata(),
        );
    }
    let arn = format!("arn:aws:iam::{ACCOUNT}:saml-provider/Partners");
    files.insert(in_account("saml-providers/Partners.toml"), String::new());
    files.insert(
        in_account("saml-providers/Partners.metadata.xml"),
        PARTNERS.metadata(),
    );
    files.insert(
        "links/partners.toml".into(),
        format!("connection = 'partners'\nproviders = ['{arn}']\n"),
    );
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "Federated": arn }, "Action": "sts:AssumeRoleWithSAML",
        "Condition": { "StringEquals": { "saml:sub": PERSON } },
    }});
    add_role(&mut files, "Partner", &json!({}), &trust);
    let rule = format!(
        "connections = ['partners']\nsession_name = '{{sub}}'\nroles = ['{}']\nwhen = {{ claim = 'groups', equals = 'developers' }}\n",
        role_arn("Partner")
    );
    files.insert("rules/partners.toml".into(), rule);
    files
}

impl Scene {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With these lines in both connections.
    pub fn with(lines: &str) -> Self {
        let node = Node::start(Settings {
            toml: "max_staleness_seconds = 3600\n".to_owned(),
            ..Settings::default()
        });
        node.apply(&directory(lines));
        Self { node }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.node.address)
    }

    pub fn url(&self, path: &str) -> String {
        [&*self.node.origin(), path].concat()
    }

    pub fn time(&self, seconds: i64) -> String {
        UnixTime::from_seconds(self.node.now() + seconds).to_string()
    }

    /// A response of `provider` to a request, or to none, as it is before it is signed.
    pub fn draft(&self, provider: &Provider, request: Option<&str>) -> String {
        let answers = request.map(|id| format!(" InResponseTo=\"{id}\""));
        let answers = answers.unwrap_or_default();
        let (now, before, soon) = (self.time(0), self.time(-30), self.time(240));
        let (acs, audience) = (self.url("/saml/acs"), self.url("/saml/metadata"));
        let entity = provider.entity;
        let number = request.map_or("none", |id| id.trim_start_matches('_'));
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             ID=\"_r{number}\" Version=\"2.0\" IssueInstant=\"{now}\" Destination=\"{acs}\"{answers}>\
             <saml:Issuer>{entity}</saml:Issuer>\
             <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
             <saml:Assertion ID=\"_a{number}\" Version=\"2.0\" IssueInstant=\"{now}\">\
             <saml:Issuer>{entity}</saml:Issuer>{PLACEHOLDER}\
             <saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{PERSON}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData{answers} NotOnOrAfter=\"{soon}\" Recipient=\"{acs}\"/></saml:SubjectConfirmation></saml:Subject>\
             <saml:Conditions NotBefore=\"{before}\" NotOnOrAfter=\"{soon}\"><saml:AudienceRestriction>\
             <saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
             <saml:AuthnStatement AuthnInstant=\"{before}\" SessionIndex=\"_s1\"><saml:AuthnContext>\
             <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>\
             </saml:AuthnContext></saml:AuthnStatement>\
             <saml:AttributeStatement><saml:Attribute Name=\"groups\"><saml:AttributeValue>developers</saml:AttributeValue></saml:Attribute>\
             </saml:AttributeStatement></saml:Assertion></samlp:Response>"
        )
    }

    /// A good response of `partners` to what a browser began.
    pub fn answer(&self, begun: &Begun) -> String {
        sign(&PARTNERS, &self.draft(&PARTNERS, Some(&begun.request)))
    }

    /// Posts a response as the page of a provider does.
    pub fn post(&self, browser: &mut Browser, response: &str, relay_state: &str) -> Response {
        let fields = [
            ("SAMLResponse", &*STANDARD.encode(response)),
            ("RelayState", relay_state),
        ];
        browser.send(cross_site(Request::post_form(
            self.node.address,
            "/saml/acs",
            &fields,
        )))
    }

    /// Begins and finishes a sign-in.
    pub fn sign_in(&self, browser: &mut Browser) {
        let begun = begin(browser);
        let answer = self.answer(&begun);
        let response = self.post(browser, &answer, &begun.relay_state);
        assert_eq!(
            response.header("location"),
            Some("/roles"),
            "{}",
            response.text()
        );
        assert!(browser.is_signed_in());
    }

    /// Asserts that a response signs nobody in, and which check failed.
    #[track_caller]
    pub fn refuses(&self, browser: &mut Browser, response: &Response, check: &str) {
        self.refused("SignIn", response, check);
        assert!(!response.text().contains(ADMIN));
        assert!(!browser.is_signed_in());
    }

    /// Asserts that the last event of this name was refused, and which check failed.
    #[track_caller]
    pub fn refused(&self, event: &str, response: &Response, check: &str) {
        assert_eq!(response.status, 403, "{}", response.text());
        let record = self.node.audit();
        let last = record.iter().rfind(|it| it["eventName"] == event).unwrap();
        assert!(
            last.to_string().contains(&format!("\"{check}\"")),
            "{check}: {last}"
        );
    }
}

/// Leaves for `partners`.
pub fn begin(browser: &mut Browser) -> Begun {
    let response = browser.post_sign_in("partners", "/roles");
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap();
    let (address, query) = location.split_once('?').unwrap();
    assert_eq!(address, "https://idp.example.com/there");
    let message = UnverifiedRedirect::parse(query).unwrap();
    Begun {
        relay_state: message.relay_state().unwrap().to_owned(),
        request: id_of(message.unverified_xml()),
    }
}

/// What a browser says of a form that another site has it send.
pub fn cross_site(request: Request) -> Request {
    request
        .with_header("origin", "https://idp.example.com")
        .with_header("sec-fetch-site", "cross-site")
}

pub fn sign(provider: &Provider, draft: &str) -> String {
    let (_, assertion) = draft.split_once("<saml:Assertion ").unwrap();
    provider
        .key
        .sign_element(draft, &id_of(&[" ", assertion].concat()))
        .unwrap()
}

/// The first ID of a text.
pub fn id_of(xml: &str) -> String {
    let (_, after) = xml.split_once(" ID=\"").unwrap();
    after.split('"').next().unwrap().to_owned()
}
