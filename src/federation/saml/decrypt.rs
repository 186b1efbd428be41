//! Encrypted assertions (SAML core 2.0, section 2.3.4; XML Encryption 1.1): AES-GCM under a key that
//! is wrapped with RSA-OAEP.
//!
//! CBC and RSAES-PKCS1-v1_5 are not here: whoever learns why a decryption failed reads what they
//! protect. The same holds for every answer that differs, so there is one for all failures, after
//! the same work: where no key comes out of a wrapped one, a random key takes its place, and the
//! content does not authenticate under it.
//!
//! A plaintext proves nothing: our key is public. It is signed inside, or it is refused.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::service_provider::ServiceProviderKey;
use super::writer::XmlWriter;
use super::xml::namespace::{ASSERTION, ENCRYPTION, ENCRYPTION_11, SIGNATURE};
use super::xml::{Element, ShapeError};
use crate::domain::Secret;
use crate::entropy::{Entropy, EntropyError, draw};
use crate::federation::Quoted;

/// The most wrapped keys of an assertion: one for each key of ours that a provider may know while keys
/// change. Each is work with a private key that a stranger may ask for.
pub const MAX_WRAPPED_KEYS: usize = 2;

/// The `Type` of encrypted data that is one whole element.
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// The longest key of a content algorithm, in bytes.
const LONGEST_KEY: usize = 32;
/// The length of the nonce in front of the content, in bytes (XML Encryption 1.1, section 5.2.4).
const NONCE_BYTES: usize = 12;

/// How content is encrypted (XML Encryption 1.1, section 5.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentAlgorithm {
    /// AES with 128 bits in Galois/Counter Mode.
    Aes128Gcm,
    /// AES with 256 bits in Galois/Counter Mode.
    Aes256Gcm,
}

impl ContentAlgorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Aes128Gcm, Self::Aes256Gcm];

    /// Its name on the wire.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        }
    }

    fn read(method: Element<'_>) -> Result<Self, FormatError> {
        let uri = method.required_attribute("Algorithm")?;
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.uri() == uri)
            .ok_or_else(|| FormatError::ContentAlgorithm(Quoted::new(uri)))
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes128Gcm => &AES_128_GCM,
            Self::Aes256Gcm => &AES_256_GCM,
        }
    }

    fn key(self, bytes: &[u8; LONGEST_KEY]) -> Option<LessSafeKey> {
        let bytes = bytes.get(..self.algorithm().key_len())?;
        UnboundKey::new(self.algorithm(), bytes)
            .ok()
            .map(LessSafeKey::new)
    }
}

/// A hash of RSA-OAEP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OaepHash {
    /// SHA-1, whose weakness (collisions) OAEP does not rest on.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl OaepHash {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name as a `DigestMethod`.
    pub const fn digest_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// The name of the mask generation function that uses it.
    pub const fn mask_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2009/xmlenc11#mgf1sha1",
            Self::Sha256 => "http://www.w3.org/2009/xmlenc11#mgf1sha256",
            Self::Sha384 => "http://www.w3.org/2009/xmlenc11#mgf1sha384",
            Self::Sha512 => "http://www.w3.org/2009/xmlenc11#mgf1sha512",
        }
    }
}

/// How a content key is wrapped: RSA-OAEP (XML Encryption 1.1, section 5.5.2) with one hash for the
/// label and the mask.
///
/// Two different hashes are no mistake in XML Encryption, but the library has none but equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTransport {
    /// `rsa-oaep-mgf1p`, whose mask is always made with SHA-1.
    OaepMgf1p,
    /// `rsa-oaep`, which names its hash and its mask.
    Oaep(OaepHash),
}

