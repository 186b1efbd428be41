//! One request against every policy that has a say.

use super::*;
use crate::domain::{AccountId, Partition, RoleArn, SessionPrincipal, UniqueId, UserName};
use crate::policy::PolicyKind::{
    self, IdentityBased, PermissionsBoundary, ResourceBased, RoleTrust, Session,
};
use crate::policy::{
    Authorisation, Authority, Boundary, NamedPolicy, Refusal, ResourcePolicy, SessionBounds,
    Target, TargetPolicy, authorise,
};

const BUCKET: &str = "arn:aws:s3:::bucket/home/ada/file";
const USER: &str = "arn:aws:iam::123456789012:user/eng/ada";
const ROOT: &str = "arn:aws:iam::123456789012:root";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/Reader/ines";
const FEDERATED: &str = "arn:aws:sts::123456789012:federated-user/bob";
const OTHER: &str = "210987654321";
const TARGET: &str = "arn:aws:iam::123456789012:role/Target";

/// Who can call in these tests, owning what a [`Caller`] borrows.
struct House {
    name: UserName,
    user_id: UniqueId,
    session: SessionPrincipal,
    account: AccountId,
}

impl House {
    fn new() -> Self {
        Self {
            name: "ada".parse().unwrap(),
            user_id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            session: SessionPrincipal {
                role: ROLE.parse().unwrap(),
                role_id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
                session: "ines".parse().unwrap(),
            },
            account: "123456789012".parse().unwrap(),
        }
    }

    fn user(&self) -> Caller<'_> {
        Caller::User {
            partition: Partition::Aws,
            account: self.account,
            path: "/eng/",
            name: &self.name,
            id: &self.user_id,
        }
    }

    const fn session(&self) -> Caller<'_> {
        Caller::Session(&self.session)
    }

    const fn root(&self) -> Caller<'_> {
        Caller::Root {
            partition: Partition::Aws,
            account: self.account,
        }
    }

    const fn federated(&self) -> Caller<'_> {
        Caller::FederatedUser {
            partition: Partition::Aws,
            account: self.account,
            name: "bob",
        }
    }
}

/// What each policy says: nothing at all, that it allows, denies, or is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Allows,
    Denies,
    IsSilent,
}
use Says::{Allows, Denies, IsSilent};

fn own(says: Says) -> IdentityPolicy {
    let (effect, action) = match says {
        Allows => ("Allow", "*"),
        Denies => ("Deny", "*"),
        IsSilent => ("Allow", "iam:Nothing"),
    };
    identity(&json!({"Effect": effect, "Action": action, "Resource": "*"})).unwrap()
}

/// The caller's side.
#[derive(Debug, Clone, Copy)]
struct Side {
    identity: Says,
    boundary: Option<Says>,
    session: Option<Says>,
}

const fn side(identity: Says, boundary: Option<Says>, session: Option<Says>) -> Side {
    Side {
        identity,
        boundary,
        session,
    }
}

const SILENT: Side = side(IsSilent, None, None);
const ALLOWING: Side = side(Allows, None, None);

enum Theirs {
    Nothing,
    /// The principal that a bucket's policy allows.
    Bucket(Value),
    /// The principal that a role's trust policy allows.
    Role(Value),
}
use Theirs::{Bucket, Nothing, Role};

fn bucket_allowing(principal: &Value) -> ResourcePolicy {
    let statement =
        json!({"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"});
    let text = json!({"Statement": statement}).to_string();
    text.parse().unwrap()
}

fn role_trusting(principal: &Value) -> TrustPolicy {
    trust(&json!({"Effect": "Allow", "Principal": principal, "Action": "sts:*"})).unwrap()
}

