//! Wildcards: `*` for any text, `?` for one character.

use super::stencil::Stencil;

/// A compiled pattern: the texts between its stars.
///
/// Each text but the first and last is searched from left to right and never looked for again
/// further on, because what its leftmost place leaves for the rest is the most that any place can
/// leave. So there is no backtracking over stars, and matching is linear in the length of the text:
/// one pass where a part has no `?` (`str::find` is Two-Way), one step for each character of the
/// text and every 64 of the part where it has (`Stencil`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// Anchored at the beginning.
    head: Segment,
    /// What follows the first star.
    rest: Option<Rest>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rest {
    middle: Vec<Segment>,
    /// Anchored at the end.
    tail: Segment,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// This text, of which no character is a wildcard.
    Text(&'a str),
    /// `?`
    One,
    /// `*`
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Segment(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    One,
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// A `?` after a star is moved before it, which means the same: so `*?*?*?` is one star and
    /// each segment after the first begins with a text to look for.
    pub(super) fn new<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> Self {
        let mut segments = vec![Segment::default()];
        let mut after_star = false;
        for part in parts {
            let is_text = matches!(part, Part::Text(text) if !text.is_empty());
            if after_star && is_text {
                segments.push(Segment::default());
                after_star = false;
            }
            match (part, segments.last_mut()) {
                (Part::Any, _) => after_star = true,
                (Part::One, Some(segment)) => segment.0.push(Piece::One),
                (Part::Text(text), Some(segment)) if is_text => segment.push_text(text),
                (Part::One | Part::Text(_), _) => {}
            }
        }
        if after_star {
            segments.push(Segment::default());
        }
        Self::of(segments)
    }

    fn of(mut segments: Vec<Segment>) -> Self {
        let last = segments.pop().unwrap_or_default();
        let mut segments = segments.into_iter();
        match segments.next() {
            None => Self {
                head: last,
                rest: None,
            },
            Some(head) => Self {
                head,
                rest: Some(Rest {
                    middle: segments.collect(),
                    tail: last,
                }),
            },
        }
    }

    /// Whether the whole text fits the pattern.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(remaining) = self.head.strip_from_start(text) else {
            return false;
        };
        let Some(rest) = &self.rest else {
            return remaining.is_empty();
        };
        let Some(remaining) = rest.tail.strip_from_end(remaining) else {
            return false;
        };
        rest.middle
            .iter()
            .try_fold(remaining, |remaining, segment| segment.skip_past(remaining))
            .is_some()
    }
}

impl Segment {
    fn push_text(&mut self, text: &str) {
        if let Some(Piece::Text(last)) = self.0.last_mut() {
            last.push_str(text);
        } else {
            self.0.push(Piece::Text(text.to_owned()));
        }
    }

    /// What follows the segment where the text begins with it.
    fn strip_from_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.iter().try_fold(text, |text, piece| match piece {
            Piece::Text(literal) => text.strip_prefix(literal.as_str()),
            Piece::One => after_first_char(text),
        })
    }

    /// What precedes the segment where the text ends with it.
    fn strip_from_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0
            .iter()
            .rev()
            .try_fold(text, |text, piece| match piece {
                Piece::Text(literal) => text.strip_suffix(literal.as_str()),
                Piece::One => {
                    let mut chars = text.chars();
                    chars.next_back()?;
                    Some(chars.as_str())
                }
            })
    }

    /// What follows the leftmost place of the segment in the text.
    fn skip_past<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let [Piece::Text(only)] = self.0.as_slice() {
            let after = text.split_once(only.as_str()).map(|(_, after)| after);
            count_steps(only.len() + text.len() - after.map_or(0, str::len));
            return after;
        }
        let cells = self.cells();
        count_steps(2 * cells.len());
        if cells.is_empty() {
            return Some(text);
        }
        // A stencil is never longer than the text, which bounds what is built here.
        let fits = text.chars().nth(cells.len() - 1).is_some();
        fits.then(|| Stencil::new(&cells).skip_past(text))?
    }

    fn cells(&self) -> Vec<Option<char>> {
        let mut cells = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => cells.extend(text.chars().map(Some)),
                Piece::One => cells.push(None),
            }
        }
        cells
    }
}

