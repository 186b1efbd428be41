use super::administer::{admin, administration, session_of};
use super::portal::{SECRET, portal, session, signed_in, take};
use super::*;
use crate::directory::testing::{ADMIN, edited};
use crate::directory::{Change, Revocation, Revoked};
use crate::domain::SignInId;
use crate::store::Sessions as _;

/// The rule that gives [`READER`].
const USER: &str = "arn:aws:iam::123456789012:user/ada";
const RULE: &str = "readers";
/// A minute, in which a provider's clock may be ahead, and a second.
const LATER: UnixTime = NOW.plus(61);

fn person() -> RevokeTarget {
    RevokeTarget::Person {
        issuer: ISSUER.parse().unwrap(),
        subject: "ines".parse().unwrap(),
    }
}

fn connection() -> RevokeTarget {
    RevokeTarget::Connection("workforce".parse().unwrap())
}

fn rule(id: &str) -> RevokeTarget {
    RevokeTarget::Rule(id.parse().unwrap())
}

fn role(arn: &str) -> RevokeTarget {
    RevokeTarget::Role(arn.parse().unwrap())
}

fn sign_in() -> RevokeTarget {
    let id = SignInId::from_random([3; 16]).to_string();
    RevokeTarget::Session(id.parse().unwrap())
}

async fn try_revoke(node: &Node, target: &RevokeTarget) -> Result<Applied, AdminError> {
    let caller = admin(node).await;
    administration(node).revoke(&caller, target, &meta()).await
}

async fn revoke(node: &Node, target: &RevokeTarget) {
    try_revoke(node, target).await.unwrap();
}

