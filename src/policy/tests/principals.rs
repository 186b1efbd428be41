//! Whom a statement is about.

use super::*;
use crate::domain::{Principal, SessionPrincipal, UserPrincipal};
use crate::policy::MatchedBy::{self, Account, Anyone, Direct, Role};

const ROLE_ID: &str = "AROAAAAAAAAAAAAAAAAAA";
const USER_ID: &str = "AIDAAAAAAAAAAAAAAAAAA";
const USER: &str = "arn:aws:iam::123456789012:user/ada";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/Reader/ines";
const ROOT: &str = "arn:aws:iam::123456789012:root";

fn user() -> Principal {
    Principal::User(UserPrincipal {
        partition: "aws".parse().unwrap(),
        account: "123456789012".parse().unwrap(),
        path: "/".parse().unwrap(),
        name: "ada".parse().unwrap(),
        unique_id: USER_ID.parse().unwrap(),
    })
}

fn session() -> Principal {
    Principal::Session(SessionPrincipal {
        role: ROLE.parse().unwrap(),
        role_id: ROLE_ID.parse().unwrap(),
        session: "ines".parse().unwrap(),
    })
}

fn matched(statement: &Value, caller: Caller<'_>) -> Option<MatchedBy> {
    let context = Context::new();
    let request = Request {
        caller,
        action: "sts:AssumeRole",
        resource: ROLE,
        context: &context,
    };
    let evaluation = trust(statement).unwrap().evaluate(ROLE, &request);
    let mut all = evaluation
        .allows
        .into_iter()
        .chain(evaluation.explicit_denies);
    all.next().map(|statement| statement.matched_by)
}

fn named(principal: &Value, caller: Caller<'_>) -> Option<MatchedBy> {
    matched(
        &json!({"Effect": "Allow", "Principal": principal, "Action": "sts:*"}),
        caller,
    )
}

fn denied_but(principal: &Value, caller: Caller<'_>) -> bool {
    matched(
        &json!({"Effect": "Deny", "NotPrincipal": principal, "Action": "sts:*"}),
        caller,
    )
    .is_some()
}

#[test]
fn a_user_is_named_by_arn_id_or_account() {
    for (value, expected) in [
        (USER, Some(Direct)),
        (USER_ID, Some(Direct)),
        ("123456789012", Some(Account)),
        (ROOT, Some(Account)),
        ("*", Some(Anyone)),
        ("arn:aws:iam::123456789012:user/Ada", None),
        ("arn:aws:iam::123456789012:user/x/ada", None),
        ("arn:aws:iam::210987654321:user/ada", None),
        ("arn:aws-cn:iam::123456789012:root", None),
        ("210987654321", None),
        (ROLE, None),
        (ROLE_ID, None),
    ] {
        let user = user();
        assert_eq!(
            named(&json!({"AWS": value}), Caller::from(&user)),
            expected,
            "{value}"
        );
    }
}

#[test]
fn a_session_is_named_by_itself_or_its_role() {
    for (value, expected) in [
        (SESSION, Some(Direct)),
        (ROLE, Some(Role)),
        (ROLE_ID, Some(Role)),
        ("123456789012", Some(Account)),
        ("arn:aws:sts::123456789012:assumed-role/Reader/other", None),
        ("arn:aws:iam::123456789012:role/Reader", None),
        (USER, None),
    ] {
        let session = session();
        let caller = Caller::from(&session);
        assert_eq!(named(&json!({"AWS": value}), caller), expected, "{value}");
    }
}

#[test]
fn a_federated_caller_is_named_by_the_provider_only() {
    let caller = Caller::Federated { provider: PROVIDER };
    let other = "arn:aws:iam::123456789012:oidc-provider/idp.example.com/x";
    for (principal, expected) in [
        (json!({"Federated": PROVIDER}), Some(Direct)),
        (json!({"Federated": [other, PROVIDER]}), Some(Direct)),
        (
            json!({"AWS": "123456789012", "Federated": PROVIDER}),
            Some(Direct),
        ),
        (json!("*"), Some(Anyone)),
        (json!({"AWS": "*"}), Some(Anyone)),
        (json!({"Federated": other}), None),
        (json!({"Federated": "accounts.google.com"}), None),
        (json!({"AWS": "123456789012"}), None),
    ] {
        assert_eq!(named(&principal, caller), expected, "{principal}");
    }
}

#[test]
fn an_anonymous_caller_is_anyone() {
    assert_eq!(named(&json!("*"), Caller::Anonymous), Some(Anyone));
    assert_eq!(named(&json!({"AWS": ROOT}), Caller::Anonymous), None);
    let somewhere = json!({"Service": "lambda.amazonaws.com"});
    assert_eq!(named(&somewhere, Caller::Anonymous), None);
}

#[test]
fn the_strongest_naming_counts() {
    let user = user();
    let all = json!({"AWS": ["123456789012", "*", USER]});
    assert_eq!(named(&all, Caller::from(&user)), Some(Direct));
}

