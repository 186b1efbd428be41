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

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::domain::{Secret, UnixTime};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::mac::MacKey;

/// How many bytes sealing adds.
pub const OVERHEAD: usize = KEY_ID + SALT + TAG;
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
pub struct Opened {
    /// What was sealed.
    pub plaintext: Vec<u8>,
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
        self.seal_under(&draw(entropy)?, context, plaintext)
    }

    /// Seals, and gives the message's companion secret too.
    ///
    /// # Errors
    /// [`EntropyError`] where no salt could be drawn.
    pub fn seal_with_companion(
        &self,
        context: &[&[u8]],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<(Vec<u8>, Secret<[u8; 32]>), EntropyError> {
        let salt = draw(entropy)?;
        let sealed = self.seal_under(&salt, context, plaintext)?;
        Ok((sealed, self.companion(&salt)))
    }

    /// Opens what [`Self::seal`] made with the same `context`.
    ///
    /// # Errors
    /// [`Unopened`], without saying why.
    pub fn open(&self, context: &[&[u8]], sealed: &[u8]) -> Result<Opened, Unopened> {
        let (plaintext, salt) = self.open_with_salt(context, sealed)?;
        Ok(Opened {
            plaintext,
            companion: self.companion(salt),
        })
    }

    /// Opens, for whoever has no use for the companion secret, which takes half of the time.
    ///
    /// # Errors
    /// [`Unopened`], without saying why.
    pub fn plaintext(&self, context: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        self.open_with_salt(context, sealed)
            .map(|(plaintext, _)| plaintext)
    }

    fn seal_under(
        &self,
        salt: &[u8; SALT],
        context: &[&[u8]],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, EntropyError> {
        let mut sealed = Vec::with_capacity(OVERHEAD + plaintext.len());
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(salt);
        let head = sealed.len();
        sealed.extend_from_slice(plaintext);
        let body = sealed.get_mut(head..).ok_or(EntropyError)?;
        let tag = self
            .message_key(salt)
            .seal_in_place_separate_tag(zero_nonce(), Aad::from(self.associated(context)), body)
            .map_err(|_| EntropyError)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    fn open_with_salt<'s>(
        &self,
        context: &[&[u8]],
        sealed: &'s [u8],
    ) -> Result<(Vec<u8>, &'s [u8; SALT]), Unopened> {
        let (id, rest) = sealed.split_first_chunk::<KEY_ID>().ok_or(Unopened)?;
        let (salt, body) = rest.split_first_chunk::<SALT>().ok_or(Unopened)?;
        if *id != self.id {
            return Err(Unopened);
        }
        let mut body = body.to_vec();
        let length = self
            .message_key(salt)
            .open_in_place(zero_nonce(), Aad::from(self.associated(context)), &mut body)
            .map_err(|_| Unopened)?
            .len();
        body.truncate(length);
        Ok((body, salt))
    }

    fn message_key(&self, salt: &[u8; SALT]) -> LessSafeKey {
        aes_key(expand(&self.key, [b"message", salt]).expose())
    }

    fn companion(&self, salt: &[u8; SALT]) -> Secret<[u8; 32]> {
        expand(&self.key, [b"companion", salt])
    }

    /// Every part with its length before it, so that two contexts never read the same.
    fn associated(&self, context: &[&[u8]]) -> Vec<u8> {
        let parts = context.iter().map(|part| size_of::<u64>() + part.len());
        let mut associated = Vec::with_capacity(KEY_ID + parts.sum::<usize>());
        associated.extend_from_slice(&self.id);
        for part in context {
            associated.extend_from_slice(&(part.len() as u64).to_be_bytes());
            associated.extend_from_slice(part);
        }
        associated
    }
}

/// The sealing keys that are good at the moment: one seals, every one opens.
///
/// A key that was added seals only from `seals_from` on, so that every node can know it before
/// anything is sealed under it; a key opens until it is taken out.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(Vec<RingKey>);

#[derive(Debug, Clone)]
struct RingKey {
    key: SealingKey,
    seals_from: UnixTime,
}

impl KeyRing {
    /// A ring without keys: it seals and opens nothing.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Adds a key that seals from `seals_from` on.
    pub fn add(&mut self, key: SealingKey, seals_from: UnixTime) {
        self.0.push(RingKey { key, seals_from });
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
        let (sealed, companion) = key()
            .seal_with_companion(&[b"a"], b"plain", &SystemEntropy)
            .unwrap();
        let opened = key().open(&[b"a"], &sealed).unwrap();
        assert_eq!(opened.plaintext, b"plain");
        assert_eq!(opened.companion, companion);
        assert_eq!(key().plaintext(&[b"a"], &sealed).unwrap(), b"plain");
        assert_eq!(sealed.len(), OVERHEAD + 5);
    }

    #[test]
    fn every_bit_flip_is_refused() {
        let sealed = key().seal(&[b"a"], b"plain", &SystemEntropy).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let opened = key().open(&[b"a"], &damaged);
            assert_eq!(opened.err(), Some(Unopened), "bit {bit}");
            assert_eq!(key().plaintext(&[b"a"], &damaged), Err(Unopened));
        }
    }

    #[test]
    fn context_parts_do_not_run_together() {
        let sealed = key()
            .seal(&[b"ab", b"c"], b"plain", &SystemEntropy)
            .unwrap();
        assert_eq!(key().open(&[b"a", b"bc"], &sealed).err(), Some(Unopened));
    }

    #[test]
    fn another_purpose_does_not_open_it() {
        let sealed = key().seal(&[], b"plain", &SystemEntropy).unwrap();
        let other = RootKey::new([7; 32]).sealing_key("other");
        assert_eq!(other.open(&[], &sealed).err(), Some(Unopened));
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
            assert_eq!(key().open(&[], &vec![0; length]).err(), Some(Unopened));
        }
    }
}
