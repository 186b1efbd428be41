//! Our verifier, as the gateway calls it.

use rolegate::federation::saml::response::{self, Undecryptable};
use rolegate::federation::saml::second_opinion::Opinion;

use crate::Outcome;
use crate::document::{SUBJECT, Signed};

/// Verifies the document.
pub fn authenticate(signed: &Signed) -> Outcome<response::AuthenticatedResponse<'_>> {
    let certificates = std::slice::from_ref(&signed.certificate);
    let nothing_is_encrypted = |_: rolegate::federation::saml::xml::Element<'_>| Err(Undecryptable);
    Ok(response::authenticate(
        signed.xml.as_bytes(),
        certificates,
        &nothing_is_encrypted,
    )?)
}

/// Makes sure that it reads what there is.
pub fn check(signed: &Signed) -> Outcome<()> {
    let read = Opinion::from(&authenticate(signed)?);
    if read.subject.name_id == SUBJECT && read.attributes.len() == signed.attributes {
        Ok(())
    } else {
        Err("our verifier reads something else".into())
    }
}
