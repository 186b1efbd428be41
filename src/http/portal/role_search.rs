//! Looking for roles by what somebody types.
//!
//! ```text
//! query ── words ── each must be found in some field of the role
//!                    whole field > start of a part > first letters of parts > inside > scattered letters
//! ```
//! `static/role-search.js` does the same while somebody types; `tests/data/role_search.json` holds both to one
//! table. Both work on Unicode code points, so that what is marked is the same.

use std::ops::Range;

/// So many characters of a query are looked at.
pub const MAX_QUERY: usize = 256;
/// So many words of a query are looked at.
pub const MAX_WORDS: usize = 16;
/// Letters of a word with more of them are not looked for one by one.
pub const MAX_SCATTERED: usize = 32;
/// Where more is found, all of it stays in its order: somebody who types on will not read it.
pub const MAX_RANKED: usize = 100;
/// Letters are looked for from so many places of a field where the first of them stands.
const MAX_STARTS: usize = 16;

/// What a field of a role is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The role's name.
    Name,
    /// The role's path.
    Path,
    /// What people call the account.
    Alias,
    /// The account's number.
    Number,
    /// What the account is for.
    Environment,
    /// What the role is for.
    Description,
    /// One of the role's tags.
    Tag,
}

impl Field {
    /// Of two fields in which a word is found equally well, the one with more counts.
    const fn weight(self) -> u32 {
        match self {
            Self::Name => 5,
            Self::Alias => 4,
            Self::Path | Self::Tag => 3,
            Self::Number | Self::Environment => 2,
            Self::Description => 1,
        }
    }

    /// Whether a word may be found here whose letters stand apart.
    const fn takes_scattered(self) -> bool {
        matches!(self, Self::Name | Self::Alias)
    }
}

/// The text of a field, ready to be looked through.
#[derive(Debug)]
pub struct Text {
    folded: Vec<char>,
    /// Where a part begins: after what is no letter or digit, and a capital after a small letter.
    starts: Vec<bool>,
}

impl Text {
    /// Of this text.
    pub fn of(text: &str) -> Self {
        let mut folded = Vec::with_capacity(text.len());
        let mut starts = Vec::with_capacity(text.len());
        let mut before: Option<char> = None;
        for letter in text.chars() {
            folded.push(fold(letter));
            let is_first = before.is_none_or(|before| {
                !before.is_alphanumeric() || (before.is_lowercase() && letter.is_uppercase())
            });
            starts.push(letter.is_alphanumeric() && is_first);
            before = Some(letter);
        }
        Self { folded, starts }
    }

    fn is_start(&self, at: usize) -> bool {
        self.starts.get(at).copied().unwrap_or_default()
    }

    /// Where the word stands, and how good that is: at the start of a part, made of starts of parts, or inside.
    fn whole(&self, field: Field, word: &[char]) -> Option<(u32, Vec<Range<usize>>)> {
        let at_place = |at: usize| std::iter::once(at..at + word.len()).collect::<Vec<_>>();
        if self.folded == word {
            return Some((WHOLE, at_place(0)));
        }
        let mut inside = None;
        for (at, found) in self.folded.windows(word.len()).enumerate() {
            if found != word {
                continue;
            }
            if self.is_start(at) {
                return Some((START, at_place(at)));
            }
            inside.get_or_insert(at);
        }
        match self.scattered(field, word) {
            Some((0, places)) => Some((INITIALS, places)),
            _ => inside.map(|at| (INSIDE, at_place(at))),
        }
    }

    /// Where the word's letters stand one after another, the first of them at the start of a part, with as few
    /// gaps as there are, and how many. A letter at the start of a part makes none; for two letters there is at
    /// most one.
    fn scattered(&self, field: Field, word: &[char]) -> Option<(usize, Vec<Range<usize>>)> {
        if !field.takes_scattered() || word.len() > MAX_SCATTERED {
            return None;
        }
        let (first, rest) = word.split_first()?;
        let letters = self.folded.iter().enumerate();
        let starts = letters.filter(|(at, letter)| *letter == first && self.is_start(*at));
        let starts = starts.map(|(at, _)| at).take(MAX_STARTS);
        let found = starts.filter_map(|at| self.letters_from(at, rest));
        let (gaps, found) = found.min_by_key(|(gaps, _)| *gaps)?;
        (gaps <= word.len() / 2).then(|| (gaps, joined(&found)))
    }

