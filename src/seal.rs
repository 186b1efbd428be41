//! Authenticated encryption in which no nonce can repeat.
//!
//! Every message gets a key of its own, expanded (HKDF-SHA256, RFC 5869 section 2.3) from the
//! sealing key and a random 256-bit salt, and is sealed once under it with AES-256-GCM. What a
//! message is for, its name and its key id are bound in as associated data, so that a sealed value
//! opens only where it belongs.
//!
//! ```text
//! sealed = key id (4) | salt (32) | ciphertext | tag (16)
//! ```

use std::sync::{Arc, Weak};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::domain::{Secret, UnixTime, Wipe as _};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::mac::MacKey;

/// How many bytes sealing adds.
pub const OVERHEAD: usize = HEAD + TAG;
/// How many of these stand before what is sealed.
pub const HEAD: usize = KEY_ID + SALT;
const KEY_ID: usize = 4;
const SALT: usize = 32;
const TAG: usize = 16;

/// The key that all others are derived from or sealed under (decision 4): 256 bits that never stand
/// in the store.
#[derive(Debug, Clone)]
pub struct RootKey(Secret<[u8; 32]>);

impl RootKey {
    /// Takes the key's bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// The sealing key for one purpose, e.g. `store`.
    pub fn sealing_key(&self, purpose: &str) -> SealingKey {
        let root = MacKey::new(self.0.expose());
        let key = expand(&root, [b"rolegate root", purpose.as_bytes()]);
        SealingKey::new(*key.expose())
    }
}

/// A key that seals messages of one purpose.
#[derive(Debug, Clone)]
pub struct SealingKey {
    id: [u8; KEY_ID],
    /// Made ready once, for every message's keys are expanded from it.
    key: MacKey,
}

/// A sealed message did not open: it is damaged, of another purpose or name, or under another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open here")]
pub struct Unopened;

/// What a message's own key is good for beside sealing.
#[derive(Debug)]
pub struct Opened<'m> {
    /// What was sealed, where it stood.
    pub plaintext: &'m [u8],
    /// 256 bits that belong to this message alone, for whoever needs a secret beside it.
    pub companion: Secret<[u8; 32]>,
}

impl SealingKey {
    /// Takes the key's bytes; its id is derived from them.
    pub fn new(bytes: [u8; 32]) -> Self {
        let key = MacKey::new(&bytes);
        let [a, b, c, d, ..] = *expand(&key, [b"key id", b""]).expose();
        Self {
            id: [a, b, c, d],
            key,
        }
    }