#[test]
fn not_principal_spares_a_caller_listed_with_the_account() {
    let (user, session) = (user(), session());
    for (list, denies_user, denies_session) in [
        (json!([USER, ROOT]), false, true),
        (json!([USER]), true, true),
        (json!([ROOT]), true, true),
        (json!([ROOT, ROLE]), true, true),
        (json!([ROOT, SESSION]), true, true),
        (json!([ROLE, SESSION]), true, true),
        (json!([ROOT, ROLE_ID, SESSION]), true, false),
        (json!([ROOT, ROLE, SESSION]), true, false),
        (json!([ROOT, USER_ID]), false, true),
        (json!(["210987654321", USER]), true, true),
    ] {
        let principal = json!({"AWS": list});
        let denied = denied_but(&principal, Caller::from(&user));
        assert_eq!(denied, denies_user, "user {principal}");
        let denied = denied_but(&principal, Caller::from(&session));
        assert_eq!(denied, denies_session, "session {principal}");
        assert!(denied_but(&principal, Caller::Anonymous));
    }
}

#[test]
fn not_principal_spares_the_listed_provider() {
    let caller = Caller::Federated { provider: PROVIDER };
    assert!(!denied_but(&json!({"Federated": PROVIDER}), caller));
    assert!(denied_but(
        &json!({"Federated": "accounts.google.com"}),
        caller
    ));
}

#[test]
fn not_principal_never_allows() {
    let statement = json!({"Effect": "Allow", "NotPrincipal": {"AWS": USER}, "Action": "sts:*"});
    assert_eq!(
        trust(&statement).unwrap_err().problem,
        Problem::NotPrincipalAllows
    );
}

#[test]
fn known_forms_are_accepted() {
    for (kind, value) in [
        ("AWS", "arn:aws:iam::123456789012:user/path/ada"),
        ("AWS", "arn:aws-us-gov:sts::123456789012:federated-user/ada"),
        (
            "Federated",
            "arn:aws:iam::123456789012:saml-provider/Corp_1",
        ),
        (
            "Federated",
            "arn:aws:iam::123456789012:oidc-provider/127.0.0.1:18999",
        ),
        ("Federated", "cognito-identity.amazonaws.com"),
        ("Service", "ec2.amazonaws.com"),
    ] {
        let statement = json!({"Effect": "Allow", "Principal": {kind: value}, "Action": "sts:*"});
        assert!(trust(&statement).is_ok(), "{kind} {value}");
    }
}

#[test]
fn malformed_principals_are_refused() {
    for (kind, value) in [
        ("AWS", ""),
        ("AWS", "12345678901"),
        ("AWS", "arn:aws:iam::123456789012:user/*"),
        ("AWS", "arn:aws:iam::*:root"),
        ("AWS", "arn:aws:iam::123456789012:root/x"),
        ("AWS", "arn:aws:iam::123456789012:group/ops"),
        ("AWS", "arn:aws:iam::123456789012:user/"),
        ("AWS", "arn:aws:iam::123456789012:user/${aws:username}"),
        ("AWS", "arn:aws:iam:us-east-1:123456789012:user/ada"),
        ("AWS", "arn:aws:sts::123456789012:assumed-role/Reader"),
        ("AWS", "arn:aws:sts::123456789012:assumed-role/Reader/a/b"),
        ("AWS", "arn:evil:iam::123456789012:root"),
        ("AWS", "AKIAAAAAAAAAAAAAAAAAA"),
        ("AWS", PROVIDER),
        ("aws", "123456789012"),
        ("Federated", "*"),
        ("Federated", "idp.example.com"),
        ("Federated", "arn:aws:iam::123456789012:oidc-provider/*"),
        ("Federated", "arn:aws:iam::123456789012:saml-provider/"),
        ("Federated", ROLE),
        ("Service", "*"),
        ("Service", "*.amazonaws.com"),
        ("Group", "ops"),
    ] {
        let statement = json!({"Effect": "Allow", "Principal": {kind: value}, "Action": "sts:*"});
        let problem = trust(&statement).unwrap_err().problem;
        let expected = Problem::BadPrincipal {
            kind: kind.into(),
            value: value.into(),
        };
        assert_eq!(problem, expected);
    }
}

#[test]
fn principals_of_the_wrong_shape_are_refused() {
    for principal in [
        json!({}),
        json!([]),
        json!(["*"]),
        json!({"AWS": []}),
        json!({"AWS": 1}),
    ] {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:*"});
        let problem = trust(&statement).unwrap_err().problem;
        assert!(
            matches!(problem, Problem::WrongShape { .. }),
            "{principal}: {problem}"
        );
    }
}

#[test]
fn a_trust_policy_has_principals_and_no_resource() {
    let nobody = json!({"Effect": "Allow", "Action": "sts:*"});
    assert_eq!(
        trust(&nobody).unwrap_err().problem,
        Problem::MissingElement("Principal")
    );
    for element in ["Resource", "NotResource"] {
        let statement =
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*", element: "*"});
        assert_eq!(
            trust(&statement).unwrap_err().problem,
            Problem::ForbiddenElement("Resource")
        );
    }
}

#[test]
fn a_trust_policy_is_about_assuming_roles() {
    for action in [
        "sts:AssumeRole*",
        "STS:tagsession",
        "sts:*",
        "sts:Set?ontext",
    ] {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": action});
        assert!(trust(&statement).is_ok(), "{action}");
    }
    for action in [
        "*",
        "s3:GetObject",
        "sts:GetCallerIdentity",
        "sts:Get*",
        "iam:*",
    ] {
        for element in ["Action", "NotAction"] {
            let statement = json!({"Effect": "Allow", "Principal": "*", element: action});
            let problem = trust(&statement).unwrap_err().problem;
            assert_eq!(problem, Problem::NotATrustAction(action.into()));
        }
    }
}
