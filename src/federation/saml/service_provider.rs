//! Our side of SAML: the keys that sign what we send and open what is encrypted to us.
//!
//! ```text
//!            created_at                signs_from              retires_at
//! old key    ···signs─────────────────────┤ opens, published ────────┤ gone
//! new key        ├ opens, published ──────┤ signs ─────────────────────────────
//!                └──────── overlap ───────┘└───────── grace ─────────┘
//! ```
//!
//! Identity providers read our metadata when they like. So a new key is published for an overlap
//! before it signs, and the old one opens what is still encrypted to it for a grace after.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyUsagePurpose, PublicKeyData,
    SignatureAlgorithm, date_time_ymd,
};
use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::signing::SigningKey;
use crate::domain::{Secret, UnixTime};

const DAY: i64 = 24 * 60 * 60;
/// How long a certificate of ours is valid, in seconds: ten years of 365 days. No peer that follows
/// the metadata profile looks at it, and one that does must not stop at an odd hour.
const VALIDITY: i64 = 10 * 365 * DAY;
/// The length of a 2048-bit modulus, in bytes.
const MODULUS_BYTES: usize = 256;

/// A key of ours and its certificate: RSA of 2048 bits, for signing and for opening.
pub struct ServiceProviderKey {
    pkcs8: Secret<Vec<u8>>,
    certificate: Certificate,
    signing: SigningKey,
    decrypting: OaepPrivateDecryptingKey,
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key could be generated.
    #[error("a key could not be generated")]
    Generation,
    /// No certificate could be made for the key.
    #[error("a certificate could not be made")]
    Certification,
    /// The bytes hold no RSA key of 2048 bits in PKCS#8.
    #[error("not an RSA key of 2048 bits in PKCS#8")]
    Malformed,
    /// The certificate is of another key.
    #[error("the certificate is of another key")]
    OtherCertificate,
}

impl ServiceProviderKey {
    /// Makes a key, which takes some tenths of a second, and a certificate that it signs itself: for
    /// `host`, valid for ten years from `now`.
    pub fn generate(host: &str, now: UnixTime) -> Result<Self, KeyError> {
        let key =
            PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generation)?;
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).map_err(|_| KeyError::Generation)?;
        let signing = RsaKeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| KeyError::Generation)?;
        let certificate = certify(&signing, host, now).map_err(|_| KeyError::Certification)?;
        let certificate =
            Certificate::from_der(&certificate).map_err(|_| KeyError::Certification)?;
        Self::open(Secret::new(pkcs8.as_ref().to_vec()), certificate)
    }

    /// Takes a key that was kept, in PKCS#8, and its certificate.
    pub fn open(pkcs8: Secret<Vec<u8>>, certificate: Certificate) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8.expose()).map_err(|_| KeyError::Malformed)?;
        if pair.public_modulus_len() != MODULUS_BYTES {
            return Err(KeyError::Malformed);
        }
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key());
        let public = public.map_err(|_| KeyError::Malformed)?;
        if public.as_ref() != certificate.key().public_key_info() {
            return Err(KeyError::OtherCertificate);
        }
        let decrypting = PrivateDecryptingKey::from_pkcs8(pkcs8.expose());
        let decrypting = decrypting.map_err(|_| KeyError::Malformed)?;
        Ok(Self {
            certificate,
            signing: SigningKey::from_pkcs8(pkcs8.expose()).map_err(|_| KeyError::Malformed)?,
            decrypting: OaepPrivateDecryptingKey::new(decrypting)
                .map_err(|_| KeyError::Malformed)?,
            pkcs8,
        })
    }

    /// The private key, in PKCS#8, for whoever keeps it sealed.
    pub const fn private_key(&self) -> &Secret<Vec<u8>> {
        &self.pkcs8
    }

    /// The certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key as it signs: with RSASSA-PKCS1-v1_5 and SHA-256.
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The key as it opens what was encrypted with RSA-OAEP.
    pub(super) const fn decrypting(&self) -> &OaepPrivateDecryptingKey {
        &self.decrypting
    }
}

impl fmt::Debug for ServiceProviderKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServiceProviderKey")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// A key as the library that writes certificates takes it; it would keep a copy of a private key
/// that it read itself.
struct Subject<'k>(&'k RsaKeyPair);

impl PublicKeyData for Subject<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Subject<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature)
    }
}

