//! The usual names of attributes that are named by an object identifier (X.500/LDAP attribute profile,
//! SAML 2.0 Profiles, section 8.2).

/// Object identifiers and the names that their own definitions give them: RFC 4519, RFC 4524, RFC
/// 2798, RFC 2985, eduPerson, eduOrg and SCHAC.
const USUAL_NAMES: [(&str, &str); 46] = [
    ("2.5.4.3", "cn"),
    ("2.5.4.4", "sn"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "c"),
    ("2.5.4.7", "l"),
    ("2.5.4.8", "st"),
    ("2.5.4.10", "o"),
    ("2.5.4.11", "ou"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.42", "givenName"),
    ("2.5.4.43", "initials"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("0.9.2342.19200300.100.1.1", "uid"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.10", "manager"),
    ("0.9.2342.19200300.100.1.25", "dc"),
    ("0.9.2342.19200300.100.1.41", "mobile"),
    ("0.9.2342.19200300.100.1.45", "organizationalStatus"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("2.16.840.1.113730.3.1.2", "departmentNumber"),
    ("2.16.840.1.113730.3.1.3", "employeeNumber"),
    ("2.16.840.1.113730.3.1.4", "employeeType"),
    ("2.16.840.1.113730.3.1.39", "preferredLanguage"),
    ("2.16.840.1.113730.3.1.241", "displayName"),
    ("1.3.6.1.4.1.5923.1.1.1.1", "eduPersonAffiliation"),
    ("1.3.6.1.4.1.5923.1.1.1.2", "eduPersonNickname"),
    ("1.3.6.1.4.1.5923.1.1.1.3", "eduPersonOrgDN"),
    ("1.3.6.1.4.1.5923.1.1.1.4", "eduPersonOrgUnitDN"),
    ("1.3.6.1.4.1.5923.1.1.1.5", "eduPersonPrimaryAffiliation"),
    ("1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName"),
    ("1.3.6.1.4.1.5923.1.1.1.7", "eduPersonEntitlement"),
    ("1.3.6.1.4.1.5923.1.1.1.8", "eduPersonPrimaryOrgUnitDN"),
    ("1.3.6.1.4.1.5923.1.1.1.9", "eduPersonScopedAffiliation"),
    ("1.3.6.1.4.1.5923.1.1.1.10", "eduPersonTargetedID"),
    ("1.3.6.1.4.1.5923.1.1.1.11", "eduPersonAssurance"),
    ("1.3.6.1.4.1.5923.1.1.1.13", "eduPersonUniqueId"),
    ("1.3.6.1.4.1.5923.1.1.1.16", "eduPersonOrcid"),
    ("1.3.6.1.4.1.5923.1.2.1.2", "eduOrgHomePageURI"),
    ("1.3.6.1.4.1.5923.1.2.1.3", "eduOrgIdentityAuthNPolicyURI"),
    ("1.3.6.1.4.1.5923.1.2.1.4", "eduOrgLegalName"),
    ("1.3.6.1.4.1.5923.1.2.1.5", "eduOrgSuperiorURI"),
    ("1.3.6.1.4.1.5923.1.2.1.6", "eduOrgWhitePagesURI"),
    ("1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf"),
    ("1.3.6.1.4.1.25178.1.2.9", "schacHomeOrganization"),
];

/// The usual name of the object identifier that a `Name` such as `urn:oid:2.5.4.42` is.
pub fn usual_name(name: &str) -> Option<&'static str> {
    let identifier = name.strip_prefix("urn:oid:")?;
    let mut names = USUAL_NAMES.iter();
    let found = names.find(|(known, _)| *known == identifier);
    found.map(|(_, usual)| *usual)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_is_found_by_its_whole_identifier() {
        assert_eq!(
            usual_name("urn:oid:0.9.2342.19200300.100.1.3"),
            Some("mail")
        );
        for other in [
            "0.9.2342.19200300.100.1.3",
            "urn:oid:0.9.2342.19200300.100.1.3 ",
            "URN:OID:0.9.2342.19200300.100.1.3",
            "urn:oid:0.9.2342.19200300.100.1",
            "mail",
            "",
        ] {
            assert_eq!(usual_name(other), None, "{other}");
        }
    }

    #[test]
    fn no_two_identifiers_share_a_name() {
        let names: BTreeSet<_> = USUAL_NAMES.iter().map(|(_, name)| name).collect();
        let identifiers: BTreeSet<_> = USUAL_NAMES.iter().map(|(known, _)| known).collect();
        assert_eq!(names.len(), USUAL_NAMES.len());
        assert_eq!(identifiers.len(), USUAL_NAMES.len());
    }
}
