mod conditions;
mod replay;
mod session;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::directory::testing::edited_in;
use crate::federation::saml::SamlError;
use crate::federation::saml::prove::{OwnNames, SamlProofError, SamlVerifier};
use crate::federation::saml::testing::{
    ACS, AUDIENCE, ISSUER as ENTITY, PERSON, PROVIDER as SIGNER, Provider, STRANGER, Signed, draft,
};
use crate::policy::{Because, Denial};

const ROLE: &str = "arn:aws:iam::482011739056:role/Partner";
const PROVIDER: &str = "arn:aws:iam::482011739056:saml-provider/Partners";
const SETTINGS: &str = "accounts/482011739056/saml-providers/Partners.toml";
const METADATA: &str = "accounts/482011739056/saml-providers/Partners.metadata.xml";
const TRUST: &str = "accounts/482011739056/roles/Partner.trust.json";
const STATEMENT: &str = "<saml:AttributeStatement>";
const AWS: &str = "https://aws.amazon.com/SAML/Attributes/";

/// The metadata of the provider, with these keys.
fn metadata(providers: &[&Provider]) -> String {
    let keys: Vec<String> = providers
        .iter()
        .map(|provider| {
            let certificate = STANDARD.encode(provider.certificates[0].der());
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
                 <ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>\
                 </ds:KeyInfo></md:KeyDescriptor>"
            )
        })
        .collect();
    let keys = keys.concat();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ENTITY}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example.com/sso\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

fn trust(actions: &Value, condition: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "Federated": PROVIDER },
        "Action": actions,
        "Condition": condition,
    }})
    .to_string()
}

fn every_action() -> Value {
    json!([
        "sts:AssumeRoleWithSAML",
        "sts:TagSession",
        "sts:SetSourceIdentity"
    ])
}

/// A directory with the provider and a role that trusts it.
pub(super) fn files() -> DirectoryFiles {
    let mut files = testing::files();
    for (path, text) in [
        (SETTINGS, "second_opinion = false\n".to_owned()),
        (METADATA, metadata(&[&SIGNER])),
        (
            "accounts/482011739056/roles/Partner.toml",
            "max_session_duration = 7200\n".to_owned(),
        ),
        (
            TRUST,
            trust(&every_action(), &json!({"StringEquals": {"saml:aud": ACS}})),
        ),
    ] {
        files.insert(path.to_owned(), text);
    }
    files
}

fn files_with(path: &str, text: impl Into<String>) -> DirectoryFiles {
    let mut files = files();
    files.insert(path.to_owned(), text.into());
    files
}

fn attribute(name: &str, values: &[&str]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| format!("<saml:AttributeValue>{value}</saml:AttributeValue>"))
        .collect();
    let values = values.concat();
    format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
}

fn aws(name: &str, values: &[&str]) -> String {
    attribute(&[AWS, name].concat(), values)
}

fn pair() -> String {
    aws("Role", &[&[ROLE, ",", PROVIDER].concat()])
}

fn name() -> String {
    aws("RoleSessionName", &["alice"])
}

/// A response of the provider with these attributes, changed before it was signed.
fn response_of(attributes: &[String], changes: &[(&str, &str)]) -> String {
    let entity = "https://sso.example.com/saml/metadata";
    let audience = [">", AUDIENCE, "</saml:Audience>"].concat();
    let mut text = draft(Signed::Assertion)
        .replace(&audience, &[">", entity, "</saml:Audience>"].concat())
        .replace(STATEMENT, &[STATEMENT, &attributes.concat()].concat());
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let id = if text.contains("ID=\"_a1\"") {
        "_a1"
    } else {
        "_a2"
    };
    STANDARD.encode(SIGNER.sign(&text, &[id]))
}

/// A good response with these attributes beside those that it must have.
fn response_with(attributes: &[String]) -> String {
    response_of(&[&[pair(), name()], attributes].concat(), &[])
}

pub(super) fn good_response() -> String {
    response_with(&[])
}

pub(super) fn request(assertion: &str) -> SamlRequest<'_> {
    SamlRequest {
        role: ROLE.parse().unwrap(),
        provider: PROVIDER.parse().unwrap(),
        assertion,
        duration: SessionDuration::DEFAULT,
        narrowing: Narrowing::default(),
    }
}

