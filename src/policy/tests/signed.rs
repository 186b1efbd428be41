//! Who may assume a role by a signed call, and with what.

use super::*;
use crate::domain::{
    AccountId, Lineage, Origin, Partition, ProvenPerson, ProviderRef, RoleArn, SessionDuration,
    SessionPrincipal, SessionTags, SourceIdentity, UniqueId, UserName,
};
use crate::policy::{
    AssumeAction, Assumption, Authority, Because, Boundary, Credentials, Decision, Denial, Grant,
    NamedPolicy, PolicyKind, Preview, RoleTerms, SessionBounds, Signer, StsAction, decide,
    decide_signed, would_permit_signed,
};

const TARGET: &str = "arn:aws:iam::123456789012:role/Target";
const ABROAD: &str = "arn:aws:iam::210987654321:role/Target";
const ROOT: &str = "arn:aws:iam::123456789012:root";
const ASSUME: StsAction = StsAction::Assume(AssumeAction::AssumeRole);

/// One call, good as it is: a session of `Reader` assumes `Target`, which trusts the account, and its
/// own policy allows all of STS.
struct Call {
    trust: Value,
    role: &'static str,
    own: Value,
    caller: Who,
    credentials: Credentials,
    session_tags: SessionTags,
    session_source: Option<SourceIdentity>,
    tags: SessionTags,
    source_identity: Option<SourceIdentity>,
    seconds: u32,
    max: u32,
    context: Context<'static>,
}

#[derive(Clone, Copy)]
enum Who {
    Session,
    User,
    Root,
    Service,
    Federated,
}

fn call() -> Call {
    Call {
        trust: json!({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:*"}),
        role: TARGET,
        own: json!({"Effect": "Allow", "Action": "sts:*", "Resource": "*"}),
        caller: Who::Session,
        credentials: Credentials::Temporary,
        session_tags: SessionTags::none(),
        session_source: None,
        tags: SessionTags::none(),
        source_identity: None,
        seconds: 3600,
        max: 7200,
        context: Context::new(),
    }
}

fn tags(list: &[(&str, &str, bool)]) -> SessionTags {
    let mut tags = SessionTags::none();
    for (key, value, transitive) in list {
        tags.add(key.parse().unwrap(), value.parse().unwrap(), *transitive)
            .unwrap();
    }
    tags
}

fn lineage() -> Lineage {
    Lineage {
        origin: Origin::Person(ProvenPerson {
            provider: ProviderRef::Account(PROVIDER.parse().unwrap()),
            issuer: "https://idp.example.com".parse().unwrap(),
            subject: "ines".parse().unwrap(),
        }),
        rule: None,
        generation: 7,
        sign_in: None,
        through: Vec::new(),
    }
}

/// Who can call in these tests, owning what a [`Caller`] borrows.
struct House {
    account: AccountId,
    name: UserName,
    user_id: UniqueId,
    session: SessionPrincipal,
}

impl House {
    fn new() -> Self {
        Self {
            account: "123456789012".parse().unwrap(),
            name: "ada".parse().unwrap(),
            user_id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            session: SessionPrincipal {
                role: ROLE.parse().unwrap(),
                role_id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
                session: "ines".parse().unwrap(),
            },
        }
    }

    fn caller(&self, who: Who) -> Caller<'_> {
        let (partition, account) = (Partition::Aws, self.account);
        match who {
            Who::Session => Caller::Session(&self.session),
            Who::User => Caller::User {
                partition,
                account,
                path: "/",
                name: &self.name,
                id: &self.user_id,
            },
            Who::Root => Caller::Root { partition, account },
            Who::Service => Caller::Service {
                name: "ec2.amazonaws.com",
            },
            Who::Federated => Caller::Federated { provider: PROVIDER },
        }
    }
}

/// Decides and previews, which must be the same.
fn decided(
    assumption: Assumption<'_>,
    signer: &Signer<'_>,
    role: Option<RoleTerms<'_>>,
) -> Result<Grant, Denial> {
    let preview = would_permit_signed(&assumption, signer, role);
    match decide_signed(assumption, signer, role) {
        Decision::Permit(grant) => {
            let allowed_by = grant.allowed_by().to_vec();
            assert_eq!(preview, Preview::WouldPermit(allowed_by));
            Ok(grant)
        }
        Decision::Deny(denial) => {
            assert_eq!(preview, Preview::WouldDeny(denial.clone()));
            Err(denial)
        }
    }
}

impl Call {
    fn assumption<'a>(&self, caller: Caller<'a>) -> Assumption<'a> {
        Assumption {
            action: AssumeAction::AssumeRole,
            caller,
            context: self.context.clone(),
            session: "next".parse().unwrap(),
            tags: self.tags.clone(),
            source_identity: self.source_identity.clone(),
            duration: SessionDuration::from_seconds(self.seconds).unwrap(),
            ends_by: None,
            lineage: lineage(),
        }
    }

    fn decide(&self) -> Result<Grant, Denial> {
        let (arn, id): (RoleArn, UniqueId) = (
            self.role.parse().unwrap(),
            "AROABBBBBBBBBBBBBBBBB".parse().unwrap(),
        );
        let trust = trust(&self.trust).unwrap();
        let own = identity(&self.own).unwrap();
        let policies = [NamedPolicy {
            name: "own",
            policy: &own,
        }];
        let signer = Signer {
            authority: Authority {
                identity: &policies,
                boundary: Boundary::Unbounded,
                session: SessionBounds::Unbounded,
            },
            credentials: self.credentials,
            tags: &self.session_tags,
            source_identity: self.session_source.as_ref(),
        };
        let role = RoleTerms {
            arn: &arn,
            id: &id,
            trust: &trust,
            max_session: SessionDuration::from_seconds(self.max).unwrap(),
        };
        let house = House::new();
        decided(
            self.assumption(house.caller(self.caller)),
            &signer,
            Some(role),
        )
    }

    fn denial(&self) -> Option<Denial> {
        self.decide().err()
    }
}

