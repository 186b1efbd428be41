//! The name of a host, as a URL holds it.

use super::InvalidValue;

/// A host name such as `login.example.com`: lower-case letters, digits, hyphens and full stops, at
/// most [`HostName::MAX_BYTES`] bytes (RFC 1123, section 2.1); never an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

impl HostName {
    /// No name is longer.
    pub const MAX_BYTES: usize = 253;
    /// No part between full stops is longer.
    const MAX_LABEL_BYTES: usize = 63;

    const INVALID: InvalidValue = InvalidValue::new(
        "host name",
        "a name such as login.example.com, in lower case, without a port and no address",
    );

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for HostName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A name whose last label is a number is read as an IPv4 address by every URL parser.
        let is_name = matches!(url::Host::parse(text), Ok(url::Host::Domain(name)) if name == text);
        if is_name && text.len() <= Self::MAX_BYTES && text.split('.').all(is_label) {
            Ok(Self(text.into()))
        } else {
            Err(Self::INVALID)
        }
    }
}

/// A map by name is asked with the text that a URL holds.
impl std::borrow::Borrow<str> for HostName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=HostName::MAX_LABEL_BYTES).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_it_is() {
        for name in [
            "localhost",
            "login.corp-idp.example",
            "xn--bcher-kva.example",
            "1.a",
        ] {
            assert_eq!(name.parse::<HostName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_plain_name_is_refused() {
        let long = "a.".repeat(127) + "a";
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "Login.example.com",
            "a_b.example",
            "-a.example",
            "a-.example",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "::1",
            "a.example:443",
            "a/b",
            "bücher.example",
            &long,
        ] {
            assert_eq!(text.parse::<HostName>(), Err(HostName::INVALID), "{text}");
        }
    }
}
