//! Keys that the directory keeps beside what its files say.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{InvalidValue, Secret, UnixTime};
use crate::federation::outbound::{WebIdentityKey, WebIdentityKeyError, WebIdentityKeys};
use crate::federation::saml::certificate::{Certificate, Fingerprint};
use crate::federation::saml::service_provider::{
    KeyError, Schedule, ServiceProviderKey, ServiceProviderKeys,
};
use crate::seal::SealingKey;

/// A sealing key as the log keeps it; the log's entries are sealed themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealingKeyRecord {
    key: KeyMaterial,
    /// When it was made.
    pub created_at: UnixTime,
    /// From when on it seals; it opens at once.
    pub seals_from: UnixTime,
}

impl SealingKeyRecord {
    /// A record of these bytes.
    pub const fn new(bytes: [u8; 32], created_at: UnixTime, seals_from: UnixTime) -> Self {
        Self {
            key: KeyMaterial(Secret::new(bytes)),
            created_at,
            seals_from,
        }
    }

    /// The key, ready to use.
    pub fn sealing_key(&self) -> SealingKey {
        SealingKey::new(*self.key.0.expose())
    }

    /// The key's public id, eight hexadecimal digits.
    pub fn id(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.sealing_key().id())
    }
}

/// A key of the node as a SAML service provider: what it signs requests with, and what providers
/// encrypt assertions to. The log's entries are sealed themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceProviderKeyRecord {
    private_key: PrivateKey,
    /// The key's own certificate, as the node's metadata publishes it.
    pub certificate: Certificate,
    /// When it was made. It decrypts at once.
    pub created_at: UnixTime,
    /// From when on requests are signed with it: later than its publication, so that providers know
    /// it by then.
    pub signs_from: UnixTime,
    /// From when on it is neither published nor used; as long as it is the newest, never.
    pub retires_at: Option<UnixTime>,
}

/// Why the node's keys as a service provider can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the service provider key {id} can't be opened; `rolegate keys rotate-saml --drop-previous` puts another one in the place of all"
)]
pub struct UnusableKey {
    /// Which one.
    pub id: Fingerprint,
    /// Why.
    #[source]
    pub source: KeyError,
}

impl ServiceProviderKeyRecord {
    /// A record of a private key (PKCS#8, DER) and its certificate, which signs from `signs_from` on.
    pub const fn new(
        private_key: Vec<u8>,
        certificate: Certificate,
        created_at: UnixTime,
        signs_from: UnixTime,
    ) -> Self {
        Self {
            private_key: PrivateKey(Secret::new(private_key)),
            certificate,
            created_at,
            signs_from,
            retires_at: None,
        }
    }

    /// A record of a key that does by `schedule` what keys do.
    pub fn of(key: &ServiceProviderKey, schedule: Schedule) -> Self {
        Self {
            private_key: PrivateKey(key.private_key().clone()),
            certificate: key.certificate().clone(),
            created_at: schedule.created_at,
            signs_from: schedule.signs_from,
            retires_at: schedule.retires_at,
        }
    }

    /// When the key does what.
    pub const fn schedule(&self) -> Schedule {
        Schedule {
            created_at: self.created_at,
            signs_from: self.signs_from,
            retires_at: self.retires_at,
        }
    }

    /// The same key with other times.
    #[must_use]
    pub fn at(&self, schedule: Schedule) -> Self {
        Self {
            created_at: schedule.created_at,
            signs_from: schedule.signs_from,
            retires_at: schedule.retires_at,
            ..self.clone()
        }
    }

    /// The keys of all records, ready to use: it takes some milliseconds.
    ///
    /// # Errors
    /// [`UnusableKey`] where one can't be opened. Then there is none: what was encrypted to it would
    /// be lost without a word.
    pub fn open_all(records: &[Self]) -> Result<Arc<ServiceProviderKeys>, UnusableKey> {
        let open = |record: &Self| {
            let key =
                ServiceProviderKey::open(record.private_key().clone(), record.certificate.clone());
            let id = record.id();
            let key = key.map_err(|source| UnusableKey { id, source })?;
            Ok((record.schedule(), key))
        };
        let keys: Result<Vec<_>, _> = records.iter().map(open).collect();
        Ok(Arc::new(ServiceProviderKeys::new(keys?)))
    }

    /// The private key: PKCS#8, DER.
    pub const fn private_key(&self) -> &Secret<Vec<u8>> {
        &self.private_key.0
    }

    /// The key's public id.
    pub fn id(&self) -> Fingerprint {
        self.certificate.fingerprint()
    }
}

/// A key that the accounts' tokens for others are signed with. The log's entries are sealed themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebIdentityKeyRecord {
    rsa: PrivateKey,
    ec: PrivateKey,
    id: Box<str>,
    schedule: Schedule,
}

/// Why nothing can be signed for others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the web identity key {id} can't be opened; `rolegate keys rotate-web-identity --drop-previous` puts another one in the place of all"
)]
pub struct UnusableWebIdentityKey {
    /// Which one.
    pub id: Box<str>,
    /// Why.
    #[source]
    pub source: WebIdentityKeyError,
}

impl WebIdentityKeyRecord {
    /// A record of a key that does by `schedule` what keys do.
    pub fn of(key: &WebIdentityKey, schedule: Schedule) -> Self {
        let [rsa, ec] = key.private_keys().map(|key| PrivateKey(key.clone()));
        Self {
            rsa,
            ec,
            id: key.id().into(),
            schedule,
        }
    }

    /// When the key does what.
    pub const fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// The same key with other times.
    #[must_use]
    pub fn at(&self, schedule: Schedule) -> Self {
        Self {
            schedule,
            ..self.clone()
        }
    }

    /// The key's public id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The keys of all records, ready to use.
    ///
    /// # Errors
    /// [`UnusableWebIdentityKey`] where one can't be opened; then there is none.
    pub fn open_all(records: &[Self]) -> Result<Arc<WebIdentityKeys>, UnusableWebIdentityKey> {
        let open = |record: &Self| {
            let [rsa, ec] = [&record.rsa, &record.ec].map(|key| key.0.clone());
            let key = WebIdentityKey::open(rsa, ec).map_err(|source| UnusableWebIdentityKey {
                id: record.id.clone(),
                source,
            })?;
            Ok((record.schedule, Arc::new(key)))
        };
        let keys: Result<Vec<_>, _> = records.iter().map(open).collect();
        Ok(Arc::new(WebIdentityKeys::new(keys?)))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct PrivateKey(Secret<Vec<u8>>);

impl PrivateKey {
    pub(super) const fn new(key: Secret<Vec<u8>>) -> Self {
        Self(key)
    }

    pub(super) const fn secret(&self) -> &Secret<Vec<u8>> {
        &self.0
    }
}

impl TryFrom<String> for PrivateKey {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = data_encoding::BASE64.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| InvalidValue::new("private key", "base64"))?;
        Ok(Self(Secret::new(bytes)))
    }
}

impl From<PrivateKey> for String {
    fn from(key: PrivateKey) -> Self {
        data_encoding::BASE64.encode(key.0.expose())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct KeyMaterial(Secret<[u8; 32]>);

impl TryFrom<String> for KeyMaterial {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let invalid = InvalidValue::new("sealing key", "base64 of 32 bytes");
        bytes.map(|bytes| Self(Secret::new(bytes))).ok_or(invalid)
    }
}

impl From<KeyMaterial> for String {
    fn from(material: KeyMaterial) -> Self {
        data_encoding::BASE64.encode(material.0.expose())
    }
}
