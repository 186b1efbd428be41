//! Logging out of all that began with one sign-in (SAML core 2.0, section 3.7).

use super::{Envelope, SignaturePlace};
use crate::domain::UnixTime;
use crate::federation::saml::claims::NameId;
use crate::federation::saml::signing::{SigningError, SigningKey};
use crate::federation::saml::writer::{Attribute, XmlWriter};

/// Why somebody is logged out (SAML core 2.0, section 3.7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutReason {
    /// They asked for it.
    User,
    /// An administrator asked for it.
    Admin,
}

impl LogoutReason {
    /// Its name on the wire.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::User => "urn:oasis:names:tc:SAML:2.0:logout:user",
            Self::Admin => "urn:oasis:names:tc:SAML:2.0:logout:admin",
        }
    }
}

/// Asks an identity provider to end the sessions of a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct LogoutRequest<'a> {
    /// What every message says.
    pub envelope: Envelope<'a>,
    /// Who is logged out.
    pub name_id: &'a NameId,
    /// The provider's sessions that end; none means all.
    pub session_indexes: &'a [&'a str],
    /// From when the request is void.
    pub not_on_or_after: UnixTime,
    /// Why.
    pub reason: LogoutReason,
}

impl LogoutRequest<'_> {
    /// The message without a signature, for the redirect binding.
    pub fn to_xml(&self) -> String {
        self.draft(SignaturePlace::Outside)
    }

    /// The message with a signature inside, for the POST binding.
    pub fn to_signed_xml(&self, key: &SigningKey) -> Result<String, SigningError> {
        let draft = self.draft(SignaturePlace::Inside);
        key.sign_element(&draft, self.envelope.id.as_str())
    }

    fn draft(&self, place: SignaturePlace) -> String {
        let not_on_or_after = self.not_on_or_after.to_string();
        let attributes = [
            ("NotOnOrAfter", not_on_or_after.as_str()),
            ("Reason", self.reason.uri()),
        ];
        self.envelope
            .write(("samlp:LogoutRequest", place), &attributes, |xml| {
                write_name_id(self.name_id, xml);
                for index in self.session_indexes {
                    xml.text("samlp:SessionIndex", &[], index);
                }
            })
    }
}

fn write_name_id(name_id: &NameId, xml: &mut XmlWriter) {
    let attributes: Vec<Attribute<'_>> = [
        ("NameQualifier", &name_id.name_qualifier),
        ("SPNameQualifier", &name_id.sp_name_qualifier),
        ("Format", &name_id.format),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
    .collect();
    xml.text("saml:NameID", &attributes, &name_id.value);
}

/// How a logout went (SAML core 2.0, section 3.2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutStatus {
    /// The sessions are over.
    Success,
    /// The request was wrong.
    Requester,
    /// The request may have been right, but the sessions could not be ended.
    Responder,
}

impl LogoutStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Requester, Self::Responder];

    /// Its name on the wire.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Success => "urn:oasis:names:tc:SAML:2.0:status:Success",
            Self::Requester => "urn:oasis:names:tc:SAML:2.0:status:Requester",
            Self::Responder => "urn:oasis:names:tc:SAML:2.0:status:Responder",
        }
    }
}

/// Answers an identity provider's request.
#[derive(Debug, Clone, Copy)]
pub struct LogoutResponse<'a> {
    /// What every message says.
    pub envelope: Envelope<'a>,
    /// The ID of the request.
    pub in_response_to: &'a super::MessageId,
    /// How it went.
    pub status: LogoutStatus,
}

impl LogoutResponse<'_> {
    /// The message without a signature, for the redirect binding.
    pub fn to_xml(&self) -> String {
        self.draft(SignaturePlace::Outside)
    }

    /// The message with a signature inside, for the POST binding.
    pub fn to_signed_xml(&self, key: &SigningKey) -> Result<String, SigningError> {
        let draft = self.draft(SignaturePlace::Inside);
        key.sign_element(&draft, self.envelope.id.as_str())
    }

    fn draft(&self, place: SignaturePlace) -> String {
        let attributes = [("InResponseTo", self.in_response_to.as_str())];
        self.envelope
            .write(("samlp:LogoutResponse", place), &attributes, |xml| {
                xml.element("samlp:Status", &[], |xml| {
                    xml.empty("samlp:StatusCode", &[("Value", self.status.uri())]);
                });
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::MessageId;
    use super::*;
    use crate::domain::EntityId;
    use crate::federation::saml::vocabulary::EndpointUrl;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    fn parts() -> (MessageId, EndpointUrl, EntityId) {
        let destination = "https://idp.example/slo".parse().unwrap();
        let issuer = "https://sso.example.com/saml/metadata".parse().unwrap();
        ("_00".parse().unwrap(), destination, issuer)
    }

    fn envelope((id, destination, issuer): &(MessageId, EndpointUrl, EntityId)) -> Envelope<'_> {
        Envelope {
            id,
            issue_instant: NOW,
            destination,
            issuer,
        }
    }

    #[test]
    fn a_request_names_the_person_exactly_and_every_session() {
        let parts = parts();
        let request = LogoutRequest {
            envelope: envelope(&parts),
            name_id: &NameId {
                value: " ann<@example.com ".into(),
                format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
                name_qualifier: Some("https://idp.example/\"a\"".into()),
                sp_name_qualifier: Some("https://sso.example.com/saml/metadata".into()),
            },
            session_indexes: &["_s1", "_s2&"],
            not_on_or_after: NOW.plus(300),
            reason: LogoutReason::User,
        };
        insta::assert_snapshot!(request.to_xml().replace("><", ">\n<"), @r##"
        <samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_00" Version="2.0" IssueInstant="2026-11-21T09:41:07Z" Destination="https://idp.example/slo" NotOnOrAfter="2026-11-21T09:46:07Z" Reason="urn:oasis:names:tc:SAML:2.0:logout:user">
        <saml:Issuer>https://sso.example.com/saml/metadata</saml:Issuer>
        <saml:NameID NameQualifier="https://idp.example/&quot;a&quot;" SPNameQualifier="https://sso.example.com/saml/metadata" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"> ann&lt;@example.com </saml:NameID>
        <samlp:SessionIndex>_s1</samlp:SessionIndex>
        <samlp:SessionIndex>_s2&amp;</samlp:SessionIndex>
        </samlp:LogoutRequest>
        "##);
    }

    #[test]
    fn a_response_names_its_request_and_how_it_went() {
        let parts = parts();
        let response = LogoutResponse {
            envelope: envelope(&parts),
            in_response_to: &"_theirs".parse().unwrap(),
            status: LogoutStatus::Success,
        };
        insta::assert_snapshot!(response.to_xml().replace("><", ">\n<"), @r##"
        <samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_00" Version="2.0" IssueInstant="2026-11-21T09:41:07Z" Destination="https://idp.example/slo" InResponseTo="_theirs">
        <saml:Issuer>https://sso.example.com/saml/metadata</saml:Issuer>
        <samlp:Status>
        <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success">
        </samlp:StatusCode>
        </samlp:Status>
        </samlp:LogoutResponse>
        "##);
        let failed = LogoutResponse {
            status: LogoutStatus::Responder,
            ..response
        };
        assert!(failed.to_xml().contains("status:Responder"));
    }
}