async fn is_alive(node: &Node, credentials: &Credentials, now: UnixTime) -> bool {
    match authenticate(&node.authenticator(), credentials, "sts", now).await {
        Ok(_) => true,
        Err(AuthenticationError::InvalidToken) => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Credentials that a person took in the portal.
async fn taken(node: &Node) -> Credentials {
    let open = signed_in(node, session(&["readers"])).await;
    take(node, &open, 900).await.unwrap().issued.credentials
}

async fn is_signed_in(node: &Node) -> bool {
    portal(node).open(SECRET, NOW).await.unwrap().is_some()
}

fn every_target() -> [RevokeTarget; 6] {
    let everything = RevokeTarget::Everything;
    [
        sign_in(),
        person(),
        connection(),
        role(READER),
        rule(RULE),
        everything,
    ]
}

#[tokio::test]
async fn credentials_end_with_the_sign_in_the_person_the_connection_the_role_or_the_rule() {
    for target in every_target() {
        let node = Node::new().await;
        let credentials = taken(&node).await;
        assert!(is_alive(&node, &credentials, NOW).await);
        revoke(&node, &target).await;
        assert!(!is_alive(&node, &credentials, NOW).await, "{target:?}");
    }
}

#[tokio::test]
async fn another_node_refuses_what_was_revoked_once_it_looks() {
    for target in every_target() {
        let node = Node::new().await;
        let other = node.beside().await;
        let credentials = taken(&other).await;
        revoke(&node, &target).await;
        assert!(is_alive(&other, &credentials, NOW).await);
        other.directory.catch_up(NOW).await.unwrap();
        assert!(!is_alive(&other, &credentials, NOW).await, "{target:?}");
    }
}

/// The node that has not heard of it yet issues by an earlier generation.
#[tokio::test]
async fn what_a_node_issues_that_has_not_heard_of_it_is_refused() {
    for target in every_target() {
        let node = Node::new().await;
        let other = node.beside().await;
        let open = signed_in(&other, session(&["readers"])).await;
        revoke(&node, &target).await;
        let issued = take(&other, &open, 900).await.unwrap().issued;
        assert!(
            !is_alive(&node, &issued.credentials, NOW).await,
            "{target:?}"
        );
    }
}

#[tokio::test]
async fn one_access_key_ends_alone() {
    let node = Node::new().await;
    let (one, another) = (taken(&node).await, node.credentials_of(READER).await);
    let key = one.access_key_id.to_string();
    revoke(&node, &RevokeTarget::Session(key.parse().unwrap())).await;
    assert!(!is_alive(&node, &one, NOW).await);
    assert!(is_alive(&node, &another, NOW).await);
}

#[tokio::test]
async fn what_something_else_was_issued_for_lives_on() {
    let other = SignInId::from_random([4; 16]).to_string();
    let stranger = RevokeTarget::Person {
        issuer: ISSUER.parse().unwrap(),
        subject: "inês".parse().unwrap(),
    };
    let elsewhere = RevokeTarget::Person {
        issuer: ["saml:", ISSUER].concat().parse().unwrap(),
        subject: "ines".parse().unwrap(),
    };
    for target in [
        RevokeTarget::Session(other.parse().unwrap()),
        stranger,
        elsewhere,
        role(ADMIN),
    ] {
        let node = Node::new().await;
        let credentials = taken(&node).await;
        revoke(&node, &target).await;
        assert!(is_alive(&node, &credentials, NOW).await, "{target:?}");
        assert!(is_signed_in(&node).await, "{target:?}");
    }
    // No rule and no connection gave these.
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    for target in [connection(), rule(RULE), sign_in()] {
        revoke(&node, &target).await;
        assert!(is_alive(&node, &credentials, NOW).await, "{target:?}");
    }
}

#[tokio::test]
async fn a_browser_s_session_ends_with_its_sign_in_its_person_and_its_connection() {
    for target in [sign_in(), person(), connection(), RevokeTarget::Everything] {
        let node = Node::new().await;
        let open = signed_in(&node, session(&["readers"])).await;
        revoke(&node, &target).await;
        // Also for a request that had opened it by then.
        let error = take(&node, &open, 900).await.unwrap_err();
        assert!(matches!(error, AssumeRoleError::Revoked), "{error:?}");
        assert!(!is_signed_in(&node).await, "{target:?}");
    }
    for target in [role(READER), rule(RULE)] {
        let node = Node::new().await;
        let open = signed_in(&node, session(&["readers"])).await;
        revoke(&node, &target).await;
        let issued = take(&node, &open, 900).await.unwrap().issued;
        assert!(
            is_alive(&node, &issued.credentials, NOW).await,
            "{target:?}"
        );
    }
}

#[tokio::test]
async fn what_was_proven_by_then_opens_no_session_and_what_is_proven_later_does() {
    for target in [person(), connection(), RevokeTarget::Everything] {
        let node = Node::new().await;
        revoke(&node, &target).await;
        for (issued_at, opens) in [(NOW.plus(60), false), (LATER, true)] {
            let proven = crate::store::BrowserSession {
                proof_issued_at: issued_at,
                ..session(&["readers"])
            };
            let key = super::super::sign_in::session_key(SECRET);
            node.store.create(&key, &proven).await.unwrap();
            assert_eq!(is_signed_in(&node).await, opens, "{target:?} {issued_at}");
        }
    }
}

#[tokio::test]
async fn a_token_of_before_is_refused_at_sts_and_recorded_and_one_of_later_is_taken() {
    let node = Node::new().await;
    revoke(&node, &person()).await;
    let of = |issued_at: UnixTime| {
        token(json!({"iat": issued_at.seconds(), "exp": LATER.seconds() + 300}))
    };
    let before = of(NOW.plus(60));
    let meta = meta_at(LATER);
    node.directory.catch_up(LATER).await.unwrap();
    let refused = node.web_identity().run(request(&before), &meta).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, AssumeRoleError::Revoked), "{error:?}");
    assert_eq!(error.code(), "InvalidIdentityToken");
    let events = node.audit.kept.events();
    let last = events.last().unwrap();
    assert_eq!(
        last["additionalEventData"]["checks"][0]["name"],
        "revocation"
    );
    let later = of(LATER);
    let session = node
        .web_identity()
        .run(request(&later), &meta)
        .await
        .unwrap();
    assert!(is_alive(&node, &session.issued.credentials, LATER).await);
}

