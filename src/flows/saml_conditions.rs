//! The condition keys of `sts:AssumeRoleWithSAML`, and what AWS computes of an assertion.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::request::RequestMeta;
use crate::domain::{Claim, Claims, EntityId, SamlProviderArn, Subject};
use crate::federation::saml::attributes::{NAME_ID_FORMAT, RECIPIENT};
use crate::policy::{Cardinality, Context, Values, saml_key};

/// What the usual formats of name identifiers begin with; AWS leaves it out.
const FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";
/// The format of a name identifier that says none (SAML 2.0 Core, sections 2.2.2 and 8.3.1).
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// Which attributes, by `Name`, are which condition keys (IAM user guide, "Mapping SAML attributes to
/// AWS trust policy context keys").
const ATTRIBUTES: [(&str, &str); 30] = [
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
        "saml:edupersonaffiliation",
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "saml:edupersonnickname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "saml:edupersonorgdn"),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.4",
        "saml:edupersonorgunitdn",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.5",
        "saml:edupersonprimaryaffiliation",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
        "saml:edupersonprincipalname",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
        "saml:edupersonentitlement",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.8",
        "saml:edupersonprimaryorgunitdn",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
        "saml:edupersonscopedaffiliation",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.10",
        "saml:edupersontargetedid",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.11",
        "saml:edupersonassurance",
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "saml:eduorghomepageuri"),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.2.1.3",
        "saml:eduorgidentityauthnpolicyuri",
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "saml:eduorglegalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "saml:eduorgsuperioruri"),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.2.1.6",
        "saml:eduorgwhitepagesuri",
    ),
    ("urn:oid:2.5.4.3", "saml:cn"),
    ("urn:oid:2.5.4.3", "saml:commonName"),
    (
        "http://schemas.xmlsoap.org/claims/CommonName",
        "saml:commonName",
    ),
    ("urn:oid:2.5.4.4", "saml:surname"),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
        "saml:surname",
    ),
    ("urn:oid:2.5.4.42", "saml:givenName"),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "saml:givenName",
    ),
    ("urn:oid:2.5.4.45", "saml:x500UniqueIdentifier"),
    ("urn:oid:0.9.2342.19200300.100.1.1", "saml:uid"),
    ("urn:oid:0.9.2342.19200300.100.1.3", "saml:mail"),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "saml:mail",
    ),
    (
        "urn:oid:0.9.2342.19200300.100.1.45",
        "saml:organizationStatus",
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "saml:name",
    ),
    (
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
        "saml:primaryGroupSID",
    ),
];

/// Somebody of whom an assertion tells, as a trust policy sees them.
#[derive(Debug, Clone, Copy)]
pub(super) struct SamlCaller<'a> {
    /// The provider of the role's account that they come by.
    pub provider: &'a SamlProviderArn,
    /// The provider's entity ID.
    pub issuer: &'a EntityId,
    /// The name identifier.
    pub subject: &'a Subject,
    /// What the assertion says.
    pub claims: &'a Claims,
}

impl<'a> SamlCaller<'a> {
    /// The format of the name identifier as AWS writes it: without what the usual ones begin with.
    pub(super) fn subject_type(&self) -> &'a str {
        let format = self.only(NAME_ID_FORMAT).unwrap_or(UNSPECIFIED);
        format.strip_prefix(FORMAT).unwrap_or(format)
    }

    /// The address of ours that the response was sent to: what AWS calls the audience.
    pub(super) fn recipient(&self) -> &'a str {
        self.only(RECIPIENT).unwrap_or_default()
    }

    /// AWS's name for everybody of this issuer at this provider: the base64 of the SHA-1 of the
    /// issuer, the account, a slash and the provider's name. Nothing rests on its strength.
    pub(super) fn name_qualifier(&self) -> String {
        let text = [self.issuer.as_str(), &self.doc()].concat();
        STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
    }

    /// The account and the provider's name.
    fn doc(&self) -> String {
        [
            &*self.provider.account().to_string(),
            "/",
            self.provider.name().as_str(),
        ]
        .concat()
    }

    fn only(&self, claim: &str) -> Option<&'a str> {
        match self.claims.get(claim)?.values.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }

    /// The condition keys of a request of theirs.
    pub(super) fn context(&self, meta: &'a RequestMeta) -> Context<'a> {
        let mut context = Context::new();
        context
            .set("saml:aud", self.recipient())
            .set("saml:iss", self.issuer.as_str())
            .set("saml:doc", self.doc())
            .set("saml:sub", self.subject.as_str())
            .set("saml:sub_type", self.subject_type())
            .set("saml:namequalifier", self.name_qualifier());
        for (name, key) in ATTRIBUTES {
            if let Some(claim) = self.claims.get(name) {
                let values = joined(context.find(key), values_of(claim));
                context.set(key, as_key_has(key, values));
            }
        }
        meta.describe(&mut context);
        context
    }
}

fn values_of(claim: &Claim) -> Values<'_> {
    match claim.unusable {
        Some(_) => Values::Unreadable,
        None => claim.values.iter().map(String::as_str).collect(),
    }
}

/// The values of two attributes that are one key.
fn joined<'a>(before: Option<&Values<'a>>, more: Values<'a>) -> Values<'a> {
    match (before, more) {
        (None, more) => more,
        (Some(Values::Unreadable), _) | (Some(_), Values::Unreadable) => Values::Unreadable,
        (Some(before), more) => {
            Values::Many(list(before.clone()).into_iter().chain(list(more)).collect())
        }
    }
}

fn list(values: Values<'_>) -> Vec<Cow<'_, str>> {
    match values {
        Values::One(value) => vec![value],
        Values::Many(list) => list,
        Values::Unreadable => Vec::new(),
    }
}

/// Values in the shape that their key has. Several of a key that has one can't be judged.
fn as_key_has<'a>(key: &str, values: Values<'a>) -> Values<'a> {
    match (saml_key(key), values) {
        (Some(Cardinality::One), Values::Many(mut list)) if list.len() == 1 => {
            list.pop().map_or(Values::Many(list), Values::One)
        }
        (_, values) => values,
    }
}