impl KeyTransport {
    /// Its name on the wire.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::OaepMgf1p => "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            Self::Oaep(_) => "http://www.w3.org/2009/xmlenc11#rsa-oaep",
        }
    }

    /// Reads an `EncryptionMethod`; what it does not say is SHA-1 (XML Encryption 1.1, section 5.5.2).
    fn read(method: Element<'_>) -> Result<Self, FormatError> {
        let uri = method.required_attribute("Algorithm")?;
        let parameter = |namespace, name| -> Result<_, ShapeError> {
            let parameter = method.child(namespace, name)?;
            parameter
                .map(|it| it.required_attribute("Algorithm"))
                .transpose()
        };
        let digest = parameter(SIGNATURE, "DigestMethod")?;
        let digest = digest.unwrap_or(OaepHash::Sha1.digest_uri());
        let mask = parameter(ENCRYPTION_11, "MGF")?;
        let mask = mask.unwrap_or(OaepHash::Sha1.mask_uri());
        let label = method.child(ENCRYPTION, "OAEPparams")?;
        if label.is_some_and(|label| label.text() != Ok("")) {
            return Err(FormatError::Label);
        }
        let mut hashes = OaepHash::ALL.into_iter();
        let hash = hashes.find(|hash| hash.digest_uri() == digest && hash.mask_uri() == mask);
        match [Self::OaepMgf1p.uri(), Self::Oaep(OaepHash::Sha1).uri()].map(|own| own == uri) {
            [false, false] => Err(FormatError::KeyTransport(Quoted::new(uri))),
            [true, _] if hash == Some(OaepHash::Sha1) => Ok(Self::OaepMgf1p),
            [_, true] if let Some(hash) = hash => Ok(Self::Oaep(hash)),
            _ => Err(FormatError::Hashes {
                digest: Quoted::new(digest),
                mask: Quoted::new(mask),
            }),
        }
    }

    /// Writes what stands in its `EncryptionMethod`; the prefixes `ds` and `xenc11` are declared.
    pub(super) fn write_parameters(self, xml: &mut XmlWriter) {
        let hash = match self {
            Self::OaepMgf1p => OaepHash::Sha1,
            Self::Oaep(hash) => hash,
        };
        xml.empty("ds:DigestMethod", &[("Algorithm", hash.digest_uri())]);
        if let Self::Oaep(hash) = self {
            xml.empty("xenc11:MGF", &[("Algorithm", hash.mask_uri())]);
        }
    }

    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::OaepMgf1p | Self::Oaep(OaepHash::Sha1) => &OAEP_SHA1_MGF1SHA1,
            Self::Oaep(OaepHash::Sha256) => &OAEP_SHA256_MGF1SHA256,
            Self::Oaep(OaepHash::Sha384) => &OAEP_SHA384_MGF1SHA384,
            Self::Oaep(OaepHash::Sha512) => &OAEP_SHA512_MGF1SHA512,
        }
    }
}

/// An `EncryptedAssertion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedAssertion {
    algorithm: ContentAlgorithm,
    /// The nonce, the ciphertext and the tag.
    content: Vec<u8>,
    /// The content's key, wrapped for one or more keys; at most [`MAX_WRAPPED_KEYS`].
    keys: Vec<WrappedKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct WrappedKey {
    transport: KeyTransport,
    ciphertext: Vec<u8>,
}

/// Why an `EncryptedAssertion` is not understood. All of it is on the wire for everybody to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Something is missing, or there twice.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// What is encrypted is not one element.
    #[error("the encrypted data is not of the type Element")]
    Type,
    /// The content is encrypted with another algorithm.
    #[error("the content is encrypted with {0}, which is not AES-128-GCM or AES-256-GCM")]
    ContentAlgorithm(Quoted),
    /// The key is wrapped with another algorithm.
    #[error("the key is wrapped with {0}, which is not RSA-OAEP")]
    KeyTransport(Quoted),
    /// The key is wrapped with two hashes that differ, or that are not known.
    #[error(
        "the key is wrapped with the hash {digest} and the mask {mask}; both must use one hash"
    )]
    Hashes {
        /// The hash of the label.
        digest: Quoted,
        /// The mask generation function.
        mask: Quoted,
    },
    /// The key is wrapped with a label.
    #[error("the key is wrapped with a label")]
    Label,
    /// There is no wrapped key.
    #[error("there is no EncryptedKey")]
    NoKey,
    /// There are more than [`MAX_WRAPPED_KEYS`].
    #[error("there are more than {MAX_WRAPPED_KEYS} EncryptedKeys")]
    TooManyKeys,
    /// A `CipherValue` is not base64.
    #[error("a CipherValue is not base64")]
    NotBase64,
}

