//! The evaluator under test, asked the same.

use rolegate::domain::{
    Lineage, Origin, ProvenPerson, ProviderRef, RoleArn, SessionDuration, SessionPrincipal,
    SessionTags, SourceIdentity, UniqueId, UserName,
};
use rolegate::flows::iam::simulate::{
    EvaluationResult, SimulatedCaller, Simulation, Source, SourceKind,
};
use rolegate::policy::{
    AssumeAction, Assumption, Authorisation, Authority, Because, Boundary, Caller, Context,
    Credentials, Decision, Denial, IdentityPolicy, Named, NamedPolicy, PolicyError, PolicyKind,
    Refusal, Request, ResourcePolicy, RoleTerms, SessionBounds, Signer, StatementName,
    StatementRef, Target, TargetPolicy, TrustPolicy, Values, authorise, decide_signed,
};
use serde_json::Value;

use crate::generate::PROVIDER;
use crate::scene::{Answer, Call, CallAnswer, Key, Kind, Scene, Theirs, Who};

/// What a simulation of the question answers; none where it is no question for one: it is about users and
/// their own policies.
pub fn simulated(scene: &Scene) -> Option<EvaluationResult> {
    let owned = Owned::new(&scene.who);
    let (partition, account) = (scene.who.partition, scene.who.account);
    let caller = match scene.who.kind {
        Kind::User => SimulatedCaller::User {
            partition: partition.parse().unwrap(),
            account: account.parse().unwrap(),
            path: scene.who.path.parse().unwrap(),
            name: owned.user,
            id: owned.user_id,
        },
        Kind::Session => SimulatedCaller::Session(owned.session),
        _ => return None,
    };
    let resource_policy = match &scene.theirs {
        Theirs::Nothing => None,
        Theirs::Policy(document) => Some(document.to_string().parse().ok()?),
        Theirs::Trust(_) => return None,
    };
    let arn: Vec<&str> = scene.resource.splitn(6, ':').collect();
    let is_owner = |part: &str, owner: &str| part.is_empty() || part == owner;
    let owner_fits = arn[1] == scene.owner.0 && is_owner(arn[4], scene.owner.1);
    if scene.session.is_some() || !owner_fits {
        return None;
    }
    let source = |document: &Value| {
        Some(Source {
            id: String::new(),
            kind: SourceKind::None,
            policy: document.to_string().parse().ok()?,
        })
    };
    let simulation = Simulation {
        caller,
        policies: scene.identity.iter().map(source).collect::<Option<_>>()?,
        boundary: match &scene.boundary {
            Some(document) => Some(source(document)?),
            None => None,
        },
        resource_policy,
        owner: Some(scene.owner.1.parse().unwrap()),
        context: scene
            .keys
            .iter()
            .map(|(key, value)| (key.clone(), values(value)))
            .collect(),
    };
    Some(simulation.evaluate(&scene.action, &scene.resource))
}

fn values(key: &Key) -> Values<'static> {
    match key {
        Key::One(value) => Values::from(value.clone()),
        Key::Many(values) => values.iter().cloned().collect(),
        Key::Unreadable => Values::Unreadable,
    }
}

/// How a trust policy has the users and roles that it names.
#[derive(Clone, Copy)]
pub enum Kept {
    /// As they are written.
    AsWritten,
    /// As a directory keeps them.
    ById,
}

impl Kept {
    fn of(self, policy: TrustPolicy, who: &Who) -> TrustPolicy {
        match self {
            Self::AsWritten => policy,
            Self::ById => bound(&policy, who),
        }
    }
}

/// What a [`Caller`] borrows from.
struct Owned {
    user: UserName,
    user_id: UniqueId,
    session: SessionPrincipal,
}

impl Owned {
    fn new(who: &Who) -> Self {
        let role = format!(
            "arn:{}:iam::{}:role{}Reader",
            who.partition, who.account, who.path
        );
        Self {
            user: "ada".parse().unwrap(),
            user_id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            session: SessionPrincipal {
                role: role.parse().unwrap(),
                role_id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
                session: "ines".parse().unwrap(),
            },
        }
    }

    fn caller<'a>(&'a self, who: &Who) -> Caller<'a> {
        let partition = who.partition.parse().unwrap();
        let account = who.account.parse().unwrap();
        match who.kind {
            Kind::Root => Caller::Root { partition, account },
            Kind::User => Caller::User {
                partition,
                account,
                path: who.path,
                name: &self.user,
                id: &self.user_id,
            },
            Kind::Session => Caller::Session(&self.session),
            Kind::FederatedUser => Caller::FederatedUser {
                partition,
                account,
                name: "ada",
            },
            Kind::Service => Caller::Service {
                name: "ec2.amazonaws.com",
            },
            Kind::Provider => Caller::Federated { provider: PROVIDER },
            Kind::Anonymous => Caller::Anonymous,
        }
    }
}

