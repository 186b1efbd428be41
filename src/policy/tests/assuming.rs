//! Who may assume a role, and with what.

use super::*;
use crate::domain::{
    Lineage, Origin, Principal, ProvenPerson, ProviderRef, RoleArn, SessionDuration,
    SessionPrincipal, SessionTags, UniqueId,
};
use crate::policy::{
    AssumeAction, Assumption, Because, Decision, Denial, Preview, RoleTerms, StsAction, decide,
    would_permit,
};

const ASSUME: StsAction = StsAction::Assume(AssumeAction::WithWebIdentity);

fn assumption() -> Assumption<'static> {
    Assumption {
        action: AssumeAction::WithWebIdentity,
        caller: Caller::Federated { provider: PROVIDER },
        context: one("idp.example.com:sub", "ines"),
        session: "ines".parse().unwrap(),
        tags: SessionTags::none(),
        source_identity: None,
        duration: SessionDuration::DEFAULT,
        ends_by: None,
        lineage: Lineage {
            origin: Origin::Person(ProvenPerson {
                provider: ProviderRef::Account(PROVIDER.parse().unwrap()),
                issuer: "https://idp.example.com".parse().unwrap(),
                subject: "ines".parse().unwrap(),
            }),
            rule: None,
            generation: 7,
            sign_in: None,
            through: Vec::new(),
        },
    }
}

fn tagged() -> Assumption<'static> {
    let mut assumption = assumption();
    let tags = &mut assumption.tags;
    tags.add("Team".parse().unwrap(), "blue".parse().unwrap(), true)
        .unwrap();
    tags.add("Cost".parse().unwrap(), "42".parse().unwrap(), false)
        .unwrap();
    assumption
}

fn allow(action: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": action})
}

fn decided(statements: &Value, assumption: Assumption<'_>) -> Decision {
    let (arn, id): (RoleArn, UniqueId) = (
        ROLE.parse().unwrap(),
        "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
    );
    let trust = trust(statements).unwrap();
    let role = RoleTerms {
        arn: &arn,
        id: &id,
        trust: &trust,
        max_session: SessionDuration::DEFAULT,
    };
    let preview = would_permit(&assumption, Some(role));
    let decision = decide(assumption, Some(role));
    match (&decision, preview) {
        (Decision::Deny(denial), Preview::WouldDeny(shown)) => assert_eq!(*denial, shown),
        (Decision::Permit(grant), Preview::WouldPermit(shown)) => {
            assert_eq!(grant.allowed_by(), shown);
        }
        (decision, preview) => panic!("{decision:?} is shown as {preview:?}"),
    }
    decision
}

fn denial(statements: &Value, assumption: Assumption<'_>) -> Denial {
    match decided(statements, assumption) {
        Decision::Deny(denial) => denial,
        Decision::Permit(grant) => panic!("permitted: {grant:?}"),
    }
}

fn is_permitted(statements: &Value, assumption: Assumption<'_>) -> bool {
    matches!(decided(statements, assumption), Decision::Permit(_))
}

fn no_allow(action: StsAction) -> Denial {
    Denial::Refused {
        action,
        because: Because::NoAllow,
    }
}

#[test]
fn a_grant_is_what_was_asked_for_and_names_who_allowed_it() {
    let mut asked = tagged();
    asked.source_identity = Some("ines".parse().unwrap());
    let Decision::Permit(grant) = decided(&allow(&json!("sts:*")), asked) else {
        panic!("denied");
    };
    assert_eq!(grant.allowed_by().len(), 1);
    assert_eq!(&*grant.allowed_by()[0].policy, ROLE);
    assert_eq!(grant.duration(), SessionDuration::DEFAULT);
    let parts = grant.into_parts();
    let principal = SessionPrincipal {
        role: ROLE.parse().unwrap(),
        role_id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        session: "ines".parse().unwrap(),
    };
    assert_eq!(parts.principal, principal);
    assert_eq!(parts.tags, tagged().tags);
    assert_eq!(parts.source_identity, "ines".parse().ok());
    assert_eq!(parts.lineage, assumption().lineage);
}

#[test]
fn an_unknown_role_is_refused_like_an_untrusting_one() {
    let Decision::Deny(unknown) = decide(assumption(), None) else {
        panic!("permitted");
    };
    let expected = Denial::Refused {
        action: ASSUME,
        because: Because::UnknownRole,
    };
    assert_eq!(unknown, expected);
    let untrusting = allow(&json!("sts:AssumeRoleWithSAML"));
    assert_eq!(denial(&untrusting, assumption()), no_allow(ASSUME));
}

#[test]
fn the_action_must_be_the_one_of_the_protocol() {
    let mut saml = assumption();
    saml.action = AssumeAction::WithSaml;
    let web = allow(&json!("sts:AssumeRoleWithWebIdentity"));
    assert!(is_permitted(&web, assumption()));
    let expected = no_allow(StsAction::Assume(AssumeAction::WithSaml));
    assert_eq!(denial(&web, saml), expected);
}

