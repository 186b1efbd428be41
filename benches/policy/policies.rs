//! Policies of three sizes, and the question that all of them are asked.

use rolegate::domain::{SessionPrincipal, UniqueId};
use rolegate::policy::{
    Authority, Boundary, Caller, Context, IdentityPolicy, NamedPolicy, Request, SessionBounds,
    Target, TargetPolicy, authorise,
};
use serde_json::{Value, json};

use crate::Outcome;

/// Condition keys of the question: as many as a signed call from a browser's session has.
pub const KEYS: usize = 24;
const ACTION: &str = "s3:GetObject";
const RESOURCE: &str = "arn:aws:s3:::reports-2026/europe/november.csv";

/// What a caller has.
pub struct Policies {
    pub name: &'static str,
    pub texts: Vec<String>,
    identity: Vec<IdentityPolicy>,
    boundary: Option<IdentityPolicy>,
    session: Option<IdentityPolicy>,
}

/// Who asks, and how.
pub struct Question {
    session: SessionPrincipal,
    context: Context<'static>,
}

impl Policies {
    /// One policy of one statement.
    pub fn small() -> Outcome<Self> {
        Self::read("small", &[document(&[], true)], None)
    }

    /// Three managed policies of a dozen statements each.
    pub fn usual() -> Outcome<Self> {
        let first = document(&statements(12), false);
        let last = document(&statements(11), true);
        Self::read("usual", &[first.clone(), first, last], None)
    }

    /// Ten managed policies as long as they may be, a permissions boundary and a session policy.
    pub fn large() -> Outcome<Self> {
        let long = document(&statements(28), false);
        let mut identity = vec![long; 9];
        identity.push(document(&statements(27), true));
        let bounds = [
            document(&statements(27), true),
            document(&statements(8), true),
        ];
        Self::read("large", &identity, Some(bounds))
    }

    fn read(name: &'static str, identity: &[Value], bounds: Option<[Value; 2]>) -> Outcome<Self> {
        let mut texts: Vec<String> = identity.iter().map(Value::to_string).collect();
        let identity = texts.iter().map(|text| text.parse());
        let identity = identity.collect::<Result<_, _>>()?;
        let (mut boundary, mut session) = (None, None);
        if let Some([outer, inner]) = bounds {
            let bounds = [outer.to_string(), inner.to_string()];
            boundary = Some(bounds[0].parse()?);
            session = Some(bounds[1].parse()?);
            texts.extend(bounds);
        }
        Ok(Self {
            name,
            texts,
            identity,
            boundary,
            session,
        })
    }

    /// How many statements all of them have.
    pub fn statements(&self) -> usize {
        self.texts
            .iter()
            .map(|text| text.matches("\"Effect\"").count())
            .sum()
    }

    /// Whether the question is allowed.
    pub fn allow(&self, question: &Question) -> bool {
        let named = |policy| NamedPolicy {
            name: "policy",
            policy,
        };
        let identity: Vec<NamedPolicy<'_>> = self.identity.iter().map(named).collect();
        let session = self.session.as_ref().map(|policy| [named(policy)]);
        let authority = Authority {
            identity: &identity,
            boundary: match &self.boundary {
                Some(policy) => Boundary::Within(named(policy)),
                None => Boundary::Unbounded,
            },
            session: match &session {
                Some(policies) => SessionBounds::Within(policies),
                None => SessionBounds::Unbounded,
            },
        };
        let role = &question.session.role;
        let request = Request {
            caller: Caller::Session(&question.session),
            action: ACTION,
            resource: RESOURCE,
            context: &question.context,
        };
        let target = Target {
            partition: role.partition(),
            account: role.account(),
            policy: TargetPolicy::Silent,
        };
        authorise(&request, &authority, &target).is_allowed()
    }
}

impl Question {
    pub fn new() -> Outcome<Self> {
        let mut context = Context::new();
        for number in 0..KEYS - 4 {
            context.set(
                format!("aws:PrincipalTag/tag{number}"),
                format!("value {number}"),
            );
        }
        for (key, value) in [
            ("aws:SecureTransport", "true"),
            ("aws:SourceIp", "198.51.100.7"),
            ("aws:PrincipalTag/team", "payments"),
            ("aws:MultiFactorAuthPresent", "true"),
        ] {
            context.set(key, value);
        }
        let id: UniqueId = "AROAAAAAAAAAAAAAAAAAA".parse()?;
        Ok(Self {
            session: SessionPrincipal {
                role: "arn:aws:iam::123456789012:role/engineering/Reader".parse()?,
                role_id: id,
                session: "ines@example.com".parse()?,
            },
            context,
        })
    }
}

/// A policy of these statements, and at its end one that allows what is asked.
fn document(statements: &[Value], allows: bool) -> Value {
    let mut statements = statements.to_vec();
    if allows {
        statements.push(json!({
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": "arn:aws:s3:::reports-*/europe/*",
            "Condition": {
                "Bool": { "aws:SecureTransport": "true" },
                "IpAddress": { "aws:SourceIp": ["198.51.100.0/24", "2001:db8::/32"] },
            },
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Statements that come near to what is asked, each in another way, and don't apply.
fn statements(count: usize) -> Vec<Value> {
    let near = |number: usize| match number % 4 {
        0 => json!({
            "Effect": "Allow",
            "Action": ["ec2:Describe*", "ec2:Start*", "ec2:Stop*", "s3:Put*"],
            "Resource": "*",
        }),
        1 => json!({
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": format!("arn:aws:s3:::*-{number}/*/november.csv"),
        }),
        2 => json!({
            "Effect": "Allow",
            "NotAction": "iam:*",
            "Resource": "*",
            "Condition": {
                "StringLike": { "aws:PrincipalTag/team": [format!("team-{number}-*"), "*-nobody"] },
            },
        }),
        _ => json!({
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::reports-*",
            "Condition": {
                "NotIpAddress": { "aws:SourceIp": "198.51.100.0/24" },
                "Bool": { "aws:MultiFactorAuthPresent": "false" },
            },
        }),
    };
    (0..count).map(near).collect()
}
