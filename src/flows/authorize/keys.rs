//! The condition keys that a service may vouch for.
//!
//! Who calls, since when and with what second factor is the gateway's to say, and so is what only the
//! gateway knows of a role. A key of somebody else is refused and not passed over: whoever relies on
//! having said it must hear that it doesn't count.

use crate::directory::Service;
use crate::domain::{ActionName, SigningName};
use crate::policy::{Context, Values};

/// Keys of everybody's that are about the request and the resource; what ends with a slash goes on.
const OF_REQUESTS: [&str; 17] = [
    "aws:referer",
    "aws:requesttag/",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:resourcetag/",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:useragent",
    "aws:vpcsourceip",
];
/// What is said beside a role that is passed (IAM, "PassRole").
const OF_PASSING: &str = "iam:associatedresourcearn";

/// The values of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValues {
    /// Of a key that has one.
    One(String),
    /// Of a key that can have many.
    Many(Vec<String>),
}

/// The keys that a service vouches for, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceKeys(Vec<(String, KeyValues)>);

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// More than [`ServiceKeys::MAX`].
    #[error("context: at most {} keys", ServiceKeys::MAX)]
    TooMany,
    /// A name or value that is too long, or a list of too many.
    #[error(
        "context: {0} is too long; a key has at most 256 characters, a value 2048 bytes, a list 100 values"
    )]
    TooLong(String),
    /// The same key twice, in whatever case.
    #[error("context: {0} is there twice; keys are the same in upper and lower case")]
    Twice(String),
    /// No `prefix:name`.
    #[error("context: a key is written prefix:name, in printable ASCII")]
    NoKey,
}

impl ServiceKeys {
    /// So many keys at most.
    pub const MAX: usize = 100;
    /// A key has so many characters at most.
    pub const MAX_KEY: usize = 256;
    /// A value has so many bytes at most.
    pub const MAX_VALUE: usize = 2_048;
    /// A list has so many values at most.
    pub const MAX_VALUES: usize = 100;
    /// All values together have so many bytes at most: each may be compared with every pattern of a policy.
    pub const MAX_BYTES: usize = 16_384;

    /// Takes the keys of a question.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn new(keys: Vec<(String, KeyValues)>) -> Result<Self, KeyError> {
        if keys.len() > Self::MAX {
            return Err(KeyError::TooMany);
        }
        for (index, (key, values)) in keys.iter().enumerate() {
            if key.len() > Self::MAX_KEY {
                return Err(KeyError::TooLong("a key".to_owned()));
            }
            if !is_key(key) {
                return Err(KeyError::NoKey);
            }
            if !values.fit() {
                return Err(KeyError::TooLong(key.clone()));
            }
            let mut before = keys.iter().take(index);
            if before.any(|(other, _)| other.eq_ignore_ascii_case(key)) {
                return Err(KeyError::Twice(key.clone()));
            }
        }
        if keys.iter().map(|(_, values)| values.bytes()).sum::<usize>() > Self::MAX_BYTES {
            return Err(KeyError::TooLong("all values together".to_owned()));
        }
        Ok(Self(keys))
    }

    /// The first key that is none for a service to say which has these prefixes, about this action.
    pub(super) fn foreign(&self, own: &[SigningName], action: &ActionName) -> Option<&str> {
        let keys = self.0.iter().map(|(key, _)| key.as_str());
        let mut foreign = keys.filter(|key| !may_say(key, own, action));
        foreign.next()
    }

    /// Sets the keys.
    pub(super) fn describe<'a>(&'a self, context: &mut Context<'a>) {
        for (key, values) in &self.0 {
            match values {
                KeyValues::One(value) => context.set(key.as_str(), value.as_str()),
                KeyValues::Many(list) => {
                    let values: Values<'_> = list.iter().map(String::as_str).collect();
                    context.set(key.as_str(), values)
                }
            };
        }
    }
}

impl KeyValues {
    fn bytes(&self) -> usize {
        match self {
            Self::One(value) => value.len(),
            Self::Many(list) => list.iter().map(String::len).sum(),
        }
    }

    fn fit(&self) -> bool {
        let fits = |value: &String| value.len() <= ServiceKeys::MAX_VALUE;
        match self {
            Self::One(value) => fits(value),
            Self::Many(list) => list.len() <= ServiceKeys::MAX_VALUES && list.iter().all(fits),
        }
    }
}

