//! What a signature doesn't say: whether an assertion is for us, from the right provider, an answer
//! to our request, and good now (SAML 2.0 Profiles, section 4.1.4.3).

use super::claims::{
    Assertion, Attribute, Authentication, Bearer, Conditions, DroppedAttribute, NameId,
};
use super::error::SamlError;
use super::response::{AuthenticatedResponse, Envelope};
use crate::domain::UnixTime;
use crate::federation::Quoted;

/// How many seconds two clocks may differ.
pub const SKEW: i64 = 60;
/// How old a message may be when it is presented, in seconds.
pub const MAX_AGE: i64 = 300;

/// What a response must say to be accepted.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'e> {
    /// The entity ID of the provider.
    pub issuer: &'e str,
    /// The names that an assertion for us is restricted to; without one, nothing is accepted.
    pub audiences: &'e [&'e str],
    /// The addresses that an assertion may be delivered to; without one, nothing is accepted.
    pub recipients: &'e [&'e str],
    /// The request that is answered.
    pub request: Request<'e>,
}

/// The request that a response must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'e> {
    /// The one with this ID, which the browser made.
    Exactly(&'e str),
    /// None: the provider began the sign-in, and may do so.
    None,
    /// One of the caller's own, or none: who calls STS has talked to the provider without us.
    OfTheCaller,
}

/// An assertion that holds, here and now. Only [`AuthenticatedResponse::accept`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedAssertion {
    assertion: Assertion,
    audience: String,
    recipient: String,
    authentication: Authentication,
    ends_at: UnixTime,
    mark: [u8; 32],
}

impl AuthenticatedResponse<'_> {
    /// Accepts the assertion if it is what is expected, at the time `now`.
    pub fn accept(
        self,
        expected: &Expected<'_>,
        now: UnixTime,
    ) -> Result<AcceptedAssertion, SamlError> {
        let assertion = &self.assertion;
        check_envelope(&self.envelope, expected, now)?;
        check_issuer(&assertion.issuer, expected)?;
        check_age("Assertion", assertion.issued_at, now)?;
        let audience = check_conditions(&assertion.conditions, expected, now)?;
        let bearer = check_bearer(&assertion.bearers, expected, now)?;
        check_request(bearer, &self.envelope, expected.request)?;
        let authentication = check_authentication(&assertion.authentications, now)?;
        let ends_at = assertion.conditions.not_on_or_after;
        Ok(AcceptedAssertion {
            audience: audience.to_owned(),
            recipient: bearer.recipient.clone(),
            authentication: authentication.clone(),
            ends_at: ends_at.min(bearer.not_on_or_after),
            mark: self.mark(),
            assertion: self.assertion,
        })
    }
}

impl AcceptedAssertion {
    /// The assertion's ID.
    pub fn id(&self) -> &str {
        &self.assertion.id
    }

    /// The provider's entity ID.
    pub fn issuer(&self) -> &str {
        &self.assertion.issuer
    }

    /// When the provider issued it.
    pub const fn issued_at(&self) -> UnixTime {
        self.assertion.issued_at
    }

    /// Whom it is about.
    pub const fn name_id(&self) -> &NameId {
        &self.assertion.name_id
    }

    /// Which of our names it is restricted to: the first that the first restriction lists.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Which of our addresses it was delivered to.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// How and when the person proved themselves to the provider.
    pub const fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// The attributes, in the order of the document. A name may be there again.
    pub fn attributes(&self) -> &[Attribute] {
        &self.assertion.attributes
    }

    /// The attributes that are left out, because a value holds elements.
    pub fn dropped(&self) -> &[DroppedAttribute] {
        &self.assertion.dropped
    }

    /// The audiences of each restriction.
    pub fn restrictions(&self) -> &[Vec<String>] {
        &self.assertion.conditions.restrictions
    }

    /// The end of its validity, which the confirmation may set earlier than the conditions.
    pub const fn ends_at(&self) -> UnixTime {
        self.ends_at
    }

    /// Whether the provider wants it to be used once only.
    pub const fn is_for_one_use(&self) -> bool {
        self.assertion.conditions.is_for_one_use
    }

    /// The name of its mark, by which a second use is noticed: to be kept until
    /// [`ends_at`](Self::ends_at) and [`SKEW`] are over.
    pub const fn mark(&self) -> &[u8; 32] {
        &self.mark
    }
}

/// Checks what can be refused of a response before its assertion is opened, so that no stranger has
/// our keys work for a response that would be refused anyway. Whoever carried it may have written what
/// is looked at here: it only ever refuses.
pub(super) fn check_before_opening(
    envelope: &Envelope,
    expected: &Expected<'_>,
    now: UnixTime,
) -> Result<(), SamlError> {
    check_envelope(envelope, expected, now)?;
    let named = envelope.facts().in_response_to.as_deref();
    check_named_requests(named.into_iter(), expected.request)
}

fn check_envelope(
    envelope: &Envelope,
    expected: &Expected<'_>,
    now: UnixTime,
) -> Result<(), SamlError> {
    let facts = envelope.facts();
    if let Some(issuer) = &facts.issuer {
        check_issuer(issuer, expected)?;
    }
    if let Some(destination) = &facts.destination {
        check_recipient("Destination", destination, expected)?;
    }
    check_age("Response", facts.issued_at, now)
}