    /// The id that every message sealed under this key begins with.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Seals `plaintext`; `context` says what it is and must be the same when it is opened.
    ///
    /// # Errors
    /// [`EntropyError`] where no salt could be drawn.
    pub fn seal(
        &self,
        context: &[&[u8]],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, EntropyError> {
        let mut message = Vec::with_capacity(OVERHEAD + plaintext.len());
        message.resize(HEAD, 0);
        message.extend_from_slice(plaintext);
        self.seal_in_place(context, &mut message, 0, &draw(entropy)?)?;
        Ok(message)
    }

    /// Seals where it stands what comes in `message` after so many bytes, which stay as they are, and [`HEAD`] more,
    /// which are taken; and gives the message's companion secret. Nothing is left of the plaintext.
    ///
    /// # Errors
    /// [`EntropyError`] where no salt could be drawn.
    pub fn seal_with_companion(
        &self,
        context: &[&[u8]],
        message: &mut Vec<u8>,
        begin: usize,
        entropy: &dyn Entropy,
    ) -> Result<Secret<[u8; 32]>, EntropyError> {
        let salt = draw(entropy);
        let sealed = salt.and_then(|salt| self.seal_in_place(context, message, begin, &salt));
        if sealed.is_err() {
            message.wipe();
        }
        sealed?;
        Ok(self.companion(&salt?))
    }

    /// Opens where it stands what [`Self::seal`] made with the same `context`. What is left there is for the caller
    /// to wipe.
    ///
    /// # Errors
    /// [`Unopened`], without saying why.
    pub fn open<'m>(
        &self,
        context: &[&[u8]],
        sealed: &'m mut [u8],
    ) -> Result<Opened<'m>, Unopened> {
        let (head, body) = sealed.split_first_chunk_mut::<HEAD>().ok_or(Unopened)?;
        let salt = self.salt_in(head)?;
        let length = self.open_in_place(context, salt, body)?;
        Ok(Opened {
            plaintext: body.get(..length).ok_or(Unopened)?,
            companion: self.companion(salt),
        })
    }

    /// Opens, for whoever has no use for the companion secret, which takes half of the time.
    ///
    /// # Errors
    /// [`Unopened`], without saying why.
    pub fn plaintext(&self, context: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (head, body) = sealed.split_first_chunk::<HEAD>().ok_or(Unopened)?;
        let mut body = body.to_vec();
        let length = self.open_in_place(context, self.salt_in(head)?, &mut body)?;
        body.truncate(length);
        Ok(body)
    }

    fn seal_in_place(
        &self,
        context: &[&[u8]],
        message: &mut Vec<u8>,
        begin: usize,
        salt: &[u8; SALT],
    ) -> Result<(), EntropyError> {
        let sealed = message.get_mut(begin..).ok_or(EntropyError)?;
        let (id, rest) = sealed.split_first_chunk_mut().ok_or(EntropyError)?;
        let (place, body) = rest.split_first_chunk_mut().ok_or(EntropyError)?;
        (*id, *place) = (self.id, *salt);
        let tag = self
            .message_key(salt)
            .seal_in_place_separate_tag(zero_nonce(), Aad::from(self.associated(context)), body)
            .map_err(|_| EntropyError)?;
        message.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// The salt of a message of this key.
    fn salt_in<'h>(&self, head: &'h [u8; HEAD]) -> Result<&'h [u8; SALT], Unopened> {
        let (id, salt) = head.split_first_chunk::<KEY_ID>().ok_or(Unopened)?;
        let salt = salt.first_chunk().ok_or(Unopened)?;
        if *id == self.id {
            Ok(salt)
        } else {
            Err(Unopened)
        }
    }

    /// How long the plaintext is, which stands at the beginning then.
    fn open_in_place(
        &self,
        context: &[&[u8]],
        salt: &[u8; SALT],
        body: &mut [u8],
    ) -> Result<usize, Unopened> {
        let associated = Aad::from(self.associated(context));
        let opened = self
            .message_key(salt)
            .open_in_place(zero_nonce(), associated, body);
        opened
            .map(|plaintext| plaintext.len())
            .map_err(|_| Unopened)
    }

    fn message_key(&self, salt: &[u8; SALT]) -> LessSafeKey {
        aes_key(expand(&self.key, [b"message", salt]).expose())
    }

    fn companion(&self, salt: &[u8; SALT]) -> Secret<[u8; 32]> {
        expand(&self.key, [b"companion", salt])
    }

    /// Every part with its length before it, so that two contexts never read the same.
    fn associated(&self, context: &[&[u8]]) -> Associated {
        let mut associated = Associated::Short([0; Associated::SHORT], 0);
        associated.push(&self.id);
        for part in context {
            associated.push(&(part.len() as u64).to_be_bytes());
            associated.push(part);
        }
        associated
    }
}

/// What is bound to a message. It is mostly a purpose, a version and a name, which need no memory of their own.
enum Associated {
    Short([u8; Self::SHORT], usize),
    Long(Vec<u8>),
}

impl Associated {
    const SHORT: usize = 128;

    fn push(&mut self, part: &[u8]) {
        match self {
            Self::Short(bytes, length) => {
                let end = *length + part.len();
                match bytes.get_mut(*length..end) {
                    Some(place) => {
                        place.copy_from_slice(part);
                        *length = end;
                    }
                    None => *self = Self::Long([self.as_ref(), part].concat()),
                }
            }
            Self::Long(bytes) => bytes.extend_from_slice(part),
        }
    }
}

