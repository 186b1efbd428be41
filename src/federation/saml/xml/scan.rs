//! Looking for bytes, eight at a time: most values are short, and too short for wider steps to pay.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Bytes that are looked for, and whether all below a space are, too.
#[derive(Debug, Clone, Copy)]
pub(in crate::federation::saml) struct Wanted<const COUNT: usize> {
    bytes: [u8; COUNT],
    /// What is below this is wanted; at most 128.
    below: u8,
}

impl<const COUNT: usize> Wanted<COUNT> {
    /// One of these bytes.
    pub(in crate::federation::saml) const fn one_of(bytes: [u8; COUNT]) -> Self {
        Self { bytes, below: 0 }
    }

    /// One of these bytes, or one below a space.
    pub(in crate::federation::saml) const fn one_of_or_control(bytes: [u8; COUNT]) -> Self {
        Self { bytes, below: b' ' }
    }

    /// Where the first of them stands.
    #[inline]
    pub(in crate::federation::saml) fn first_in(self, bytes: &[u8]) -> Option<usize> {
        let (words, rest) = bytes.as_chunks::<8>();
        for (number, word) in words.iter().enumerate() {
            let found = self.marks(u64::from_le_bytes(*word));
            if found != 0 {
                return Some(number * 8 + found.trailing_zeros() as usize / 8);
            }
        }
        let is_wanted = |byte: &u8| *byte < self.below || self.bytes.contains(byte);
        let place = rest.iter().position(is_wanted)?;
        Some(words.len() * 8 + place)
    }

    /// Not zero where one of a word's bytes is wanted; the lowest bit that is set is in the first of
    /// them. What is marked wrongly stands behind what is marked rightly.
    #[inline]
    fn marks(self, word: u64) -> u64 {
        let below = word.wrapping_sub(LOW * u64::from(self.below)) & !word;
        let found = self.bytes.iter().fold(below, |found, byte| {
            let different = word ^ (LOW * u64::from(*byte));
            found | different.wrapping_sub(LOW) & !different
        });
        found & HIGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<3> = Wanted::one_of([b'<', b'&', 0]);
    const OR_CONTROL: Wanted<2> = Wanted::one_of_or_control([b'<', b'&']);

    /// Texts of up to 23 bytes with `byte` at every place and `a` elsewhere, and the places.
    fn with(byte: u8) -> impl Iterator<Item = (Vec<u8>, usize)> {
        let places = (0..24).flat_map(|length| (0..length).map(move |place| (length, place)));
        places.map(move |(length, place)| {
            let mut bytes = vec![b'a'; length];
            bytes[place] = byte;
            (bytes, place)
        })
    }

    #[test]
    fn a_byte_is_found_where_it_stands_and_no_other_is() {
        for byte in 0..=u8::MAX {
            for (bytes, place) in with(byte) {
                let expected = matches!(byte, b'<' | b'&' | 0).then_some(place);
                assert_eq!(WANTED.first_in(&bytes), expected, "{byte}");
                let expected = matches!(byte, b'<' | b'&' | ..b' ').then_some(place);
                assert_eq!(OR_CONTROL.first_in(&bytes), expected, "{byte}");
            }
        }
        assert_eq!(WANTED.first_in(b""), None);
    }

    #[test]
    fn of_two_bytes_the_first_is_found_whatever_stands_behind_it() {
        let texts = (0..=u8::MAX).flat_map(with);
        let firsts = texts.flat_map(|(bytes, place)| {
            (0..place).map(move |first| {
                let mut bytes = bytes.clone();
                bytes[first] = b'<';
                (bytes, first)
            })
        });
        for (bytes, first) in firsts {
            assert_eq!(WANTED.first_in(&bytes), Some(first), "{bytes:?}");
            assert_eq!(OR_CONTROL.first_in(&bytes), Some(first), "{bytes:?}");
        }
    }

    #[test]
    fn a_byte_that_is_almost_wanted_is_not() {
        for byte in [b'<' - 1, b'<' + 1, b'&' + 1, b' ', 0x80, 0x80 + b'<', 0xff] {
            assert_eq!(WANTED.first_in(&[byte; 17]), None, "{byte}");
            assert_eq!(OR_CONTROL.first_in(&[byte; 17]), None, "{byte}");
        }
    }
}
