//! What a person is told about a role that is not theirs, and what is kept of it.

use super::portal::{portal, session, signed_in};
use super::*;
use crate::directory::testing::{ADMIN, READER_TRUST, edited};
use crate::domain::{ClaimSource, Claims};
use crate::mapping::NearMiss;
use crate::store::BrowserSession;

fn claiming(claims: &Value) -> BrowserSession {
    let mut session = session(&[]);
    session.identity.claims = Claims::from_json(claims.as_object().unwrap(), ClaimSource::IdToken);
    session
}

fn wanted(account: &str, role: &str) -> WantedRole {
    WantedRole::parse(account, role).unwrap()
}

async fn asks(node: &Node, open: &OpenBrowserSession, wanted: Option<&WantedRole>) -> WhyNot {
    portal(node).why_not(open, wanted, &meta()).await.unwrap()
}

fn is_not_given(told: &WhyNot) -> bool {
    matches!(told.standing, RoleStanding::NotGiven)
}

fn claim(name: &str) -> crate::domain::ClaimName {
    name.parse().unwrap()
}

#[tokio::test]
async fn a_role_that_is_theirs_is_said_to_be_and_nothing_is_recorded() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    for (account, role) in [
        ("482011739056", "Reader"),
        ("payments-prod", "reader"),
        ("Payments-Prod", "engineering/Reader"),
        ("", READER),
    ] {
        let told = asks(&node, &open, Some(&wanted(account, role))).await;
        let RoleStanding::Offered(offered) = told.standing else {
            panic!("{account} {role}: {:?}", told.standing);
        };
        assert_eq!(offered.arn.as_str(), READER);
    }
    assert_eq!(node.audit.told(), []);
}

#[tokio::test]
async fn a_role_of_others_and_one_that_is_not_there_are_told_alike() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    let mut answers = Vec::new();
    for (account, role) in [
        ("", ADMIN),
        ("482011739056", "NoSuchRole"),
        ("no-such-account", "Admin"),
        ("310957264483", "Admin"),
        ("482011739056", "elsewhere/Reader"),
    ] {
        let told = asks(&node, &open, Some(&wanted(account, role))).await;
        assert!(is_not_given(&told), "{role}: {:?}", told.standing);
        answers.push(told.findings);
    }
    assert!(answers.iter().all(|findings| *findings == answers[0]));
    let one = ("ExplainRole".to_owned(), "AccessDenied".to_owned());
    assert_eq!(node.audit.told(), vec![one; 5]);
}

#[tokio::test]
async fn what_every_rule_saw_is_recorded_with_the_role() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["Readers"])).await;
    let told = asks(&node, &open, Some(&wanted("payments-prod", "Reader"))).await;
    assert!(is_not_given(&told));
    let event = &node.audit.kept.events()[0];
    assert_eq!(event["requestParameters"]["roleArn"], READER);
    let rules = &event["additionalEventData"]["mappingRules"];
    let mut rules = rules.as_array().unwrap().iter();
    let readers = rules.find(|rule| rule["rule"] == "readers").unwrap();
    let failed = &readers["outcome"]["failed"];
    assert_eq!(failed["wanted"], "readers");
    assert_eq!(failed["near_miss"]["case"], "Readers");
}

#[tokio::test]
async fn a_near_miss_is_told_by_the_persons_own_value() {
    let node = Node::new().await;
    for (sent, near) in [
        ("Readers", NearMiss::Case("Readers".to_owned())),
        ("readers ", NearMiss::Whitespace("readers ".to_owned())),
        (
            "CN=readers,OU=Groups",
            NearMiss::DistinguishedName("CN=readers,OU=Groups".to_owned()),
        ),
        (
            "staff,readers",
            NearMiss::JoinedString("staff,readers".to_owned()),
        ),
    ] {
        let open = signed_in(&Node::new().await, session(&[sent])).await;
        let told = asks(&node, &open, Some(&wanted("", "Reader"))).await;
        let found = Finding::Near(claim("groups"), near);
        assert!(told.findings.contains(&found), "{:?}", told.findings);
    }
}

#[tokio::test]
async fn a_claim_that_did_not_come_is_named() {
    let node = Node::new().await;
    let open = signed_in(&node, claiming(&json!({ "sub": "ines" }))).await;
    let told = asks(&node, &open, None).await;
    assert!(is_not_given(&told));
    assert_eq!(told.findings, [Finding::Missing(claim("groups"))]);
}

#[tokio::test]
async fn groups_that_were_left_out_are_told_as_such() {
    let node = Node::new().await;
    for claims in [
        json!({ "sub": "ines", "hasgroups": true }),
        json!({ "sub": "ines", "_claim_names": { "groups": "src1" } }),
    ] {
        let open = signed_in(&Node::new().await, claiming(&claims)).await;
        let told = asks(&node, &open, None).await;
        let found = Finding::LeftOut(claim("groups"));
        assert!(told.findings.contains(&found), "{:?}", told.findings);
        let missing = Finding::Missing(claim("groups"));
        assert!(!told.findings.contains(&missing), "{:?}", told.findings);
    }
}

#[tokio::test]
async fn a_role_that_does_not_take_them_is_told_apart_by_the_rule_that_gives_it() {
    let node = Node::with(&edited(READER_TRUST, "\"sts\",\"portal\"", "\"sts\"")).await;
    let open = signed_in(&node, session(&["readers"])).await;
    let told = asks(&node, &open, Some(&wanted("", "Reader"))).await;
    assert!(matches!(told.standing, RoleStanding::NotTaken), "{told:?}");
    let event = &node.audit.kept.events()[0];
    let checks = event["additionalEventData"]["checks"].as_array().unwrap();
    assert_eq!(checks[0]["name"], "trust policy");
}

#[tokio::test]
async fn no_finding_has_what_a_rule_wants() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["staff"])).await;
    let told = asks(&node, &open, Some(&wanted("", ADMIN))).await;
    let shown = format!("{:?}", told.findings);
    for secret in ["readers", "admins", "Admin"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn without_a_record_nothing_is_told() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["staff"])).await;
    node.audit.leave_room_for(0);
    let told = portal(&node).why_not(&open, None, &meta()).await;
    assert!(matches!(told, Err(Unavailable::Audit(_))), "{told:?}");
}
