//! How people must have proved themselves to their provider, and whether they did.
//!
//! A request asks for it, and whoever carries a request that nobody signed can take that out again.
//! So what a connection wants is looked for in what the provider signed (SAML 2.0 Core, sections
//! 2.7.2 and 3.4.1).

use super::checks::{MAX_AGE, SKEW};
use super::claims::Authentication;
use super::settings::{SamlSettings, SamlUri};
use crate::domain::UnixTime;
use crate::federation::Quoted;

/// Why the way in which somebody proved themselves is not enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// The connection wants a new proof each time (`force_authn`), and it is an old one, or of a time
    /// that is yet to come.
    #[error("the person proved themselves at {at}, and had to between {since} and {until}")]
    NotAnew {
        /// When they did (`AuthnInstant`).
        at: UnixTime,
        /// From when on they had to.
        since: UnixTime,
        /// Until when.
        until: UnixTime,
    },
    /// It is of another class than the connection lists (`requested_authn_context`).
    #[error("the person proved themselves by \"{found}\" and by none of \"{expected}\"")]
    OtherClass {
        /// The class (`AuthnContextClassRef`); empty where there is none.
        found: Quoted,
        /// The classes that are listed, with spaces between.
        expected: Quoted,
    },
}

/// Checks what a provider says of an authentication against what the connection wants.
///
/// `begun_at` is when the sign-in was begun here. Where the provider began it, a new proof is one of
/// the five minutes for which an assertion is young enough.
pub(super) fn check_authentication(
    authentication: &Authentication,
    settings: &SamlSettings,
    begun_at: Option<UnixTime>,
    now: UnixTime,
) -> Result<(), AuthenticationError> {
    let since = begun_at.unwrap_or(now.plus(-MAX_AGE)).plus(-SKEW);
    let (at, until) = (authentication.at, now.plus(SKEW));
    if settings.force_authn && !(since <= at && at <= until) {
        return Err(AuthenticationError::NotAnew { at, since, until });
    }
    let Some(wanted) = &settings.requested_authn_context else {
        return Ok(());
    };
    let found = authentication.context_class.as_deref();
    let mut classes = wanted.classes().iter();
    if classes.any(|class| found == Some(class.as_str())) {
        return Ok(());
    }
    let listed: Vec<&str> = wanted.classes().iter().map(SamlUri::as_str).collect();
    Err(AuthenticationError::OtherClass {
        found: Quoted::new(found.unwrap_or_default()),
        expected: Quoted::new(&listed.join(" ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::testing::NOW;

    const BASE: &str = "entity_id = 'https://idp.example.com'\nmetadata = 'upload'\n";

    fn checked(
        lines: &str,
        at: UnixTime,
        class: Option<&str>,
        begun_at: Option<UnixTime>,
    ) -> Result<(), AuthenticationError> {
        let settings: SamlSettings = toml::from_str(&[BASE, lines].concat()).unwrap();
        let authentication = Authentication {
            at,
            session_index: None,
            session_ends_at: None,
            context_class: class.map(str::to_owned),
        };
        check_authentication(&authentication, &settings, begun_at, NOW)
    }

    #[test]
    fn nothing_is_wanted_where_the_connection_says_nothing() {
        assert_eq!(checked("", NOW.plus(-864_000), None, None), Ok(()));
    }

    #[test]
    fn a_new_proof_is_one_since_the_sign_in_was_begun() {
        let begun_at = Some(NOW.plus(-100));
        for (at, is_new) in [(-160, true), (-161, false), (60, true), (61, false)] {
            let result = checked("force_authn = true", NOW.plus(at), None, begun_at);
            assert_eq!(result.is_ok(), is_new, "{at}");
            let refused = matches!(result, Err(AuthenticationError::NotAnew { .. }));
            assert_eq!(refused, !is_new, "{at}");
        }
    }

    #[test]
    fn where_the_provider_began_a_new_proof_is_one_of_five_minutes() {
        for (at, is_new) in [(-360, true), (-361, false)] {
            let result = checked("force_authn = true", NOW.plus(at), None, None);
            assert_eq!(result.is_ok(), is_new, "{at}");
        }
    }

    #[test]
    fn the_class_is_one_of_those_that_are_listed_whatever_the_comparison() {
        for comparison in ["exact", "minimum", "maximum", "better"] {
            let lines = format!(
                "requested_authn_context = {{ classes = ['urn:a', 'urn:b'], comparison = '{comparison}' }}"
            );
            assert_eq!(checked(&lines, NOW, Some("urn:b"), None), Ok(()));
            for other in [None, Some("urn:c"), Some("urn:B"), Some("urn:a urn:b")] {
                let refused = checked(&lines, NOW, other, None).unwrap_err();
                let expected = Quoted::new("urn:a urn:b");
                let found = Quoted::new(other.unwrap_or_default());
                assert_eq!(refused, AuthenticationError::OtherClass { found, expected });
            }
        }
    }
}
