//! What a refusal looks like on the wire: AWS's code, text and status.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::{FAULT_NAMESPACE, Fault, Format};
use super::api::Api;
use super::parameters::ParameterError;
use crate::domain::RequestId;
use crate::flows::AuthenticationError;
use crate::http::edge::{AnswersFull, BodyError, HostError, NotAdmitted};
use crate::sigv4::SigV4Error;

/// Seconds after which a caller may try again when this node can't answer.
const RETRY_AFTER: &str = "1";

/// A refusal by an API of the Query protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFault {
    status: StatusCode,
    /// Whether an operation was found.
    is_dispatched: bool,
    code: &'static str,
    message: Option<String>,
    recorded: Recorded,
    operation: Option<String>,
    /// Whether a proof that the call carried did not hold.
    is_failed_proof: bool,
    /// Whether more calls came than there are places for.
    is_crowded_out: bool,
}

/// Whether the audit knows of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The flow that refused has recorded it, or could not.
    ByFlow,
    /// No flow was reached.
    NotYet,
    /// It is counted, and nothing else: there may be any number of them.
    Counted,
}

impl QueryFault {
    /// A refusal after an operation was found.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            is_dispatched: true,
            code,
            message: Some(message.into()),
            recorded: Recorded::NotYet,
            operation: None,
            is_failed_proof: false,
            is_crowded_out: false,
        }
    }

    /// A refusal before an operation was found.
    pub fn undispatched(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            is_dispatched: false,
            ..Self::new(status, code, message)
        }
    }

    /// A value of the wrong shape; AWS gives no text for it.
    pub const fn malformed_input() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            is_dispatched: true,
            code: "MalformedInput",
            message: None,
            recorded: Recorded::NotYet,
            operation: None,
            is_failed_proof: false,
            is_crowded_out: false,
        }
    }

    /// A number that is there without a value.
    pub fn missing_number() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "MalformedInput",
            "missing value for decimal type",
        )
    }

    /// `ValidationError`, 400.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    /// This node can't answer now.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service can't answer at the moment; try again.",
        )
    }

    /// The caller, its address or its account asks too often.
    pub(in crate::http) fn throttling() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Throttling", "Rate exceeded")
    }

    /// The code, for the audit.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The text, for the audit; the code where AWS gives none.
    pub fn reason(&self) -> &str {
        self.message.as_deref().unwrap_or(self.code)
    }

    /// The operation that was asked for, as the caller wrote it; empty where none was read.
    pub fn operation(&self) -> &str {
        self.operation.as_deref().unwrap_or_default()
    }

    /// The same refusal, of a call for this operation.
    pub(in crate::http) fn of_operation(self, action: &str) -> Self {
        Self {
            operation: Some(action.to_owned()),
            ..self
        }
    }

    /// Whether the audit knows of it.
    pub const fn recorded(&self) -> Recorded {
        self.recorded
    }

    /// Whether a proof that the call carried did not hold.
    pub const fn is_failed_proof(&self) -> bool {
        self.is_failed_proof
    }

    /// The same refusal, of which the audit knows.
    pub(in crate::http) fn recorded_by_flow(self) -> Self {
        Self {
            recorded: Recorded::ByFlow,
            ..self
        }
    }

    /// Whether more calls came than there are places for: then it need not be told at once.
    pub const fn is_crowded_out(&self) -> bool {
        self.is_crowded_out
    }

    /// The same refusal, of a call that found a place or did not.
    pub(in crate::http) fn crowded_out(self, is_crowded_out: bool) -> Self {
        Self {
            is_crowded_out,
            ..self
        }
    }

    /// The same refusal, of a call whose proof held or did not.
    pub(in crate::http) fn after_failed_proof(self, is_failed_proof: bool) -> Self {
        Self {
            is_failed_proof,
            ..self
        }
    }

    /// The answer by this API.
    pub fn respond(&self, api: &Api, id: RequestId, format: Format) -> HttpResponse {
        let blame = if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let fault = Fault {
            namespace: if self.is_dispatched {
                api.namespace
            } else {
                FAULT_NAMESPACE
            },
            blame,
            code: self.code,
            message: self.message.as_deref(),
        };
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(("Retry-After", RETRY_AFTER));
        }
        api.headers(&mut response, id, format)
            .body(fault.render(id, format))
    }
}

