//! Looking for bytes, eight at a time: most values are short, and too short for wider steps to pay.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether one of `wanted` is among `bytes`.
#[inline]
pub(in crate::federation::saml) fn contains_any<const COUNT: usize>(
    bytes: &[u8],
    wanted: [u8; COUNT],
) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_in = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        let found = wanted.iter().fold(0, |found, byte| {
            found | zeros(word ^ (LOW * u64::from(*byte)))
        });
        found != 0
    };
    words.iter().any(is_in) || rest.iter().any(|byte| wanted.contains(byte))
}

/// Not zero where one of a word's bytes is.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: [u8; 3] = [b'<', b'&', 0];

    /// Every place in texts of up to 40 bytes with `byte` there and `a` elsewhere.
    fn with(byte: u8) -> impl Iterator<Item = Vec<u8>> {
        let places = (0..40).flat_map(|length| (0..length).map(move |place| (length, place)));
        places.map(move |(length, place)| {
            let mut bytes = vec![b'a'; length];
            bytes[place] = byte;
            bytes
        })
    }

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for byte in WANTED {
            assert!(
                with(byte).all(|bytes| contains_any(&bytes, WANTED)),
                "{byte}"
            );
        }
    }

    #[test]
    fn no_other_byte_is_found() {
        assert!(!contains_any(b"", WANTED));
        for byte in (0..=u8::MAX).filter(|byte| !WANTED.contains(byte)) {
            assert!(
                !with(byte).any(|bytes| contains_any(&bytes, WANTED)),
                "{byte}"
            );
        }
    }
}