const fn denial_of(action: StsAction, because: Because) -> Denial {
    Denial::Refused { action, because }
}

#[test]
fn a_session_goes_on_to_another_role() {
    let grant = call().decide().unwrap();
    let kinds: Vec<_> = grant.allowed_by().iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [PolicyKind::RoleTrust, PolicyKind::IdentityBased]);
    let parts = grant.into_parts();
    assert_eq!(parts.principal.role.as_str(), TARGET);
    assert_eq!(parts.principal.role_id.as_str(), "AROABBBBBBBBBBBBBBBBB");
    assert_eq!(parts.principal.session.as_str(), "next");
    assert_eq!(parts.lineage, lineage());
}

#[test]
fn each_side_must_allow() {
    let silent = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    let because = Because::CallerNotAllowed(PolicyKind::IdentityBased);
    let asked = Call {
        own: silent.clone(),
        ..call()
    };
    assert_eq!(asked.denial(), Some(denial_of(ASSUME, because.clone())));
    let asked = Call {
        own: silent.clone(),
        role: ABROAD,
        ..call()
    };
    assert_eq!(asked.denial(), Some(denial_of(ASSUME, because)));
    let elsewhere = json!({"Effect": "Allow", "Action": "sts:*", "Resource": ABROAD});
    let asked = Call {
        own: elsewhere,
        ..call()
    };
    assert!(asked.denial().is_some());
    let untrusting = json!({"Effect": "Allow", "Principal": {"AWS": ABROAD}, "Action": "sts:*"});
    let asked = Call {
        trust: untrusting,
        ..call()
    };
    assert_eq!(asked.denial(), Some(denial_of(ASSUME, Because::NoAllow)));
    let named = json!({"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:*"});
    let asked = Call {
        own: silent.clone(),
        trust: named.clone(),
        ..call()
    };
    assert_eq!(asked.denial(), None);
    let asked = Call {
        own: silent,
        trust: named,
        role: ABROAD,
        ..call()
    };
    assert!(asked.denial().is_some());
}