    /// Where the letters after the first one at `at` stand, and how many gaps that makes.
    fn letters_from(&self, at: usize, rest: &[char]) -> Option<(usize, Vec<usize>)> {
        let mut found = vec![at];
        let (mut last, mut gaps) = (at, 0);
        for letter in rest {
            let mut after = self.folded.iter().enumerate().skip(last + 1);
            let (at, _) = after.find(|(_, other)| *other == letter)?;
            if at != last + 1 && !self.is_start(at) {
                gaps += 1;
            }
            found.push(at);
            last = at;
        }
        Some((gaps, found))
    }
}

const WHOLE: u32 = 40;
const START: u32 = 30;
const INITIALS: u32 = 25;
const INSIDE: u32 = 20;
const SCATTERED: u32 = 10;

/// A letter without the difference of upper and lower case; as it is where that is more than one.
fn fold(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(folded), None) => folded,
        _ => letter,
    }
}

/// Places that follow one another, as ranges.
fn joined(places: &[usize]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for place in places {
        match ranges.last_mut() {
            Some(last) if last.end == *place => last.end += 1,
            _ => ranges.push(*place..*place + 1),
        }
    }
    ranges
}

/// What somebody types, as the words that must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(Vec<Vec<char>>);

/// That a role was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Higher is better.
    pub score: u32,
    /// What to mark: the number of the field, and the places in it.
    pub marks: Vec<(usize, Vec<Range<usize>>)>,
}

impl Query {
    /// The words of `text`, as far as they are looked at.
    pub fn of(text: &str) -> Self {
        let text: String = text.chars().take(MAX_QUERY).collect();
        let words = text.split_whitespace().take(MAX_WORDS);
        Self(words.map(|word| word.chars().map(fold).collect()).collect())
    }

    /// Whether every role is found.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every word is found in the fields, and where.
    pub fn find(&self, fields: &[(Field, &Text)]) -> Option<Hit> {
        let mut hit = Hit {
            score: 0,
            marks: Vec::new(),
        };
        for word in &self.0 {
            let scattered = |field, text: &Text| {
                let (_, places) = text.scattered(field, word)?;
                Some((SCATTERED, places))
            };
            let whole = best(fields, |field, text| text.whole(field, word));
            let found = whole.or_else(|| best(fields, scattered));
            let (score, field, places) = found?;
            hit.score += score;
            hit.marks.push((field, places));
        }
        Some(hit)
    }
}

type Found = (u32, usize, Vec<Range<usize>>);

/// The field in which the word is found best, the first of equals.
fn best(
    fields: &[(Field, &Text)],
    find: impl Fn(Field, &Text) -> Option<(u32, Vec<Range<usize>>)>,
) -> Option<Found> {
    let mut best: Option<Found> = None;
    for (number, (field, text)) in fields.iter().enumerate() {
        let Some((how, places)) = find(*field, text) else {
            continue;
        };
        let score = how + field.weight();
        if best.as_ref().is_none_or(|(known, ..)| score > *known) {
            best = Some((score, number, places));
        }
    }
    best
}

/// A text with the places that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked(Vec<(String, bool)>);

impl Marked {
    /// Nothing is marked.
    pub fn nowhere(text: &str) -> Self {
        Self(vec![(text.to_owned(), false)])
    }