/// Why there is no plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// No key of ours opens it; why not is told to nobody.
    #[error("the assertion can't be decrypted")]
    Undecryptable,
    /// There was no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Why nothing is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// The certificate's key is not RSA.
    #[error("the recipient's key is not RSA")]
    NotRsa,
    /// The library refused.
    #[error("the assertion can't be encrypted")]
    Failed,
    /// There was no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl EncryptedAssertion {
    /// Reads the element. Wrapped keys stand in the `KeyInfo` of the data or beside it (SAML core
    /// 2.0, section 2.3.4); for whom they say they are is not asked.
    pub fn read(assertion: Element<'_>) -> Result<Self, FormatError> {
        let data = assertion.only_child(ENCRYPTION, "EncryptedData")?;
        if data
            .attribute("Type")
            .is_some_and(|of_type| of_type != ELEMENT)
        {
            return Err(FormatError::Type);
        }
        let method = data.only_child(ENCRYPTION, "EncryptionMethod")?;
        let algorithm = ContentAlgorithm::read(method)?;
        let info = data.child(SIGNATURE, "KeyInfo")?;
        let inside = info.into_iter().flat_map(Element::children);
        let elements: Vec<_> = inside
            .chain(assertion.children())
            .filter(|element| element.is(ENCRYPTION, "EncryptedKey"))
            .take(MAX_WRAPPED_KEYS + 1)
            .collect();
        if elements.is_empty() {
            return Err(FormatError::NoKey);
        }
        if elements.len() > MAX_WRAPPED_KEYS {
            return Err(FormatError::TooManyKeys);
        }
        let keys: Result<_, _> = elements.into_iter().map(WrappedKey::read).collect();
        Ok(Self {
            algorithm,
            content: cipher_value(data)?,
            keys: keys?,
        })
    }

    /// Decrypts with whichever of our keys fits; the plaintext is untrusted like any other input.
    ///
    /// Every wrapped key is tried with every key of ours, and the content with each outcome, so that
    /// all failures take the same time.
    pub fn decrypt<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k ServiceProviderKey>,
        entropy: &dyn Entropy,
    ) -> Result<Secret<String>, DecryptError> {
        let keys = keys.into_iter().map(ServiceProviderKey::decrypting);
        self.decrypt_by(keys, entropy)
    }

    /// The same with keys that are no service provider's.
    pub(super) fn decrypt_by<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k OaepPrivateDecryptingKey>,
        entropy: &dyn Entropy,
    ) -> Result<Secret<String>, DecryptError> {
        let random = Zeroizing::new(draw::<LONGEST_KEY>(entropy)?);
        let mut plaintext = None;
        for key in keys {
            for wrapped in &self.keys {
                let content_key = wrapped.open(key, self.algorithm, &random);
                let opened = self.open(&content_key);
                plaintext = plaintext.or(opened);
            }
        }
        let mut plaintext = plaintext.ok_or(DecryptError::Undecryptable)?;
        match String::from_utf8(std::mem::take(&mut *plaintext)) {
            Ok(text) => Ok(Secret::new(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(DecryptError::Undecryptable)
            }
        }
    }

    fn open(&self, content_key: &[u8; LONGEST_KEY]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = self.content.split_first_chunk::<NONCE_BYTES>()?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let key = self.algorithm.key(content_key)?;
        let opened = key.open_in_place(nonce, Aad::empty(), &mut buffer);
        let length = opened.ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }

    /// Encrypts an assertion for the holder of `recipient`'s key, under a key of its own.
    pub fn encrypt(
        assertion: &str,
        recipient: &Certificate,
        (algorithm, transport): (ContentAlgorithm, KeyTransport),
        entropy: &dyn Entropy,
    ) -> Result<Self, EncryptError> {
        let content_key = Zeroizing::new(draw::<LONGEST_KEY>(entropy)?);
        let key = algorithm.key(&content_key).ok_or(EncryptError::Failed)?;
        let nonce = draw::<NONCE_BYTES>(entropy)?;
        let mut sealed = assertion.as_bytes().to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut sealed,
        )
        .map_err(|_| EncryptError::Failed)?;
        let used = content_key.get(..algorithm.algorithm().key_len());
        let used = used.ok_or(EncryptError::Failed)?;
        Ok(Self {
            algorithm,
            content: [&nonce[..], &sealed].concat(),
            keys: vec![WrappedKey::wrap(used, recipient, transport)?],
        })
    }

    /// The element, with the wrapped key inside.
    pub fn to_xml(&self) -> String {
        let mut xml = XmlWriter::default();
        let namespaces = [
            ("xmlns:saml", ASSERTION),
            ("xmlns:xenc", ENCRYPTION),
            ("xmlns:xenc11", ENCRYPTION_11),
            ("xmlns:ds", SIGNATURE),
        ];
        xml.element("saml:EncryptedAssertion", &namespaces, |xml| {
            xml.element("xenc:EncryptedData", &[("Type", ELEMENT)], |xml| {
                self.write_data(xml);
            });
        });
        xml.finish()
    }

    fn write_data(&self, xml: &mut XmlWriter) {
        let algorithm = [("Algorithm", self.algorithm.uri())];
        xml.empty("xenc:EncryptionMethod", &algorithm);
        xml.element("ds:KeyInfo", &[], |xml| {
            self.keys.iter().for_each(|key| key.write(xml));
        });
        write_cipher_data(xml, &self.content);
    }
}

