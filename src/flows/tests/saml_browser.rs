//! Signing in and out at a SAML provider, in memory.

mod node;
mod session;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::portal::{ends, oidc_logout};
use super::*;
use crate::directory::testing::edited_in;
use crate::domain::{LocalPath, NameId};
use crate::federation::relying_party::RelyingParty;
use crate::federation::saml::SamlError;
use crate::federation::saml::browser_sso::{BrowserSso, SamlSignInError};
use crate::federation::saml::messages::{
    Envelope, LogoutError, LogoutReach, LogoutReason, LogoutRequest, LogoutResponse, LogoutStatus,
};
use crate::federation::saml::own_addresses::OwnAddresses;
use crate::federation::saml::prove::{OwnNames, SamlProofError, SamlVerifier, UnverifiedResponse};
use crate::federation::saml::redirect::{
    MessageKind, RedirectError, RedirectMessage, UnverifiedRedirect,
};
use crate::federation::saml::signing::SigningKey;
use crate::federation::saml::single_logout::{LogoutMessage, LogoutMessageError, SingleLogout};
use crate::federation::saml::testing::{
    ACS, AUDIENCE, ISSUER as ENTITY, PERSON, PROVIDER as SIGNER, Provider, STRANGER, Signed, cut,
    draft,
};
use crate::federation::secret_file::SecretFolder;
use crate::federation::sign_in::{Answer, Departure, ProviderError, ProviderSignIn};
use crate::flows::sign_out::SignedOut;
use crate::store::{Sessions, Stock};

const CONNECTION: &str = "connections/partners.toml";
const OWN: &str = "https://sso.example.com/saml/metadata";
const SLO: &str = "https://sso.example.com/saml/slo";
const ROLE: &str = "arn:aws:iam::482011739056:role/Partner";
const ARN: &str = "arn:aws:iam::482011739056:saml-provider/Partners";
const STATEMENT: &str = "<saml:AttributeStatement>";

fn metadata(entity: &str, signer: &Provider) -> String {
    let certificate = STANDARD.encode(signer.certificates[0].der());
    let service = |name: &str, binding: &str, path: &str| {
        format!(
            "<md:{name} Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"https://idp.example.com/{path}\"/>"
        )
    };
    [
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"",
        entity,
        "\"><md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:X509Data><ds:X509Certificate>",
        &certificate,
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
        &service("SingleLogoutService", "HTTP-Redirect", "slo"),
        &service("SingleLogoutService", "HTTP-POST", "slo"),
        &service("SingleSignOnService", "HTTP-Redirect", "sso"),
        &service("SingleSignOnService", "HTTP-POST", "sso"),
        "</md:IDPSSODescriptor></md:EntityDescriptor>",
    ]
    .concat()
}

/// The small directory with two SAML connections: `partners`, whose role is `Partner`, and `others`,
/// of another provider.
fn files() -> DirectoryFiles {
    let mut files = testing::files();
    let connection = |entity: &str| {
        format!(
            "display_name = 'Partners'\n[saml]\nentity_id = '{entity}'\nmetadata = 'upload'\nsecond_opinion = false\n"
        )
    };
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "Federated": ARN },
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"saml:aud": ACS, "saml:iss": ENTITY, "saml:doc": "482011739056/Partners"}},
    }});
    let rule = format!(
        "connections = ['partners']\nsession_name = '{{sub}}'\nroles = ['{ROLE}']\nwhen = {{ claim = 'groups', equals = 'developers' }}\n[tags]\nteam = 'by-rule'\n"
    );
    for (path, text) in [
        (CONNECTION, connection(ENTITY)),
        (
            "connections/partners.metadata.xml",
            metadata(ENTITY, &SIGNER),
        ),
        (
            "connections/others.toml",
            connection("https://other.example.com"),
        ),
        (
            "connections/others.metadata.xml",
            metadata("https://other.example.com", &STRANGER),
        ),
        (
            "accounts/482011739056/saml-providers/Partners.toml",
            "second_opinion = false\n".to_owned(),
        ),
        (
            "accounts/482011739056/saml-providers/Partners.metadata.xml",
            metadata(ENTITY, &SIGNER),
        ),
        ("accounts/482011739056/roles/Partner.toml", String::new()),
        (
            "accounts/482011739056/roles/Partner.trust.json",
            trust.to_string(),
        ),
        (
            "links/partners.toml",
            format!("connection = 'partners'\nproviders = ['{ARN}']\n"),
        ),
        ("rules/partners.toml", rule),
    ] {
        files.insert(path.to_owned(), text);
    }
    files
}

/// The files with lines added to the connection.
fn files_with(lines: &str) -> DirectoryFiles {
    let with = ["second_opinion = false\n", lines].concat();
    edited_in(files(), CONNECTION, "second_opinion = false\n", &with)
}

struct Setting {
    node: Node,
    flow: SignIn,
    out: SignOut,
}