#[test]
fn an_explicit_deny_is_named() {
    let statements = json!([
        allow(&json!("sts:*")),
        {"Sid": "NotInes", "Effect": "Deny", "Principal": "*", "Action": "sts:*",
         "Condition": {"StringEquals": {"idp.example.com:sub": "ines"}}},
    ]);
    let denial = denial(&statements, assumption());
    let Denial::Refused {
        because: Because::ExplicitDeny(statement),
        ..
    } = denial
    else {
        panic!("{denial:?}");
    };
    assert_eq!(statement.statement, StatementName::Sid("NotInes".into()));
}

#[test]
fn a_provider_of_another_account_is_foreign_whatever_the_policy_says() {
    let everyone = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*"});
    for provider in [
        "arn:aws:iam::210987654321:oidc-provider/idp.example.com",
        "arn:aws-cn:iam::123456789012:oidc-provider/idp.example.com",
        "arn:aws:iam::123456789012",
    ] {
        let mut asked = assumption();
        asked.caller = Caller::Federated { provider };
        let expected = Denial::Refused {
            action: ASSUME,
            because: Because::ForeignProvider,
        };
        assert_eq!(denial(&everyone, asked), expected, "{provider}");
    }
}

#[test]
fn nobody_but_a_federated_caller_is_permitted() {
    let everyone = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*"});
    let session = Principal::Session(SessionPrincipal {
        role: ROLE.parse().unwrap(),
        role_id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        session: "ines".parse().unwrap(),
    });
    for (caller, expected) in [
        (Caller::Anonymous, false),
        (Caller::from(&session), false),
        (Caller::Federated { provider: PROVIDER }, true),
        (
            Caller::Federated {
                provider: "accounts.google.com",
            },
            true,
        ),
    ] {
        let mut asked = assumption();
        asked.caller = caller;
        assert_eq!(is_permitted(&everyone, asked), expected, "{caller:?}");
    }
}

#[test]
fn tags_need_their_own_permission() {
    let assume = allow(&json!("sts:AssumeRoleWithWebIdentity"));
    assert_eq!(denial(&assume, tagged()), no_allow(StsAction::TagSession));
    let both = allow(&json!(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]));
    assert!(is_permitted(&both, tagged()));
}

#[test]
fn a_source_identity_needs_its_own_permission() {
    let asked = || {
        let mut asked = assumption();
        asked.source_identity = Some("ines".parse().unwrap());
        asked
    };
    let assume = allow(&json!("sts:AssumeRoleWithWebIdentity"));
    let expected = no_allow(StsAction::SetSourceIdentity);
    assert_eq!(denial(&assume, asked()), expected);
    let both = allow(&json!([
        "sts:AssumeRoleWithWebIdentity",
        "sts:SetSourceIdentity"
    ]));
    assert!(is_permitted(&both, asked()));
}

#[test]
fn all_actions_see_what_the_session_will_be() {
    for condition in [
        json!({"StringEquals": {"sts:RoleSessionName": "ines"}}),
        json!({"StringEquals": {"aws:RequestTag/team": "blue"}}),
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Cost"]}}),
        json!({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"}}),
        json!({"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": "Team"}}),
        json!({"StringLike": {"sts:SourceIdentity": "in*"}}),
    ] {
        let mut statement = allow(&json!("sts:*"));
        statement["Condition"] = condition.clone();
        let mut asked = tagged();
        asked.source_identity = Some("ines".parse().unwrap());
        assert!(is_permitted(&statement, asked), "{condition}");
    }
}

#[test]
fn the_request_cannot_say_what_the_session_will_be() {
    for key in ["sts:SourceIdentity", "sts:RoleSessionName", "aws:TagKeys"] {
        let mut statement = allow(&json!("sts:*"));
        statement["Condition"] = json!({"ForAnyValue:StringEquals": {key: "forged"}});
        let mut asked = assumption();
        asked.context.set(key, "forged");
        assert_eq!(denial(&statement, asked), no_allow(ASSUME), "{key}");
    }
}

#[test]
fn duration_is_judged_last() {
    let long = || {
        let mut asked = assumption();
        asked.duration = SessionDuration::from_seconds(3601).unwrap();
        asked
    };
    let max = SessionDuration::DEFAULT;
    let expected = Denial::DurationExceedsRoleMaximum { max };
    assert_eq!(denial(&allow(&json!("sts:*")), long()), expected);
    let untrusting = allow(&json!("sts:TagSession"));
    assert_eq!(denial(&untrusting, long()), no_allow(ASSUME));
}

#[test]
fn the_trust_policies_of_the_wild_work() {
    let statements = json!({
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {"idp.example.com:aud": "sts.amazonaws.com"},
            "StringLike": {"idp.example.com:sub": "repo:org/app:*"},
        },
    });
    for (audience, subject, expected) in [
        (
            "sts.amazonaws.com",
            "repo:org/app:ref:refs/heads/main",
            true,
        ),
        (
            "sts.amazonaws.com",
            "repo:org/app2:ref:refs/heads/main",
            false,
        ),
        ("other", "repo:org/app:ref:refs/heads/main", false),
    ] {
        let mut asked = assumption();
        asked.context.set("idp.example.com:aud", audience);
        asked.context.set("idp.example.com:sub", subject);
        assert_eq!(
            is_permitted(&statements, asked),
            expected,
            "{audience} {subject}"
        );
    }
}