fn is_key(key: &str) -> bool {
    let parts = key.split_once(':');
    parts.is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
        // A tag's key may hold spaces.
        && key.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

fn may_say(key: &str, own: &[SigningName], action: &ActionName) -> bool {
    let key = key.to_ascii_lowercase();
    let prefix = key.split(':').next().unwrap_or_default();
    let of_requests = |known: &str| {
        if known.ends_with('/') {
            key.len() > known.len() && key.starts_with(known)
        } else {
            key == known
        }
    };
    if super::is_pass_role(action) {
        // Of the role that is passed the gateway itself says all.
        return key == OF_PASSING
            || (OF_REQUESTS.iter().any(|known| of_requests(known))
                && !key.starts_with("aws:resource"));
    }
    let is_own = own.iter().any(|name| name.as_str() == prefix);
    (is_own && !Service::OURS.contains(&prefix))
        || OF_REQUESTS.iter().any(|known| of_requests(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> ServiceKeys {
        let one = |name: &&str| ((*name).to_owned(), KeyValues::One("x".to_owned()));
        ServiceKeys::new(names.iter().map(one).collect()).unwrap()
    }

    fn foreign(name: &str, action: &str) -> bool {
        let own = ["ci".parse().unwrap()];
        keys(&[name])
            .foreign(&own, &action.parse().unwrap())
            .is_some()
    }

    #[test]
    fn a_service_says_what_is_its_own_and_what_is_of_the_request() {
        for name in [
            "ci:Branch",
            "aws:SourceIp",
            "AWS:sourceip",
            "aws:ResourceTag/Team",
            "aws:RequestTag/a b",
        ] {
            assert!(!foreign(name, "ci:Build"), "{name}");
        }
    }

    #[test]
    fn who_calls_is_not_for_a_service_to_say() {
        for name in [
            "aws:PrincipalArn",
            "AWS:PRINCIPALARN",
            "aws:PrincipalTag/Team",
            "aws:PrincipalIsAWSService",
            "aws:PrincipalAccount",
            "aws:userid",
            "aws:username",
            "aws:TokenIssueTime",
            "aws:MultiFactorAuthPresent",
            "aws:MultiFactorAuthAge",
            "aws:SourceIdentity",
            "aws:FederatedProvider",
            "aws:CurrentTime",
            "aws:EpochTime",
            "aws:RequestedRegion",
            "aws:ResourceAccount",
            "aws:ViaAWSService",
            "aws:CalledVia",
            "aws:AssumedRoot",
            "iam:PassedToService",
            "sts:ExternalId",
            "saml:aud",
            "idp.example.com:sub",
            "s3:prefix",
            "aws:ResourceTag/",
            "aws:NobodyKnowsIt",
        ] {
            assert!(foreign(name, "ci:Build"), "{name}");
        }
    }

    #[test]
    fn no_prefix_of_a_service_s_makes_the_gateway_s_keys_its_own() {
        let own = ["aws".parse().unwrap(), "sts".parse().unwrap()];
        let action = "aws:Do".parse().unwrap();
        for name in [
            "aws:MultiFactorAuthPresent",
            "aws:PrincipalTag/Team",
            "sts:ExternalId",
        ] {
            assert_eq!(keys(&[name]).foreign(&own, &action), Some(name));
        }
    }

    #[test]
    fn of_a_role_that_is_passed_the_gateway_says_all() {
        assert!(!foreign("iam:AssociatedResourceArn", "iam:PassRole"));
        assert!(!foreign("aws:SourceIp", "iam:PassRole"));
        for name in [
            "aws:ResourceTag/Team",
            "iam:ResourceTag/Team",
            "iam:PassedToService",
            "ci:Branch",
        ] {
            assert!(foreign(name, "iam:PassRole"), "{name}");
        }
        assert!(foreign("iam:AssociatedResourceArn", "ci:Build"));
    }

    #[test]
    fn what_is_too_much_or_twice_is_refused() {
        let one = |name: &str, value: &str| (name.to_owned(), KeyValues::One(value.to_owned()));
        let refused = |keys| ServiceKeys::new(keys).unwrap_err();
        let twice = vec![one("ci:a", "1"), one("CI:A", "2")];
        assert_eq!(refused(twice), KeyError::Twice("CI:A".to_owned()));
        assert_eq!(refused(vec![one("plain", "1")]), KeyError::NoKey);
        assert_eq!(refused(vec![one("ci:\n", "1")]), KeyError::NoKey);
        let long = "x".repeat(ServiceKeys::MAX_VALUE + 1);
        assert_eq!(
            refused(vec![one("ci:a", &long)]),
            KeyError::TooLong("ci:a".to_owned())
        );
        let many = (0..=ServiceKeys::MAX)
            .map(|n| one(&format!("ci:{n}"), ""))
            .collect();
        assert_eq!(refused(many), KeyError::TooMany);
        let list = KeyValues::Many(vec![String::new(); ServiceKeys::MAX_VALUES + 1]);
        assert_eq!(
            refused(vec![("ci:a".to_owned(), list)]),
            KeyError::TooLong("ci:a".to_owned())
        );
    }
}