/// What a browser holds between its two visits.
struct Browser {
    relay_state: String,
    request: String,
    cookie: String,
}

impl Setting {
    async fn new() -> Self {
        Self::with(&files()).await
    }

    async fn with(files: &DirectoryFiles) -> Self {
        let node = Node::with(files).await;
        let url: url::Url = "https://sso.example.com".parse().unwrap();
        let own = OwnAddresses::at(&url).unwrap();
        let names = Arc::new(OwnNames::at(&url).unwrap());
        let entropy: Arc<dyn crate::entropy::Entropy> = Arc::new(SystemEntropy);
        let outgoing = Arc::new(Outgoing::new(&OutgoingSettings::default()).unwrap());
        let oidc = RelyingParty::new(
            Arc::clone(&KEYS),
            outgoing,
            Arc::clone(&entropy),
            SecretFolder::default(),
            url,
        );
        let verifier = SamlVerifier::new(None, Arc::clone(&entropy));
        let audience = names.entity_id.clone();
        let saml = BrowserSso::new(own.clone(), names, verifier, Arc::clone(&entropy));
        let flow = SignIn {
            directory: Arc::clone(&node.directory),
            providers: Arc::new(ProviderSignIn::new(oidc, saml, Arc::clone(&entropy))),
            sessions: Arc::clone(&node.store) as Arc<dyn Sessions>,
            marks: Arc::clone(&node.store) as Arc<dyn OneTimeUse>,
            answers: Arc::default(),
            recorder: Arc::clone(&node.recorder),
            entropy: Arc::clone(&entropy),
            limits: SessionLimits {
                idle_seconds: 43_200,
                absolute_seconds: 43_200,
            },
        };
        let out = SignOut {
            directory: Arc::clone(&node.directory),
            sessions: Arc::clone(&node.store) as Arc<dyn Sessions>,
            marks: Arc::clone(&node.store) as Arc<dyn OneTimeUse>,
            recorder: Arc::clone(&node.recorder),
            entropy: Arc::clone(&entropy),
            logout: Arc::new(SingleLogout::new(own, entropy)),
            oidc: oidc_logout(),
            ends: ends(&node),
            stock: Arc::clone(&node.store) as Arc<dyn Stock>,
            audience,
        };
        Self { node, flow, out }
    }

    /// With a key of ours, which takes a while to make.
    async fn with_key(files: &DirectoryFiles) -> Self {
        let setting = Self::with(files).await;
        let keys = NodeKeys {
            directory: Arc::clone(&setting.node.directory),
            entropy: Arc::new(SystemEntropy),
            host: "sso.example.com".into(),
        };
        keys.make_first(NOW).await.unwrap();
        setting
    }

    async fn departs(&self, session: Option<&str>) -> SignInBegun {
        let (connection, return_to) = ("partners".parse().unwrap(), "/roles".parse().unwrap());
        let wish = Wish {
            connection: &connection,
            return_to: &return_to,
            session,
            email: None,
        };
        self.flow.begin(wish, &meta()).await.unwrap()
    }

    async fn begin(&self) -> Browser {
        let begun = self.departs(None).await;
        let (xml, relay_state) = message(&begun.departure);
        Browser {
            relay_state,
            request: id_of(&xml),
            cookie: begun.sealed.expose().clone(),
        }
    }

    async fn finish_with(
        &self,
        response: &str,
        (relay_state, cookie): (Option<&str>, Option<&str>),
    ) -> Result<SignedIn, SignInRefusal> {
        let callback = Callback {
            answer: Answer::Saml {
                response: UnverifiedResponse::decode(&STANDARD.encode(response)).unwrap(),
                relay_state: relay_state.map(str::to_owned),
            },
            sealed: cookie,
            previous_session: None,
            named_session: None,
        };
        self.flow.finish(callback, &meta()).await
    }

    async fn finish(&self, browser: &Browser, response: &str) -> Result<SignedIn, SignInRefusal> {
        let held = (Some(&*browser.relay_state), Some(&*browser.cookie));
        self.finish_with(response, held).await
    }

    async fn signed_in(&self) -> String {
        let browser = self.begin().await;
        let id = ["_", &browser.request.replace('_', "a")].concat();
        let response = response(
            Some(&browser.request),
            &[("\"_a1\"", &["\"", &id, "\""].concat())],
        );
        let signed_in = self.finish(&browser, &response).await.unwrap();
        signed_in.session_secret.expose().clone()
    }

    fn portal(&self) -> Portal {
        Portal {
            directory: Arc::clone(&self.node.directory),
            sessions: Arc::clone(&self.node.store) as Arc<dyn Sessions>,
            own_roles: own_roles(&self.node),
            throttle: no_rates(),
            recorder: Arc::clone(&self.node.recorder),
            entropy: Arc::new(SystemEntropy),
            max_claim_age: 43_200,
        }
    }

    async fn open(&self, secret: &str) -> Option<OpenBrowserSession> {
        self.portal().open(secret, NOW).await.unwrap()
    }