fn check_issuer(issuer: &str, expected: &Expected<'_>) -> Result<(), SamlError> {
    if issuer == expected.issuer {
        return Ok(());
    }
    Err(SamlError::Issuer {
        expected: Quoted::new(expected.issuer),
        found: Quoted::new(issuer),
    })
}

fn check_recipient(
    what: &'static str,
    found: &str,
    expected: &Expected<'_>,
) -> Result<(), SamlError> {
    if expected.recipients.contains(&found) {
        return Ok(());
    }
    Err(SamlError::Recipient {
        what,
        expected: Quoted::new(&expected.recipients.join(" ")),
        found: Quoted::new(found),
    })
}

fn check_age(element: &'static str, at: UnixTime, now: UnixTime) -> Result<(), SamlError> {
    let seconds = now.since(at);
    if seconds < -SKEW {
        return Err(SamlError::IssuedInFuture { element, now, at });
    }
    if seconds > MAX_AGE {
        return Err(SamlError::TooOld { element, seconds });
    }
    Ok(())
}

/// Checks the conditions; which of our names the assertion is for.
fn check_conditions<'c>(
    conditions: &'c Conditions,
    expected: &Expected<'_>,
    now: UnixTime,
) -> Result<&'c str, SamlError> {
    let not_on_or_after = conditions.not_on_or_after;
    if let Some(not_before) = conditions.not_before {
        if not_before >= not_on_or_after {
            return Err(SamlError::Inverted {
                not_before,
                not_on_or_after,
            });
        }
        if now.plus(SKEW) < not_before {
            return Err(SamlError::NotYetValid {
                element: "Conditions",
                now,
                at: not_before,
            });
        }
    }
    check_end("Conditions", not_on_or_after, now)?;
    let mut ours = None;
    for restriction in &conditions.restrictions {
        let audience = check_audience(restriction, expected)?;
        ours = ours.or(Some(audience));
    }
    ours.ok_or(SamlError::NoAudience)
}

fn check_audience<'c>(
    restriction: &'c [String],
    expected: &Expected<'_>,
) -> Result<&'c str, SamlError> {
    let mut audiences = restriction.iter().map(String::as_str);
    let ours = audiences.find(|audience| expected.audiences.contains(audience));
    ours.ok_or_else(|| SamlError::Audience {
        expected: Quoted::new(&expected.audiences.join(" ")),
        found: Quoted::new(&restriction.join(" ")),
    })
}

/// The one bearer confirmation, which must hold.
fn check_bearer<'a>(
    bearers: &'a [Bearer],
    expected: &Expected<'_>,
    now: UnixTime,
) -> Result<&'a Bearer, SamlError> {
    let [bearer] = bearers else {
        return Err(SamlError::Confirmations {
            found: bearers.len(),
        });
    };
    if bearer.has_not_before {
        return Err(SamlError::ConfirmationNotBefore);
    }
    check_recipient("Recipient", &bearer.recipient, expected)?;
    check_end("SubjectConfirmationData", bearer.not_on_or_after, now)?;
    Ok(bearer)
}

/// Checks which request is answered. Whatever says so must say the same, and where a request was made,
/// something signed must say so.
fn check_request(
    bearer: &Bearer,
    envelope: &Envelope,
    expected: Request<'_>,
) -> Result<(), SamlError> {
    let by_bearer = bearer.in_response_to.as_deref();
    let by_response = envelope.facts().in_response_to.as_deref();
    check_named_requests(by_bearer.into_iter().chain(by_response), expected)?;
    let Request::Exactly(id) = expected else {
        return Ok(());
    };
    let by_signed_response = by_response.filter(|_| matches!(envelope, Envelope::Signed(_)));
    if by_bearer.or(by_signed_response).is_none() {
        return Err(SamlError::Unsolicited {
            expected: Quoted::new(id),
        });
    }
    Ok(())
}

fn check_named_requests<'n>(
    mut named: impl Iterator<Item = &'n str>,
    expected: Request<'_>,
) -> Result<(), SamlError> {
    let refused = match expected {
        Request::OfTheCaller => None,
        Request::None => named.next().map(|found| SamlError::Solicited {
            found: Quoted::new(found),
        }),
        Request::Exactly(id) => {
            let other = named.find(|found| *found != id);
            other.map(|found| SamlError::InResponseTo {
                expected: Quoted::new(id),
                found: Quoted::new(found),
            })
        }
    };
    refused.map_or(Ok(()), Err)
}

/// The one authentication, whose session must not be over. Of several, readers take different ones.
fn check_authentication(
    authentications: &[Authentication],
    now: UnixTime,
) -> Result<&Authentication, SamlError> {
    let [authentication] = authentications else {
        return Err(SamlError::AuthnStatements {
            found: authentications.len(),
        });
    };
    if let Some(at) = authentication.session_ends_at {
        check_end("AuthnStatement", at, now)?;
    }
    Ok(authentication)
}

/// What ends at `at` has ended at `at`, by a clock that may be [`SKEW`] slow.
fn check_end(element: &'static str, at: UnixTime, now: UnixTime) -> Result<(), SamlError> {
    if now < at.plus(SKEW) {
        return Ok(());
    }
    Err(SamlError::Expired { element, now, at })
}

#[cfg(test)]
mod tests;