fn context(scene: &Scene) -> Context<'_> {
    let mut context = Context::new();
    for (key, value) in &scene.keys {
        let values = match value {
            Key::One(value) => Values::from(value.as_str()),
            Key::Many(values) => values.iter().map(String::as_str).collect(),
            Key::Unreadable => Values::Unreadable,
        };
        context.set(key.as_str(), values);
    }
    context
}

/// The policies of one side, read.
struct Side {
    identity: Vec<(String, IdentityPolicy)>,
    boundary: Option<(String, IdentityPolicy)>,
    session: Option<Vec<(String, IdentityPolicy)>>,
}

impl Side {
    fn read(scene: &Scene) -> Result<Self, PolicyError> {
        let read = |kind: &'static str, documents: &[Value]| {
            let documents = documents.iter().enumerate();
            let one = |(index, document): (usize, &Value)| {
                Ok((format!("{kind} {index}"), document.to_string().parse()?))
            };
            documents.map(one).collect::<Result<Vec<_>, PolicyError>>()
        };
        let boundary = scene.boundary.as_ref().map(std::slice::from_ref);
        let boundary = boundary
            .map(|it| read("permissions boundary", it))
            .transpose()?;
        Ok(Self {
            identity: read("identity-based policy", &scene.identity)?,
            boundary: boundary.and_then(|mut it| it.pop()),
            session: scene
                .session
                .as_ref()
                .map(|it| read("session policy", it))
                .transpose()?,
        })
    }

    fn with<T>(&self, then: impl FnOnce(&Authority<'_>) -> T) -> T {
        fn named(list: &[(String, IdentityPolicy)]) -> Vec<NamedPolicy<'_>> {
            list.iter()
                .map(|(name, policy)| NamedPolicy { name, policy })
                .collect()
        }
        let session = self.session.as_deref().map(named);
        let boundary = self
            .boundary
            .as_ref()
            .map(|(name, policy)| NamedPolicy { name, policy });
        then(&Authority {
            identity: &named(&self.identity),
            boundary: boundary.map_or(Boundary::Unbounded, Boundary::Within),
            session: session
                .as_deref()
                .map_or(SessionBounds::Unbounded, SessionBounds::Within),
        })
    }
}

/// The answer; an error where a policy is refused.
pub fn answer(scene: &Scene, kept: Kept) -> Result<Answer, PolicyError> {
    let side = Side::read(scene)?;
    let owned = Owned::new(&scene.who);
    let context = context(scene);
    let request = Request {
        caller: owned.caller(&scene.who),
        action: &scene.action,
        resource: &scene.resource,
        context: &context,
    };
    let role: Option<RoleArn> = scene.resource.parse().ok();
    let (trust, policy): (TrustPolicy, ResourcePolicy);
    let policy = match &scene.theirs {
        Theirs::Nothing => TargetPolicy::Silent,
        Theirs::Trust(document) => {
            trust = kept.of(document.to_string().parse()?, &scene.who);
            TargetPolicy::Trust {
                role: role.as_ref().unwrap(),
                policy: &trust,
            }
        }
        Theirs::Policy(document) => {
            policy = document.to_string().parse()?;
            TargetPolicy::Resource {
                name: "resource-based policy 0",
                policy: &policy,
            }
        }
    };
    let target = Target {
        partition: scene.owner.0.parse().unwrap(),
        account: scene.owner.1.parse().unwrap(),
        policy,
    };
    let decision = side.with(|authority| authorise(&request, authority, &target));
    Ok(match decision {
        Authorisation::Allow { .. } => Answer::Allowed,
        Authorisation::Deny(Refusal::Silent(kind)) => Answer::Silent(kind.to_string()),
        Authorisation::Deny(Refusal::Explicit { by, others }) => Answer::Denied(
            std::iter::once(by)
                .chain(others)
                .map(|it| told(&it))
                .collect(),
        ),
    })
}

