//! How often somebody who was proven may ask.

use super::portal::{portal, session, signed_in};
use super::*;
use crate::directory::testing::ADMIN;
use crate::domain::{AccountId, IssuerName, ProviderArn, ProviderRef, Subject};
use crate::flows::rates::{admit_caller, admit_person};
use crate::throttle::{Limit, Rate, Throttled};

/// So many calls of a person, and of an account.
const BURST: u32 = 2;

fn principal() -> Rates {
    Rates {
        principal: Rate::Limited {
            per_second: 1,
            burst: BURST,
        },
        ..Rates::OFF
    }
}

fn account() -> Rates {
    Rates {
        account: Rate::Limited {
            per_second: 1,
            burst: BURST,
        },
        ..Rates::OFF
    }
}

/// How calls with these tokens end, one after another: `None` for one that is over this limit.
async fn ended(node: &Node, rates: &Rates, tokens: &[String]) -> Vec<Option<bool>> {
    let flow = AssumeRoleWithWebIdentity {
        throttle: throttle(rates),
        ..node.web_identity()
    };
    let mut ended = Vec::new();
    for token in tokens {
        ended.push(match flow.run(request(token), &meta()).await {
            Err(AssumeRoleError::Throttled(_)) => None,
            other => Some(other.is_ok()),
        });
    }
    ended
}

fn of(subject: &str) -> String {
    token(json!({ "sub": subject }))
}

/// A token that says to be of this person, and is not signed by the provider.
fn forged(subject: &str) -> String {
    [&of(subject), "x"].concat()
}

#[tokio::test]
async fn a_person_who_asks_too_often_is_refused_and_nobody_else_is() {
    let node = Node::new().await;
    let tokens = ["ines", "ines", "ines", "omar", "ines"].map(of);
    let ended = ended(&node, &principal(), &tokens).await;
    assert_eq!(ended, [Some(true), Some(true), None, Some(true), None]);
    let event = node.audit.kept.events().remove(2);
    assert_eq!(event["errorCode"], "Throttling");
    assert_eq!(event["userIdentity"]["userName"], "ines");
    let text = "over the rate of requests per principal; wait 1 s and try again";
    assert_eq!(event["errorMessage"], text);
    let check = &event["additionalEventData"]["checks"][0];
    assert_eq!(check["name"], "rate");
}

/// Where the newer directory of another node lets them in, they asked once all the same.
#[tokio::test]
async fn a_call_that_is_decided_twice_counts_once() {
    let node = Node::new().await;
    let other = node.beside().await;
    let mut files = testing::files();
    let trust = "accounts/482011739056/roles/Reader.trust.json";
    let now = files.get(trust).unwrap().clone();
    let nobody = now.replace("\"sts\"", "\"nobody\"");
    assert_ne!(nobody, now, "the trust policy asks for no audience");
    files.insert(trust.to_owned(), nobody);
    node.apply(&files).await;
    other.directory.catch_up(NOW).await.unwrap();
    node.apply(&testing::files()).await;
    let tokens = ["ines", "ines", "ines"].map(of);
    let ended = ended(&other, &principal(), &tokens).await;
    assert_eq!(ended, [Some(true), Some(true), None]);
}

#[tokio::test]
async fn whoever_only_names_somebody_or_an_account_takes_nothing_from_them() {
    let node = Node::new().await;
    for rates in [principal(), account()] {
        let tokens = ["ines"; 5].map(forged).into_iter().chain([of("ines")]);
        let ended = ended(&node, &rates, &tokens.collect::<Vec<_>>()).await;
        assert_eq!(ended.last(), Some(&Some(true)), "{ended:?}");
        assert!(ended[..5].iter().all(|ended| *ended == Some(false)));
    }
}

#[tokio::test]
async fn an_account_s_people_share_its_rate() {
    let node = Node::new().await;
    let tokens = ["ines", "omar", "noor"].map(of);
    let ended = ended(&node, &account(), &tokens).await;
    assert_eq!(ended, [Some(true), Some(true), None]);
}

#[tokio::test]
async fn all_that_a_person_asks_for_counts_for_them_wherever_they_ask() {
    let node = Node::new().await;
    let throttle = throttle(&principal());
    let flow = AssumeRoleWithWebIdentity {
        throttle: Arc::clone(&throttle),
        ..node.web_identity()
    };
    let open = signed_in(&node, session(&["readers"])).await;
    let portal = Portal {
        throttle: Arc::clone(&throttle),
        ..portal(&node)
    };
    let take = async || {
        let role = READER.parse().unwrap();
        portal
            .take(&open, &role, SessionDuration::MIN, &meta())
            .await
    };
    assert!(take().await.is_ok());
    assert!(flow.run(request(&of("ines")), &meta()).await.is_ok());
    let refused = take().await.unwrap_err();
    assert!(
        matches!(
            refused,
            AssumeRoleError::Throttled(Throttled {
                limit: Limit::Principal,
                ..
            })
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_caller_s_sessions_share_the_rate_of_the_person_behind_them() {
    let node = Node::new().await;
    let throttle = throttle(&principal());
    let mut admitted = Vec::new();
    for role in [READER, ADMIN, READER] {
        let credentials = node.credentials_of(role).await;
        let caller = authenticate(&node.authenticator(), &credentials, "sts", NOW).await;
        admitted.push(admit_caller(&throttle, &caller.unwrap()).is_ok());
    }
    assert_eq!(admitted, [true, true, false]);
    let admin = long_term(&bootstrap_admin());
    let admin = authenticate(&node.authenticator(), &admin, "sts", NOW).await;
    assert!(admit_caller(&throttle, &admin.unwrap()).is_ok());
}

fn provider(arn: &str) -> ProviderRef {
    ProviderRef::Account(arn.parse::<ProviderArn>().unwrap())
}

#[test]
fn whoever_gives_an_entity_keys_of_their_own_takes_nothing_from_its_people() {
    let entity = IssuerName::Saml("https://idp.example.com/saml".parse().unwrap());
    let ines: Subject = "ines".parse().unwrap();
    let account: AccountId = "482011739056".parse().unwrap();
    let own = provider("arn:aws:iam::482011739056:saml-provider/Company");
    let other = provider("arn:aws:iam::123456789012:saml-provider/Company");
    let throttle = throttle(&principal());
    let admit = |by| admit_person(&throttle, by, (&entity, &ines), account).is_ok();
    assert_eq!([&other; 3].map(admit), [true, true, false]);
    assert_eq!([&own; 3].map(admit), [true, true, false]);
    let company = ProviderRef::Connection("company".parse().unwrap());
    assert_eq!([&company; 3].map(admit), [true, true, false]);
}

#[test]
fn a_person_s_tokens_count_for_them_whichever_provider_takes_them() {
    let issuer = IssuerName::Oidc(ISSUER.parse().unwrap());
    let ines: Subject = "ines".parse().unwrap();
    let account: AccountId = "482011739056".parse().unwrap();
    let own = provider("arn:aws:iam::482011739056:oidc-provider/idp.example.com");
    let other = provider("arn:aws:iam::123456789012:oidc-provider/idp.example.com");
    let throttle = throttle(&principal());
    let admit = |by| admit_person(&throttle, by, (&issuer, &ines), account).is_ok();
    assert_eq!([&own, &other, &own].map(admit), [true, true, false]);
}
