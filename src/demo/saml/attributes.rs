//! What the demo provider says of a person in an assertion.

use crate::demo::people::Person;

/// How the names of attributes are to be read (SAML 2.0 core, section 8.2).
const BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
const URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";

/// What Microsoft Entra ID sends in place of groups, and beyond how many.
const GROUPS_LINK: &str = "http://schemas.microsoft.com/claims/groups.link";
const MAX_GROUPS: usize = 150;

/// How long a session may last that is asked for at STS, in seconds.
const STS_SESSION_SECONDS: &str = "3600";

/// An attribute and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) name_format: &'static str,
    pub(super) friendly_name: Option<&'static str>,
    pub(super) values: Vec<String>,
}

impl Attribute {
    fn basic(name: &'static str, values: &[&str]) -> Self {
        Self {
            name,
            name_format: BASIC,
            friendly_name: None,
            values: values.iter().map(|&value| value.to_owned()).collect(),
        }
    }

    fn uri(name: &'static str, friendly_name: Option<&'static str>, value: &str) -> Self {
        Self {
            name,
            name_format: URI,
            friendly_name,
            values: vec![value.to_owned()],
        }
    }
}

/// What every service provider is told: what the id_token says, and two of it by their object
/// identifiers as well. Of whoever is in more than 150 groups none is sent.
pub(super) fn of_person(person: &Person, issuer: &str) -> Vec<Attribute> {
    let groups = match person.groups_within(MAX_GROUPS) {
        Some(groups) => {
            let mut attribute = Attribute::basic("groups", &[]);
            attribute.values = groups.to_vec();
            attribute
        }
        None => Attribute::basic(GROUPS_LINK, &[&person.groups_link(issuer)]),
    };
    vec![
        Attribute::uri(
            "urn:oid:2.16.840.1.113730.3.1.241",
            Some("displayName"),
            &person.name,
        ),
        Attribute::uri(
            "urn:oid:0.9.2342.19200300.100.1.3",
            Some("mail"),
            &person.email,
        ),
        Attribute::basic("email", &[&person.email]),
        Attribute::basic("email_verified", &["true"]),
        Attribute::basic("department", &[&person.department]),
        groups,
    ]
}

/// What STS asks for beside (IAM user guide, "Configure SAML assertions for the authentication
/// response"). Somebody without a role has no attribute `Role`.
pub(super) fn for_sts(person: &Person) -> Vec<Attribute> {
    let mut role = Attribute {
        name: "https://aws.amazon.com/SAML/Attributes/Role",
        name_format: URI,
        friendly_name: None,
        values: Vec::new(),
    };
    role.values.clone_from(&person.sts_roles);
    let one = |name, value| Attribute::uri(name, None, value);
    let mut attributes = vec![
        one(
            "https://aws.amazon.com/SAML/Attributes/RoleSessionName",
            &person.email,
        ),
        one(
            "https://aws.amazon.com/SAML/Attributes/SessionDuration",
            STS_SESSION_SECONDS,
        ),
        one(
            "https://aws.amazon.com/SAML/Attributes/SourceIdentity",
            &person.subject,
        ),
        one(
            "https://aws.amazon.com/SAML/Attributes/PrincipalTag:Department",
            &person.department,
        ),
    ];
    if !role.values.is_empty() {
        attributes.push(role);
    }
    attributes
}
