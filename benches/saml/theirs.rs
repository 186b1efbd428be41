//! samael, as its users call it: only what was signed, read with its own types.

use samael::crypto::{
    AllowedSignatureAlgorithm, CertificateDer, Crypto, CryptoProvider as _, ReduceMode,
};
use samael::schema::{Assertion, Response};

use crate::Outcome;
use crate::document::{SUBJECT, Signed};

/// Verifies the document.
pub fn authenticate(signed: &Signed, certificates: &[CertificateDer]) -> Outcome<Assertion> {
    let reduced = Crypto::reduce_xml_to_signed_with_allowed_algorithms(
        signed.xml,
        certificates,
        ReduceMode::PreDigest,
        Some(&[
            AllowedSignatureAlgorithm::RsaSha256,
            AllowedSignatureAlgorithm::EcdsaSha256,
        ]),
    )?;
    read(&reduced)
}

/// Makes sure that it reads what there is.
pub fn check(signed: &Signed, certificates: &[CertificateDer]) -> Outcome<()> {
    let assertion = authenticate(signed, certificates)?;
    let name = assertion.subject.and_then(|subject| subject.name_id);
    let statements = assertion.attribute_statements.unwrap_or_default();
    let attributes: usize = statements.iter().map(|it| it.attributes.len()).sum();
    if name.is_some_and(|name| name.value == SUBJECT) && attributes == signed.attributes {
        Ok(())
    } else {
        Err("samael reads something else".into())
    }
}

/// The certificates as samael takes them. It reads them again at each call.
pub fn certificates(signed: &Signed) -> [CertificateDer; 1] {
    [CertificateDer::from(signed.certificate.der().to_vec())]
}

/// The root is known from its first bytes, which are canonical.
fn read(reduced: &str) -> Outcome<Assertion> {
    if reduced.starts_with("<samlp:Response ") {
        let response: Response = reduced.parse()?;
        return response.assertion.ok_or_else(|| "no assertion".into());
    }
    let assertion: Result<Assertion, _> = reduced.parse();
    assertion.map_err(|_| "samael can't read what was signed".into())
}