/// Decides; `Ok` has the kinds that allowed it.
fn decided(
    caller: Caller<'_>,
    side: Side,
    owner: &str,
    theirs: Theirs,
) -> Result<Vec<PolicyKind>, Refusal> {
    let named = |policy| NamedPolicy { name: "p", policy };
    let identity = own(side.identity);
    let (boundary, session) = (side.boundary.map(own), side.session.map(own));
    let boundary = boundary.as_ref().map(named);
    let session: Option<Vec<_>> = session.as_ref().map(|it| vec![named(it)]);
    let authority = Authority {
        identity: &[named(&identity)],
        boundary: boundary.map_or(Boundary::Unbounded, Boundary::Within),
        session: session
            .as_deref()
            .map_or(SessionBounds::Unbounded, SessionBounds::Within),
    };
    let role: RoleArn = TARGET.replace("123456789012", owner).parse().unwrap();
    let (bucket, trust);
    let (policy, action, resource) = match theirs {
        Nothing => (TargetPolicy::Silent, "s3:GetObject", BUCKET),
        Bucket(principal) => {
            bucket = bucket_allowing(&principal);
            let (name, policy) = ("bucket", &bucket);
            let policy = TargetPolicy::Resource { name, policy };
            (policy, "s3:GetObject", BUCKET)
        }
        Role(principal) => {
            trust = role_trusting(&principal);
            let (role, policy) = (&role, &trust);
            let policy = TargetPolicy::Trust { role, policy };
            (policy, "sts:AssumeRole", role.as_str())
        }
    };
    let target = Target {
        partition: Partition::Aws,
        account: owner.parse().unwrap(),
        policy,
    };
    let request = Request {
        caller,
        action,
        resource,
        context: &Context::new(),
    };
    match authorise(&request, &authority, &target) {
        Authorisation::Allow { by } => Ok(by.into_iter().map(|it| it.kind).collect()),
        Authorisation::Deny(refusal) => Err(refusal),
    }
}

const HERE: &str = "123456789012";

fn aws(principal: &str) -> Value {
    json!({"AWS": principal})
}

#[test]
fn own_policies_within_boundary_within_session() {
    let house = House::new();
    for caller in [house.user(), house.session()] {
        for (side, expected) in [
            (SILENT, Err(IdentityBased)),
            (ALLOWING, Ok(vec![IdentityBased])),
            (side(Allows, Some(IsSilent), None), Err(PermissionsBoundary)),
            (side(Allows, None, Some(IsSilent)), Err(Session)),
            (
                side(IsSilent, Some(Allows), Some(Allows)),
                Err(IdentityBased),
            ),
            (
                side(Allows, Some(Allows), Some(Allows)),
                Ok(vec![IdentityBased, PermissionsBoundary, Session]),
            ),
        ] {
            let expected = expected.map_err(Refusal::Silent);
            assert_eq!(decided(caller, side, HERE, Nothing), expected, "{side:?}");
        }
    }
}

#[test]
fn an_explicit_deny_of_any_kind_wins() {
    let house = House::new();
    for (side, kind) in [
        (side(Denies, Some(Allows), Some(Allows)), IdentityBased),
        (
            side(Allows, Some(Denies), Some(Allows)),
            PermissionsBoundary,
        ),
        (side(Allows, Some(Allows), Some(Denies)), Session),
    ] {
        for (caller, owner, theirs) in [
            (house.session(), HERE, Bucket(aws(SESSION))),
            (house.session(), HERE, Role(aws(SESSION))),
            (house.user(), OTHER, Bucket(json!("*"))),
            (house.root(), HERE, Nothing),
        ] {
            let refusal = decided(caller, side, owner, theirs).unwrap_err();
            assert!(matches!(&refusal, Refusal::Explicit { .. }), "{refusal:?}");
            assert_eq!(refusal.kind(), kind);
        }
    }
}

#[test]
fn a_resource_that_names_the_caller_itself_needs_nothing_else() {
    let house = House::new();
    let silent = side(IsSilent, Some(IsSilent), Some(IsSilent));
    for (caller, principal) in [
        (house.user(), aws(USER)),
        (house.user(), aws("AIDAAAAAAAAAAAAAAAAAA")),
        (house.user(), json!("*")),
        (house.session(), aws(SESSION)),
        (house.session(), aws("*")),
        (house.federated(), aws(FEDERATED)),
    ] {
        let found = decided(caller, silent, HERE, Bucket(principal.clone()));
        assert_eq!(found, Ok(vec![ResourceBased]), "{principal}");
    }
}

#[test]
fn a_resource_that_names_a_role_is_bounded_and_needs_no_policy_of_the_role() {
    let house = House::new();
    for theirs in [ROLE, "AROAAAAAAAAAAAAAAAAAA"] {
        for kind in [Bucket, Role] {
            for (side, expected) in [
                (SILENT, None),
                (side(IsSilent, Some(Allows), Some(Allows)), None),
                (
                    side(Allows, Some(IsSilent), None),
                    Some(PermissionsBoundary),
                ),
                (side(Allows, None, Some(IsSilent)), Some(Session)),
            ] {
                let found = decided(house.session(), side, HERE, kind(aws(theirs)));
                assert_eq!(found.err().map(|it| it.kind()), expected, "{side:?}");
            }
        }
    }
}