impl AsRef<[u8]> for Associated {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Short(bytes, length) => bytes.get(..*length).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

/// The sealing keys that are good at the moment: one seals, every one opens.
///
/// A key that was added seals only from `seals_from` on, so that every node can know it before
/// anything is sealed under it; a key opens until it is taken out.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(Arc<Vec<RingKey>>);

/// By which a ring is known again as long as no key is put into it or taken out of it; it keeps no key.
#[derive(Debug, Clone)]
pub struct RingIdentity(Weak<Vec<RingKey>>);

#[derive(Debug, Clone)]
struct RingKey {
    key: SealingKey,
    seals_from: UnixTime,
}

impl KeyRing {
    /// A ring without keys: it seals and opens nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a key that seals from `seals_from` on.
    pub fn add(&mut self, key: SealingKey, seals_from: UnixTime) {
        Arc::make_mut(&mut self.0).push(RingKey { key, seals_from });
    }

    /// What this ring is known again by.
    pub fn identity(&self) -> RingIdentity {
        RingIdentity(Arc::downgrade(&self.0))
    }

    /// Whether it is the ring that was known by this. No other ring gets its place in memory while somebody
    /// has its identity.
    pub fn is(&self, identity: &RingIdentity) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.0), identity.0.as_ptr())
    }

    /// The key that seals at `now`: the newest one whose time has come.
    pub fn sealing_at(&self, now: UnixTime) -> Option<&SealingKey> {
        let ready = self.0.iter().filter(|ring| ring.seals_from <= now);
        ready
            .max_by_key(|ring| ring.seals_from)
            .map(|ring| &ring.key)
    }

    /// The key of this id.
    pub fn find(&self, id: [u8; 4]) -> Option<&SealingKey> {
        self.0
            .iter()
            .map(|ring| &ring.key)
            .find(|key| key.id() == id)
    }
}

/// The id of the key that a sealed message names; `None` where it is too short to be one.
pub fn key_id_of(sealed: &[u8]) -> Option<[u8; 4]> {
    (sealed.len() >= OVERHEAD)
        .then(|| sealed.first_chunk().copied())
        .flatten()
}

/// A key seals one message only, so its one nonce is zero.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// HKDF-Expand of 32 bytes. They are the first block, `T(1) = HMAC(PRK, info | 0x01)`: written out, because
/// a key that is made ready serves for every message.
fn expand(key: &MacKey, [purpose, of]: [&[u8]; 2]) -> Secret<[u8; 32]> {
    key.sign(&[purpose, of, &[1]])
}