fn certify(key: &RsaKeyPair, host: &str, now: UnixTime) -> Result<Vec<u8>, rcgen::Error> {
    let time = |time: UnixTime| {
        let seconds = u64::try_from(time.seconds()).unwrap_or(0);
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, host);
    params.distinguished_name = name;
    params.not_before = time(now);
    params.not_after = time(now.plus(VALIDITY));
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    Ok(params.self_signed(&Subject(key))?.der().to_vec())
}

/// When a key does what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it was made; it opens and is published from here on.
    pub created_at: UnixTime,
    /// From when it may sign.
    pub signs_from: UnixTime,
    /// From when it is gone; `None` as long as no other key is to take its place.
    pub retires_at: Option<UnixTime>,
}

impl Schedule {
    /// Whether the key opens and is published at `now`.
    pub fn is_live(&self, now: UnixTime) -> bool {
        self.retires_at.is_none_or(|retires_at| now < retires_at)
    }

    /// Whether the key may sign at `now`.
    pub fn may_sign(&self, now: UnixTime) -> bool {
        self.is_live(now) && self.signs_from <= now
    }
}

/// How keys follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// How long a new key is published before it signs, in seconds.
    pub overlap: i64,
    /// How long an old key still opens after the new one signs, in seconds.
    pub grace: i64,
}

impl Default for Rotation {
    /// A day, in which identity providers read our metadata anew; then a week.
    fn default() -> Self {
        Self {
            overlap: DAY,
            grace: 7 * DAY,
        }
    }
}

/// What a rotation changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationPlan {
    /// The schedule of the key that is to be made.
    pub new: Schedule,
    /// The schedules of the keys that were there, in their order.
    pub old: Vec<Schedule>,
}

/// Why no key is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// A key is published that does not sign yet.
    #[error("a new key is published already; it signs from {signs_from}")]
    UnderWay {
        /// When that key begins.
        signs_from: UnixTime,
    },
}

impl Rotation {
    /// Plans the next key. The first one, which no identity provider has seen before, signs at once.
    pub fn plan(&self, keys: &[Schedule], now: UnixTime) -> Result<RotationPlan, RotationError> {
        let waiting = keys
            .iter()
            .find(|key| key.is_live(now) && key.signs_from > now);
        if let Some(Schedule { signs_from, .. }) = waiting {
            return Err(RotationError::UnderWay {
                signs_from: *signs_from,
            });
        }
        let signs_from = if keys.iter().any(|key| key.may_sign(now)) {
            now.plus(self.overlap)
        } else {
            now
        };
        let retires_at = signs_from.plus(self.grace);
        let old = keys.iter().map(|key| Schedule {
            retires_at: Some(key.retires_at.unwrap_or(retires_at)),
            ..*key
        });
        Ok(RotationPlan {
            new: Schedule {
                created_at: now,
                signs_from,
                retires_at: None,
            },
            old: old.collect(),
        })
    }
}

/// All our keys.
#[derive(Debug, Default)]
pub struct ServiceProviderKeys(Vec<(Schedule, Arc<ServiceProviderKey>)>);

impl ServiceProviderKeys {
    /// Takes keys in any order.
    pub fn new(mut keys: Vec<(Schedule, ServiceProviderKey)>) -> Self {
        keys.sort_by_key(|(schedule, _)| std::cmp::Reverse(schedule.signs_from));
        let keys = keys.into_iter();
        Self(keys.map(|(at, key)| (at, Arc::new(key))).collect())
    }

    /// The key that signs: the newest that may.
    pub fn signing(&self, now: UnixTime) -> Option<&ServiceProviderKey> {
        let mut keys = self.0.iter();
        keys.find_map(|(schedule, key)| schedule.may_sign(now).then_some(&**key))
    }

    /// The keys that open what is encrypted to us, newest first.
    pub fn decrypting(&self, now: UnixTime) -> impl Iterator<Item = &Arc<ServiceProviderKey>> {
        let keys = self.0.iter();
        keys.filter_map(move |(schedule, key)| schedule.is_live(now).then_some(key))
    }

