//! One node, two providers, and what every refusal must be.
//!
//! ```text
//! provider i ── account provider Partners<i> ── Reader<i> trusts it, and no other
//! ```

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::directory::DirectoryFiles;
use rolegate::domain::UnixTime;
use rolegate::federation::saml::signing::{PLACEHOLDER, SigningKey};
use serde_json::json;

use crate::support::directory::{ACCOUNT, account_files, add_role, in_account, role_arn};
use crate::support::http::Request;
use crate::support::node::{LONGEST_ANSWER, Node, Settings};
use crate::support::sts::StsAnswer;

/// Whom every good response is about.
pub const PERSON: &str = "alice@example.com";
/// Whom no response may ever be about.
pub const ADMIN: &str = "admin@example.com";
/// The attribute names of AWS begin so.
pub const AWS: &str = "https://aws.amazon.com/SAML/Attributes/";

/// An identity provider's key and certificate. All certificates name one issuer, one subject and one
/// serial number: a key is the only thing by which they differ.
pub struct Provider {
    pub key: SigningKey,
    /// In base64, as metadata has it.
    pub certificate: String,
    /// The certificate's DER.
    pub der: Vec<u8>,
    /// The key's SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
}

impl Provider {
    pub fn rsa() -> Self {
        let size = rcgen::RsaKeySize::_2048;
        Self::of(&rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap())
    }

    pub fn p256() -> Self {
        Self::of(&rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap())
    }

    fn of(pair: &rcgen::KeyPair) -> Self {
        let names = ["idp.example.com".to_owned()];
        let mut certificate = rcgen::CertificateParams::new(names).unwrap();
        certificate.serial_number = Some(rcgen::SerialNumber::from(7_u64));
        let certificate = certificate.self_signed(pair).unwrap();
        Self {
            key: SigningKey::from_pkcs8(&pair.serialize_der()).unwrap(),
            certificate: STANDARD.encode(certificate.der()),
            der: certificate.der().to_vec(),
            public_key: rcgen::PublicKeyData::subject_public_key_info(pair),
        }
    }

    /// The metadata of this entity with this key.
    pub fn metadata(&self, entity: &str) -> String {
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity}\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
             <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example.com/sso\"/>\
             </md:IDPSSODescriptor></md:EntityDescriptor>",
            self.certificate
        )
    }

    /// Signs what has these IDs, one after the other.
    pub fn sign(&self, draft: &str, ids: &[&str]) -> String {
        let mut signed = draft.to_owned();
        for id in ids {
            signed = self.key.sign_element(&signed, id).unwrap();
        }
        signed
    }
}

/// The providers that are registered: `https://idp0.example.com` and `https://idp1.example.com`.
pub static PROVIDERS: LazyLock<[Provider; 2]> =
    LazyLock::new(|| [Provider::rsa(), Provider::rsa()]);
/// One that is not.
pub static STRANGER: LazyLock<Provider> = LazyLock::new(Provider::rsa);

/// Which parts of a response are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    Nothing,
    Assertion,
    Response,
    Both,
}

impl Signed {
    pub const BY_SOMEBODY: [Self; 3] = [Self::Assertion, Self::Response, Self::Both];

    /// The IDs of what is signed, inner ones first.
    pub const fn ids(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Assertion => &["_a1"],
            Self::Response => &["_r1"],
            Self::Both => &["_a1", "_r1"],
        }
    }

    fn place(self, id: &str) -> &'static str {
        if self.ids().contains(&id) {
            PLACEHOLDER
        } else {
            ""
        }
    }
}

/// What a refusal says: AWS's code and text to the caller, the failed check to the administrator.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    pub status: u16,
    pub code: &'a str,
    pub message: &'a str,
    pub check: &'a str,
}

impl<'a> Refusal<'a> {
    /// 400 `InvalidIdentityToken`.
    pub const fn invalid(check: &'a str, message: &'a str) -> Self {
        Self {
            status: 400,
            code: "InvalidIdentityToken",
            message,
            check,
        }
    }

    /// Nobody whose key is registered has signed this.
    pub const fn signature() -> Self {
        Self::invalid("signature", "Response signature invalid")
    }

    /// The bytes are no XML of the strict kind that is read.
    pub const fn xml() -> Self {
        Self::invalid("xml", "The message can't be read.")
    }

    /// What is encrypted does not open, or nobody has signed what it is; the check is for the audit alone.
    pub const fn sealed(check: &'a str) -> Self {
        let message = "The encrypted assertion can't be decrypted, or is not signed inside.";
        Self::invalid(check, message)
    }

    /// There is more than one assertion, or none.
    pub const fn assertion(message: &'a str) -> Self {
        Self::invalid("assertion", message)
    }

    pub const fn two_assertions() -> Self {
        Self::assertion("There are 2 assertions instead of one.")
    }

    /// Something that must be there once isn't.
    pub const fn content(message: &'a str) -> Self {
        Self::invalid("content", message)
    }

    pub const fn audience(check: &'a str) -> Self {
        Self::invalid(check, "Response does not contain the required audience")
    }

