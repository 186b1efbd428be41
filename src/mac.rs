//! HMAC-SHA256 (RFC 2104) over aws-lc's SHA-256.
//!
//! A call by a signature computes a dozen of them, each over a line or less, and most keys serve for one.
//! aws-lc's own HMAC keeps three states of a hash of any kind, which to set up, copy and wipe takes longer
//! than to hash so little. This is the definition, `H(K ^ opad | H(K ^ ipad | text))`: two hashes of texts that
//! are at hand.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use crate::domain::{Secret, Wipe};

/// The bytes of a tag.
pub const TAG: usize = 32;
/// The bytes that SHA-256 takes at once; a longer key is hashed.
const BLOCK: usize = 64;
/// A key's block and a text that take no more need no memory of their own.
const SHORT: usize = 256;

/// A key that is ready to sign. It does not print, and is wiped when it is dropped.
#[derive(Debug, Clone)]
pub struct MacKey {
    inner: Secret<[u8; BLOCK]>,
    outer: Secret<[u8; BLOCK]>,
}

impl MacKey {
    /// Takes a key of any length.
    pub fn new(key: &[u8]) -> Self {
        if key.len() > BLOCK {
            return Self::of_block(hash(key).expose());
        }
        Self::of_block(key)
    }

    /// Takes a key of at most a block.
    fn of_block(key: &[u8]) -> Self {
        let padded = |pad: u8| {
            let mut block = [pad; BLOCK];
            for (byte, of_key) in block.iter_mut().zip(key) {
                *byte ^= of_key;
            }
            Secret::new(block)
        };
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }

    /// The tag of a text, which is given in parts.
    pub fn sign(&self, text: &[&[u8]]) -> Secret<[u8; TAG]> {
        let inner = hash_parts(self.inner.expose(), text);
        hash_parts(self.outer.expose(), &[inner.expose()])
    }

    /// Whether this is the tag of a text; takes the same time for every wrong one.
    pub fn is_tag(&self, text: &[&[u8]], tag: &[u8; TAG]) -> bool {
        verify_slices_are_equal(self.sign(text).expose(), tag).is_ok()
    }
}

/// The hash of a key's block and the parts of a text after it.
fn hash_parts(block: &[u8; BLOCK], text: &[&[u8]]) -> Secret<[u8; TAG]> {
    let mut short = [0; SHORT];
    let length = fill(
        &mut short,
        std::iter::once(&block[..]).chain(text.iter().copied()),
    );
    let hashed = length.and_then(|length| short.get(..length)).map(hash);
    short.wipe();
    hashed.unwrap_or_else(|| {
        let length: usize = text.iter().map(|part| part.len()).sum();
        let mut whole = Vec::with_capacity(BLOCK + length);
        whole.extend_from_slice(block);
        for part in text {
            whole.extend_from_slice(part);
        }
        hash(Secret::new(whole).expose())
    })
}

/// Writes the parts one after another; how many bytes they are, or `None` where they don't fit.
fn fill<'a>(place: &mut [u8], parts: impl Iterator<Item = &'a [u8]>) -> Option<usize> {
    let mut at = 0;
    for part in parts {
        let end = at + part.len();
        place.get_mut(at..end)?.copy_from_slice(part);
        at = end;
    }
    Some(at)
}

fn hash(text: &[u8]) -> Secret<[u8; TAG]> {
    let mut bytes = [0; TAG];
    bytes.copy_from_slice(digest(&SHA256, text).as_ref());
    let hashed = Secret::new(bytes);
    bytes.wipe();
    hashed
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// Test cases 1, 2 and 6 of RFC 4231: a short key, one shorter than a tag, one longer than a block.
    #[test]
    fn tags_are_those_of_rfc_4231() {
        let long = &[0xaa; 131][..];
        for (key, text, tag) in [
            (
                &[0x0b; 20][..],
                "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                &b"Jefe"[..],
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                long,
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            let signed = MacKey::new(key).sign(&[text.as_bytes()]);
            assert_eq!(signed.expose()[..], hex(tag), "{text}");
        }
    }

    proptest! {
        #[test]
        fn tags_are_those_of_aws_lc(
            key in vec(any::<u8>(), 0..200),
            parts in vec(vec(any::<u8>(), 0..150), 0..4),
        ) {
            let whole = parts.concat();
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let (ours, theirs) = (MacKey::new(&key), hmac::Key::new(hmac::HMAC_SHA256, &key));
            let tag = ours.sign(&parts);
            let expected = hmac::sign(&theirs, &whole);
            prop_assert_eq!(&tag.expose()[..], expected.as_ref());
            prop_assert!(ours.is_tag(&[&whole], tag.expose()));
            for bit in [0, 7, 100, 255] {
                let mut wrong = *tag.expose();
                wrong[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!ours.is_tag(&parts, &wrong));
            }
        }
    }

    #[test]
    fn a_key_does_not_print() {
        let shown = format!("{:?}", MacKey::new(b"hunter2"));
        assert_eq!(
            shown,
            "MacKey { inner: Secret(redacted), outer: Secret(redacted) }"
        );
    }
}