    /// The certificates of our metadata, newest first.
    pub fn published(&self, now: UnixTime) -> impl Iterator<Item = &Certificate> {
        self.decrypting(now).map(|key| key.certificate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    fn key() -> ServiceProviderKey {
        ServiceProviderKey::generate("sso.example.com", NOW).unwrap()
    }

    #[test]
    fn a_certificate_names_the_host_and_is_valid_for_ten_years() {
        let key = key();
        let certificate = key.certificate();
        assert_eq!(certificate.subject().as_str(), "CN=sso.example.com");
        assert_eq!(certificate.not_before(), NOW);
        assert_eq!(certificate.not_after().to_string(), "2036-11-18T09:41:07Z");
    }

    #[test]
    fn the_certificates_key_checks_what_the_key_signs() {
        use crate::federation::saml::certificate::Hash;

        let key = key();
        let signature = key.signing().sign(b"message").unwrap();
        let public = key.certificate().key();
        assert!(public.has_signed(Hash::Sha256, b"message", &signature));
        assert!(!public.has_signed(Hash::Sha256, b"massage", &signature));
    }

    #[test]
    fn a_key_that_was_kept_is_the_same_key() {
        let key = key();
        let kept = key.private_key().clone();
        let again = ServiceProviderKey::open(kept, key.certificate().clone()).unwrap();
        assert_eq!(again.signing().sign(b"m"), key.signing().sign(b"m"));
    }

    #[test]
    fn a_key_without_its_own_certificate_is_refused() {
        let (one, other) = (key(), key());
        let opened =
            ServiceProviderKey::open(one.private_key().clone(), other.certificate().clone());
        assert_eq!(opened.unwrap_err(), KeyError::OtherCertificate);
        let garbage = Secret::new(b"no key".to_vec());
        let opened = ServiceProviderKey::open(garbage, one.certificate().clone());
        assert_eq!(opened.unwrap_err(), KeyError::Malformed);
    }

    #[test]
    fn no_key_prints_its_private_half() {
        let key = key();
        let printed = format!("{key:?}");
        assert!(printed.contains("CN=sso.example.com"), "{printed}");
        assert!(!printed.contains("pkcs8"), "{printed}");
    }

    fn first() -> Schedule {
        let plan = Rotation::default().plan(&[], NOW).unwrap();
        assert_eq!(plan.old, []);
        plan.new
    }

    #[test]
    fn the_first_key_signs_at_once_and_never_retires() {
        let expected = Schedule {
            created_at: NOW,
            signs_from: NOW,
            retires_at: None,
        };
        assert_eq!(first(), expected);
    }

    #[test]
    fn a_new_key_signs_after_the_overlap_and_the_old_one_retires_after_the_grace() {
        let now = NOW.plus(1000 * DAY);
        let plan = Rotation::default().plan(&[first()], now).unwrap();
        assert_eq!(plan.new.created_at, now);
        assert_eq!(plan.new.signs_from, now.plus(DAY));
        assert_eq!(plan.new.retires_at, None);
        let old = Schedule {
            retires_at: Some(now.plus(8 * DAY)),
            ..first()
        };
        assert_eq!(plan.old, [old]);
    }

    #[test]
    fn a_second_rotation_waits_until_the_new_key_signs() {
        let rotation = Rotation::default();
        let plan = rotation.plan(&[first()], NOW).unwrap();
        let both = [plan.new, plan.old[0]];
        let signs_from = NOW.plus(DAY);
        assert_eq!(
            rotation.plan(&both, signs_from.plus(-1)),
            Err(RotationError::UnderWay { signs_from })
        );
        let next = rotation.plan(&both, signs_from).unwrap();
        assert_eq!(next.old[0].retires_at, Some(signs_from.plus(8 * DAY)));
        assert_eq!(next.old[1], plan.old[0], "what was planned stays");
    }

    #[test]
    fn at_every_moment_of_a_rotation_one_key_signs_and_every_published_one_opens() {
        let plan = Rotation::default().plan(&[first()], NOW).unwrap();
        let (old, new) = (key(), key());
        let certificates = [old.certificate().clone(), new.certificate().clone()];
        let keys = ServiceProviderKeys::new(vec![(plan.old[0], old), (plan.new, new)]);
        for (seconds, signing, live) in [
            (0, 0, vec![1, 0]),
            (DAY - 1, 0, vec![1, 0]),
            (DAY, 1, vec![1, 0]),
            (8 * DAY - 1, 1, vec![1, 0]),
            (8 * DAY, 1, vec![1]),
        ] {
            let now = NOW.plus(seconds);
            let signs = keys.signing(now).unwrap().certificate();
            assert_eq!(signs, &certificates[signing], "{seconds}");
            let expected: Vec<_> = live.iter().map(|index| &certificates[*index]).collect();
            assert_eq!(
                keys.published(now).collect::<Vec<_>>(),
                expected,
                "{seconds}"
            );
            assert_eq!(keys.decrypting(now).count(), live.len(), "{seconds}");
        }
    }
}
