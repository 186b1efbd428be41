//! What a browser posts for a provider: the HTTP-POST binding (SAML 2.0 Bindings, section 3.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::redirect::MessageKind;
use super::xml::namespace::ASSERTION;
use super::xml::{Document, Profile};

/// The longest body of a form with a message, in bytes: one of 256 KiB in base64, whose special
/// characters and line breaks are percent-encoded.
pub const MAX_FORM_BYTES: usize = 512 * 1024;

/// Why a form has no message: whoever sent the browser here is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is longer than [`MAX_FORM_BYTES`].
    #[error("the form is longer than {MAX_FORM_BYTES} bytes")]
    TooLong,
    /// A field is there twice.
    #[error("the field {0} is there twice")]
    Repeated(&'static str),
    /// A field is missing.
    #[error("the field {0} is missing")]
    Missing(&'static str),
    /// There is a request and a response.
    #[error("there is a SAMLRequest and a SAMLResponse")]
    RequestAndResponse,
    /// The message is longer than is read.
    #[error("the message is longer than {} bytes", Profile::MESSAGE_BYTES)]
    MessageTooLong,
    /// The message is not base64.
    #[error("the message is not base64")]
    NotBase64,
}

/// A message that was posted, of which nothing is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedMessage {
    /// Whether it asks or answers.
    pub kind: MessageKind,
    /// The message in base64, as it was posted.
    pub encoded: String,
    /// What stands beside it. It is looked up or sent back, and never followed.
    pub relay_state: Option<String>,
}

impl PostedMessage {
    /// Reads the body of a form. Fields that are not of the binding are left aside.
    pub fn parse(body: &str) -> Result<Self, FormError> {
        if body.len() > MAX_FORM_BYTES {
            return Err(FormError::TooLong);
        }
        let (request, response) = (find(body, "SAMLRequest")?, find(body, "SAMLResponse")?);
        let (kind, encoded) = match (request, response) {
            (Some(_), Some(_)) => return Err(FormError::RequestAndResponse),
            (Some(request), None) => (MessageKind::Request, request),
            (None, Some(response)) => (MessageKind::Response, response),
            (None, None) => return Err(FormError::Missing("SAMLResponse")),
        };
        Ok(Self {
            kind,
            encoded,
            relay_state: find(body, "RelayState")?,
        })
    }

    /// The message itself: base64 (RFC 4648, section 4), in which white space is passed over. It is
    /// never inflated.
    pub fn decode(&self) -> Result<Vec<u8>, FormError> {
        let most = Profile::MESSAGE_BYTES.div_ceil(3) * 4;
        let encoded = self.encoded.bytes().filter(|byte| !is_space(*byte));
        let encoded: Vec<u8> = encoded.take(most + 1).collect();
        if encoded.len() > most {
            return Err(FormError::MessageTooLong);
        }
        let bytes = STANDARD.decode(encoded).map_err(|_| FormError::NotBase64)?;
        if bytes.len() > Profile::MESSAGE_BYTES {
            return Err(FormError::MessageTooLong);
        }
        Ok(bytes)
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The one value of a field.
fn find(body: &str, name: &'static str) -> Result<Option<String>, FormError> {
    let mut values = form_urlencoded::parse(body.as_bytes()).filter(|(field, _)| field == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        Some(_) => Err(FormError::Repeated(name)),
        None => Ok(value),
    }
}

/// What a message says of itself, to know where to look; anybody may have written it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claimed {
    /// Who says to have issued it, or its assertion.
    pub issuer: Option<String>,
    /// The request that it says to answer.
    pub in_response_to: Option<String>,
}

impl Claimed {
    /// Reads a message; one that can't be read says nothing.
    pub fn by(message: &[u8]) -> Self {
        let Ok(document) = Document::parse(message, Profile::MESSAGE) else {
            return Self::default();
        };
        let root = document.root();
        let issuer_of = |element: super::xml::Element<'_>| {
            let issuer = element.child(ASSERTION, "Issuer").ok().flatten()?;
            issuer.text().ok().map(str::to_owned)
        };
        let of_assertion = || {
            let assertion = root.child(ASSERTION, "Assertion").ok().flatten();
            assertion.and_then(issuer_of)
        };
        Self {
            issuer: issuer_of(root).or_else(of_assertion),
            in_response_to: root.attribute("InResponseTo").map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            form.append_pair(name, value);
        }
        form.finish()
    }

    #[test]
    fn a_form_holds_one_message_and_what_stands_beside_it() {
        let body = form(&[
            ("SAMLResponse", "PGEv\r\n Pg=="),
            ("RelayState", "//evil"),
            ("x", "y"),
        ]);
        let posted = PostedMessage::parse(&body).unwrap();
        assert_eq!(posted.kind, MessageKind::Response);
        assert_eq!(posted.decode().unwrap(), b"<a/>");
        assert_eq!(posted.relay_state.as_deref(), Some("//evil"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (fields, error) in [
            (
                &[("RelayState", "x")][..],
                FormError::Missing("SAMLResponse"),
            ),
            (
                &[("SAMLResponse", "YQ=="), ("SAMLResponse", "Yg==")],
                FormError::Repeated("SAMLResponse"),
            ),
            (
                &[
                    ("SAMLResponse", "YQ=="),
                    ("RelayState", "a"),
                    ("RelayState", "b"),
                ],
                FormError::Repeated("RelayState"),
            ),
            (
                &[("SAMLResponse", "YQ=="), ("SAMLRequest", "YQ==")],
                FormError::RequestAndResponse,
            ),
        ] {
            assert_eq!(PostedMessage::parse(&form(fields)), Err(error));
        }
    }

    #[test]
    fn what_is_no_base64_or_too_long_is_refused() {
        let decode = |encoded: String| {
            let posted = PostedMessage {
                kind: MessageKind::Response,
                encoded,
                relay_state: None,
            };
            posted.decode().map(|bytes| bytes.len())
        };
        for encoded in ["<a/>", "YQ", "YQ==YQ==", "YQ-_"] {
            assert_eq!(decode(encoded.to_owned()), Err(FormError::NotBase64));
        }
        let most = Profile::MESSAGE_BYTES;
        assert_eq!(decode(STANDARD.encode(vec![0; most])), Ok(most));
        let longer = decode(STANDARD.encode(vec![0; most + 1]));
        assert_eq!(longer, Err(FormError::MessageTooLong));
        let body = "SAMLResponse=".to_owned() + &"A".repeat(MAX_FORM_BYTES);
        assert_eq!(PostedMessage::parse(&body), Err(FormError::TooLong));
    }

    #[test]
    fn a_message_says_who_issued_it_or_its_assertion_did() {
        const HEAD: &str = r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion""#;
        let named = |xml: &str| {
            let claimed = Claimed::by(xml.as_bytes());
            (claimed.issuer.unwrap_or_default(), claimed.in_response_to)
        };
        let both = [
            HEAD,
            r#" InResponseTo="_q"><a:Issuer>one</a:Issuer><a:Assertion><a:Issuer>two</a:Issuer></a:Assertion></p:Response>"#,
        ];
        assert_eq!(named(&both.concat()), ("one".into(), Some("_q".into())));
        let inner = [
            HEAD,
            "><a:Assertion><a:Issuer>two</a:Issuer></a:Assertion></p:Response>",
        ];
        assert_eq!(named(&inner.concat()), ("two".into(), None));
        assert_eq!(named("no xml"), (String::new(), None));
    }
}