    /// 400 `ExpiredTokenException`.
    pub const fn expired(check: &'a str, message: &'a str) -> Self {
        Self {
            code: "ExpiredTokenException",
            ..Self::invalid(check, message)
        }
    }

    /// 403 `AccessDenied`.
    pub const fn denied(check: &'a str) -> Self {
        Self {
            status: 403,
            code: "AccessDenied",
            message: "Not authorized to perform sts:AssumeRoleWithSAML",
            check,
        }
    }
}

/// A node that knows both providers.
pub struct Scene {
    pub node: Node,
}

/// The role that trusts the provider of this number.
pub fn role(number: usize) -> String {
    role_arn(&["Reader", &number.to_string()].concat())
}

/// The ARN of the provider of this number.
pub fn provider_arn(number: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:saml-provider/Partners{number}")
}

/// The entity id of the provider of this number.
pub fn entity(number: usize) -> String {
    format!("https://idp{number}.example.com")
}

/// What one of AWS's attributes is called, and these values.
pub fn attribute(name: &str, values: &[&str]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>"))
        .collect();
    let values = values.concat();
    format!("<saml:Attribute Name=\"{AWS}{name}\">{values}</saml:Attribute>")
}

/// The pair of a role and its provider.
pub fn pair(number: usize) -> String {
    [&*role(number), ",", &provider_arn(number)].concat()
}

/// The files of a directory with both providers and a role for each.
pub fn directory(settings: &str) -> DirectoryFiles {
    let mut files = account_files();
    for (number, provider) in PROVIDERS.iter().enumerate() {
        let path = |ending: &str| in_account(&format!("saml-providers/Partners{number}{ending}"));
        files.insert(path(".toml"), settings.to_owned());
        files.insert(path(".metadata.xml"), provider.metadata(&entity(number)));
        let trust = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": provider_arn(number) },
            "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
        }});
        add_role(&mut files, &format!("Reader{number}"), &json!({}), &trust);
    }
    files
}

impl Scene {
    /// Where the second verifier must agree.
    pub fn new() -> Self {
        Self::with("")
    }

    /// With these settings of both providers.
    pub fn with(settings: &str) -> Self {
        let node = Node::start(Settings {
            toml: "max_staleness_seconds = 3600\n".to_owned(),
            ..Settings::default()
        });
        node.apply(&directory(settings));
        Self { node }
    }

    /// The node's entity id.
    pub fn audience(&self) -> String {
        [&*self.node.origin(), "/saml/metadata"].concat()
    }

    /// Where responses are posted.
    pub fn acs(&self) -> String {
        [&*self.node.origin(), "/saml/acs"].concat()
    }

    /// A time, so many seconds from now.
    pub fn time(&self, seconds: i64) -> String {
        UnixTime::from_seconds(self.node.now() + seconds).to_string()
    }

    /// A good response of provider 0 as it is before it is signed.
    pub fn draft(&self, signed: Signed) -> String {
        draft(&self.node.origin(), self.node.now(), signed)
    }

    /// A good response of provider 0, of now.
    pub fn good(&self, signed: Signed) -> String {
        PROVIDERS[0].sign(&self.draft(signed), signed.ids())
    }

    /// A response that was good before `from` became `to`, and that provider 0 signed then.
    pub fn signed_with(&self, from: &str, to: &str) -> String {
        PROVIDERS[0].sign(
            &replaced(&self.draft(Signed::Assertion), from, to),
            &["_a1"],
        )
    }

    /// Asserts that good responses are accepted, whichever part of them is signed.
    pub fn accepts_good_ones(&self) {
        for signed in Signed::BY_SOMEBODY {
            let answer = self.accepts(&format!("{signed:?}"), &self.good(signed));
            assert!(answer.body.contains(PERSON));
        }
    }

    /// Asserts that a response is accepted.
    pub fn accepts(&self, what: &str, response: &str) -> StsAnswer {
        let answer = self.ask(&STANDARD.encode(response));
        assert!(answer.credentials.is_some(), "{what}: {answer:?}");
        answer
    }

    /// Asserts that a response is refused as this.
    pub fn refuses(&self, what: &str, response: &str, refusal: &Refusal<'_>) -> StsAnswer {
        self.refuses_text(what, &STANDARD.encode(response), refusal)
    }

    /// Asserts that what is given instead of base64 is refused as this.
    pub fn refuses_text(&self, what: &str, text: &str, refusal: &Refusal<'_>) -> StsAnswer {
        let answer = self.ask(text);
        self.assert_refused(what, &answer, refusal);
        answer
    }

    /// What provider 0's role is answered with.
    pub fn ask(&self, assertion: &str) -> StsAnswer {
        self.ask_for(&role(0), &provider_arn(0), assertion)
    }

    pub fn ask_for(&self, role: &str, provider: &str, assertion: &str) -> StsAnswer {
        let begun = Instant::now();
        let response = Request::post_form(
            self.node.address,
            "/",
            &[
                ("Action", "AssumeRoleWithSAML"),
                ("Version", "2011-06-15"),
                ("RoleArn", role),
                ("PrincipalArn", provider),
                ("SAMLAssertion", assertion),
            ],
        )
        .send();
        StsAnswer::read(&response, begun.elapsed())
    }

