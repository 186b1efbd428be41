use super::*;
use crate::directory::testing::{
    ADMIN, CONNECTION_FILE, READER_FILE, READER_TRUST, RULE_FILE, edited, without,
};
use crate::domain::{ClaimSource, Claims, FederatedIdentity, ProviderRef, RoleArn, SignInId};
use crate::federation::oidc_logout::OidcLogout;
use crate::federation::saml::own_addresses::OwnAddresses;
use crate::federation::saml::single_logout::SingleLogout;
use crate::store::{BrowserSession, PersonKey, SessionDetails, SessionKey, Sessions, Stock};

/// A browser's secret, for one of the places of [`session`]'s person.
pub(super) const SECRET: &str = "AwMDAwMDAwMDAwMDAwMD-secret-of-the-browser-and-of-nobody-else-00";
const CLAIM_AGE: i64 = 43_200;

pub(super) fn portal(node: &Node) -> Portal {
    Portal {
        directory: Arc::clone(&node.directory),
        sessions: Arc::clone(&node.store) as Arc<dyn Sessions>,
        own_roles: own_roles(node),
        throttle: no_rates(),
        recorder: Arc::clone(&node.recorder),
        entropy: Arc::new(SystemEntropy),
        max_claim_age: CLAIM_AGE,
    }
}

fn identity(groups: &[&str]) -> FederatedIdentity {
    let claims = json!({"sub": "ines", "groups": groups});
    FederatedIdentity {
        provider: ProviderRef::Connection("workforce".parse().unwrap()),
        issuer: ISSUER.parse().unwrap(),
        subject: "ines".parse().unwrap(),
        audience: "portal".parse().unwrap(),
        claims: Claims::from_json(claims.as_object().unwrap(), ClaimSource::IdToken),
        proved_at: NOW,
    }
}

pub(super) fn session(groups: &[&str]) -> BrowserSession {
    BrowserSession {
        sign_in: SignInId::from_random([3; 16]),
        identity: identity(groups),
        person: PersonKey([3; 32]),
        proof_issued_at: NOW,
        provider_session: None,
        display_name: "Ines".to_owned(),
        created_at: NOW,
        last_seen: NOW,
        idle_seconds: 1800,
        ends_at: NOW.plus(CLAIM_AGE),
        details: SessionDetails::default(),
    }
}

async fn keep(node: &Node, session: &BrowserSession) {
    let key: SessionKey = super::super::sign_in::session_key(SECRET);
    node.store.create(&key, session).await.unwrap();
}

pub(super) async fn signed_in(node: &Node, session: BrowserSession) -> OpenBrowserSession {
    keep(node, &session).await;
    portal(node).open(SECRET, NOW).await.unwrap().unwrap()
}

/// Speaks to providers of which nothing is known.
pub(super) fn oidc_logout() -> Arc<OidcLogout> {
    let keys = Arc::new(KeyCache::new(Arc::new(Outgoing::new(&nowhere()).unwrap())));
    let own = "https://gate.example.com".parse().unwrap();
    Arc::new(OidcLogout::new(keys, own))
}

pub(super) fn ends(node: &Node) -> EndSessions {
    EndSessions {
        directory: Arc::clone(&node.directory),
        sessions: Arc::clone(&node.store) as Arc<dyn Sessions>,
        recorder: Arc::clone(&node.recorder),
    }
}

async fn reader(node: &Node) -> OpenBrowserSession {
    signed_in(node, session(&["readers"])).await
}

fn offered(node: &Node, open: &OpenBrowserSession) -> Vec<String> {
    let offers = portal(node).offers(open, &meta()).unwrap();
    let arns = offers.roles.iter().map(|role| role.arn.to_string());
    arns.collect()
}

fn role(arn: &str) -> RoleArn {
    arn.parse().unwrap()
}