impl From<BodyError> for QueryFault {
    fn from(error: BodyError) -> Self {
        let (status, code) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
            BodyError::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "MalformedInput"),
        };
        Self::undispatched(status, code, sentence(&error))
    }
}

impl From<AnswersFull> for QueryFault {
    fn from(error: AnswersFull) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::undispatched(status, "ServiceUnavailable", sentence(&error))
    }
}

impl From<HostError> for QueryFault {
    fn from(error: HostError) -> Self {
        let status = match error {
            HostError::Missing => StatusCode::BAD_REQUEST,
            HostError::NotServed => StatusCode::MISDIRECTED_REQUEST,
        };
        Self::undispatched(status, "InvalidHost", sentence(&error))
    }
}

impl From<ParameterError> for QueryFault {
    fn from(error: ParameterError) -> Self {
        let code = match error {
            ParameterError::TooMany | ParameterError::Malformed => "MalformedQueryString",
            ParameterError::Repeated { .. } => "InvalidParameterCombination",
            ParameterError::List { .. } => "MalformedInput",
        };
        Self::undispatched(StatusCode::BAD_REQUEST, code, sentence(&error))
    }
}

/// Before anything of the call was read.
impl From<NotAdmitted> for QueryFault {
    fn from(error: NotAdmitted) -> Self {
        let fault = match error {
            NotAdmitted::Throttled(_) => Self::throttling(),
            NotAdmitted::Queue(_) => Self::unavailable(),
        };
        Self {
            recorded: Recorded::Counted,
            ..fault
        }
    }
}

impl From<SigV4Error> for QueryFault {
    fn from(error: SigV4Error) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN);
        Self::new(status, error.code(), error.aws_message())
    }
}

/// An error's own text as a sentence.
pub fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first
        .chain(characters)
        .chain(std::iter::once('.'))
        .collect()
}

impl From<AuthenticationError> for QueryFault {
    fn from(error: AuthenticationError) -> Self {
        Self {
            is_failed_proof: error.is_failed_proof(),
            ..Self::unauthenticated(&error).recorded_by_flow()
        }
    }
}

impl QueryFault {
    /// Nobody is known to have signed: AWS's texts.
    pub fn unauthenticated(error: &AuthenticationError) -> Self {
        let message = match error {
            AuthenticationError::Signature(error) => return (*error).into(),
            AuthenticationError::Unavailable(_) | AuthenticationError::Audit(_) => {
                return Self::unavailable();
            }
            AuthenticationError::NotSigned => "Request is missing Authentication Token",
            AuthenticationError::InvalidToken => {
                "The security token included in the request is invalid"
            }
            AuthenticationError::ExpiredToken { .. } => {
                "The security token included in the request is expired"
            }
        };
        Self::new(StatusCode::FORBIDDEN, error.code(), message)
    }

    /// `AccessDenied`, 403.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UnixTime;

    #[test]
    fn a_session_that_is_over_has_an_expired_token() {
        let expired_at = UnixTime::from_seconds(1_795_254_067);
        let fault = QueryFault::from(AuthenticationError::ExpiredToken { expired_at });
        let expected = QueryFault::new(
            StatusCode::FORBIDDEN,
            "ExpiredToken",
            "The security token included in the request is expired",
        );
        assert!(fault.is_failed_proof());
        let expected = QueryFault {
            is_failed_proof: true,
            ..expected.recorded_by_flow()
        };
        assert_eq!(fault, expected);
    }
}