/// Tells a test how much was looked at: characters of the text, each for every 64 cells of a stencil, and
/// of the pattern.
pub(super) fn count_steps(steps: usize) {
    #[cfg(test)]
    STEPS.with(|all| all.set(all.get() + steps));
    #[cfg(not(test))]
    let _ = steps;
}

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn after_first_char(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next()?;
    Some(chars.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str) -> Glob {
        Glob::new(pattern.split("").map(|character| match character {
            "*" => Part::Any,
            "?" => Part::One,
            text => Part::Text(text),
        }))
    }

    fn reference(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, _) => text.is_empty(),
            (Some((&'*', more)), _) => {
                reference(more, text) || (!text.is_empty() && reference(pattern, &text[1..]))
            }
            (Some((&p, more)), Some((&t, rest))) => (p == '?' || p == t) && reference(more, rest),
            (Some(_), None) => false,
        }
    }

    #[test]
    fn the_usual_patterns() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "ü", true),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a*a", "a", false),
            ("a*b*c", "aXbYbZc", true),
            ("repo:org/*:ref:*", "repo:org/app:ref:refs/heads/main", true),
            ("repo:org/*", "repo:organ/app", false),
            ("*ab", "aab", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(glob(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn stars_and_question_marks_in_a_row_are_one_star() {
        let hostile = glob(&("*?".repeat(900) + "x"));
        let rest = hostile.rest.as_ref().unwrap();
        assert_eq!(hostile.head.0, vec![Piece::One; 900]);
        assert!(rest.middle.is_empty());
        assert_eq!(rest.tail.0, [Piece::Text("x".into())]);
        assert!(!hostile.matches(&"a".repeat(2048)));
        assert!(hostile.matches(&("a".repeat(2048) + "x")));
    }

    #[test]
    fn a_part_that_nearly_fits_everywhere_is_looked_for_once() {
        let hostile = glob(&format!("*{}b*", "a?".repeat(512)));
        let rest = hostile.rest.as_ref().unwrap();
        assert_eq!(rest.middle.len(), 1);
        assert!(!hostile.matches(&"a".repeat(2048)));
        assert!(hostile.matches(&("a".repeat(2048) + "b")));
    }

    fn steps(pattern: &str, text: &str) -> usize {
        let glob = glob(pattern);
        STEPS.set(0);
        glob.matches(text);
        STEPS.get()
    }

    /// What matching costs at most: twice the pattern, and the text once, for every 64 cells of its
    /// longest part once more, and once where it ends in vain.
    fn bound(pattern: &str, text: &str) -> usize {
        let longest = pattern.split('*').map(|part| part.chars().count()).max();
        2 * pattern.len() + (2 + longest.unwrap_or(0) / 64) * text.len()
    }

    #[test]
    fn no_pattern_costs_more_than_its_length_and_the_texts() {
        let text = "a".repeat(2048);
        for pattern in [
            "*?".repeat(900) + "x",
            "*a".repeat(1000) + "x",
            "*a?".repeat(680) + "x",
            "a*".repeat(1000) + "b*",
            "*a?a".repeat(500) + "*b*",
            format!("*{}b*", "a?".repeat(512)),
            format!("*{}b*", "a".repeat(1000)),
            "*".repeat(2048),
            "?".repeat(2048),
            format!("{}*b", "?".repeat(2000)),
            "*a?b".repeat(500),
            "*aaaaaaaaaaaaaaaab".repeat(110),
        ] {
            for text in [
                &text,
                &(text.clone() + "x"),
                &"ab".repeat(1024),
                &"é".repeat(1024),
            ] {
                let (found, most) = (steps(&pattern, text), bound(&pattern, text));
                assert!(
                    found <= most,
                    "{found} steps, at most {most}: {pattern} {text}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_pattern_costs_more(pattern in "[ab?*]{0,200}", text in "[ab]{0,400}") {
            prop_assert!(steps(&pattern, &text) <= bound(&pattern, &text));
        }

        #[test]
        fn agrees_with_the_definition(pattern in "[ab?*é]{0,8}", text in "[abé]{0,9}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                glob(&pattern).matches(&text),
                reference(&chars(&pattern), &chars(&text))
            );
        }

        #[test]
        fn every_text_fits_itself_with_characters_blotted_out(
            text in "[abc:/]{0,60}",
            holes in proptest::collection::vec(any::<(usize, bool)>(), 0..6),
        ) {
            let mut pattern: Vec<char> = text.chars().collect();
            for (at, star) in holes {
                if !pattern.is_empty() {
                    let at = at % pattern.len();
                    pattern[at] = if star { '*' } else { '?' };
                }
            }
            let pattern: String = pattern.into_iter().collect();
            prop_assert!(glob(&pattern).matches(&text));
        }
    }
}