#[test]
fn a_resource_that_names_the_account_leaves_it_to_the_callers_policies() {
    let house = House::new();
    for caller in [house.user(), house.session()] {
        for principal in [aws(ROOT), aws(HERE)] {
            for kind in [Bucket, Role] {
                let found = decided(caller, SILENT, HERE, kind(principal.clone()));
                assert_eq!(found, Err(Refusal::Silent(IdentityBased)));
                let bounded = side(Allows, None, Some(IsSilent));
                let found = decided(caller, bounded, HERE, kind(principal.clone()));
                assert_eq!(found, Err(Refusal::Silent(Session)));
                assert!(decided(caller, ALLOWING, HERE, kind(principal.clone())).is_ok());
            }
        }
    }
}

#[test]
fn a_role_must_trust_whatever_the_callers_policies_allow() {
    let house = House::new();
    for caller in [
        house.user(),
        house.session(),
        house.root(),
        house.federated(),
    ] {
        let found = decided(caller, ALLOWING, HERE, Role(aws(OTHER)));
        assert_eq!(found, Err(Refusal::Silent(RoleTrust)), "{caller:?}");
    }
}

#[test]
fn a_role_that_names_the_caller_itself_needs_nothing_else() {
    let house = House::new();
    let silent = side(IsSilent, Some(IsSilent), Some(IsSilent));
    for (caller, principal) in [(house.user(), USER), (house.session(), SESSION)] {
        let found = decided(caller, silent, HERE, Role(aws(principal)));
        assert_eq!(found, Ok(vec![RoleTrust]), "{principal}");
    }
}

#[test]
fn a_role_that_trusts_everybody_leaves_it_to_the_callers_policies() {
    let house = House::new();
    let everybody = || Role(json!("*"));
    let refused = Err(Refusal::Silent(IdentityBased));
    assert_eq!(decided(house.user(), SILENT, HERE, everybody()), refused);
    assert!(decided(house.user(), ALLOWING, HERE, everybody()).is_ok());
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let house = House::new();
    for (caller, principals) in [
        (house.user(), vec![USER, HERE, ROOT, "*"]),
        (house.session(), vec![SESSION, ROLE, HERE, ROOT, "*"]),
    ] {
        for principal in principals {
            for (kind, theirs) in [
                (ResourceBased, Bucket as fn(Value) -> Theirs),
                (RoleTrust, Role),
            ] {
                let found = decided(caller, SILENT, OTHER, theirs(aws(principal)));
                assert_eq!(found, Err(Refusal::Silent(IdentityBased)), "{principal}");
                let bounded = side(Allows, Some(IsSilent), None);
                let found = decided(caller, bounded, OTHER, theirs(aws(principal)));
                assert_eq!(found, Err(Refusal::Silent(PermissionsBoundary)));
                let found = decided(caller, ALLOWING, OTHER, theirs(aws(principal)));
                assert_eq!(found, Ok(vec![IdentityBased, kind]));
                let found = decided(caller, ALLOWING, OTHER, theirs(aws(OTHER)));
                assert_eq!(found, Err(Refusal::Silent(kind)));
            }
        }
        let found = decided(caller, ALLOWING, OTHER, Nothing);
        assert_eq!(found, Err(Refusal::Silent(ResourceBased)));
    }
}

#[test]
fn a_federated_user_has_nothing_without_a_session_policy() {
    let house = House::new();
    let caller = house.federated();
    let found = decided(caller, ALLOWING, HERE, Nothing);
    assert_eq!(found, Err(Refusal::Silent(Session)));
    let narrowed = side(Allows, None, Some(Allows));
    assert!(decided(caller, narrowed, HERE, Nothing).is_ok());
    let wider = side(IsSilent, None, Some(Allows));
    let found = decided(caller, wider, HERE, Nothing);
    assert_eq!(found, Err(Refusal::Silent(IdentityBased)));
    let found = decided(caller, ALLOWING, HERE, Role(aws(ROOT)));
    assert_eq!(found, Err(Refusal::Silent(Session)));
}