#[tokio::test]
async fn an_assertion_of_before_is_refused_at_sts() {
    let node = Node::with(&saml::files()).await;
    let response = saml::good_response();
    let session = saml::run(&node, saml::request(&response)).await.unwrap();
    let person = session.person;
    let issuer = ["saml:", person.issuer.as_str()].concat();
    let target = RevokeTarget::Person {
        issuer: issuer.parse().unwrap(),
        subject: person.subject,
    };
    revoke(&node, &target).await;
    let refused = saml::run(&node, saml::request(&response))
        .await
        .unwrap_err();
    assert!(matches!(refused, AssumeRoleError::Revoked), "{refused:?}");
    assert!(!is_alive(&node, &session.issued.credentials, NOW).await);
}

/// A store that lost changes gives their numbers to others: then the moment tells.
#[tokio::test]
async fn what_was_issued_before_is_over_though_its_generation_was_lost() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    let issued = take(&node, &open, 900).await.unwrap().issued;
    let revocation = Revocation {
        up_to: 0,
        at: NOW.plus(1),
    };
    let person = Revoked::Person(ISSUER.parse().unwrap(), "ines".parse().unwrap());
    let changes = testing::change_set(vec![Change::Revoke(person, revocation)]);
    node.directory.commit(1, changes, NOW).await.unwrap();
    assert!(!is_alive(&node, &issued.credentials, NOW).await);
}

