//! The condition keys of `sts:AssumeRoleWithSAML` (AWS service authorization reference, "Actions,
//! resources, and condition keys for AWS Security Token Service").

/// What all of them begin with.
const PREFIX: &str = "saml:";

/// How many values a condition key can have. It is a matter of the key, not of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// One.
    One,
    /// Any number: `ForAllValues:` and `ForAnyValue:` are for it.
    Many,
}

use Cardinality::{Many, One};

/// Every key and how many values it can have.
pub const SAML_KEYS: [(&str, Cardinality); 32] = [
    ("saml:aud", One),
    ("saml:cn", Many),
    ("saml:commonName", One),
    ("saml:doc", One),
    ("saml:eduorghomepageuri", Many),
    ("saml:eduorgidentityauthnpolicyuri", Many),
    ("saml:eduorglegalname", Many),
    ("saml:eduorgsuperioruri", Many),
    ("saml:eduorgwhitepagesuri", Many),
    ("saml:edupersonaffiliation", Many),
    ("saml:edupersonassurance", Many),
    ("saml:edupersonentitlement", Many),
    ("saml:edupersonnickname", Many),
    ("saml:edupersonorgdn", One),
    ("saml:edupersonorgunitdn", Many),
    ("saml:edupersonprimaryaffiliation", One),
    ("saml:edupersonprimaryorgunitdn", One),
    ("saml:edupersonprincipalname", One),
    ("saml:edupersonscopedaffiliation", Many),
    ("saml:edupersontargetedid", Many),
    ("saml:givenName", One),
    ("saml:iss", One),
    ("saml:mail", One),
    ("saml:name", One),
    ("saml:namequalifier", One),
    ("saml:organizationStatus", One),
    ("saml:primaryGroupSID", One),
    ("saml:sub", One),
    ("saml:sub_type", One),
    ("saml:surname", One),
    ("saml:uid", One),
    ("saml:x500UniqueIdentifier", One),
];

/// How many values a SAML key can have; `None` where there is no such key. Names are compared without
/// regard to ASCII case.
pub fn saml_key(name: &str) -> Option<Cardinality> {
    let mut keys = SAML_KEYS.iter();
    let found = keys.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, cardinality)| *cardinality)
}

/// Whether a key calls itself one of SAML and isn't: a condition on it would look at nothing, and one
/// with `Not` or `IfExists` would always hold.
pub(super) fn is_unknown(name: &str) -> bool {
    let begins = name.get(..PREFIX.len());
    begins.is_some_and(|begins| begins.eq_ignore_ascii_case(PREFIX)) && saml_key(name).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_in_any_case() {
        for (key, cardinality) in SAML_KEYS {
            for name in [key.to_owned(), key.to_ascii_uppercase()] {
                assert_eq!(saml_key(&name), Some(cardinality), "{name}");
                assert!(!is_unknown(&name));
            }
        }
        assert_eq!(saml_key("saml:eduPersonAffiliation"), Some(Many));
    }

    #[test]
    fn only_what_begins_like_a_saml_key_can_be_an_unknown_one() {
        for unknown in ["saml:", "saml:subject", "SAML:eduPerson", "saml:aud "] {
            assert!(is_unknown(unknown), "{unknown}");
        }
        for other in ["aws:TagKeys", "samlé", "idp.example.com:aud", "", "saml"] {
            assert!(!is_unknown(other), "{other}");
            assert_eq!(saml_key(other), None);
        }
    }
}