#[test]
fn an_explicit_deny_on_either_side_is_named() {
    let own = json!([call().own, {"Sid": "Never", "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": TARGET}]);
    let Some(Denial::Refused {
        action: ASSUME,
        because: Because::ExplicitDeny(by),
    }) = (Call { own, ..call() }).denial()
    else {
        panic!("not denied");
    };
    assert_eq!((by.kind, &*by.policy), (PolicyKind::IdentityBased, "own"));
    assert_eq!(by.statement, StatementName::Sid("Never".into()));
}

#[test]
fn a_user_and_a_service_assume_roles_and_the_account_does_not() {
    let asked = Call {
        caller: Who::User,
        credentials: Credentials::LongTerm,
        ..call()
    };
    assert_eq!(asked.denial(), None);
    let service = json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let asked = Call {
        caller: Who::Service,
        trust: service,
        ..call()
    };
    assert_eq!(asked.denial(), None);
    let asked = Call {
        caller: Who::Service,
        ..call()
    };
    assert_eq!(asked.denial(), Some(denial_of(ASSUME, Because::NoAllow)));
    let asked = Call {
        caller: Who::Root,
        ..call()
    };
    assert_eq!(asked.denial(), Some(Denial::RootCaller));
}

#[test]
fn who_does_not_sign_has_another_action() {
    let everybody = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*"});
    let asked = Call {
        caller: Who::Federated,
        trust: everybody.clone(),
        ..call()
    };
    assert_eq!(
        asked.denial(),
        Some(denial_of(ASSUME, Because::WrongAction))
    );

    let (arn, id): (RoleArn, UniqueId) = (
        TARGET.parse().unwrap(),
        "AROABBBBBBBBBBBBBBBBB".parse().unwrap(),
    );
    let trust = trust(&everybody).unwrap();
    let assumption = call().assumption(Caller::Federated { provider: PROVIDER });
    let role = RoleTerms {
        arn: &arn,
        id: &id,
        trust: &trust,
        max_session: SessionDuration::MAX,
    };
    let Decision::Deny(denial) = decide(assumption, Some(role)) else {
        panic!("permitted");
    };
    assert_eq!(Some(denial), Some(denial_of(ASSUME, Because::WrongAction)));
}

#[test]
fn a_role_trusts_itself_where_it_names_itself_only() {
    for (principal, expected) in [
        (
            json!({"AWS": ROOT}),
            Some(denial_of(ASSUME, Because::NoAllow)),
        ),
        (json!("*"), Some(denial_of(ASSUME, Because::NoAllow))),
        (json!({"AWS": ROLE}), None),
        (json!({"AWS": ["*", ROLE]}), None),
        (json!({"AWS": "AROAAAAAAAAAAAAAAAAAA"}), None),
        (
            json!({"AWS": "arn:aws:sts::123456789012:assumed-role/Reader/ines"}),
            None,
        ),
    ] {
        let trust = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:*"});
        let asked = Call {
            trust,
            role: ROLE,
            ..call()
        };
        assert_eq!(asked.denial(), expected, "{principal}");
    }
}

