//! samael, as it may be asked.

mod confine;
mod reader;
mod signatures;

use std::error::Error as _;
use std::sync::OnceLock;

use samael::crypto::{
    AllowedSignatureAlgorithm, CertificateDer, Crypto, CryptoError, CryptoProvider as _, ReduceMode,
};

use self::signatures::KeyType;
use super::{Opinion, Refusal, StartError};
use crate::federation::saml::certificate::Certificate;

/// What a signature may be made with.
const ALGORITHMS: [AllowedSignatureAlgorithm; 6] = [
    AllowedSignatureAlgorithm::RsaSha256,
    AllowedSignatureAlgorithm::RsaSha384,
    AllowedSignatureAlgorithm::RsaSha512,
    AllowedSignatureAlgorithm::EcdsaSha256,
    AllowedSignatureAlgorithm::EcdsaSha384,
    AllowedSignatureAlgorithm::EcdsaSha512,
];

/// A response whose Assertion is signed, its certificate, and what it says.
const KNOWN_RESPONSE: &str = include_str!("known_answer/response.xml");
const KNOWN_CERTIFICATE: &str = include_str!("known_answer/certificate.pem");
const KNOWN_SUBJECT: &str = "ines.okafor@example.org";

/// The C libraries, loaded and without a way out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Native(());

impl Native {
    /// Makes the libraries ready, once in a process. Every call of samael in this program comes after
    /// it, since only it makes a value of this type.
    pub(super) fn start() -> Result<Self, StartError> {
        static STARTED: OnceLock<Result<(), StartError>> = OnceLock::new();
        let started = STARTED.get_or_init(|| {
            let native = Self(());
            // samael initialises the libraries at its first call, and that would give back what is
            // taken away here. The answer is asked for again below.
            let _ = native.verify(KNOWN_RESPONSE.as_bytes(), &known_certificates()?);
            confine::confine();
            native.answers_what_is_known()
        });
        started.clone().map(|()| Self(()))
    }

    /// What is signed in the document, read from nothing but the bytes that were hashed.
    #[expect(
        clippy::unused_self,
        reason = "it shows that the libraries are confined"
    )]
    pub(super) fn verify(
        self,
        document: &[u8],
        certificates: &[Certificate],
    ) -> Result<Opinion, Refusal> {
        confine::silence();
        let document = std::str::from_utf8(document).map_err(|_| Refusal::NotUtf8)?;
        let key_type = signatures::key_type(document)?;
        let fitting: Vec<CertificateDer> = certificates
            .iter()
            .filter(|certificate| KeyType::of(certificate) == key_type)
            .map(|certificate| CertificateDer::from(certificate.der().to_vec()))
            .collect();
        let mut refused = Refusal::NoCertificate;
        for certificates in one_by_one_then_together(&fitting) {
            match signed(document, certificates) {
                Ok(signed) => return reader::read(&signed),
                Err(error) => {
                    refused = Refusal::Signature {
                        because: error.source().map_or(error.to_string(), <_>::to_string),
                    }
                }
            }
        }
        Err(refused)
    }

    fn answers_what_is_known(self) -> Result<(), StartError> {
        let certificates = known_certificates()?;
        let right = self.verify(KNOWN_RESPONSE.as_bytes(), &certificates);
        let opinion = right.map_err(|refusal| failed(refusal.to_string()))?;
        if opinion.subject.name_id != KNOWN_SUBJECT {
            return Err(failed("it reads another subject"));
        }
        let forged = KNOWN_RESPONSE.replace(KNOWN_SUBJECT, "someone.else@example.org");
        match self.verify(forged.as_bytes(), &certificates) {
            Err(Refusal::Signature { .. }) => Ok(()),
            Ok(_) => Err(failed("it accepts a forged document")),
            Err(other) => Err(failed(other.to_string())),
        }
    }
}

fn known_certificates() -> Result<[Certificate; 1], StartError> {
    let certificate = KNOWN_CERTIFICATE.parse();
    Ok([certificate.map_err(|_| failed("its certificate can't be read"))?])
}

fn failed(because: impl Into<String>) -> StartError {
    StartError::SelfTest {
        because: because.into(),
    }
}

/// libxmlsec1 fails at the first key that does not fit the signature (another type, curve or length)
/// and never looks at the next one, so each certificate has its own turn. Together they are tried last,
/// since Response and Assertion may be signed with different keys.
fn one_by_one_then_together(
    certificates: &[CertificateDer],
) -> impl Iterator<Item = &[CertificateDer]> {
    let together = (certificates.len() > 1).then_some(certificates);
    certificates.chunks(1).chain(together)
}

/// The bytes that were hashed. Without a certificate there would be nothing to verify with: there is
/// at least one.
fn signed(document: &str, certificates: &[CertificateDer]) -> Result<String, CryptoError> {
    Crypto::reduce_xml_to_signed_with_allowed_algorithms(
        document,
        certificates,
        ReduceMode::PreDigest,
        Some(&ALGORITHMS),
    )
}

#[cfg(test)]
mod tests;