    /// The characters in the ranges are marked; they may be in any order and overlap.
    pub fn at(text: &str, ranges: &[Range<usize>]) -> Self {
        let mut pieces: Vec<(String, bool)> = Vec::new();
        for (at, letter) in text.chars().enumerate() {
            let is_marked = ranges.iter().any(|range| range.contains(&at));
            match pieces.last_mut() {
                Some((piece, marked)) if *marked == is_marked => piece.push(letter),
                _ => pieces.push((letter.to_string(), is_marked)),
            }
        }
        Self(pieces)
    }

    /// Piece by piece: the text, and whether it is marked.
    pub fn pieces(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().map(|(text, marked)| (text.as_str(), *marked))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// The table that `tests/browser/role_search.test.mjs` reads, too.
    const TABLE: &str = include_str!("../../../tests/data/role_search.json");

    #[derive(Deserialize)]
    struct Table {
        matches: Vec<Case>,
        orders: Vec<Order>,
    }

    #[derive(Deserialize)]
    struct Case {
        role: Vec<(String, String)>,
        query: String,
        /// The fields with their marks in brackets; nothing where the role is not found.
        marked: Option<Vec<String>>,
    }

    #[derive(Deserialize)]
    struct Order {
        roles: Vec<Vec<(String, String)>>,
        query: String,
        #[serde(rename = "order")]
        expected: Vec<usize>,
    }

    fn field(name: &str) -> Field {
        match name {
            "name" => Field::Name,
            "path" => Field::Path,
            "alias" => Field::Alias,
            "number" => Field::Number,
            "environment" => Field::Environment,
            "description" => Field::Description,
            "tag" => Field::Tag,
            other => panic!("{other}"),
        }
    }

    fn find(role: &[(String, String)], query: &str) -> Option<Hit> {
        let texts: Vec<(Field, Text)> = role
            .iter()
            .map(|(name, text)| (field(name), Text::of(text)))
            .collect();
        let fields: Vec<(Field, &Text)> = texts.iter().map(|(it, text)| (*it, text)).collect();
        Query::of(query).find(&fields)
    }

    fn bracketed((piece, is_marked): (&str, bool)) -> String {
        if is_marked {
            format!("[{piece}]")
        } else {
            piece.to_owned()
        }
    }

    fn marked(role: &[(String, String)], hit: &Hit) -> Vec<String> {
        let fields = role.iter().enumerate().map(|(number, (_, text))| {
            let ranges = hit.marks.iter().filter(|(field, _)| *field == number);
            let ranges: Vec<_> = ranges.flat_map(|(_, ranges)| ranges.clone()).collect();
            let marked = Marked::at(text, &ranges);
            marked.pieces().map(bracketed).collect()
        });
        fields.collect()
    }

    #[test]
    fn every_case_of_the_table_is_found_as_it_says() {
        let table: Table = serde_json::from_str(TABLE).unwrap();
        assert!(table.matches.len() > 40);
        for case in &table.matches {
            let hit = find(&case.role, &case.query);
            let found = hit.map(|hit| marked(&case.role, &hit));
            assert_eq!(found, case.marked, "{:?} in {:?}", case.query, case.role);
        }
    }

    #[test]
    fn every_order_of_the_table_is_as_it_says() {
        let table: Table = serde_json::from_str(TABLE).unwrap();
        for case in &table.orders {
            let roles = case.roles.iter().enumerate();
            let mut found: Vec<(u32, usize)> = roles
                .filter_map(|(at, role)| Some((find(role, &case.query)?.score, at)))
                .collect();
            found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
            let order: Vec<usize> = found.into_iter().map(|(_, at)| at).collect();
            assert_eq!(order, case.expected, "{:?}", case.query);
        }
    }

    #[test]
    fn a_query_is_looked_at_within_its_bounds() {
        let words = "a ".repeat(MAX_WORDS + 1);
        assert_eq!(Query::of(&words).0.len(), MAX_WORDS);
        let long = "a".repeat(MAX_QUERY + 1);
        assert_eq!(Query::of(&long).0[0].len(), MAX_QUERY);
        assert!(Query::of(" \u{3000}\t").is_empty());
    }
}
