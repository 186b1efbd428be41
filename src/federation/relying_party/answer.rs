//! What comes back to the redirect URI (RFC 6749 section 4.1.2, RFC 9207), read strictly.

use std::borrow::Cow;

use crate::domain::Secret;
use crate::federation::Quoted;

/// The longest query or body that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// An authorization response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationAnswer {
    state: Secret<String>,
    pub(super) issuer: Option<String>,
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Code(Secret<String>),
    Error { error: Quoted, description: Quoted },
}

/// Why an authorization response can't be read: whoever sent the browser here is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It is longer than 16 KiB.
    #[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    /// A parameter is there twice.
    #[error("the parameter {0} is there twice")]
    Repeated(&'static str),
    /// A parameter is missing.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// There is a code and an error.
    #[error("the answer has a code and an error")]
    CodeAndError,
}

impl AuthorizationAnswer {
    /// Reads the query of the redirect, or the body of a `form_post`.
    pub fn parse(encoded: &str) -> Result<Self, AnswerError> {
        if encoded.len() > MAX_ANSWER_BYTES {
            return Err(AnswerError::TooLong);
        }
        let pairs: Vec<_> = form_urlencoded::parse(encoded.as_bytes()).collect();
        let find = |name| single(&pairs, name);
        let outcome = match (find("code")?, find("error")?) {
            (Some(_), Some(_)) => return Err(AnswerError::CodeAndError),
            (Some(code), None) => Outcome::Code(Secret::new(code.to_owned())),
            (None, Some(error)) => Outcome::Error {
                error: Quoted::new(error),
                description: Quoted::new(find("error_description")?.unwrap_or_default()),
            },
            (None, None) => return Err(AnswerError::Missing("code")),
        };
        let state = find("state")?.ok_or(AnswerError::Missing("state"))?;
        Ok(Self {
            state: Secret::new(state.to_owned()),
            issuer: find("iss")?.map(str::to_owned),
            outcome,
        })
    }

    /// The `state`: it names the attempt that this answers.
    pub fn state(&self) -> &str {
        self.state.expose()
    }
}

/// The one value of a parameter; an empty one counts as absent (RFC 6749, section 3.1).
fn single<'p>(
    pairs: &'p [(Cow<'_, str>, Cow<'_, str>)],
    name: &'static str,
) -> Result<Option<&'p str>, AnswerError> {
    let mut values = pairs.iter().filter(|(own, _)| own == name);
    let value = values.next().map(|(_, value)| &**value);
    if values.next().is_some() {
        return Err(AnswerError::Repeated(name));
    }
    Ok(value.filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_code_with_its_issuer() {
        let answer =
            AuthorizationAnswer::parse("code=a%2Bb&state=s&iss=https%3A%2F%2Fidp.example").unwrap();
        assert_eq!(answer.state(), "s");
        assert_eq!(answer.issuer.as_deref(), Some("https://idp.example"));
        assert_eq!(answer.outcome, Outcome::Code(Secret::new("a+b".into())));
    }

    #[test]
    fn an_ambiguous_answer_is_refused() {
        for (encoded, error) in [
            ("code=a", AnswerError::Missing("state")),
            ("code=a&state=", AnswerError::Missing("state")),
            ("state=s", AnswerError::Missing("code")),
            ("code=a&code=b&state=s", AnswerError::Repeated("code")),
            ("code=a&state=s&state=t", AnswerError::Repeated("state")),
            ("code=a&state=s&iss=x&iss=y", AnswerError::Repeated("iss")),
            ("code=a&state=s&error=x", AnswerError::CodeAndError),
            (&"x".repeat(MAX_ANSWER_BYTES + 1), AnswerError::TooLong),
        ] {
            assert_eq!(AuthorizationAnswer::parse(encoded), Err(error), "{encoded}");
        }
    }

    #[test]
    fn the_providers_error_text_is_cut_and_cleaned() {
        let long = [
            "error=access%0d%0adenied&state=s&error_description=",
            &"x".repeat(9000),
        ]
        .concat();
        let answer = AuthorizationAnswer::parse(&long).unwrap();
        assert_eq!(
            answer.outcome,
            Outcome::Error {
                error: Quoted::new("accessdenied"),
                description: Quoted::new(&"x".repeat(200)),
            }
        );
    }
}