impl Node {
    fn saml(&self) -> AssumeRoleWithSaml {
        let own = OwnNames::at(&"https://sso.example.com".parse().unwrap()).unwrap();
        AssumeRoleWithSaml {
            directory: Arc::clone(&self.directory),
            verifier: SamlVerifier::new(None, Arc::new(SystemEntropy)),
            own: Arc::new(own),
            marks: Arc::clone(&self.store) as Arc<dyn OneTimeUse>,
            throttle: no_rates(),
            recorder: Arc::clone(&self.recorder),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

pub(super) async fn run(
    node: &Node,
    request: SamlRequest<'_>,
) -> Result<SamlSession, AssumeRoleError> {
    node.saml().run(request, &meta()).await
}

/// What comes of a response at a node with these files.
async fn answer(files: &DirectoryFiles, response: &str) -> Result<SamlSession, AssumeRoleError> {
    run(&Node::with(files).await, request(response)).await
}

async fn refusal(files: &DirectoryFiles, response: &str) -> AssumeRoleError {
    answer(files, response).await.unwrap_err()
}

#[tokio::test]
async fn a_response_becomes_a_session_of_the_role() {
    let session = answer(&files(), &good_response()).await.unwrap();
    let arn = "arn:aws:sts::482011739056:assumed-role/Partner/alice";
    assert_eq!(session.issued.principal.arn(), arn);
    assert_eq!(session.issued.credentials.expiration, NOW.plus(3600));
    assert_eq!(session.issued.packed_size, None);
    assert_eq!(session.source_identity, None);
    let person = session.person;
    assert_eq!(person.subject.as_str(), PERSON);
    let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    assert_eq!(person.subject_type, format);
    assert_eq!(person.issuer.as_str(), ENTITY);
    assert_eq!(person.recipient, ACS);
    // openssl dgst -sha1 -binary | base64, of the entity ID, 482011739056/Partners.
    assert_eq!(person.name_qualifier, "yRACC0uH7FRnaHul5hJzUZaihLU=");
}

#[tokio::test]
async fn an_assertion_that_is_encrypted_to_the_node_is_opened() {
    use crate::federation::saml::decrypt::{ContentAlgorithm, EncryptedAssertion, KeyTransport};
    use crate::federation::saml::testing::assertion_of;

    let node = Node::with(&files()).await;
    let keys = NodeKeys {
        directory: Arc::clone(&node.directory),
        entropy: Arc::new(SystemEntropy),
        host: "sso.example.com".into(),
    };
    keys.make_first(NOW).await.unwrap();
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let keys = snapshot.service_provider_keys().unwrap();
    let certificate = keys.published(NOW).next().unwrap();
    let plain = String::from_utf8(STANDARD.decode(good_response()).unwrap()).unwrap();
    let how = (ContentAlgorithm::Aes128Gcm, KeyTransport::OaepMgf1p);
    let assertion = assertion_of(&plain);
    let sealed = EncryptedAssertion::encrypt(assertion, certificate, how, &SystemEntropy).unwrap();
    let response = STANDARD.encode(plain.replace(assertion, &sealed.to_xml()));
    let session = run(&node, request(&response)).await.unwrap();
    assert_eq!(session.person.subject.as_str(), PERSON);
    let elsewhere = refusal(&files(), &response).await;
    assert_eq!(elsewhere.check(), "decryption");
}

#[tokio::test]
async fn the_usual_formats_of_name_identifiers_are_shortened() {
    let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    let attributes = [pair(), name()];
    for (written, told) in [
        (
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "persistent",
        ),
        (
            "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
            "transient",
        ),
        ("urn:example:own", "urn:example:own"),
    ] {
        let response = response_of(&attributes, &[(format, written)]);
        let session = answer(&files(), &response).await.unwrap();
        assert_eq!(session.person.subject_type, told);
    }
    let none = response_of(&attributes, &[(&[" Format=\"", format, "\""].concat(), "")]);
    let session = answer(&files(), &none).await.unwrap();
    assert_eq!(session.person.subject_type, unspecified);
}

#[tokio::test]
async fn an_attempt_is_recorded_once_and_of_the_assertion_its_id_alone() {
    let node = Node::with(&files()).await;
    let nested = attribute(
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.10",
        &["<saml:NameID>secret-id</saml:NameID>"],
    );
    let response = response_with(&[nested, attribute("diagnosis", &["private"])]);
    let session = run(&node, request(&response)).await.unwrap();
    let events = node.audit.kept.events();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event["eventName"], "AssumeRoleWithSAML");
    assert_eq!(event["userIdentity"]["type"], "SAMLUser");
    assert_eq!(event["userIdentity"]["userName"], PERSON);
    let parameters = &event["requestParameters"];
    assert_eq!(parameters["principalArn"], PROVIDER);
    assert_eq!(parameters["roleArn"], ROLE);
    assert_eq!(parameters["roleSessionName"], "alice");
    assert_eq!(parameters["sAMLAssertionID"], "_a1");
    let data = &event["additionalEventData"];
    assert_eq!(data["providerArn"], PROVIDER);
    assert_eq!(data["issuer"], ENTITY);
    assert_eq!(
        data["checks"][0]["found"],
        "left out: urn:oid:1.3.6.1.4.1.5923.1.1.1.10"
    );
    let line = event.to_string();
    let credentials = &session.issued.credentials;
    assert!(line.contains(credentials.access_key_id.as_str()));
    let secret = credentials.secret_access_key.expose();
    for never in [&response, "private", "secret-id", "developers", secret] {
        assert!(!line.contains(never), "{never} in {line}");
    }
}

#[tokio::test]
async fn each_refusal_is_recorded_with_its_check_and_code() {
    let (invalid, expired) = ("InvalidIdentityToken", "ExpiredTokenException");
    let attributes = [pair(), name()];
    let changed = |from, to| response_of(&attributes, &[(from, to)]);
    let stranger = draft(Signed::Assertion);
    let issuer = [">", ENTITY, "<"].concat();
    for (response, check, code) in [
        ("not base64".to_owned(), "encoding", invalid),
        (STANDARD.encode("no XML"), "xml", invalid),
        (
            STANDARD.encode(draft(Signed::Nothing)),
            "signature",
            invalid,
        ),
        (
            STANDARD.encode(STRANGER.sign(&stranger, &["_a1"])),
            "signature",
            invalid,
        ),
        (
            changed(&issuer, ">https://other.example.com<"),
            "issuer",
            invalid,
        ),
        (
            changed("saml/metadata</saml:Audience", "other</saml:Audience"),
            "audience",
            invalid,
        ),
        (
            changed(ACS, "https://sso.example.com/saml/acs/"),
            "recipient",
            invalid,
        ),
        (changed("T09:41:05Z\"", "T09:35:00Z\""), "age", expired),
        (changed("T09:46:05Z\"", "T09:40:00Z\""), "expiry", expired),
        (
            changed("status:Success", "status:Responder"),
            "status",
            "IDPRejectedClaim",
        ),
        (
            response_of(&[name()], &[]),
            "role attribute",
            "AccessDenied",
        ),
        (response_of(&[pair()], &[]), "session name", invalid),
    ] {
        let node = Node::with(&files()).await;
        let error = run(&node, request(&response)).await.unwrap_err();
        assert_eq!((error.check(), error.code()), (check, code), "{error:?}");
        let told = ("AssumeRoleWithSAML".to_owned(), code.to_owned());
        assert_eq!(node.audit.told(), [told], "{check}");
    }
}

#[tokio::test]
async fn every_recipient_of_ours_is_taken_and_those_that_the_provider_lists() {
    let attributes = [pair(), name()];
    let trust = trust(&every_action(), &json!({}));
    let to = |recipient| response_of(&attributes, &[(ACS, recipient)]);
    let own = files_with(TRUST, &*trust);
    let sts = answer(&own, &to("https://sso.example.com/saml"))
        .await
        .unwrap();
    assert_eq!(sts.person.recipient, "https://sso.example.com/saml");
    let amazon = "https://signin.aws.amazon.com/saml";
    assert!(matches!(
        refusal(&own, &to(amazon)).await,
        AssumeRoleError::Saml(_)
    ));
    let listed = format!("second_opinion = false\nrecipients = ['{amazon}']\n");
    let listing = edited_in(own, SETTINGS, "second_opinion = false\n", &listed);
    assert_eq!(
        answer(&listing, &to(amazon))
            .await
            .unwrap()
            .person
            .recipient,
        amazon
    );
}

#[tokio::test]
async fn an_audience_counts_that_the_provider_lists() {
    let own = "https://sso.example.com/saml/metadata</saml:Audience>";
    let amazon = "urn:amazon:webservices</saml:Audience>";
    let response = response_of(&[pair(), name()], &[(own, amazon)]);
    assert!(matches!(
        refusal(&files(), &response).await,
        AssumeRoleError::Saml(_)
    ));
    let listed = "second_opinion = false\naudiences = ['urn:amazon:webservices']\n";
    assert!(
        answer(&files_with(SETTINGS, listed), &response)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_told_and_a_role_that_is_not_there_is_not() {
    let node = Node::with(&files()).await;
    let response = good_response();
    let elsewhere = SamlRequest {
        provider: [PROVIDER, "2"].concat().parse().unwrap(),
        ..request(&response)
    };
    let refused = run(&node, elsewhere).await.unwrap_err();
    assert!(matches!(refused, AssumeRoleError::NoSamlProvider));
    let role = [ROLE, "2"].concat();
    let pair = aws("Role", &[&[&role, ",", PROVIDER].concat()]);
    let response = response_of(&[pair, name()], &[]);
    let nobody = SamlRequest {
        role: role.parse().unwrap(),
        ..request(&response)
    };
    let unknown = run(&node, nobody).await.unwrap_err();
    assert!(matches!(
        unknown,
        AssumeRoleError::Denied(Denial::Refused {
            because: Because::UnknownRole,
            ..
        })
    ));
    let silent = files_with(
        TRUST,
        trust(&every_action(), &json!({"StringEquals": {"saml:aud": "x"}})),
    );
    let denied = refusal(&silent, &good_response()).await;
    assert_eq!(
        (denied.code(), denied.check()),
        (unknown.code(), unknown.check())
    );
}

/// The provider of one account vouches for nobody in another, though the assertion lists the pair and
/// the role trusts the provider.
#[tokio::test]
async fn the_provider_must_be_of_the_roles_account() {
    let reader = testing::ADMIN;
    let trust = trust(&every_action(), &json!({}));
    let admin_trust = "accounts/123456789012/roles/Admin.trust.json";
    let files = files_with(admin_trust, trust);
    let pair = aws("Role", &[&[reader, ",", PROVIDER].concat()]);
    let response = response_of(&[pair, name()], &[]);
    let request = SamlRequest {
        role: reader.parse().unwrap(),
        ..request(&response)
    };
    let refused = run(&Node::with(&files).await, request).await.unwrap_err();
    assert!(
        matches!(
            refused,
            AssumeRoleError::Denied(Denial::Refused {
                because: Because::ForeignProvider,
                ..
            })
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_given() {
    let node = Node::with(&files()).await;
    node.audit.leave_room_for(0);
    let refused = run(&node, request(&good_response())).await.unwrap_err();
    assert!(matches!(
        refused,
        AssumeRoleError::Unavailable(Unavailable::Audit(_))
    ));
}

#[tokio::test]
async fn a_provider_that_wants_a_second_opinion_is_unavailable_without_one() {
    let refused = refusal(&files_with(SETTINGS, ""), &good_response()).await;
    assert!(
        matches!(&refused, AssumeRoleError::Unavailable(Unavailable::SecondOpinion(error)) if matches!(**error, SamlProofError::NoSecondOpinion)),
        "{refused:?}"
    );
}

/// An assertion that is good once is there for the request that is mended.
#[tokio::test]
async fn a_refusal_after_the_policy_uses_no_assertion_up() {
    let settings = "second_opinion = false\nreplay = 'once'\n";
    let node = Node::with(&files_with(SETTINGS, settings)).await;
    let response = good_response();
    let unknown = "arn:aws:iam::482011739056:policy/NobodyMadeIt";
    let narrowed = SamlRequest {
        narrowing: Narrowing {
            policy_arns: vec![unknown.parse().unwrap()],
            ..Narrowing::default()
        },
        ..request(&response)
    };
    let refused = run(&node, narrowed).await;
    assert!(
        matches!(refused, Err(AssumeRoleError::UnknownPolicy(_))),
        "{refused:?}"
    );
    run(&node, request(&response)).await.unwrap();
    let again = run(&node, request(&response)).await;
    assert!(matches!(again, Err(AssumeRoleError::Consumed)), "{again:?}");
}

#[tokio::test]
async fn what_another_node_changed_counts_before_a_refusal() {
    let silent = trust(&every_action(), &json!({"StringEquals": {"saml:aud": "x"}}));
    let before = [
        files_with(TRUST, silent),
        files_with(METADATA, metadata(&[&STRANGER])),
        {
            let mut files = files();
            files.remove(SETTINGS);
            files.remove(METADATA);
            files
        },
    ];
    for before in before {
        let node = Node::with(&before).await;
        let other = node.beside().await;
        assert!(run(&other, request(&good_response())).await.is_err());
        node.apply(&files()).await;
        assert!(run(&other, request(&good_response())).await.is_ok());
    }
}

#[tokio::test]
async fn a_key_that_was_taken_out_of_the_metadata_counts_no_more() {
    let node = Node::with(&files()).await;
    let response = good_response();
    assert!(run(&node, request(&response)).await.is_ok());
    node.apply(&files_with(METADATA, metadata(&[&STRANGER])))
        .await;
    let refused = run(&node, request(&response)).await.unwrap_err();
    assert!(
        matches!(&refused, AssumeRoleError::Saml(error) if matches!(**error, SamlProofError::Response(SamlError::Signature(_)))),
        "{refused:?}"
    );
}