    /// Asserts all that a refusal at STS is: named to the caller and in the audit, without credentials,
    /// in time, and with nothing of the assertion in the log.
    pub fn assert_refused(&self, what: &str, answer: &StsAnswer, refusal: &Refusal<'_>) {
        assert_eq!(
            answer.code.as_deref(),
            Some(refusal.code),
            "{what}: {answer:?}"
        );
        assert_eq!(answer.status, refusal.status, "{what}");
        let message = answer.message.as_deref().unwrap_or_default();
        assert!(
            message.contains(refusal.message),
            "{what}: {message:?} instead of {:?}",
            refusal.message
        );
        assert_eq!(answer.credentials, None, "{what}");
        assert!(answer.took <= LONGEST_ANSWER, "{what}: {:?}", answer.took);
        assert!(!answer.body.contains(ADMIN), "{what}");
        let record = self.node.audit_of(&answer.request_id);
        assert_eq!(record.event(), "AssumeRoleWithSAML", "{what}: {record:?}");
        assert_eq!(record.code(), Some(refusal.code), "{what}: {record:?}");
        assert_eq!(
            record.failed_check(),
            Some(refusal.check),
            "{what}: {record:?}"
        );
        let reason = record.reason().unwrap_or_default();
        assert!(
            !reason.is_empty() && !reason.contains("<saml"),
            "{what}: {record:?}"
        );
        // Refusals get a line of their own up to a number a minute.
        self.node.clock.advance(1);
    }

    /// Asserts that a response is refused as this, and that the audit names the cause: a document that
    /// is hostile in one way may be refused for another, too.
    pub fn refuses_for(&self, cause: &str, response: &str, refusal: &Refusal<'_>) {
        let answer = self.refuses(cause, response, refusal);
        let record = self.node.audit_of(&answer.request_id);
        let reason = record.reason().unwrap_or_default();
        assert!(reason.contains(cause), "{reason} instead of {cause}");
    }

    /// Asserts that a response is refused as this, and quickly.
    pub fn refuses_within(&self, most: Duration, response: &str, refusal: &Refusal<'_>) {
        let answer = self.refuses("in time", response, refusal);
        assert!(answer.took <= most, "{:?}", answer.took);
    }
}

/// A good response of provider 0 to a node at this origin, as it is before it is signed.
pub fn draft(origin: &str, now: i64, signed: Signed) -> String {
    let time = |seconds| UnixTime::from_seconds(now + seconds).to_string();
    let (now, before, soon, later) = (time(0), time(-30), time(240), time(3600));
    let (entity, acs) = (entity(0), [origin, "/saml/acs"].concat());
    let audience = [origin, "/saml/metadata"].concat();
    let attributes = [
        attribute("Role", &[&pair(0)]),
        attribute("RoleSessionName", &["alice"]),
    ]
    .concat();
    let (of_response, of_assertion) = (signed.place("_r1"), signed.place("_a1"));
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r1\" Version=\"2.0\" IssueInstant=\"{now}\" Destination=\"{acs}\">\
         <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{entity}</saml:Issuer>{of_response}\
         <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         <saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\" Version=\"2.0\" IssueInstant=\"{now}\">\
         <saml:Issuer>{entity}</saml:Issuer>{of_assertion}\
         <saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{PERSON}</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml:SubjectConfirmationData NotOnOrAfter=\"{soon}\" Recipient=\"{acs}\"/></saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"{before}\" NotOnOrAfter=\"{soon}\"><saml:AudienceRestriction>\
         <saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
         <saml:AuthnStatement AuthnInstant=\"{before}\" SessionIndex=\"_s1\" SessionNotOnOrAfter=\"{later}\"><saml:AuthnContext>\
         <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>\
         </saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
    )
}

/// The text with `from`, which must be there, in place of `to`.
pub fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in {text}");
    text.replace(from, to)
}

/// The first part that begins with `start` and ends with `end`.
pub fn cut<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).unwrap();
    let length = text.get(from..).unwrap().find(end).unwrap() + end.len();
    text.get(from..from + length).unwrap()
}

/// The first Signature of a text.
pub fn signature_of(text: &str) -> &str {
    cut(text, "<ds:Signature ", "</ds:Signature>")
}

/// The first Assertion of a text.
pub fn assertion_of(text: &str) -> &str {
    cut(text, "<saml:Assertion ", "</saml:Assertion>")
}

pub fn without_signature(text: &str) -> String {
    text.replace(signature_of(text), "")
}

/// The attacker's version of a message or a part of it: another person, other IDs, no signature.
pub fn evil(text: &str) -> String {
    let unsigned = if text.contains("<ds:Signature ") {
        without_signature(text)
    } else {
        text.to_owned()
    };
    unsigned
        .replace(PERSON, ADMIN)
        .replace("\"_a1\"", "\"_a2\"")
        .replace("\"_r1\"", "\"_r2\"")
}
