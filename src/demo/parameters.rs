//! The parameters of an OAuth request.

use std::collections::BTreeMap;

/// Parameters of a query or a form; none is there twice (RFC 6749, section 3.1).
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<String, String>);

/// A parameter is there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a parameter is given more than once")]
pub(super) struct Repeated;

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text.
    pub(super) fn parse(encoded: &[u8]) -> Result<Self, Repeated> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            if parameters.insert(name.into(), value.into()).is_some() {
                return Err(Repeated);
            }
        }
        Ok(Self(parameters))
    }

    /// The value; one that is empty counts as absent (RFC 6749, section 3.1).
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Every parameter that is not empty.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
        pairs.filter(|(_, value)| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_counts_as_absent() {
        let parameters = Parameters::parse(b"state=&nonce=a+b").unwrap();
        assert_eq!(parameters.value("state"), None);
        assert_eq!(parameters.value("nonce"), Some("a b"));
    }

    #[test]
    fn a_parameter_is_not_there_twice() {
        assert_eq!(Parameters::parse(b"a=1&b=2&a=1").err(), Some(Repeated));
    }
}