#[test]
fn session_policies_without_any_allow_nothing() {
    let house = House::new();
    let all = own(Allows);
    let authority = Authority {
        identity: &[NamedPolicy {
            name: "p",
            policy: &all,
        }],
        boundary: Boundary::Unbounded,
        session: SessionBounds::Within(&[]),
    };
    let context = Context::new();
    let request = Request {
        caller: house.session(),
        action: "s3:GetObject",
        resource: BUCKET,
        context: &context,
    };
    let target = Target::without_policy(Partition::Aws, house.account);
    let found = authorise(&request, &authority, &target);
    assert_eq!(found, Authorisation::Deny(Refusal::Silent(Session)));
}

#[test]
fn the_account_itself_needs_no_policy_at_home() {
    let house = House::new();
    assert_eq!(decided(house.root(), SILENT, HERE, Nothing), Ok(vec![]));
    let found = decided(house.root(), SILENT, OTHER, Nothing);
    assert_eq!(found, Err(Refusal::Silent(ResourceBased)));
    assert!(decided(house.root(), SILENT, OTHER, Bucket(aws(HERE))).is_ok());
    let bounded = side(IsSilent, None, Some(IsSilent));
    let found = decided(house.root(), bounded, HERE, Nothing);
    assert_eq!(found, Err(Refusal::Silent(Session)));
}

#[test]
fn who_has_no_account_is_allowed_by_the_resource_alone() {
    let service = Caller::Service {
        name: "ec2.amazonaws.com",
    };
    let provider = Caller::Federated { provider: PROVIDER };
    for (caller, principal, is_allowed) in [
        (service, json!({"Service": "ec2.amazonaws.com"}), true),
        (service, json!({"Service": "lambda.amazonaws.com"}), false),
        (service, json!("*"), true),
        (service, aws(HERE), false),
        (provider, json!({"Federated": PROVIDER}), true),
        (Caller::Anonymous, json!("*"), true),
        (Caller::Anonymous, json!({"Federated": PROVIDER}), false),
    ] {
        let everybody_and_service =
            principal == json!("*") && matches!(caller, Caller::Service { .. });
        for (kind, is_allowed) in [
            (Bucket as fn(Value) -> _, is_allowed),
            // A role that lets in everybody means whoever has policies of their own.
            (Role, is_allowed && !everybody_and_service),
        ] {
            let found = decided(caller, SILENT, HERE, kind(principal.clone()));
            assert_eq!(found.is_ok(), is_allowed, "{caller:?} {principal}");
        }
        assert!(decided(caller, ALLOWING, HERE, Nothing).is_err());
    }
}

#[test]
fn another_partition_is_another_world() {
    let house = House::new();
    let all = own(Allows);
    let authority = Authority {
        identity: &[NamedPolicy {
            name: "p",
            policy: &all,
        }],
        ..Authority::NONE
    };
    let role: RoleArn = "arn:aws-cn:iam::123456789012:role/Target".parse().unwrap();
    let trust =
        trust(&json!({"Effect": "Allow", "Principal": {"AWS": [HERE, "*"]}, "Action": "sts:*"}))
            .unwrap();
    let context = Context::new();
    let request = Request {
        caller: house.user(),
        action: "sts:AssumeRole",
        resource: role.as_str(),
        context: &context,
    };
    let found = authorise(&request, &authority, &Target::role(&role, &trust));
    assert_eq!(found, Authorisation::Deny(Refusal::Silent(RoleTrust)));
}

