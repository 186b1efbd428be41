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

/// Where the first of `wanted` stands in `bytes`.
#[inline]
pub(super) fn first_of<const COUNT: usize>(bytes: &[u8], wanted: [u8; COUNT]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let find = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let found = wanted.iter().fold(0, |found, byte| {
            found | zeros(word ^ (LOW * u64::from(*byte)))
        });
        // What `zeros` finds wrongly stands behind what it finds rightly.
        (found != 0).then_some(found.trailing_zeros() as usize / 8)
    };
    for (number, word) in words.iter().enumerate() {
        if let Some(place) = find(word) {
            return Some(number * 8 + place);
        }
    }
    let place = rest.iter().position(|byte| wanted.contains(byte))?;
    Some(words.len() * 8 + place)
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
    fn the_first_of_several_is_found_where_it_stands() {
        for length in 0..40 {
            for (first, second) in
                (0..length).flat_map(|one| (one..length).map(move |two| (one, two)))
            {
                let mut bytes = vec![b'a'; length];
                bytes[second] = b'&';
                bytes[first] = b'<';
                assert_eq!(first_of(&bytes, WANTED), Some(first), "{first} {second}");
            }
        }
    }

    #[test]
    fn a_byte_that_is_one_more_than_what_is_wanted_hides_nothing() {
        for byte in WANTED {
            let bytes = [byte + 1, byte, byte + 1, b'a', b'a', b'a', b'a', byte + 1];
            assert_eq!(first_of(&bytes, WANTED), Some(1));
            assert_eq!(first_of(&[byte + 1; 17], [byte]), None);
        }
    }

    #[test]
    fn no_other_byte_is_found() {
        assert!(!contains_any(b"", WANTED));
        assert_eq!(first_of(b"", WANTED), None);
        for byte in (0..=u8::MAX).filter(|byte| !WANTED.contains(byte)) {
            assert!(
                !with(byte).any(|bytes| contains_any(&bytes, WANTED)),
                "{byte}"
            );
            assert!(with(byte).all(|bytes| first_of(&bytes, WANTED).is_none()));
        }
    }
}
