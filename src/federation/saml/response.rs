//! A response of an identity provider: from untrusted bytes to what was signed.
//!
//! ```text
//! bytes ─ read ─ gate ─┬─ signature of the Response ──┐
//!                      ├─ signature of the Assertion ─┴─ canonical bytes ─ read again ─> Assertion
//!                      └─ decrypt ─ read ─ gate ─ signature ──────┘
//! ```
//!
//! Everything that is known of the assertion is read from the bytes that a signature was checked
//! over. Where the Response and the Assertion are both signed, both signatures must be good. An
//! assertion that was encrypted must be signed itself: anybody can encrypt to us.

#![forbid(unsafe_code)]

use aws_lc_rs::digest::{Context, SHA256};

use super::certificate::Certificate;
use super::claims::{self, Assertion};
use super::error::{InsideError, SamlError};
use super::signature::{self, Enveloped, SignatureError, Verified, gate};
use super::xml::namespace::{ASSERTION, PROTOCOL};
use super::xml::{Document, Element, Profile};
use crate::domain::{Secret, UnixTime};
use crate::federation::Quoted;

/// The status of an answer that is no refusal (SAML 2.0 Core, section 3.2.2.2).
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// What opens an `EncryptedAssertion`; it takes the same time for every failure.
pub type Decrypt<'k> = dyn Fn(Element<'_>) -> Result<Secret<String>, Undecryptable> + Sync + 'k;

/// No key of ours opens an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the assertion could not be decrypted")]
pub struct Undecryptable;

/// A response whose assertion a provider has signed. Whether it holds here and now is for
/// [`accept`](Self::accept) to say.
#[derive(Debug)]
pub struct AuthenticatedResponse<'b> {
    pub(super) envelope: Envelope,
    pub(super) assertion: Assertion,
    document: AuthenticatedDocument<'b>,
}

/// What the response itself says, and whether the provider vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    /// The Response is signed.
    Signed(ResponseFacts),
    /// Only the Assertion is signed: whoever carried the response may have written these.
    Unauthenticated(ResponseFacts),
}

/// What a response says besides its assertion (SAML 2.0 Core, section 3.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseFacts {
    /// Who says to have issued it.
    pub issuer: Option<String>,
    /// When.
    pub issued_at: UnixTime,
    /// The address that it was sent to.
    pub destination: Option<String>,
    /// The ID of the request that it answers.
    pub in_response_to: Option<String>,
}

/// The document that a second verifier is to be asked about.
#[derive(Debug)]
enum AuthenticatedDocument<'b> {
    /// The response, as it was received.
    Response(&'b [u8]),
    /// The assertion, as it was decrypted.
    Assertion(Secret<String>),
}

/// A response as far as it can be read without a key of ours.
#[derive(Debug)]
pub enum Received<'b, T> {
    /// A provider has signed its assertion.
    Open(Box<AuthenticatedResponse<'b>>),
    /// Its assertion is encrypted, so that nobody vouches for it yet.
    Sealed(SealedResponse<T>),
}

/// A response whose assertion is still to be opened. Anybody may have written it.
#[derive(Debug)]
pub struct SealedResponse<T> {
    /// What the response itself says.
    pub envelope: Envelope,
    /// What was made of the `EncryptedAssertion`.
    pub assertion: T,
}

/// Reads a response and checks its signatures with the keys of `certificates`; an encrypted assertion
/// is opened at once.
pub fn authenticate<'b>(
    bytes: &'b [u8],
    certificates: &[Certificate],
    decrypt: &Decrypt<'_>,
) -> Result<AuthenticatedResponse<'b>, SamlError> {
    match receive(bytes, certificates, decrypt)? {
        Received::Open(response) => Ok(*response),
        Received::Sealed(SealedResponse {
            envelope,
            assertion,
        }) => {
            let plaintext = assertion.map_err(|Undecryptable| SamlError::Decryption)?;
            authenticate_opened(envelope, plaintext, certificates)
        }
    }
}

/// Reads a response and checks the signatures that can be seen, with the keys of `certificates`. What
/// `seal` makes of an `EncryptedAssertion` is handed back, for whoever opens it later.
pub fn receive<'b, T>(
    bytes: &'b [u8],
    certificates: &[Certificate],
    seal: impl Fn(Element<'_>) -> T,
) -> Result<Received<'b, T>, SamlError> {
    let document = Document::parse(bytes, Profile::MESSAGE)?;
    let response = document.root();
    check_response(response)?;
    let assertion = only_assertion(response)?;
    let outer = verify(response, certificates)?;
    let signed_response = outer.as_ref().map(Verified::document).transpose()?;
    let signed_response = signed_response.as_ref().map(Document::root);
    let envelope = match signed_response {
        Some(signed) => Envelope::Signed(ResponseFacts::read(signed)?),
        None => Envelope::Unauthenticated(ResponseFacts::read(response)?),
    };
    if assertion.is(ASSERTION, "EncryptedAssertion") {
        return Ok(Received::Sealed(SealedResponse {
            envelope,
            assertion: seal(assertion),
        }));
    }
    let inner = verify(assertion, certificates)?;
    let assertion = match (signed_response, inner) {
        // Its signed bytes hold the assertion, whether that is signed once more or not.
        (Some(signed), _) => Assertion::read(signed.only_child(ASSERTION, "Assertion")?)?,
        (None, Some(inner)) => Assertion::read(inner.document()?.root())?,
        (None, None) => return Err(SamlError::Unsigned),
    };
    Ok(Received::Open(Box::new(AuthenticatedResponse {
        envelope,
        assertion,
        document: AuthenticatedDocument::Response(bytes),
    })))
}

