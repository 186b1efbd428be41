//! How many lines refusals get.

use super::administer::administration;
use super::*;
use crate::audit::EventSource;
use crate::decisions::Beside;
use crate::directory::testing::ADMIN;
use crate::domain::IssuerName;
use crate::federation::saml::prove::SamlProofError;
use crate::federation::saml::second_opinion::{Overload, SecondOpinionError};
use crate::federation::sign_in::ProviderError;
use crate::flows::SignInRefusal;
use crate::flows::record::{AssumeRecord, Person, PortalRecord, Refused};
use crate::metrics::Operation;
use crate::store::DirectoryLog as _;

/// The account has the provider and no such role.
const NOBODY: &str = "arn:aws:iam::482011739056:role/Nobody";

async fn denied(node: &Node, subject: &str, times: usize) {
    let token = token(json!({ "sub": subject }));
    for _ in 0..times {
        let request = WebIdentityRequest {
            role: NOBODY.parse().unwrap(),
            ..request(&token)
        };
        let outcome = node.web_identity().run(request, &meta()).await;
        assert!(
            matches!(outcome, Err(AssumeRoleError::Denied(_))),
            "{outcome:?}"
        );
    }
}

fn lines(node: &Node) -> usize {
    node.audit.told().len()
}

/// Whom each line that stands for others is about, and for how many.
fn coalesced(node: &Node) -> Vec<(Value, u64)> {
    let events = node.audit.kept.events();
    let of_others = events.iter().filter_map(|event| {
        let count = event["additionalEventData"]["coalesced"].as_u64()?;
        Some((event["userIdentity"]["userName"].clone(), count))
    });
    of_others.collect()
}

#[tokio::test]
async fn a_proven_person_who_is_denied_gets_a_hundred_lines_a_minute() {
    let node = Node::new().await;
    denied(&node, "ines", 130).await;
    assert_eq!(lines(&node), 100);
    denied(&node, "omar", 1).await;
    assert_eq!(lines(&node), 101);
    let later = NOW.plus(60);
    let region = meta().region;
    node.recorder
        .report_due_refusals(&region, later)
        .await
        .unwrap();
    assert_eq!(coalesced(&node), [("ines".into(), 30)]);
}