    async fn offered(&self, secret: &str) -> usize {
        let open = self.open(secret).await.unwrap();
        self.portal().offers(&open, &meta()).unwrap().roles.len()
    }

    #[track_caller]
    fn assert_told(&self, expected: &[(&str, &str)]) {
        let told = self.node.audit.told();
        let told: Vec<_> = told
            .iter()
            .filter(|(name, _)| name.contains("Sign") || name.contains("Logout"))
            .map(|(name, code)| (&**name, &**code))
            .collect();
        assert_eq!(told, expected);
    }
}

/// The message that a departure brings, and what stands beside it.
fn message(departure: &Departure) -> (String, String) {
    match departure {
        Departure::Redirect(url) => {
            let query = url.split_once('?').unwrap().1;
            let message = UnverifiedRedirect::parse(query).unwrap();
            let state = message.relay_state().unwrap_or_default().to_owned();
            (message.unverified_xml().to_owned(), state)
        }
        Departure::Post(form) => {
            let xml = STANDARD.decode(&form.message).unwrap();
            let state = form.relay_state.clone().unwrap_or_default();
            (String::from_utf8(xml).unwrap(), state)
        }
    }
}

fn id_of(xml: &str) -> String {
    let attribute = cut(xml, " ID=\"", "\" ");
    attribute.split('"').nth(1).unwrap().to_owned()
}

/// A response to a request, or to none, changed before it was signed.
fn response(request: Option<&str>, changes: &[(&str, &str)]) -> String {
    response_by(&SIGNER, request, changes)
}

fn response_by(signer: &Provider, request: Option<&str>, changes: &[(&str, &str)]) -> String {
    let audience = [">", AUDIENCE, "</saml:Audience>"].concat();
    let answers = request.map(|id| [" InResponseTo=\"", id, "\""].concat());
    let mut text = draft(Signed::Assertion)
        .replace(&audience, &[">", OWN, "</saml:Audience>"].concat())
        .replace(" InResponseTo=\"_q1\"", &answers.unwrap_or_default());
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let assertion = cut(&text, "<saml:Assertion ", ">").to_owned();
    let id = id_of(&assertion);
    signer.sign(&text, &[&id])
}

fn saml(refused: &Result<SignedIn, SignInRefusal>) -> Option<&SamlSignInError> {
    match refused {
        Err(SignInRefusal::Provider(ProviderError::Saml(error))) => Some(error),
        _ => None,
    }
}

fn error(refused: &Result<SignedIn, SignInRefusal>) -> Option<&SamlError> {
    let Some(SamlSignInError::Proof(error)) = saml(refused) else {
        return None;
    };
    match &**error {
        SamlProofError::Response(error) => Some(error),
        _ => None,
    }
}

#[tokio::test]
async fn a_person_signs_in_and_takes_keys_of_their_role() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let answer = response(Some(&browser.request), &[]);
    let signed_in = setting.finish(&browser, &answer).await.unwrap();
    assert_eq!(signed_in.return_to.to_string(), "/roles");
    let open = setting.open(signed_in.session_secret.expose()).await;
    let open = open.unwrap();
    let session = &open.session;
    let provider = session.provider_session.as_ref().unwrap();
    assert_eq!(provider.name_id.value, PERSON);
    assert_eq!(provider.name_id.name_qualifier.as_deref(), Some("nq"));
    assert_eq!(provider.index.as_deref(), Some("_s1"));
    let provider_s_end = "2026-11-21T17:40:00Z";
    assert_eq!(session.ends_at.to_string(), provider_s_end);
    let asked = SessionDuration::DEFAULT;
    let role = ROLE.parse().unwrap();
    let taken = setting.portal().take(&open, &role, asked, &meta()).await;
    let arn = taken.unwrap().issued.principal.arn();
    assert_eq!(
        arn,
        format!("arn:aws:sts::482011739056:assumed-role/Partner/{PERSON}")
    );
    setting.assert_told(&[("SignIn", "")]);
}