#[tokio::test]
async fn each_kind_needs_an_action_of_its_own() {
    let policy = "accounts/123456789012/roles/Admin.policies/administer.json";
    let all = [
        ("rolegate:RevokeSession", sign_in()),
        ("rolegate:RevokePerson", person()),
        ("rolegate:RevokeConnection", connection()),
        ("rolegate:RevokeRole", role(READER)),
        (
            "rolegate:RevokeUser",
            RevokeTarget::User(USER.parse().unwrap()),
        ),
        ("rolegate:RevokeRule", rule(RULE)),
        ("rolegate:RevokeEverything", RevokeTarget::Everything),
    ];
    for (action, _) in &all {
        for (needed, target) in &all {
            let node = Node::with(&edited(policy, "rolegate:*", action)).await;
            let caller = session_of(&node, ADMIN, None).await;
            let result = administration(&node).revoke(&caller, target, &meta()).await;
            let is_denied = matches!(result, Err(AdminError::Denied { .. }));
            assert_eq!(
                is_denied,
                action != needed,
                "{action} {target:?}: {result:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_directory_can_t_be_revoked() {
    let node = Node::new().await;
    let unknown = "arn:aws:iam::482011739056:role/Nobody";
    for target in [
        role(unknown),
        rule("nobody"),
        RevokeTarget::Connection("nobody".parse().unwrap()),
    ] {
        let error = try_revoke(&node, &target).await.unwrap_err();
        assert_eq!(error.code(), "NoSuchEntity", "{target:?}: {error:?}");
    }
    assert_eq!(node.directory.snapshot(NOW).unwrap().generation(), 1);
}

#[tokio::test]
async fn a_revocation_is_recorded_as_intent_and_outcome() {
    let node = Node::new().await;
    revoke(&node, &person()).await;
    let events = node.audit.kept.events();
    let [intent, outcome] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(intent["eventName"], "RevokePerson");
    assert_eq!(
        intent["requestParameters"]["changes"][0],
        format!("revoke person ines of {ISSUER}")
    );
    assert_eq!(outcome["eventName"], "RevokePerson");
}

#[tokio::test]
async fn an_apply_of_older_files_brings_nothing_back() {
    let node = Node::new().await;
    let credentials = taken(&node).await;
    revoke(&node, &person()).await;
    node.apply(&testing::files()).await;
    assert!(!is_alive(&node, &credentials, NOW).await);
}

#[tokio::test]
async fn a_revocation_is_forgotten_once_nothing_is_left_to_end() {
    let node = Node::new().await;
    revoke(&node, &person()).await;
    let revoke_at = async |now: UnixTime| {
        node.directory.catch_up(now).await.unwrap();
        let caller = admin(&node).await;
        let flow = administration(&node);
        flow.revoke(&caller, &role(READER), &meta_at(now))
            .await
            .unwrap();
        node.directory.snapshot(now).unwrap().revocations().len()
    };
    assert_eq!(revoke_at(NOW.plus(37 * 3600)).await, 2);
    assert_eq!(revoke_at(NOW.plus(37 * 3600 + 1)).await, 1);
}

#[tokio::test]
async fn there_is_a_limit_to_revocations_that_hold() {
    let node = Node::new().await;
    let revocation = Revocation { up_to: 1, at: NOW };
    let numbers = 0..u128::try_from(MAX_REVOCATIONS).unwrap();
    let changes = numbers.map(|number| {
        let id = SignInId::from_random(number.to_be_bytes());
        Change::Revoke(Revoked::SignIn(id), revocation)
    });
    let changes = testing::change_set(changes.collect());
    node.directory.commit(1, changes, NOW).await.unwrap();
    let error = try_revoke(&node, &person()).await.unwrap_err();
    assert_eq!(error.code(), "LimitExceeded", "{error:?}");
    // One revocation takes them all in.
    revoke(&node, &RevokeTarget::Everything).await;
    assert_eq!(node.directory.snapshot(NOW).unwrap().revocations().len(), 1);
    let caller = Caller {
        signed_at: NOW.plus(1),
        ..admin(&node).await
    };
    let again = administration(&node)
        .revoke(&caller, &person(), &meta())
        .await;
    again.unwrap();
}

/// A node whose clock is behind takes nothing back.
#[tokio::test]
async fn what_was_revoked_later_stays_revoked_when_everything_is() {
    let node = Node::new().await;
    let later = Revocation {
        up_to: 0,
        at: NOW.plus(30),
    };
    let person = Revoked::Person(ISSUER.parse().unwrap(), "ines".parse().unwrap());
    let changes = testing::change_set(vec![Change::Revoke(person, later)]);
    node.directory.commit(1, changes, NOW).await.unwrap();
    revoke(&node, &RevokeTarget::Everything).await;
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let (_, everything) = snapshot.revocations().iter().next().unwrap();
    assert_eq!(everything.at, NOW.plus(30));
}

/// Neither a connection nor anybody's name is between an account and its own provider.
#[tokio::test]
async fn proofs_of_an_account_s_own_provider_end_with_everything() {
    let node = Node::with(&saml::files()).await;
    let response = saml::good_response();
    revoke(&node, &RevokeTarget::Everything).await;
    let refused = saml::run(&node, saml::request(&response))
        .await
        .unwrap_err();
    assert!(matches!(refused, AssumeRoleError::Revoked), "{refused:?}");
}

/// Marks of what was taken may be lost with the store that was brought back.
#[tokio::test]
async fn what_an_administrator_signed_before_everything_ended_is_taken_no_more() {
    let node = Node::new().await;
    let before = admin(&node).await;
    revoke(&node, &RevokeTarget::Everything).await;
    for (signed_at, is_taken) in [(NOW.plus(-1), false), (NOW, false), (NOW.plus(1), true)] {
        let caller = Caller {
            signed_at,
            ..before.clone()
        };
        let exported = administration(&node).export(&caller, &meta()).await;
        assert_eq!(exported.is_ok(), is_taken, "signed at {signed_at}");
        if let Err(error) = exported {
            assert_eq!(error.code(), "RequestExpired");
        }
    }
}

#[tokio::test]
async fn a_call_that_was_under_way_gets_nothing() {
    let node = Node::new().await;
    let credentials = taken(&node).await;
    let keys = node.authenticator();
    let caller = authenticate(&keys, &credentials, "sts", NOW).await.unwrap();
    let before = node.directory.snapshot(NOW).unwrap();
    assert!(keys.stands(&caller, &before));
    revoke(&node, &role(READER)).await;
    let after = node.directory.snapshot(NOW).unwrap();
    assert!(keys.stands(&caller, &before));
    assert!(!keys.stands(&caller, &after));
}