#[test]
fn refusals_have_the_words_of_aws() {
    let house = House::new();
    let told = |refusal: Refusal| {
        let context = Context::new();
        let request = Request {
            caller: house.session(),
            action: "s3:GetObject",
            resource: BUCKET,
            context: &context,
        };
        refusal.message(&request)
    };
    let start = format!(
        "User: {SESSION} is not authorized to perform: s3:GetObject on resource: {BUCKET} "
    );
    for (kind, words) in [
        (
            IdentityBased,
            "because no identity-based policy allows the s3:GetObject action",
        ),
        (
            ResourceBased,
            "because no resource-based policy allows the s3:GetObject action",
        ),
        (
            RoleTrust,
            "because no role trust policy allows the s3:GetObject action",
        ),
        (
            PermissionsBoundary,
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (
            Session,
            "because no session policy allows the s3:GetObject action",
        ),
    ] {
        assert_eq!(told(Refusal::Silent(kind)), [&start, words].concat());
    }
    for (side, words) in [
        (
            side(Denies, None, None),
            "with an explicit deny in an identity-based policy",
        ),
        (
            side(Allows, Some(Denies), None),
            "with an explicit deny in a permissions boundary",
        ),
        (
            side(Allows, None, Some(Denies)),
            "with an explicit deny in a session policy",
        ),
    ] {
        let refusal = decided(house.session(), side, HERE, Nothing).unwrap_err();
        assert_eq!(told(refusal), [&start, words].concat());
    }
}

#[test]
fn who_calls_is_what_the_keys_say() {
    const KEYS: [&str; 5] = [
        "aws:PrincipalType",
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:userid",
        "aws:username",
    ];
    const NONE: &str = "none";
    let house = House::new();
    let session_id = "AROAAAAAAAAAAAAAAAAAA:ines";
    let provider = Caller::Federated { provider: PROVIDER };
    for (caller, expected) in [
        (house.root(), ["Account", ROOT, HERE, HERE, NONE]),
        (
            house.user(),
            ["User", USER, HERE, "AIDAAAAAAAAAAAAAAAAAA", "ada"],
        ),
        (
            house.session(),
            ["AssumedRole", ROLE, HERE, session_id, NONE],
        ),
        (
            house.federated(),
            ["FederatedUser", FEDERATED, HERE, "123456789012:bob", NONE],
        ),
        (Caller::Anonymous, ["Anonymous", NONE, NONE, NONE, NONE]),
        (provider, [NONE; 5]),
    ] {
        let mut context = Context::new();
        context.set("aws:username", "mallory");
        context.set("aws:PrincipalArn", "forged");
        caller.describe(&mut context);
        for (key, expected) in KEYS.into_iter().zip(expected) {
            let expected = (expected != NONE).then(|| expected.into());
            assert_eq!(context.find(key), expected.as_ref(), "{key} {caller:?}");
        }
    }
}

#[test]
fn a_trust_policy_is_asked_about_its_own_role_only() {
    let house = House::new();
    let role: RoleArn = TARGET.parse().unwrap();
    let trust =
        trust(&json!({"Effect": "Allow", "Principal": aws(USER), "Action": "sts:*"})).unwrap();
    let context = Context::new();
    for (resource, expected) in [(TARGET, true), (ROLE, false)] {
        let request = Request {
            caller: house.user(),
            action: "sts:AssumeRole",
            resource,
            context: &context,
        };
        let found = authorise(&request, &Authority::NONE, &Target::role(&role, &trust));
        assert_eq!(found.is_allowed(), expected, "{resource}");
    }
}

#[test]
fn who_is_named_twice_has_the_better_of_both() {
    let house = House::new();
    let both = json!({"AWS": ["*", ROLE]});
    let bounded = side(IsSilent, None, Some(IsSilent));
    let found = decided(house.session(), bounded, HERE, Bucket(both.clone()));
    assert_eq!(found, Ok(vec![ResourceBased]));
    let found = decided(house.session(), SILENT, HERE, Role(both.clone()));
    assert_eq!(found, Ok(vec![RoleTrust]));
    let found = decided(house.session(), bounded, HERE, Role(both));
    assert_eq!(found, Err(Refusal::Silent(Session)));
}

#[test]
fn what_no_statement_names_could_never_be_allowed() {
    let narrow = identity(&json!([
        {"Effect": "Allow", "Action": "iam:Create*", "Resource": TARGET,
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    ]));
    let all_but =
        identity(&json!([{"Effect": "Allow", "NotAction": "iam:CreateRole", "Resource": "*"}]));
    let (narrow, all_but) = (narrow.unwrap(), all_but.unwrap());
    let named = |policy| NamedPolicy { name: "a", policy };
    let (own, others) = ([named(&narrow)], [named(&all_but)]);
    let free = Authority {
        identity: &own,
        ..Authority::NONE
    };
    assert!(free.could_allow(&["iam:getrole", "iam:createrole"]));
    assert!(!free.could_allow(&["iam:getrole", "iam:updaterole"]));
    assert!(!Authority::NONE.could_allow(&["iam:createrole"]));
    let boundary = Boundary::Within(named(&all_but));
    let session = SessionBounds::Within(&others);
    for bounded in [
        Authority { boundary, ..free },
        Authority { session, ..free },
    ] {
        assert!(!bounded.could_allow(&["iam:createrole", "iam:getrole"]));
        assert!(bounded.could_allow(&["iam:createuser"]));
    }
}