/// Kind, policy and place of a statement.
fn told(statement: &StatementRef) -> (String, String, String) {
    let place = match &statement.statement {
        StatementName::Sid(sid) => sid.to_string(),
        StatementName::Number(number) => number.to_string(),
    };
    let policy = match statement.kind {
        PolicyKind::RoleTrust => "role trust policy 0".to_owned(),
        _ => statement.policy.to_string(),
    };
    (statement.kind.to_string(), policy, place)
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

fn tags(list: &[(&str, &str, bool)]) -> SessionTags {
    let mut tags = SessionTags::none();
    for (key, value, transitive) in list {
        tags.add(key.parse().unwrap(), value.parse().unwrap(), *transitive)
            .unwrap();
    }
    tags
}

/// The policy as a directory keeps it: with ids in the place of ARNs, the caller's where it is theirs and
/// otherwise one that nobody has.
fn bound(policy: &TrustPolicy, who: &Who) -> TrustPolicy {
    let Who {
        partition,
        account,
        path,
        name,
        id,
        ..
    } = who;
    let own = match who.kind {
        Kind::User => format!("arn:{partition}:iam::{account}:user{path}{name}"),
        Kind::Session => format!("arn:{partition}:iam::{account}:role{path}{name}"),
        _ => String::new(),
    };
    let renamed: Result<TrustPolicy, std::convert::Infallible> =
        policy.renamed(|written, named| {
            Ok(match named {
                Named::Id(_) => None,
                _ if written == own => Some((*id).to_owned()),
                Named::Role(_) => Some("AROAZZZZZZZZZZZZZZZZZ".to_owned()),
                Named::User { .. } => Some("AIDAZZZZZZZZZZZZZZZZZ".to_owned()),
            })
        });
    let renamed = renamed.unwrap();
    let by_arn = renamed.named().any(|named| !matches!(named, Named::Id(_)));
    assert!(!by_arn, "{renamed:?}");
    renamed
}

/// The answer to a call; an error where a policy is refused.
pub fn answer_call(call: &Call, kept: Kept) -> Result<CallAnswer, PolicyError> {
    let scene = &call.scene;
    let side = Side::read(scene)?;
    let owned = Owned::new(&scene.who);
    let Theirs::Trust(document) = &scene.theirs else {
        panic!("no role");
    };
    let trust = kept.of(document.to_string().parse()?, &scene.who);
    let arn: RoleArn = scene.resource.parse().unwrap();
    let id: UniqueId = "AROABBBBBBBBBBBBBBBBB".parse().unwrap();
    let seconds = |seconds| SessionDuration::from_seconds(seconds).unwrap();
    let role = RoleTerms {
        arn: &arn,
        id: &id,
        trust: &trust,
        max_session: seconds(call.longest),
    };
    let source: Option<SourceIdentity> = call.session_source.map(|it| it.parse().unwrap());
    let session_tags = tags(&call.session_tags);
    let assumption = Assumption {
        action: AssumeAction::AssumeRole,
        caller: owned.caller(&scene.who),
        context: context(scene),
        session: "next".parse().unwrap(),
        tags: tags(&call.tags),
        source_identity: call.source.map(|it| it.parse().unwrap()),
        duration: seconds(call.seconds),
        ends_by: None,
        lineage: lineage(),
    };
    let decision = side.with(|authority| {
        let signer = Signer {
            authority: *authority,
            credentials: if call.is_temporary {
                Credentials::Temporary
            } else {
                Credentials::LongTerm
            },
            tags: &session_tags,
            source_identity: source.as_ref(),
        };
        decide_signed(assumption, &signer, Some(role))
    });
    Ok(match decision {
        Decision::Permit(grant) => CallAnswer::Permitted {
            tags: grant
                .tags()
                .iter()
                .map(|(key, value, transitive)| (key.to_string(), value.to_string(), transitive))
                .collect(),
            source: grant.source_identity().map(ToString::to_string),
        },
        Decision::Deny(denial) => CallAnswer::Refused(reason(&denial)),
    })
}

fn reason(denial: &Denial) -> String {
    match denial {
        Denial::RootCaller => "root".to_owned(),
        Denial::TagIsInherited { .. } => "inherited tag".to_owned(),
        Denial::TooManyTags => "too many tags".to_owned(),
        Denial::DurationExceedsChained { .. } => "chained too long".to_owned(),
        Denial::DurationExceedsRoleMaximum { .. } => "too long".to_owned(),
        Denial::Refused { action, because } => {
            let why = match because {
                Because::ExplicitDeny(_) => "denied".to_owned(),
                Because::NoAllow => "no role trust policy".to_owned(),
                Because::CallerNotAllowed(kind) => format!("no {kind}"),
                Because::SourceIdentityIsSet => "fixed".to_owned(),
                Because::WrongAction => "not signed".to_owned(),
                Because::OutOfReach | Because::UnknownRole | Because::ForeignProvider => {
                    because.to_string()
                }
            };
            format!("{}: {why}", action.as_str())
        }
    }
}