#[tokio::test]
async fn a_request_asks_for_what_the_connection_says_and_is_signed_where_it_says_so() {
    let plain = Setting::new().await.departs(None).await.departure;
    assert!(matches!(&plain, Departure::Redirect(url) if !url.contains("Signature=")));
    let lines = "sign_requests = 'always'\nforce_authn = true\nrequest_binding = 'post'\nname_id_format = 'urn:x'\nrequested_authn_context = { classes = ['urn:c'] }\n";
    let setting = Setting::with_key(&files_with(lines)).await;
    let begun = setting.departs(None).await;
    assert_eq!(begun.sites, ["https://idp.example.com"]);
    let Departure::Post(form) = &begun.departure else {
        panic!("a form");
    };
    assert_eq!(form.action.as_str(), "https://idp.example.com/sso");
    let (xml, _) = message(&begun.departure);
    for part in [
        "ForceAuthn=\"true\"",
        "Format=\"urn:x\"",
        ">urn:c<",
        "<ds:SignatureValue>",
        "AssertionConsumerServiceURL=\"https://sso.example.com/saml/acs\"",
        &[">", OWN, "<"].concat(),
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
    let redirect = files_with("sign_requests = 'always'\n");
    let signed = Setting::with_key(&redirect)
        .await
        .departs(None)
        .await
        .departure;
    assert!(
        matches!(&signed, Departure::Redirect(url) if url.contains("&SigAlg=") && url.contains("&Signature="))
    );
}

#[tokio::test]
async fn s41_a_response_signs_in_once_and_an_attempt_is_answered_once() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let answer = response(Some(&browser.request), &[]);
    setting.finish(&browser, &answer).await.unwrap();
    let again = setting.finish(&browser, &answer).await;
    assert!(matches!(again, Err(SignInRefusal::NoAttempt)), "{again:?}");
    let other = setting.begin().await;
    let same_assertion = response(Some(&other.request), &[]);
    let used = setting.finish(&other, &same_assertion).await;
    assert!(matches!(used, Err(SignInRefusal::UsedAlready)), "{used:?}");
}

#[tokio::test]
async fn s41_without_the_marks_nobody_signs_in() {
    let mut setting = Setting::with(&files_with("idp_initiated = true\n")).await;
    setting.flow.marks = Arc::new(MarksDown);
    let browser = setting.begin().await;
    let answer = response(Some(&browser.request), &[]);
    let begun_here = setting.finish(&browser, &answer).await;
    let unasked = setting
        .finish_with(&response(None, &[]), (None, None))
        .await;
    for refused in [begun_here, unasked] {
        let is_store = matches!(
            refused,
            Err(SignInRefusal::Unavailable(Unavailable::Store(_)))
        );
        assert!(is_store, "{refused:?}");
    }
}

#[tokio::test]
async fn s42_what_was_not_asked_by_this_browser_is_refused() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let other = setting.begin().await;
    let answer = response(Some(&browser.request), &[]);
    let held = (Some(&*browser.relay_state), None);
    let no_cookie = setting.finish_with(&answer, held).await;
    assert!(matches!(no_cookie, Err(SignInRefusal::OtherBrowser)));
    let held = (Some(&*browser.relay_state), Some(&*other.cookie));
    let other_s_cookie = setting.finish_with(&answer, held).await;
    assert!(matches!(other_s_cookie, Err(SignInRefusal::OtherBrowser)));
    let other_s_request = setting.finish(&other, &answer).await;
    assert!(
        matches!(
            error(&other_s_request),
            Some(SamlError::InResponseTo { .. })
        ),
        "{other_s_request:?}"
    );
    let third = setting.begin().await;
    let none = setting.finish(&third, &response(None, &[])).await;
    assert!(
        matches!(error(&none), Some(SamlError::Unsolicited { .. })),
        "{none:?}"
    );
    assert!(setting.finish(&browser, &answer).await.is_ok());
}

#[tokio::test]
async fn s42_a_provider_begins_only_where_it_may_and_answers_nothing_then() {
    let unasked = response(None, &[]);
    let off = Setting::new().await;
    let refused = off.finish_with(&unasked, (None, None)).await;
    assert!(
        matches!(saml(&refused), Some(SamlSignInError::NotAsked)),
        "{refused:?}"
    );
    off.assert_told(&[("SignIn", "SignInRefused")]);
    let on = Setting::with(&files_with("idp_initiated = true\n")).await;
    let solicited = on
        .finish_with(&response(Some("_q"), &[]), (None, None))
        .await;
    assert!(
        matches!(solicited, Err(SignInRefusal::OtherBrowser)),
        "{solicited:?}"
    );
    let signed_in = on
        .finish_with(&unasked, (Some("//evil.example"), None))
        .await;
    assert_eq!(signed_in.unwrap().return_to, LocalPath::root(), "S53");
    let to_a_role = "/go?account=payments-prod&role=Reader";
    let other = response(None, &[("\"_a1\"", "\"_a2\"")]);
    let signed_in = on.finish_with(&other, (Some(to_a_role), None)).await;
    assert_eq!(signed_in.unwrap().return_to.as_str(), to_a_role);
    let again = on.finish_with(&unasked, (None, None)).await;
    assert!(
        matches!(again, Err(SignInRefusal::UsedAlready)),
        "{again:?}"
    );
}