#[test]
fn a_session_lasts_an_hour_when_it_comes_from_a_session() {
    let long = Call {
        seconds: 3601,
        ..call()
    };
    let max = SessionDuration::DEFAULT;
    assert_eq!(long.denial(), Some(Denial::DurationExceedsChained { max }));
    let own = Call {
        credentials: Credentials::LongTerm,
        caller: Who::User,
        ..long
    };
    assert_eq!(own.denial(), None);
    let longer = Call {
        seconds: 7201,
        ..own
    };
    let max = SessionDuration::from_seconds(7200).unwrap();
    assert_eq!(
        longer.denial(),
        Some(Denial::DurationExceedsRoleMaximum { max })
    );
    let from_session = Call {
        credentials: Credentials::Temporary,
        caller: Who::User,
        seconds: 3601,
        ..call()
    };
    assert!(matches!(
        from_session.denial(),
        Some(Denial::DurationExceedsChained { .. })
    ));
    let stranger = Call {
        trust: json!({"Effect": "Allow", "Principal": {"AWS": ABROAD}, "Action": "sts:*"}),
        seconds: 3601,
        ..call()
    };
    assert_eq!(stranger.denial(), Some(denial_of(ASSUME, Because::NoAllow)));
}

#[test]
fn tags_need_permission_on_both_sides() {
    let tagged = || Call {
        tags: tags(&[("Team", "blue", false)]),
        ..call()
    };
    assert_eq!(tagged().denial(), None);
    let assume = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"});
    let because = Because::CallerNotAllowed(PolicyKind::IdentityBased);
    let asked = Call {
        own: assume,
        ..tagged()
    };
    assert_eq!(
        asked.denial(),
        Some(denial_of(StsAction::TagSession, because))
    );
    let trust = json!({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"});
    let asked = Call { trust, ..tagged() };
    assert_eq!(
        asked.denial(),
        Some(denial_of(StsAction::TagSession, Because::NoAllow))
    );
}

#[test]
fn tags_that_are_passed_on_alone_need_permission() {
    let trust = json!({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"});
    let asked = Call {
        session_tags: tags(&[("Team", "blue", true)]),
        trust: trust.clone(),
        ..call()
    };
    assert_eq!(
        asked.denial(),
        Some(denial_of(StsAction::TagSession, Because::NoAllow))
    );
    let asked = Call {
        session_tags: tags(&[("Team", "blue", false)]),
        trust,
        ..call()
    };
    assert_eq!(asked.denial(), None);
}

#[test]
fn transitive_tags_are_passed_on_and_stay() {
    let asked = Call {
        session_tags: tags(&[("Team", "blue", true), ("Cost", "42", false)]),
        tags: tags(&[("Star", "1", false)]),
        ..call()
    };
    let grant = asked.decide().unwrap();
    assert_eq!(
        *grant.tags(),
        tags(&[("Team", "blue", true), ("Star", "1", false)])
    );
    for key in ["Team", "TEAM", "team"] {
        for transitive in [true, false] {
            let asked = Call {
                tags: tags(&[(key, "red", transitive)]),
                session_tags: asked.session_tags.clone(),
                ..call()
            };
            let key = key.parse().unwrap();
            assert_eq!(asked.denial(), Some(Denial::TagIsInherited { key }));
        }
    }
    let many: Vec<String> = (0..50).map(|n| format!("k{n}")).collect();
    let many: Vec<_> = many.iter().map(|key| (key.as_str(), "v", true)).collect();
    let asked = Call {
        tags: tags(&many),
        session_tags: asked.session_tags.clone(),
        ..call()
    };
    assert_eq!(asked.denial(), Some(Denial::TooManyTags));
}

#[test]
fn to_the_trust_policy_passed_on_tags_are_the_roles() {
    let condition = json!({"StringEquals": {"aws:ResourceTag/Team": "blue"}});
    let mut trusting = call().trust;
    trusting["Condition"] = condition.clone();
    let mut context = Context::new();
    context.set("aws:ResourceTag/Team", "red");
    let asked = Call {
        trust: trusting,
        session_tags: tags(&[("Team", "blue", true)]),
        context: context.clone(),
        ..call()
    };
    assert_eq!(asked.denial(), None);
    let asked = Call {
        session_tags: SessionTags::none(),
        ..asked
    };
    assert_eq!(asked.denial(), Some(denial_of(ASSUME, Because::NoAllow)));
    let mut own = call().own;
    own["Condition"] = condition;
    let asked = Call {
        own,
        session_tags: tags(&[("Team", "blue", true)]),
        context,
        ..call()
    };
    let because = Because::CallerNotAllowed(PolicyKind::IdentityBased);
    assert_eq!(asked.denial(), Some(denial_of(ASSUME, because)));
}

#[test]
fn a_source_identity_stays_the_same_for_good() {
    let ines: SourceIdentity = "ines".parse().unwrap();
    let with = || Call {
        session_source: Some(ines.clone()),
        ..call()
    };
    assert_eq!(with().decide().unwrap().source_identity(), Some(&ines));
    let same = Call {
        source_identity: Some(ines.clone()),
        ..with()
    };
    assert_eq!(same.denial(), None);
    for other in ["Ines", "bob"] {
        let changed = Call {
            source_identity: other.parse().ok(),
            ..with()
        };
        let expected = Some(denial_of(
            StsAction::SetSourceIdentity,
            Because::SourceIdentityIsSet,
        ));
        assert_eq!(changed.denial(), expected);
    }
}

#[test]
fn a_source_identity_needs_permission_on_every_hop() {
    let set = StsAction::SetSourceIdentity;
    let trust = json!({"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"});
    let asked = Call {
        session_source: "ines".parse().ok(),
        trust,
        ..call()
    };
    assert!(matches!(asked.denial(), Some(Denial::Refused { action, .. }) if action == set));
    let assume = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"});
    let trust = json!({"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:*"});
    let asked = Call {
        session_source: "ines".parse().ok(),
        trust,
        own: assume,
        ..call()
    };
    let because = Because::CallerNotAllowed(PolicyKind::IdentityBased);
    assert_eq!(asked.denial(), Some(denial_of(set, because)));
}

#[test]
fn the_trust_policy_sees_a_source_identity_that_is_passed_on() {
    let mut trust = call().trust;
    trust["Condition"] = json!({"StringEquals": {"sts:SourceIdentity": "ines"}});
    let asked = Call {
        trust,
        session_source: "ines".parse().ok(),
        ..call()
    };
    assert_eq!(asked.denial(), None);
    let asked = Call {
        session_source: "bob".parse().ok(),
        ..asked
    };
    assert_eq!(asked.denial(), Some(denial_of(ASSUME, Because::NoAllow)));
}

#[test]
fn an_external_id_is_the_one_that_was_agreed_on() {
    let mut trust = call().trust;
    trust["Condition"] = json!({"StringEquals": {"sts:ExternalId": "Xy7"}});
    for (id, expected) in [
        (Some("Xy7"), None),
        (Some("xy7"), Some(denial_of(ASSUME, Because::NoAllow))),
        (Some("*"), Some(denial_of(ASSUME, Because::NoAllow))),
        (None, Some(denial_of(ASSUME, Because::NoAllow))),
    ] {
        let mut context = Context::new();
        id.map(|id| context.set("sts:ExternalId", id));
        let asked = Call {
            trust: trust.clone(),
            context,
            ..call()
        };
        assert_eq!(asked.denial(), expected, "{id:?}");
    }
}

#[test]
fn a_role_that_is_not_there_is_refused_like_one_that_trusts_others() {
    let house = House::new();
    let assumption = call().assumption(house.caller(Who::User));
    let signer = Signer {
        authority: Authority::NONE,
        credentials: Credentials::Temporary,
        tags: &SessionTags::none(),
        source_identity: None,
    };
    let denial = decided(assumption, &signer, None).unwrap_err();
    let stranger = Call {
        trust: json!({"Effect": "Allow", "Principal": {"AWS": ABROAD}, "Action": "sts:*"}),
        ..call()
    };
    let code = stranger.denial().map(|it| it.code());
    assert_eq!(Some(denial.code()), code);
    assert_eq!(denial, denial_of(ASSUME, Because::UnknownRole));
}
