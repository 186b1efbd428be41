//! Who signs, and what a good message says.

use std::sync::LazyLock;

use rolegate::domain::UnixTime;
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::signing::SigningKey;

/// 2026-11-21T09:41:07Z, when every message that is signed here is good.
pub const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

/// An identity provider that says whatever the input says; its key is drawn at the start.
pub struct Provider {
    pub key: SigningKey,
    pub certificates: [Certificate; 1],
}

pub static PROVIDER: LazyLock<Provider> = LazyLock::new(|| {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let names = ["idp.example.com".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap();
    let certificate = certificate.self_signed(&pair).unwrap();
    Provider {
        key: SigningKey::from_pkcs8(&pair.serialize_der()).unwrap(),
        certificates: [Certificate::from_der(certificate.der()).unwrap()],
    }
});