#[expect(
    clippy::expect_used,
    reason = "a key of 32 bytes is the one length that AES-256 takes"
)]
fn aes_key(bytes: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("AES-256 takes 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn key() -> SealingKey {
        RootKey::new([7; 32]).sealing_key("test")
    }

    #[test]
    fn keys_are_those_of_hkdf() {
        use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};

        let infos: [[&[u8]; 2]; 3] = [[b"message", &[3; SALT]], [b"key id", b""], [b"", b""]];
        for info in infos {
            let mut expected = [0; 32];
            let prk = Prk::new_less_safe(HKDF_SHA256, &[7; 32]);
            let okm = prk.expand(&info, aws_lc_rs::hmac::HMAC_SHA256).unwrap();
            okm.fill(&mut expected).unwrap();
            assert_eq!(expand(&MacKey::new(&[7; 32]), info), Secret::new(expected));
        }
    }

    #[test]
    fn opens_what_it_sealed() {
        let sealed = key().seal(&[b"a"], b"plain", &SystemEntropy).unwrap();
        assert_eq!(key().plaintext(&[b"a"], &sealed).unwrap(), b"plain");
        assert_eq!(sealed.len(), OVERHEAD + 5);
    }

    fn sealed_after_a_byte() -> (Vec<u8>, Secret<[u8; 32]>) {
        let mut message = vec![7; 1 + HEAD];
        message.extend_from_slice(b"plain");
        let companion = key().seal_with_companion(&[b"a"], &mut message, 1, &SystemEntropy);
        (message, companion.unwrap())
    }

    #[test]
    fn opens_where_it_was_sealed_with_the_same_companion() {
        let (mut message, companion) = sealed_after_a_byte();
        let (before, sealed) = message.split_at_mut(1);
        assert_eq!((before[0], sealed.len()), (7, OVERHEAD + 5));
        assert_eq!(key().plaintext(&[b"a"], sealed).unwrap(), b"plain");
        let opened = key().open(&[b"a"], sealed).unwrap();
        assert_eq!(opened.plaintext, b"plain");
        assert_eq!(opened.companion, companion);
        assert_ne!(sealed_after_a_byte().1, companion);
    }

    struct NoEntropy;

    impl Entropy for NoEntropy {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }

    #[test]
    fn nothing_is_left_of_what_was_not_sealed() {
        let mut message = vec![7; HEAD + 5];
        let sealed = key().seal_with_companion(&[b"a"], &mut message, 0, &NoEntropy);
        assert_eq!(sealed.err(), Some(EntropyError));
        assert!(message.is_empty());
    }

    #[test]
    fn every_bit_flip_is_refused() {
        let sealed = key().seal(&[b"a"], b"plain", &SystemEntropy).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key().plaintext(&[b"a"], &damaged), Err(Unopened));
            let opened = key().open(&[b"a"], &mut damaged);
            assert_eq!(opened.err(), Some(Unopened), "bit {bit}");
        }
    }

    #[test]
    fn context_parts_do_not_run_together() {
        let sealed = key()
            .seal(&[b"ab", b"c"], b"plain", &SystemEntropy)
            .unwrap();
        let opened = key().plaintext(&[b"a", b"bc"], &sealed);
        assert_eq!(opened, Err(Unopened));
    }

    #[test]
    fn what_is_associated_is_the_same_however_long_it_is() {
        let mut name = vec![b'a'; Associated::SHORT - KEY_ID - 2 * size_of::<u64>() - 1];
        for _ in 0..3 {
            let mut expected = key().id().to_vec();
            for part in [&name[..], b"b"] {
                expected.extend_from_slice(&(part.len() as u64).to_be_bytes());
                expected.extend_from_slice(part);
            }
            assert_eq!(key().associated(&[&name, b"b"]).as_ref(), expected);
            name.push(b'a');
        }
    }

    #[test]
    fn another_purpose_does_not_open_it() {
        let sealed = key().seal(&[], b"plain", &SystemEntropy).unwrap();
        let other = RootKey::new([7; 32]).sealing_key("other");
        assert_eq!(other.plaintext(&[], &sealed), Err(Unopened));
    }

    #[test]
    fn the_newest_key_whose_time_has_come_seals() {
        let at = UnixTime::from_seconds;
        let mut ring = KeyRing::empty();
        assert!(ring.sealing_at(at(100)).is_none());
        ring.add(SealingKey::new([1; 32]), at(10));
        ring.add(SealingKey::new([2; 32]), at(50));
        assert_eq!(ring.sealing_at(at(9)).map(SealingKey::id), None);
        assert_eq!(
            ring.sealing_at(at(49)).unwrap().id(),
            SealingKey::new([1; 32]).id()
        );
        assert_eq!(
            ring.sealing_at(at(50)).unwrap().id(),
            SealingKey::new([2; 32]).id()
        );
        assert!(ring.find(SealingKey::new([1; 32]).id()).is_some());
    }

    #[test]
    fn short_input_is_refused() {
        for length in 0..OVERHEAD {
            let opened = key().open(&[], &mut vec![0; length]).err();
            assert_eq!(opened, Some(Unopened));
        }
    }
}
