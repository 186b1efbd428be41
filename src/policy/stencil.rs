//! Looking for a text with holes: Baeza-Yates and Gonnet's shift-and, 64 characters at a time.

use super::glob::count_steps;

/// A text in which some characters may be anything.
///
/// Bit *n* of the state says whether the last *n* + 1 characters read fit the first *n* + 1 cells,
/// so that each character read costs one step for every 64 cells, however often a fit nearly
/// succeeds. Looking place by place would cost a step for every cell.
pub(super) struct Stencil {
    cells: usize,
    holes: Vec<u64>,
    places: Places,
}

/// Where each character stands among the cells: rows of bits, as long as the state.
struct Places {
    /// One row after another; the first is of those that stand nowhere.
    rows: Vec<u64>,
    words: usize,
    /// The row of each character of ASCII. A policy has 32,768 bytes at most, and so many rows.
    ascii: [u16; 128],
    /// And of every other, in the order of the characters.
    others: Vec<(char, u16)>,
}

impl Places {
    fn new(words: usize) -> Self {
        Self {
            rows: vec![0; words],
            words,
            ascii: [0; 128],
            others: Vec::new(),
        }
    }

    fn row_number(&self, c: char) -> u16 {
        match self.ascii.get(c as usize) {
            Some(row) => *row,
            None => match self.others.binary_search_by_key(&c, |(other, _)| *other) {
                Ok(at) => self.others.get(at).map_or(0, |(_, row)| *row),
                Err(_) => 0,
            },
        }
    }

    fn row(&self, c: char) -> &[u64] {
        let start = usize::from(self.row_number(c)) * self.words;
        self.rows.get(start..start + self.words).unwrap_or_default()
    }

    /// The row of a character, a new one where it has none yet.
    fn row_mut(&mut self, c: char) -> &mut [u64] {
        if self.row_number(c) == 0 {
            let row = u16::try_from(self.rows.len() / self.words).unwrap_or_default();
            self.rows.resize(self.rows.len() + self.words, 0);
            if let Some(place) = self.ascii.get_mut(c as usize) {
                *place = row;
            } else {
                let at = self.others.partition_point(|(other, _)| *other < c);
                self.others.insert(at, (c, row));
            }
        }
        let start = usize::from(self.row_number(c)) * self.words;
        self.rows
            .get_mut(start..start + self.words)
            .unwrap_or_default()
    }
}

impl Stencil {
    /// The stencil of these cells, `None` for a hole; at least one.
    pub(super) fn new(cells: &[Option<char>]) -> Self {
        let words = cells.len().div_ceil(64);
        let mut stencil = Self {
            cells: cells.len(),
            holes: vec![0; words],
            places: Places::new(words),
        };
        for (index, cell) in cells.iter().enumerate() {
            let bits = match cell {
                None => &mut stencil.holes,
                Some(c) => stencil.places.row_mut(*c),
            };
            if let Some(word) = bits.get_mut(index / 64) {
                *word |= 1 << (index % 64);
            }
        }
        stencil
    }

    /// What follows the leftmost place where the stencil fits.
    pub(super) fn skip_past<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut state = vec![0; self.holes.len()];
        let last_cell = 1 << (self.cells.checked_sub(1)? % 64);
        for (at, c) in text.char_indices() {
            self.read(&mut state, self.places.row(c));
            if state.last().is_some_and(|word| word & last_cell != 0) {
                return text.get(at + c.len_utf8()..);
            }
        }
        None
    }

    /// Moves each fit on by the character that stands at `places`, and begins a new one.
    fn read(&self, state: &mut [u64], places: &[u64]) {
        count_steps(state.len());
        let mut carried = 1;
        for ((word, holes), places) in state.iter_mut().zip(&self.holes).zip(places) {
            let moved = (*word << 1) | carried;
            carried = *word >> 63;
            *word = moved & (holes | places);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(pattern: &str) -> Vec<Option<char>> {
        pattern.chars().map(|c| (c != '?').then_some(c)).collect()
    }

    fn reference(pattern: &[Option<char>], text: &[char]) -> Option<usize> {
        let fits = |window: &[char]| {
            window
                .iter()
                .zip(pattern)
                .all(|(c, cell)| cell.is_none_or(|cell| cell == *c))
        };
        let start = text.windows(pattern.len()).position(fits)?;
        Some(start + pattern.len())
    }

    #[test]
    fn words_are_joined() {
        let pattern = ["a".repeat(63).as_str(), "b?", "c".repeat(70).as_str()].concat();
        let text = pattern.replace('?', "x") + "rest";
        let stencil = Stencil::new(&cells(&pattern));
        assert_eq!(stencil.skip_past(&("aa".to_owned() + &text)), Some("rest"));
        assert_eq!(stencil.skip_past(&text.replace('b', "d")), None);
    }

    proptest! {
        #[test]
        fn finds_the_leftmost_place(pattern in "[ab?é]{1,6}", repeat in 1..40_usize, text in "[abé]{0,260}") {
            let cells = cells(&pattern.repeat(repeat));
            let chars: Vec<char> = text.chars().collect();
            let expected = reference(&cells, &chars)
                .map(|end| chars[end..].iter().collect::<String>());
            let found = Stencil::new(&cells).skip_past(&text).map(str::to_owned);
            prop_assert_eq!(found, expected);
        }
    }
}
