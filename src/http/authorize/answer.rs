//! The JSON of an answer.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{Principal, RequestId, SourceIdentity};
use crate::flows::{Answer, AuthenticationError, Caller, Decided, unproven};
use crate::policy::PolicyKind;
use crate::sigv4::Payload;

/// What is answered, whatever was decided.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Signer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ToldError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoded_message: Option<&'a str>,
    request_id: String,
}

/// Who signed the request.
#[derive(Serialize)]
struct Signer<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    user_id: String,
    access_key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_expires_at: Option<String>,
    tags: BTreeMap<&'a str, &'a str>,
}

/// What decided it.
#[derive(Serialize)]
struct Reason<'a> {
    explicit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_kind: Option<&'static str>,
    statements: Vec<Statement<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Serialize)]
struct Statement<'a> {
    policy_kind: &'static str,
    policy: &'a str,
    #[serde(rename = "statement")]
    name: String,
}

/// What the service can answer its caller with.
#[derive(Serialize)]
struct ToldError {
    code: &'static str,
    status: u16,
    message: String,
}

impl<'a> Told<'a> {
    pub(super) fn new(answer: &'a Answer, action: &str, id: RequestId) -> Self {
        match answer {
            Answer::Unproven(error) => Self::refused(ToldError::unproven(error), id),
            Answer::OutOfReach(_) => {
                let error = AuthenticationError::InvalidToken;
                Self::refused(ToldError::unproven(&error), id)
            }
            Answer::Throttled(..) => Self::refused(
                ToldError {
                    code: "Throttling",
                    status: 400,
                    message: "Rate exceeded".to_owned(),
                },
                id,
            ),
            Answer::Decided(decided) => Self::decided(decided, action, id),
        }
    }

    fn refused(error: ToldError, id: RequestId) -> Self {
        Self {
            decision: "deny",
            identity: None,
            payload: None,
            reason: None,
            error: Some(error),
            message: None,
            encoded_message: None,
            request_id: id.to_string(),
        }
    }

    fn decided(decided: &'a Decided, action: &str, id: RequestId) -> Self {
        let verdict = &decided.verdict;
        let statements = verdict.statements().into_iter().map(|statement| Statement {
            policy_kind: statement.kind.as_str(),
            policy: &statement.policy,
            name: statement.statement.to_string(),
        });
        let refusal = decided.refusal.as_ref();
        let message = refusal.map(|refusal| refusal.message.as_str());
        Self {
            decision: if verdict.is_allowed() {
                "allow"
            } else {
                "deny"
            },
            identity: Some(Signer::new(&decided.caller, decided)),
            payload: Some(decided.payload),
            reason: Some(Reason {
                explicit: verdict.is_explicit(),
                policy_kind: verdict.blamed().map(PolicyKind::as_str),
                statements: statements.collect(),
                text: verdict.why_not(action),
            }),
            error: message.map(|message| ToldError {
                code: "AccessDenied",
                status: 403,
                message: message.to_owned(),
            }),
            message,
            encoded_message: refusal.and_then(|refusal| refusal.encoded.as_deref()),
            request_id: id.to_string(),
        }
    }
}

impl<'a> Signer<'a> {
    fn new(caller: &'a Caller, decided: &'a Decided) -> Self {
        let principal = &caller.principal;
        let session = caller.session.as_ref();
        let (r#type, user_name, role, name) = match principal {
            Principal::User(user) => ("User", Some(user.name.as_str()), None, None),
            Principal::Session(session) => {
                let role = session.role.as_str();
                (
                    "AssumedRole",
                    None,
                    Some(role),
                    Some(session.session.as_str()),
                )
            }
            Principal::FederatedUser(user) => {
                ("FederatedUser", Some(user.name.as_str()), None, None)
            }
            Principal::Root(_) => ("Root", None, None, None),
            Principal::Service(name) => ("Service", Some(name.as_str()), None, None),
        };
        let source = session.and_then(|session| session.source_identity.as_ref());
        Self {
            r#type,
            arn: principal.account().map(|_| principal.arn()),
            account: principal.account().map(|account| account.to_string()),
            user_id: principal.user_id(),
            access_key_id: caller.access_key_id.as_str(),
            user_name,
            role_arn: role,
            session_name: name,
            source_identity: source.map(SourceIdentity::as_str),
            session_expires_at: session.map(|session| session.expires_at.to_string()),
            tags: decided
                .tags
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
        }
    }
}

impl ToldError {
    fn unproven(error: &AuthenticationError) -> Self {
        let (code, status) = unproven(error);
        let message = match error {
            AuthenticationError::Signature(error) => error.aws_message().into_owned(),
            AuthenticationError::NotSigned => "Request is missing Authentication Token".to_owned(),
            AuthenticationError::ExpiredToken { .. } => {
                "The security token included in the request is expired".to_owned()
            }
            AuthenticationError::InvalidToken
            | AuthenticationError::Unavailable(_)
            | AuthenticationError::Audit(_) => {
                "The security token included in the request is invalid".to_owned()
            }
        };
        Self {
            code,
            status,
            message,
        }
    }
}