pub(super) async fn take(
    node: &Node,
    open: &OpenBrowserSession,
    seconds: u32,
) -> Result<TakenCredentials, AssumeRoleError> {
    let asked = SessionDuration::from_seconds(seconds).unwrap();
    portal(node).take(open, &role(READER), asked, &meta()).await
}

#[tokio::test]
async fn a_person_is_offered_what_a_rule_gives_and_the_role_trusts() {
    let node = Node::new().await;
    assert_eq!(offered(&node, &reader(&node).await), [READER]);
}

#[tokio::test]
async fn every_rule_adds_its_roles() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers", "admins"])).await;
    assert_eq!(offered(&node, &open), [ADMIN, READER]);
}

#[tokio::test]
async fn a_person_without_groups_is_offered_nothing() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&[])).await;
    assert_eq!(offered(&node, &open), [""; 0]);
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_portal_s_client_is_not_offered() {
    let node = Node::with(&edited(READER_TRUST, "\"sts\",\"portal\"", "\"sts\"")).await;
    let open = reader(&node).await;
    assert_eq!(offered(&node, &open), [""; 0]);
    let error = take(&node, &open, 900).await.unwrap_err();
    assert!(matches!(error, AssumeRoleError::Denied(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_is_not_linked_offers_nothing() {
    let node = Node::with(&without("links/")).await;
    let open = reader(&node).await;
    assert_eq!(offered(&node, &open), [""; 0]);
    let error = take(&node, &open, 900).await.unwrap_err();
    assert!(matches!(error, AssumeRoleError::NotLinked), "{error:?}");
    let told = ("TakeRoleCredentials".to_owned(), "AccessDenied".to_owned());
    assert_eq!(node.audit.told(), [told]);
}

#[tokio::test]
async fn an_account_s_own_provider_never_feeds_the_portal() {
    let node = Node::new().await;
    let mut of_an_account = session(&["readers"]);
    let arn = "arn:aws:iam::482011739056:oidc-provider/idp.example.com";
    of_an_account.identity.provider = ProviderRef::Account(arn.parse().unwrap());
    keep(&node, &of_an_account).await;
    assert!(portal(&node).open(SECRET, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn a_role_that_no_rule_gives_is_refused_and_recorded() {
    let node = Node::new().await;
    let open = reader(&node).await;
    let asked = SessionDuration::MIN;
    let taken = portal(&node)
        .take(&open, &role(ADMIN), asked, &meta())
        .await;
    let error = taken.unwrap_err();
    assert!(matches!(error, AssumeRoleError::NotMapped), "{error:?}");
    let told = ("TakeRoleCredentials".to_owned(), "AccessDenied".to_owned());
    assert_eq!(node.audit.told(), [told]);
}

#[tokio::test]
async fn a_role_that_no_rule_gives_is_recorded_with_what_each_rule_saw() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["Readers"])).await;
    assert!(take(&node, &open, 900).await.is_err());
    let rules = &node.audit.kept.events()[0]["additionalEventData"]["mappingRules"];
    let readers = rules.as_array().unwrap().iter();
    let mut readers = readers.filter(|rule| rule["rule"] == "readers");
    let failed = &readers.next().unwrap()["outcome"]["failed"];
    assert_eq!(failed["wanted"], "readers");
    assert_eq!(failed["seen"]["values"]["first"][0], "Readers");
    assert_eq!(failed["near_miss"]["case"], "Readers");
}

#[tokio::test]
async fn taken_credentials_are_a_session_of_the_role() {
    let node = Node::new().await;
    let taken = take(&node, &reader(&node).await, 900).await.unwrap();
    let credentials = &taken.issued.credentials;
    let caller = authenticate(&node.authenticator(), credentials, "sts", NOW).await;
    let caller = caller.unwrap();
    let arn = "arn:aws:sts::482011739056:assumed-role/Reader/ines";
    assert_eq!(caller.principal.arn(), arn);
    let lineage = caller.session.unwrap().lineage.clone();
    assert_eq!(lineage.rule.unwrap().as_str(), "readers");
    assert_eq!(lineage.sign_in, Some(SignInId::from_random([3; 16])));
    let told = ("TakeRoleCredentials".to_owned(), String::new());
    assert_eq!(node.audit.told(), [told]);
}

#[tokio::test]
async fn credentials_die_with_their_connection() {
    let node = Node::new().await;
    let taken = take(&node, &reader(&node).await, 900).await.unwrap();
    let mut fewer = without("links/");
    fewer.retain(|path, _| !path.starts_with("connections/") && !path.starts_with("rules/"));
    node.apply(&fewer).await;
    let credentials = &taken.issued.credentials;
    let caller = authenticate(&node.authenticator(), credentials, "sts", NOW).await;
    assert!(
        matches!(caller, Err(AuthenticationError::InvalidToken)),
        "{caller:?}"
    );
}

/// The files with every issuer replaced by another one, links and trust policies included: only what
/// was proved before tells the difference.
fn pointed_elsewhere() -> DirectoryFiles {
    let mut files = testing::files();
    for text in files.values_mut() {
        *text = text.replace("idp.example.com", "idp.example.net");
    }
    files
}

/// What an administrator may do to a connection that takes its people's sessions along.
fn other_connections() -> [DirectoryFiles; 3] {
    let mut gone = without(CONNECTION_FILE);
    gone.retain(|path, _| !path.starts_with("links/") && !path.starts_with("rules/"));
    let other_client = edited(CONNECTION_FILE, "'portal'", "'portal-2'");
    [pointed_elsewhere(), other_client, gone]
}

#[tokio::test]
async fn a_session_ends_when_its_connection_gets_another_issuer_or_client() {
    for files in other_connections() {
        let node = Node::new().await;
        keep(&node, &session(&["readers"])).await;
        node.apply(&files).await;
        assert!(portal(&node).open(SECRET, NOW).await.unwrap().is_none());
        node.apply(&testing::files()).await;
        let again = portal(&node).open(SECRET, NOW).await.unwrap();
        assert!(again.is_none(), "the session is gone for good");
    }
}

#[tokio::test]
async fn a_session_by_a_connection_that_another_node_pointed_elsewhere_is_kept() {
    let one = Node::with(&pointed_elsewhere()).await;
    let other = one.beside().await;
    one.apply(&testing::files()).await;
    keep(&other, &session(&["readers"])).await;
    assert!(portal(&other).open(SECRET, NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn a_page_that_is_open_while_its_connection_changes_gives_nothing() {
    for files in [
        pointed_elsewhere(),
        edited(CONNECTION_FILE, "'portal'", "'portal-2'"),
    ] {
        let node = Node::new().await;
        let open = reader(&node).await;
        node.apply(&files).await;
        assert_eq!(offered(&node, &open), [""; 0]);
        let error = take(&node, &open, 900).await.unwrap_err();
        assert!(matches!(error, AssumeRoleError::NotConnected), "{error:?}");
    }
}

#[tokio::test]
async fn credentials_die_when_their_connection_speaks_for_another_issuer_or_not_at_all() {
    for files in [pointed_elsewhere(), without("links/")] {
        let node = Node::new().await;
        let taken = take(&node, &reader(&node).await, 900).await.unwrap();
        node.apply(&files).await;
        let credentials = &taken.issued.credentials;
        let caller = authenticate(&node.authenticator(), credentials, "sts", NOW).await;
        assert!(
            matches!(caller, Err(AuthenticationError::InvalidToken)),
            "{caller:?}"
        );
    }
}

#[tokio::test]
async fn a_session_lasts_as_asked_within_every_bound() {
    let capped = edited(
        RULE_FILE,
        "session_name",
        "max_duration = 1800\nsession_name",
    );
    let two_hours = session(&["readers"]);
    let ends_soon = BrowserSession {
        ends_at: NOW.plus(1000),
        ..session(&["readers"])
    };
    let ends_now = BrowserSession {
        ends_at: NOW.plus(1),
        ..session(&["readers"])
    };
    for (files, session, asked, given) in [
        (testing::files(), two_hours.clone(), 900, 900),
        (testing::files(), two_hours.clone(), 7200, 7200),
        (testing::files(), two_hours.clone(), 43_200, 7200),
        (capped, two_hours, 43_200, 1800),
        (testing::files(), ends_soon, 43_200, 1000),
        (testing::files(), ends_now, 43_200, 900),
    ] {
        let node = Node::with(&files).await;
        let open = signed_in(&node, session).await;
        let longest = portal(&node).offers(&open, &meta()).unwrap().roles[0].longest;
        let taken = take(&node, &open, asked).await.unwrap();
        assert_eq!(taken.given.seconds(), given);
        assert_eq!(taken.issued.credentials.expiration, NOW.plus(given.into()));
        assert_eq!(longest.seconds().min(asked), given);
    }
}

#[tokio::test]
async fn every_bound_is_told() {
    let node = Node::with(&edited(
        RULE_FILE,
        "session_name",
        "max_duration = 1800\nsession_name",
    ))
    .await;
    let taken = take(&node, &reader(&node).await, 900).await.unwrap();
    let rule = Bound::Rule("readers".parse().unwrap());
    let bounds = [(Bound::Role, 7200), (rule, 1800), (Bound::SignIn, 43_200)];
    assert_eq!(taken.bounds, bounds);
}

#[tokio::test]
async fn without_a_record_nothing_is_taken() {
    let node = Node::new().await;
    let open = reader(&node).await;
    node.audit.leave_room_for(0);
    let error = take(&node, &open, 900).await.unwrap_err();
    assert!(
        matches!(error, AssumeRoleError::Unavailable(Unavailable::Audit(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_change_of_the_rules_counts_from_the_next_click_on() {
    let node = Node::new().await;
    let open = reader(&node).await;
    node.apply(&without("rules/")).await;
    assert_eq!(offered(&node, &open), [""; 0]);
    let error = take(&node, &open, 900).await.unwrap_err();
    assert!(matches!(error, AssumeRoleError::NotMapped), "{error:?}");
}

#[tokio::test]
async fn a_rule_that_another_node_made_is_found_before_a_role_is_refused() {
    let one = Node::with(&without("rules/")).await;
    let other = one.beside().await;
    one.apply(&testing::files()).await;
    let open = reader(&other).await;
    assert!(take(&other, &open, 900).await.is_ok());
}

#[tokio::test]
async fn a_role_that_another_node_made_is_found_before_it_is_refused() {
    let mut files = without("accounts/482011739056/roles/");
    files.insert(RULE_FILE.into(), testing::files()[RULE_FILE].clone());
    let one = Node::with(&files).await;
    let other = one.beside().await;
    one.apply(&testing::files()).await;
    let open = reader(&other).await;
    assert!(take(&other, &open, 900).await.is_ok());
}

#[tokio::test]
async fn a_role_s_own_maximum_is_the_role_s_at_this_moment() {
    let node = Node::new().await;
    let open = reader(&node).await;
    node.apply(&edited(READER_FILE, "7200", "3600")).await;
    assert_eq!(
        take(&node, &open, 7200).await.unwrap().given.seconds(),
        3600
    );
}

#[tokio::test]
async fn another_secret_opens_no_session() {
    let node = Node::new().await;
    keep(&node, &session(&["readers"])).await;
    let opened = portal(&node).open("another secret", NOW).await.unwrap();
    assert!(opened.is_none());
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_its_time_is_over() {
    let node = Node::new().await;
    let short = BrowserSession {
        idle_seconds: 100,
        ends_at: NOW.plus(1000),
        ..session(&["readers"])
    };
    keep(&node, &short).await;
    let open = async |seconds: i64| {
        node.directory.catch_up(NOW.plus(seconds)).await.unwrap();
        let opened = portal(&node).open(SECRET, NOW.plus(seconds)).await;
        opened.unwrap().is_some()
    };
    assert!(open(99).await, "and is noted as used");
    assert!(open(198).await);
    assert!(!open(298).await, "idle for 100 seconds");
    keep(
        &node,
        &BrowserSession {
            idle_seconds: 5000,
            ..short
        },
    )
    .await;
    assert!(open(999).await);
    assert!(!open(1000).await);
}

#[tokio::test]
async fn claims_that_are_too_old_end_the_session() {
    let node = Node::new().await;
    let old = BrowserSession {
        idle_seconds: 100_000,
        ends_at: NOW.plus(100_000),
        ..session(&["readers"])
    };
    keep(&node, &old).await;
    let portal = portal(&node);
    node.directory.catch_up(NOW.plus(CLAIM_AGE)).await.unwrap();
    let last = portal.open(SECRET, NOW.plus(CLAIM_AGE)).await.unwrap();
    assert!(last.is_some());
    let late = portal.open(SECRET, NOW.plus(CLAIM_AGE + 1)).await.unwrap();
    assert!(late.is_none());
    let ended = portal.open(SECRET, NOW).await.unwrap();
    assert!(ended.is_none(), "the session is gone for good");
}

#[tokio::test]
async fn signing_out_is_recorded_and_ends_the_session() {
    let node = Node::new().await;
    let open = reader(&node).await;
    let own = "https://gate.example.com".parse().unwrap();
    let own = OwnAddresses::at(&own).unwrap();
    let flow = SignOut {
        directory: Arc::clone(&node.directory),
        sessions: Arc::clone(&node.store) as Arc<dyn Sessions>,
        marks: Arc::clone(&node.store) as Arc<dyn OneTimeUse>,
        recorder: Arc::clone(&node.recorder),
        entropy: Arc::new(SystemEntropy),
        logout: Arc::new(SingleLogout::new(own, Arc::new(SystemEntropy))),
        oidc: oidc_logout(),
        ends: ends(&node),
        stock: Arc::clone(&node.store) as Arc<dyn Stock>,
        audience: "gate".parse().unwrap(),
    };
    let signed_out = flow.here(&open, &meta()).await.unwrap();
    assert!(matches!(signed_out, SignedOut::Here));
    assert!(portal(&node).open(SECRET, NOW).await.unwrap().is_none());
    assert_eq!(node.audit.told(), [("SignOut".to_owned(), String::new())]);
}

#[tokio::test]
async fn a_form_is_a_session_s_own() {
    let node = Node::new().await;
    let open = reader(&node).await;
    let own = open.csrf_token().expose().clone();
    assert!(open.is_own_form(&own));
    for other in ["", SECRET, own.get(1..).unwrap(), &own.to_lowercase()] {
        assert!(!open.is_own_form(other), "{other}");
    }
    let mut one_bit = data_encoding::BASE64URL_NOPAD
        .decode(own.as_bytes())
        .unwrap();
    one_bit[40] ^= 1;
    let one_bit = data_encoding::BASE64URL_NOPAD.encode(&one_bit);
    assert!(!open.is_own_form(&one_bit));
}

#[tokio::test]
async fn each_page_has_another_token_and_each_is_taken() {
    let node = Node::new().await;
    let one = reader(&node).await;
    let other = portal(&node).open(SECRET, NOW).await.unwrap().unwrap();
    let tokens = [&one, &other].map(|open| open.csrf_token().expose().clone());
    // Neither the mask nor what is under it is the same.
    let halves = tokens.clone().map(|token| {
        let bytes = data_encoding::BASE64URL_NOPAD
            .decode(token.as_bytes())
            .unwrap();
        [bytes[..32].to_vec(), bytes[32..].to_vec()]
    });
    assert_ne!(halves[0][0], halves[1][0]);
    assert_ne!(halves[0][1], halves[1][1]);
    for token in &tokens {
        assert!(one.is_own_form(token) && other.is_own_form(token));
    }
}
