//! A secret, and the signing key that was derived from it last.
//!
//! A client signs for the same day, region and service again and again, and to derive the key takes four of the
//! five HMACs of a signature.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::ScopeDate;
use super::credential::Credential;
use super::signing_key::SigningKey;
use crate::domain::{Region, SecretAccessKey};

/// A secret access key that several requests are signed with. It does not print.
pub struct SigningSecret {
    secret: SecretAccessKey,
    last: Mutex<Option<Derived>>,
}

struct Derived {
    date: ScopeDate,
    region: Region,
    service: Box<str>,
    key: SigningKey,
}

/// What a signature is compared with.
#[derive(Clone, Copy)]
pub enum SecretRef<'s> {
    /// A secret of which nothing is remembered.
    Plain(&'s SecretAccessKey),
    /// One that other requests are signed with, too.
    Shared(&'s SigningSecret),
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningSecret")
    }
}

impl SigningSecret {
    /// Nothing is derived from it yet.
    pub const fn new(secret: SecretAccessKey) -> Self {
        Self {
            secret,
            last: Mutex::new(None),
        }
    }

    /// The secret itself.
    pub const fn secret(&self) -> &SecretAccessKey {
        &self.secret
    }

    fn key(&self, credential: &Credential) -> SigningKey {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(derived) = last.as_ref().filter(|it| it.is_for(credential)) {
            return derived.key.clone();
        }
        let key = derive(&self.secret, credential);
        *last = Some(Derived {
            date: credential.date,
            region: credential.region.clone(),
            service: credential.service.clone(),
            key: key.clone(),
        });
        key
    }
}

impl Derived {
    fn is_for(&self, credential: &Credential) -> bool {
        self.date == credential.date
            && self.region == credential.region
            && self.service == credential.service
    }
}

impl SecretRef<'_> {
    /// The key for the credential's day, region and service.
    pub(super) fn key(self, credential: &Credential) -> SigningKey {
        match self {
            Self::Plain(secret) => derive(secret, credential),
            Self::Shared(secret) => secret.key(credential),
        }
    }
}

fn derive(secret: &SecretAccessKey, credential: &Credential) -> SigningKey {
    let Credential {
        date,
        region,
        service,
        ..
    } = credential;
    SigningKey::derive(secret, *date, region, service)
}

impl<'s> From<&'s SecretAccessKey> for SecretRef<'s> {
    fn from(secret: &'s SecretAccessKey) -> Self {
        Self::Plain(secret)
    }
}

impl<'s> From<&'s SigningSecret> for SecretRef<'s> {
    fn from(secret: &'s SigningSecret) -> Self {
        Self::Shared(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::timestamp::Timestamp;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn credential(day: &str, region: &str, service: &str) -> Credential {
        let text = format!("AKIDEXAMPLEEXAMPLE/{day}/{region}/{service}/aws4_request");
        let signed_at = Timestamp::parse_basic(format!("{day}T123600Z").as_bytes());
        Credential::parse(&text, signed_at.unwrap()).unwrap()
    }

    /// What a key signs tells it from others.
    fn tag(key: &SigningKey) -> Vec<u8> {
        key.tag_of(b"a text").to_vec()
    }

    #[test]
    fn whatever_was_derived_before_the_key_is_that_of_the_day_region_and_service() {
        let plain = SecretAccessKey::new(SECRET.to_owned());
        let shared = SigningSecret::new(plain.clone());
        let asked = [
            ("20150830", "us-east-1", "iam"),
            ("20150830", "us-east-1", "iam"),
            ("20150831", "us-east-1", "iam"),
            ("20150831", "us-east-1", "sts"),
            ("20150831", "eu-west-1", "sts"),
            ("20150831", "eu-west-1", "sts"),
            ("20150830", "us-east-1", "iam"),
        ];
        let mut seen = std::collections::HashMap::new();
        for (day, region, service) in asked {
            let credential = credential(day, region, service);
            let key = tag(&SecretRef::from(&shared).key(&credential));
            assert_eq!(key, tag(&SecretRef::from(&plain).key(&credential)));
            let before = seen.insert((day, region, service), key.clone());
            assert!(before.is_none_or(|before| before == key));
        }
        let different: std::collections::HashSet<_> = seen.values().collect();
        assert_eq!(different.len(), 4);
    }

    #[test]
    fn a_secret_does_not_print() {
        let shared = SigningSecret::new(SecretAccessKey::new(SECRET.to_owned()));
        assert_eq!(format!("{shared:?}"), "SigningSecret");
    }
}