impl WrappedKey {
    fn read(key: Element<'_>) -> Result<Self, FormatError> {
        let method = key.only_child(ENCRYPTION, "EncryptionMethod")?;
        Ok(Self {
            transport: KeyTransport::read(method)?,
            ciphertext: cipher_value(key)?,
        })
    }

    /// The content's key, or the random one where this does not open: nobody sees which.
    fn open(
        &self,
        key: &OaepPrivateDecryptingKey,
        algorithm: ContentAlgorithm,
        random: &[u8; LONGEST_KEY],
    ) -> Zeroizing<[u8; LONGEST_KEY]> {
        let mut content_key = Zeroizing::new(*random);
        let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
        let opened = key.decrypt(
            self.transport.algorithm(),
            &self.ciphertext,
            &mut buffer,
            None,
        );
        let length = algorithm.algorithm().key_len();
        if let Ok(opened) = opened
            && opened.len() == length
            && let Some(place) = content_key.get_mut(..length)
        {
            place.copy_from_slice(opened);
        }
        content_key
    }

    fn wrap(
        content_key: &[u8],
        recipient: &Certificate,
        transport: KeyTransport,
    ) -> Result<Self, EncryptError> {
        let key = PublicEncryptingKey::from_der(recipient.key().public_key_info())
            .map_err(|_| EncryptError::NotRsa)?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| EncryptError::NotRsa)?;
        let mut buffer = vec![0; key.ciphertext_size()];
        let ciphertext = key
            .encrypt(transport.algorithm(), content_key, &mut buffer, None)
            .map_err(|_| EncryptError::Failed)?;
        Ok(Self {
            transport,
            ciphertext: ciphertext.to_vec(),
        })
    }

    fn write(&self, xml: &mut XmlWriter) {
        xml.element("xenc:EncryptedKey", &[], |xml| {
            let algorithm = [("Algorithm", self.transport.uri())];
            xml.element("xenc:EncryptionMethod", &algorithm, |xml| {
                self.transport.write_parameters(xml);
            });
            write_cipher_data(xml, &self.ciphertext);
        });
    }
}

/// The bytes of encrypted data or of a wrapped key. They are never fetched from elsewhere.
fn cipher_value(encrypted: Element<'_>) -> Result<Vec<u8>, FormatError> {
    let data = encrypted.only_child(ENCRYPTION, "CipherData")?;
    let value = data.only_child(ENCRYPTION, "CipherValue")?.text()?;
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let value: Vec<u8> = value.bytes().filter(|byte| !is_space(byte)).collect();
    STANDARD.decode(value).map_err(|_| FormatError::NotBase64)
}

fn write_cipher_data(xml: &mut XmlWriter, ciphertext: &[u8]) {
    xml.element("xenc:CipherData", &[], |xml| {
        xml.text("xenc:CipherValue", &[], &STANDARD.encode(ciphertext));
    });
}

#[cfg(test)]
mod tests;