/// Only something that is not signed leaves the request out.
#[tokio::test]
async fn s42_an_answer_whose_request_was_taken_off_is_none_that_a_provider_began() {
    let on = Setting::with(&files_with("idp_initiated = true\n")).await;
    let answer = response(Some("_q"), &[]);
    let stripped = answer.replacen(" InResponseTo=\"_q\"", "", 1);
    let refused = on.finish_with(&stripped, (None, None)).await;
    assert!(
        matches!(error(&refused), Some(SamlError::Solicited { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn s48_s54_another_provider_s_response_is_refused_at_this_connection() {
    let setting = Setting::new().await;
    let other = &[(
        "https://idp.example.com/metadata",
        "https://other.example.com",
    )];
    let browser = setting.begin().await;
    let good_elsewhere = response_by(&STRANGER, Some(&browser.request), other);
    let refused = setting.finish(&browser, &good_elsewhere).await;
    assert!(
        matches!(saml(&refused), Some(SamlSignInError::OtherIssuer { .. })),
        "{refused:?}"
    );
    let browser = setting.begin().await;
    let other_s_key = response_by(&STRANGER, Some(&browser.request), &[]);
    let refused = setting.finish(&browser, &other_s_key).await;
    assert!(
        matches!(error(&refused), Some(SamlError::Signature(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn s43_s44_what_is_for_somebody_else_or_another_time_is_refused() {
    for (from, to, check) in [
        (
            "Destination=\"https://sso.example.com/saml/acs\"",
            "Destination=\"https://sso.example.com/saml/acs/\"",
            "recipient",
        ),
        (
            "Recipient=\"https://sso.example.com/saml/acs\"",
            "Recipient=\"https://sso.example.com/saml\"",
            "recipient",
        ),
        (
            ">https://sso.example.com/saml/metadata</saml:Audience>",
            ">https://sso.example.com/saml/metadata2</saml:Audience>",
            "audience",
        ),
        (
            "NotOnOrAfter=\"2026-11-21T09:46:05Z\"",
            "NotOnOrAfter=\"2026-11-21T09:36:05Z\"",
            "expiry",
        ),
        (
            "NotOnOrAfter=\"2026-11-21T10:41:05Z\"",
            "NotOnOrAfter=\"2026-11-21T09:40:05Z\"",
            "expiry",
        ),
        (
            "SessionNotOnOrAfter=\"2026-11-21T17:40:00Z\"",
            "SessionNotOnOrAfter=\"2026-11-21T09:40:00Z\"",
            "expiry",
        ),
        (
            "IssueInstant=\"2026-11-21T09:41:05Z\"",
            "IssueInstant=\"2026-11-21T09:31:05Z\"",
            "age",
        ),
    ] {
        let setting = Setting::new().await;
        let browser = setting.begin().await;
        let answer = response(Some(&browser.request), &[(from, to)]);
        let refused = setting.finish(&browser, &answer).await;
        let found = refused.as_ref().err().map(SignInRefusal::check);
        assert_eq!(found, Some(check), "{to}: {refused:?}");
    }
}

/// W4
#[tokio::test]
async fn the_session_that_the_browser_had_when_it_left_is_over() {
    let setting = Setting::new().await;
    let before = setting.signed_in().await;
    let begun = setting.departs(Some(&before)).await;
    let (xml, relay_state) = message(&begun.departure);
    let answer = response(Some(&id_of(&xml)), &[]);
    let held = (Some(&*relay_state), Some(&**begun.sealed.expose()));
    let after = setting.finish_with(&answer, held).await.unwrap();
    assert!(setting.open(&before).await.is_none());
    assert!(setting.open(after.session_secret.expose()).await.is_some());
}

#[tokio::test]
async fn a_connection_that_was_pointed_elsewhere_gives_nothing_any_more() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let secret = setting.signed_in().await;
    let mut changed = files();
    changed.retain(|path, _| !path.starts_with("links/partners"));
    let elsewhere = "https://elsewhere.example.com";
    changed.insert(
        "connections/partners.metadata.xml".into(),
        metadata(elsewhere, &SIGNER),
    );
    let changed = edited_in(changed, CONNECTION, ENTITY, elsewhere);
    setting.node.apply(&changed).await;
    assert!(setting.open(&secret).await.is_none());
    let answer = response(Some(&browser.request), &[]);
    let refused = setting.finish(&browser, &answer).await;
    assert!(
        matches!(saml(&refused), Some(SamlSignInError::OtherConnection)),
        "{refused:?}"
    );
}

fn aws(name: &str, value: &str) -> String {
    format!(
        "<saml:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{name}\"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
    )
}

async fn signed_in_with(setting: &Setting, attributes: &[String]) -> String {
    let browser = setting.begin().await;
    let with = [STATEMENT, &attributes.concat()].concat();
    let answer = response(Some(&browser.request), &[(STATEMENT, &with)]);
    let signed_in = setting.finish(&browser, &answer).await.unwrap();
    signed_in.session_secret.expose().clone()
}

#[tokio::test]
async fn aws_own_attributes_narrow_what_a_rule_gives_where_the_connection_lets_them() {
    let asked = [
        aws("Role", &[ROLE, ",", ARN].concat()),
        aws(
            "Role",
            &[
                "arn:aws:iam::482011739056:role/engineering/Reader",
                ",",
                ARN,
            ]
            .concat(),
        ),
        aws("RoleSessionName", "ann"),
        aws("SessionDuration", "1800"),
        aws("SourceIdentity", "ann-s"),
        aws("PrincipalTag:Team", "by-assertion"),
        aws("PrincipalTag:Desk", "7"),
    ];
    let off = Setting::new().await;
    let secret = signed_in_with(&off, &asked).await;
    let open = off.open(&secret).await.unwrap();
    let role = ROLE.parse().unwrap();
    let taken = off
        .portal()
        .take(&open, &role, SessionDuration::DEFAULT, &meta())
        .await
        .unwrap();
    assert_eq!(taken.given, SessionDuration::DEFAULT);
    assert!(taken.issued.principal.arn().ends_with(PERSON));

    let on = Setting::with(&files_with("aws_attributes = true\n")).await;
    let secret = signed_in_with(&on, &asked).await;
    assert_eq!(
        on.offered(&secret).await,
        1,
        "the attribute gives no role that no rule does"
    );
    let open = on.open(&secret).await.unwrap();
    let taken = on
        .portal()
        .take(&open, &role, SessionDuration::DEFAULT, &meta())
        .await
        .unwrap();
    assert_eq!(taken.given.seconds(), 1800);
    assert!(taken.bounds.contains(&(Bound::Provider, 1800)));
    assert!(taken.issued.principal.arn().ends_with("/ann"));
}

#[tokio::test]
async fn a_role_that_the_assertion_does_not_list_is_not_given_where_aws_attributes_count() {
    let other_provider = [ROLE, ",arn:aws:iam::482011739056:saml-provider/Other"].concat();
    for attributes in [
        vec![],
        vec![aws("Role", &other_provider)],
        vec![
            aws("Role", &[ROLE, ",", ARN].concat()),
            aws("SessionDuration", "1"),
        ],
        vec![
            aws("Role", &[ROLE, ",", ARN].concat()),
            aws("RoleSessionName", "a b"),
        ],
    ] {
        let on = Setting::with(&files_with("aws_attributes = true\n")).await;
        let secret = signed_in_with(&on, &attributes).await;
        assert_eq!(on.offered(&secret).await, 0, "{attributes:?}");
        let open = on.open(&secret).await.unwrap();
        let asked = SessionDuration::DEFAULT;
        let taken = on
            .portal()
            .take(&open, &ROLE.parse().unwrap(), asked, &meta())
            .await;
        assert!(
            matches!(taken, Err(AssumeRoleError::SamlSession(_))),
            "{attributes:?}"
        );
    }
}

/// A provider's request to sign a person out.
struct Ask<'a> {
    id: &'a str,
    name_id: NameId,
    destination: &'a str,
    issuer: &'a str,
    at: UnixTime,
}

fn person() -> NameId {
    NameId {
        value: PERSON.to_owned(),
        format: Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress".to_owned()),
        name_qualifier: Some("nq".to_owned()),
        sp_name_qualifier: Some("spnq".to_owned()),
    }
}

impl Ask<'_> {
    fn good() -> Self {
        Self {
            id: "_l1",
            name_id: person(),
            destination: SLO,
            issuer: ENTITY,
            at: NOW,
        }
    }

    fn with<T>(&self, write: impl FnOnce(&LogoutRequest<'_>) -> T) -> T {
        let request = LogoutRequest {
            envelope: Envelope {
                id: &self.id.parse().unwrap(),
                issue_instant: self.at,
                destination: &self.destination.parse().unwrap(),
                issuer: &self.issuer.parse().unwrap(),
            },
            name_id: &self.name_id,
            session_indexes: &["_s1"],
            not_on_or_after: self.at.plus(300),
            reason: LogoutReason::User,
        };
        write(&request)
    }

    fn query(&self, key: Option<&SigningKey>) -> String {
        let xml = self.with(plain);
        query(MessageKind::Request, &xml, Some("theirs"), key)
    }

    fn redirect(&self) -> LogoutMessage {
        LogoutMessage::from_query(&self.query(Some(&SIGNER.key))).unwrap()
    }

    fn post(&self) -> LogoutMessage {
        form(
            "SAMLRequest",
            &self.with(|it| it.to_signed_xml(&SIGNER.key).unwrap()),
            "theirs",
        )
    }
}

fn plain(request: &LogoutRequest<'_>) -> String {
    request.to_xml()
}

fn query(kind: MessageKind, xml: &str, state: Option<&str>, key: Option<&SigningKey>) -> String {
    let message = RedirectMessage {
        kind,
        xml,
        relay_state: state,
    };
    let url = message.url(&SLO.parse().unwrap(), key).unwrap();
    url.split_once('?').unwrap().1.to_owned()
}

fn form(field: &str, xml: &str, state: &str) -> LogoutMessage {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair(field, &STANDARD.encode(xml))
        .append_pair("RelayState", state)
        .finish();
    LogoutMessage::from_form(&body).unwrap()
}

#[tokio::test]
async fn a_provider_signs_a_person_out_everywhere_here_and_is_told_so() {
    for (asked, prefix) in [
        (
            Ask::good().redirect(),
            "https://idp.example.com/slo?SAMLResponse=",
        ),
        (Ask::good().post(), "https://idp.example.com/slo"),
    ] {
        let setting = Setting::with_key(&files()).await;
        let both = [setting.signed_in().await, setting.signed_in().await];
        let ended = setting.out.asked(&asked, &meta()).await.unwrap();
        for secret in &both {
            assert!(setting.open(secret).await.is_none());
        }
        let departure = ended.departure.unwrap();
        match &departure {
            Departure::Redirect(url) => {
                assert!(url.starts_with(prefix) && url.contains("&Signature="));
            }
            Departure::Post(form) => assert_eq!(form.action.as_str(), prefix),
        }
        let (xml, state) = message(&departure);
        assert_eq!(state, "theirs");
        assert!(
            xml.contains("InResponseTo=\"_l1\"") && xml.contains("status:Success"),
            "{xml}"
        );
        setting.assert_told(&[("SignIn", ""), ("SignIn", ""), ("SamlLogout", "")]);
    }
}

#[tokio::test]
async fn a_logout_names_one_person_however_the_name_is_written() {
    let changes: [fn(&mut NameId); 3] = [
        |name| name.format = None,
        |name| name.name_qualifier = Some(String::new()),
        |name| name.sp_name_qualifier = Some("other".to_owned()),
    ];
    for (change, id) in changes.into_iter().zip(["_l1", "_l2", "_l3"]) {
        let setting = Setting::with_key(&files()).await;
        let secret = setting.signed_in().await;
        let mut ask = Ask { id, ..Ask::good() };
        change(&mut ask.name_id);
        setting.out.asked(&ask.redirect(), &meta()).await.unwrap();
        assert!(setting.open(&secret).await.is_none(), "{id}");
    }
    let setting = Setting::with_key(&files()).await;
    let secret = setting.signed_in().await;
    let mut ask = Ask {
        id: "_l4",
        ..Ask::good()
    };
    ask.name_id.value = "bob@example.com".to_owned();
    setting.out.asked(&ask.redirect(), &meta()).await.unwrap();
    assert!(setting.open(&secret).await.is_some());
}

#[tokio::test]
async fn a_logout_is_taken_once_and_ends_the_assertions_of_before() {
    let setting = Setting::with_key(&files()).await;
    let browser = setting.begin().await;
    let message = Ask::good().redirect();
    setting.out.asked(&message, &meta()).await.unwrap();
    let again = setting.out.asked(&message, &meta()).await;
    assert!(
        matches!(again, Err(LogoutRefusal::UsedAlready)),
        "{again:?}"
    );
    // It was issued two seconds before the logout, and comes after it.
    let answer = response(Some(&browser.request), &[]);
    let late = setting.finish(&browser, &answer).await;
    assert!(matches!(late, Err(SignInRefusal::LoggedOut)), "{late:?}");
    setting.assert_told(&[
        ("SamlLogout", ""),
        ("SamlLogout", "UsedAlready"),
        ("SignIn", "LoggedOut"),
    ]);
}

#[tokio::test]
async fn s56_s31_a_logout_that_is_not_signed_by_the_provider_for_us_and_now_ends_nothing() {
    let setting = Setting::with_key(&files()).await;
    let secret = setting.signed_in().await;
    let good = || Ask::good();
    let unsigned = LogoutMessage::from_query(&good().query(None)).unwrap();
    let stranger = LogoutMessage::from_query(&good().query(Some(&STRANGER.key))).unwrap();
    let elsewhere = Ask {
        destination: "https://sso.example.com/saml/slo2",
        ..good()
    };
    let old = Ask {
        at: NOW.plus(-301),
        ..good()
    };
    let unknown = Ask {
        issuer: "https://unknown.example.com",
        ..good()
    };
    let others = Ask {
        issuer: "https://other.example.com",
        ..good()
    };
    for (message, check) in [
        (unsigned, "message"),
        (stranger, "signature"),
        (elsewhere.redirect(), "recipient"),
        (old.redirect(), "age"),
        (unknown.redirect(), "issuer"),
        (others.redirect(), "signature"),
        (form("SAMLRequest", &good().with(plain), "x"), "signature"),
    ] {
        let refused = setting.out.asked(&message, &meta()).await;
        let found = refused.as_ref().err().map(LogoutRefusal::check);
        assert_eq!(found, Some(check), "{refused:?}");
        assert!(setting.open(&secret).await.is_some(), "{check}");
    }
}

/// A captured assertion inside a request proves nothing of it.
#[tokio::test]
async fn s31_a_signed_assertion_inside_a_logout_request_signs_nobody_out() {
    let setting = Setting::with_key(&files()).await;
    let secret = setting.signed_in().await;
    let captured = response(Some("_q"), &[]);
    let assertion = crate::federation::saml::testing::assertion_of(&captured);
    let request = Ask::good().with(plain);
    let wrapped = request.replace("<saml:NameID", &[assertion, "<saml:NameID"].concat());
    let refused = setting
        .out
        .asked(&form("SAMLRequest", &wrapped, "x"), &meta())
        .await;
    let is_refused = matches!(
        &refused,
        Err(LogoutRefusal::Message(LogoutMessageError::Message(
            LogoutError::Unsigned | LogoutError::Signature(_)
        )))
    );
    assert!(is_refused, "{refused:?}");
    assert!(setting.open(&secret).await.is_some());
}

#[tokio::test]
async fn s56_a_redirect_s_signature_covers_the_octets_that_came() {
    let good = Ask::good().query(Some(&SIGNER.key));
    let setting = Setting::with_key(&files()).await;
    let recoded = good.replacen("RelayState=theirs", "RelayState=%74heirs", 1);
    assert_ne!(recoded, good);
    let message = LogoutMessage::from_query(&recoded).unwrap();
    let refused = setting.out.asked(&message, &meta()).await;
    let wrong = LogoutMessageError::Redirect(RedirectError::WrongSignature);
    assert!(
        matches!(&refused, Err(LogoutRefusal::Message(error)) if *error == wrong),
        "{refused:?}"
    );
    let twice = [&good, "&RelayState=other"].concat();
    let repeated = RedirectError::Repeated("RelayState");
    assert_eq!(LogoutMessage::from_query(&twice), Err(repeated.into()));
    let (before, _) = good.split_once("&Signature=").unwrap();
    let dropped = RedirectError::Missing("Signature");
    assert_eq!(LogoutMessage::from_query(before), Err(dropped.into()));
    let sha1 = good.replacen("rsa-sha256", "rsa-sha1", 1);
    assert_eq!(
        LogoutMessage::from_query(&sha1),
        Err(RedirectError::UnknownAlgorithm.into())
    );
}

/// Signs out here, and gives how the browser leaves.
async fn sign_out(setting: &Setting, secret: &str) -> Option<Box<TellingProvider>> {
    let open = setting.open(secret).await.unwrap();
    match setting.out.here(&open, &meta()).await.unwrap() {
        SignedOut::Here => None,
        SignedOut::ToProvider(telling) => Some(telling),
    }
}

fn logout_answer(request: &str, state: &str, key: Option<&SigningKey>) -> LogoutMessage {
    let response = LogoutResponse {
        envelope: Envelope {
            id: &"_r9".parse().unwrap(),
            issue_instant: NOW,
            destination: &SLO.parse().unwrap(),
            issuer: &ENTITY.parse().unwrap(),
        },
        in_response_to: &request.parse().unwrap(),
        status: LogoutStatus::Success,
    };
    let query = query(MessageKind::Response, &response.to_xml(), Some(state), key);
    LogoutMessage::from_query(&query).unwrap()
}

#[tokio::test]
async fn a_person_signs_out_here_and_the_provider_is_told() {
    let setting = Setting::with_key(&files()).await;
    let secret = setting.signed_in().await;
    let telling = sign_out(&setting, &secret).await.unwrap();
    assert!(setting.open(&secret).await.is_none());
    let (xml, state) = message(&telling.departure);
    assert!(
        xml.contains(&format!(">{PERSON}</saml:NameID>")) && xml.contains(">_s1<"),
        "{xml}"
    );
    assert!(matches!(&telling.departure, Departure::Redirect(url) if url.contains("&Signature=")));
    let request = id_of(&xml);
    let cookie = telling.sealed.expose();
    let answer = |request: &str, key| logout_answer(request, &state, key);
    let key = Some(&SIGNER.key);
    for (message, cookie, check) in [
        (answer(&request, key), None, "browser"),
        (answer("_other", key), Some(&**cookie), "request"),
        (
            answer(&request, Some(&STRANGER.key)),
            Some(&**cookie),
            "signature",
        ),
        (answer(&request, None), Some(&**cookie), "message"),
    ] {
        let refused = setting.out.answered(message, cookie, &meta()).await;
        let found = refused.as_ref().err().map(LogoutRefusal::check);
        assert_eq!(found, Some(check), "{refused:?}");
    }
    let reach = setting
        .out
        .answered(answer(&request, key), Some(cookie), &meta())
        .await;
    assert_eq!(reach.unwrap(), LogoutReach::Everywhere);
    let told = setting.node.audit.told();
    assert_eq!(
        told.last().unwrap(),
        &("SamlLogout".to_owned(), String::new())
    );
}

#[tokio::test]
async fn without_a_key_or_an_address_the_session_ends_here_alone() {
    let setting = Setting::new().await;
    let secret = setting.signed_in().await;
    assert!(sign_out(&setting, &secret).await.is_none());
    assert!(setting.open(&secret).await.is_none());
}