/// The response around an assertion that was opened, which a provider must have signed.
pub fn authenticate_opened<'b>(
    envelope: Envelope,
    plaintext: Secret<String>,
    certificates: &[Certificate],
) -> Result<AuthenticatedResponse<'b>, SamlError> {
    Ok(AuthenticatedResponse {
        envelope,
        assertion: authenticate_plaintext(plaintext.expose(), certificates)?,
        document: AuthenticatedDocument::Assertion(plaintext),
    })
}

impl AuthenticatedResponse<'_> {
    /// What the response itself says.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The document that a second verifier is to be asked about: the response as it was received, or
    /// the assertion as it was decrypted.
    pub fn document(&self) -> &[u8] {
        match &self.document {
            AuthenticatedDocument::Response(bytes) => bytes,
            AuthenticatedDocument::Assertion(plaintext) => plaintext.expose().as_bytes(),
        }
    }

    /// The name of the assertion's mark, by which a second use is noticed: a hash of who issued it and
    /// of its ID, since another signature or another response around it makes no other assertion.
    pub fn mark(&self) -> [u8; 32] {
        let mut hash = Context::new(&SHA256);
        // XML has no NUL, so that no two pairs make the same text.
        for part in [
            "saml",
            "\0",
            &self.assertion.issuer,
            "\0",
            &self.assertion.id,
        ] {
            hash.update(part.as_bytes());
        }
        let mut mark = [0; 32];
        mark.copy_from_slice(hash.finish().as_ref());
        mark
    }
}

impl Envelope {
    /// What the response says, whoever vouches for it.
    pub const fn facts(&self) -> &ResponseFacts {
        match self {
            Self::Signed(facts) | Self::Unauthenticated(facts) => facts,
        }
    }
}

impl ResponseFacts {
    fn read(response: Element<'_>) -> Result<Self, SamlError> {
        let issuer = response.child(ASSERTION, "Issuer")?;
        Ok(Self {
            issuer: issuer.map(claims::read_issuer).transpose()?,
            issued_at: claims::required_time(response, "IssueInstant")?,
            destination: claims::optional(response, "Destination"),
            in_response_to: claims::optional(response, "InResponseTo"),
        })
    }
}

/// Checks what the response is, and that it is no refusal.
fn check_response(response: Element<'_>) -> Result<(), SamlError> {
    claims::check_kind(response, PROTOCOL, "Response")?;
    claims::check_version(response, "Response")?;
    let status = response.only_child(PROTOCOL, "Status")?;
    let code = status.only_child(PROTOCOL, "StatusCode")?;
    let value = code.required_attribute("Value")?;
    if value == SUCCESS {
        return Ok(());
    }
    let detail = code.child(PROTOCOL, "StatusCode")?;
    let detail = detail.and_then(|detail| detail.attribute("Value"));
    let message = status.child(PROTOCOL, "StatusMessage")?;
    let message = message.map(Element::text).transpose()?;
    Err(SamlError::Status {
        code: Quoted::new(value),
        detail: Quoted::new(detail.unwrap_or_default()),
        message: Quoted::new(message.unwrap_or_default()),
    })
}

/// The one assertion of a response, after the rules that hold for the whole document: there is no
/// other anywhere, not even one that is only called so; signatures stand in the response and in the
/// assertion only; no ID is there twice.
fn only_assertion(response: Element<'_>) -> Result<Element<'_>, SamlError> {
    let inside = response.descendants();
    let assertions: Vec<_> = inside.filter(|inner| is_called_assertion(*inner)).collect();
    let [assertion] = assertions[..] else {
        return Err(SamlError::Assertions {
            found: assertions.len(),
        });
    };
    let parent = assertion.parent();
    if assertion.namespace() != ASSERTION || parent != Some(response) {
        return Err(SamlError::MisplacedAssertion {
            parent: Quoted::new(parent.map_or("", Element::local_name)),
        });
    }
    let is_plain = assertion.local_name() == "Assertion";
    gate::check_places(response, |element| {
        element == response || (is_plain && element == assertion)
    })?;
    gate::check_ids(response)?;
    Ok(assertion)
}

fn is_called_assertion(element: Element<'_>) -> bool {
    matches!(element.local_name(), "Assertion" | "EncryptedAssertion")
}

/// Checks the signature of an element, if it has one.
fn verify<'c>(
    element: Element<'_>,
    certificates: &'c [Certificate],
) -> Result<Option<Verified<'c>>, SignatureError> {
    let signature = Enveloped::find(element)?;
    signature
        .map(|signature| signature.verify(certificates))
        .transpose()
}

/// Reads an assertion that was encrypted, which must be signed itself.
fn authenticate_plaintext(
    plaintext: &str,
    certificates: &[Certificate],
) -> Result<Assertion, SamlError> {
    let verified = verify_plaintext(plaintext, certificates)?;
    Assertion::read(verified.document()?.root())
}

/// Whatever is refused before a signature was found to be good is an [`InsideError`].
fn verify_plaintext<'c>(
    plaintext: &str,
    certificates: &'c [Certificate],
) -> Result<Verified<'c>, InsideError> {
    let document = Document::parse(plaintext.as_bytes(), Profile::MESSAGE)?;
    let assertion = document.root();
    if !assertion.is(ASSERTION, "Assertion") {
        let found = Quoted::new(assertion.local_name());
        return Err(InsideError::Kind { found });
    }
    if assertion.descendants().any(is_called_assertion) {
        return Err(InsideError::Nested);
    }
    let verified = signature::verify_message(assertion, certificates)?;
    verified.ok_or(InsideError::Unsigned)
}

#[cfg(test)]
mod tests;