#[tokio::test]
async fn a_session_that_may_not_administer_gets_a_hundred_lines_a_minute() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let caller = authenticate(&node.authenticator(), &credentials, "sts", NOW).await;
    let caller = caller.unwrap();
    let before = lines(&node);
    for _ in 0..130 {
        let outcome = administration(&node).export(&caller, &meta()).await;
        assert!(
            matches!(outcome, Err(AdminError::Denied { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!(lines(&node) - before, 100);
}

#[tokio::test]
async fn strangers_take_no_lines_of_people() {
    let node = Node::new().await;
    let call = RefusedCall {
        source: EventSource::Sts,
        operation: "",
        code: "InvalidAction",
        why: "",
    };
    for number in 0..2_000_u32 {
        let source_ip = std::net::Ipv4Addr::from(number).into();
        let meta = RequestMeta {
            source_ip,
            ..meta()
        };
        node.recorder.refused_call(&meta, &call).await.unwrap();
    }
    assert_eq!(lines(&node), 1_000);
    denied(&node, "ines", 1).await;
    assert_eq!(lines(&node), 1_001);
}

/// That two verifiers disagree is seen although strangers have used up all of their lines; it fills no
/// disk either.
#[tokio::test]
async fn a_flood_of_refusals_hides_no_alarm() {
    let node = Node::new().await;
    let call = RefusedCall {
        source: EventSource::Sts,
        operation: "",
        code: "InvalidAction",
        why: "",
    };
    for _ in 0..130 {
        node.recorder.refused_call(&meta(), &call).await.unwrap();
    }
    assert_eq!(lines(&node), 100);
    let error = SamlProofError::SecondOpinion(SecondOpinionError::Panicked);
    let error = AssumeRoleError::from(error);
    assert!(error.is_alarm());
    let role = NOBODY.parse().unwrap();
    let record = AssumeRecord {
        caller: None,
        source: EventSource::Sts,
        role: &role,
        session: None,
        duration: SessionDuration::DEFAULT,
        person: None,
        lineage: None,
        rules: &[],
        saml: None,
        result: Err(&error),
        beside: Beside::default(),
    };
    let meta = meta();
    for _ in 0..130 {
        let recorded = node
            .recorder
            .assumption(&meta, Operation::AssumeRoleWithSaml, &record);
        recorded.await.unwrap();
    }
    assert_eq!(lines(&node), 200);
}

/// An account may give any entity keys of its own, and have that "entity" vouch for anybody.
#[tokio::test]
async fn an_account_that_speaks_for_an_entity_hides_no_refusal_of_its_people() {
    let node = Node::new().await;
    let meta = meta();
    let entity = IssuerName::Saml("https://idp.example.com/saml".parse().unwrap());
    let (audience, ines) = ("portal".parse().unwrap(), "ines".parse().unwrap());
    let providers = [
        "arn:aws:iam::123456789012:saml-provider/Company",
        "arn:aws:iam::482011739056:saml-provider/Company",
    ];
    let role = NOBODY.parse().unwrap();
    let mut written = Vec::new();
    for (provider, times) in providers.into_iter().zip([130, 1]) {
        let provider = provider.parse().unwrap();
        let record = AssumeRecord {
            caller: None,
            source: EventSource::Sts,
            role: &role,
            session: None,
            duration: SessionDuration::DEFAULT,
            person: Some(Person {
                provider: Some(&provider),
                issuer: &entity,
                audience: &audience,
                subject: &ines,
            }),
            lineage: None,
            rules: &[],
            saml: None,
            result: Err(&AssumeRoleError::NoSamlProvider),
            beside: Beside::default(),
        };
        for _ in 0..times {
            let operation = Operation::AssumeRoleWithSaml;
            let recorded = node.recorder.assumption(&meta, operation, &record);
            recorded.await.unwrap();
        }
        written.push(lines(&node));
    }
    assert_eq!(written, [100, 101]);
    let flushed = node.recorder.flush_refusals(&meta.region, NOW).await;
    flushed.unwrap();
    let last = node.audit.kept.events().pop().unwrap();
    assert_eq!(last["requestParameters"]["principalArn"], providers[0]);
    assert_eq!(last["additionalEventData"]["coalesced"], 30);
}

/// No flood hides one in the portal, either.
#[tokio::test]
async fn a_flood_of_refusals_hides_no_alarm_of_a_browser() {
    let node = Node::new().await;
    let call = RefusedCall {
        source: EventSource::Sts,
        operation: "",
        code: "InvalidAction",
        why: "",
    };
    for _ in 0..130 {
        node.recorder.refused_call(&meta(), &call).await.unwrap();
    }
    let disagreement = SamlProofError::SecondOpinion(SecondOpinionError::Panicked);
    let disagreement = SignInRefusal::from(ProviderError::Saml(disagreement.into()));
    let overload = SamlProofError::SecondOpinion(Overload::All.into());
    let overload = SignInRefusal::from(ProviderError::Saml(overload.into()));
    for (refusal, more) in [
        (disagreement, 1),
        (overload, 0),
        (SignInRefusal::NoAttempt, 0),
    ] {
        let before = lines(&node);
        let record = PortalRecord {
            operation: Operation::SignIn,
            connection: None,
            registered: None,
            person: None,
            refused: Some(Refused {
                check: refusal.check(),
                code: refusal.code(),
                why: String::new(),
                is_alarm: refusal.is_alarm(),
            }),
            rules: &[],
            sessions_ended: None,
            beside: Beside::default(),
        };
        node.recorder.portal(&meta(), &record).await.unwrap();
        assert_eq!(lines(&node) - before, more, "{refusal}");
    }
}

#[tokio::test]
async fn counts_that_can_t_be_written_are_written_later() {
    let node = Node::new().await;
    denied(&node, "ines", 130).await;
    node.audit.leave_room_for(0);
    let region = meta().region;
    let outcome = node.recorder.flush_refusals(&region, NOW).await;
    assert!(outcome.is_err());
    node.audit.leave_room_for(10);
    node.recorder.flush_refusals(&region, NOW).await.unwrap();
    assert_eq!(coalesced(&node), [("ines".into(), 30)]);
}

#[tokio::test]
async fn an_administrator_whose_rights_can_t_be_looked_up_is_recorded() {
    let node = Node::new().await;
    let credentials = node.credentials_of(ADMIN).await;
    let caller = authenticate(&node.authenticator(), &credentials, "sts", NOW).await;
    let head = node.store.head().await.unwrap();
    node.store.append(head, b"no change").await.unwrap();
    let outcome = administration(&node)
        .export(&caller.unwrap(), &meta())
        .await;
    assert!(
        matches!(outcome, Err(AdminError::Directory(_))),
        "{outcome:?}"
    );
    let expected = ("ExportDirectory".to_owned(), "NotCommitted".to_owned());
    assert_eq!(node.audit.told().pop(), Some(expected));
}
