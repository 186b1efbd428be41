//! The e-mail address that a person signs in with, as far as it says where.

use std::fmt;

use super::{HostName, InvalidValue};

/// An address that somebody typed: something before the last `@`, and a domain behind it.
///
/// Nobody has proven it. It says which provider to ask, and what that provider may fill in; no session
/// and no decision is made of it. It is personal, so `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    text: Box<str>,
    domain: HostName,
}

impl EmailAddress {
    /// No address is longer (RFC 5321, section 4.5.3.1.3, without the angle brackets).
    pub const MAX_BYTES: usize = 254;

    const INVALID: InvalidValue = InvalidValue::new(
        "e-mail address",
        "an address such as ines@example.com of at most 254 bytes, without spaces",
    );

    /// The address as it was typed, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The domain as the name system has it.
    pub const fn domain(&self) -> &HostName {
        &self.domain
    }
}

impl std::str::FromStr for EmailAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
        let (person, domain) = text.rsplit_once('@').ok_or(Self::INVALID)?;
        let domain = email_domain(domain).ok_or(Self::INVALID)?;
        if is_plain && !person.is_empty() && text.len() <= Self::MAX_BYTES {
            Ok(Self {
                text: text.into(),
                domain,
            })
        } else {
            Err(Self::INVALID)
        }
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmailAddress")
    }
}

/// The domain of addresses as the name system has it, however somebody writes it: in upper case, in
/// letters beyond ASCII (RFC 5890), or with the full stop of the root at its end. It has at least two
/// labels.
pub fn email_domain(text: &str) -> Option<HostName> {
    // What a URL would decode is no name.
    if text.contains('%') {
        return None;
    }
    let Ok(url::Host::Domain(name)) = url::Host::parse(text) else {
        return None;
    };
    let name = name.strip_suffix('.').unwrap_or(&name);
    let name: HostName = name.parse().ok()?;
    name.as_str().contains('.').then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_spelling() {
        for (written, kept) in [
            ("meridale.example", "meridale.example"),
            ("Meridale.EXAMPLE", "meridale.example"),
            ("meridale.example.", "meridale.example"),
            ("meridale.example。", "meridale.example"),
            ("müller.example", "xn--mller-kva.example"),
            ("MÜLLER.example", "xn--mller-kva.example"),
            ("XN--MLLER-KVA.example", "xn--mller-kva.example"),
            ("ext.meridale.example", "ext.meridale.example"),
        ] {
            let domain = email_domain(written).unwrap();
            assert_eq!(domain.as_str(), kept, "{written}");
        }
    }

    #[test]
    fn what_is_no_domain_of_addresses_is_none() {
        for text in [
            "",
            ".",
            "meridale",
            "meridale.example..",
            ".meridale.example",
            "meridale..example",
            "*.meridale.example",
            "mer_idale.example",
            "mer idale.example",
            "mer%69dale.example",
            "127.0.0.1",
            "[::1]",
            "meridale.example:443",
            "meridale.example/x",
            "@meridale.example",
            "xn--a.example",
            "meridale.example\n",
        ] {
            assert_eq!(email_domain(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_address_says_where_its_person_is() {
        for (typed, text, domain) in [
            (
                "ines@meridale.example",
                "ines@meridale.example",
                "meridale.example",
            ),
            (
                " Ines@Meridale.Example\t",
                "Ines@Meridale.Example",
                "meridale.example",
            ),
            ("\"a@b\"@c.example", "\"a@b\"@c.example", "c.example"),
        ] {
            let address: EmailAddress = typed.parse().unwrap();
            assert_eq!(
                (address.as_str(), address.domain().as_str()),
                (text, domain)
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = ["i".repeat(250), "@b.example".to_owned()].concat();
        for text in [
            "",
            "ines",
            "@meridale.example",
            "ines@",
            "ines@meridale",
            "i nes@meridale.example",
            "ines\r\n@meridale.example",
            &long,
        ] {
            assert_eq!(
                text.parse::<EmailAddress>(),
                Err(EmailAddress::INVALID),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_address_does_not_print() {
        let address: EmailAddress = "ines@meridale.example".parse().unwrap();
        assert_eq!(format!("{address:?}"), "EmailAddress");
    }
}
