//! What a value is held against: texts, globs, regular expressions, ARN patterns.

use std::collections::{BTreeMap, BTreeSet};

use super::error::RuleProblem;
use super::{MAX_REGEX_BYTES, MAX_TEXT};

/// Whether upper and lower case are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Told,
    /// `A`-`Z` count as `a`-`z`; no other letter is folded.
    Ignored,
}

#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Texts {
        /// In lower case where case is ignored.
        texts: BTreeSet<String>,
        /// All in lower case, for near misses.
        folded: BTreeSet<String>,
        case: Case,
    },
    Glob(Glob),
    Regex(WholeRegex),
}

/// The values of named captures, of one value that matched or of several together.
pub(super) type Bindings = BTreeMap<String, String>;

impl Pattern {
    pub(super) fn texts(texts: impl IntoIterator<Item = String>, case: Case) -> Self {
        let texts: BTreeSet<String> = texts.into_iter().collect();
        let folded = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        Self::Texts {
            texts,
            folded,
            case,
        }
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        match self {
            Self::Texts {
                case: Case::Told,
                texts,
                ..
            } => texts.contains(value),
            Self::Texts {
                case: Case::Ignored,
                folded,
                ..
            } => folded.contains(&value.to_ascii_lowercase()),
            Self::Glob(glob) => glob.matches(value),
            Self::Regex(regex) => regex.whole.is_match(value),
        }
    }

    /// Whether the value matches once upper and lower case are one.
    pub(super) fn matches_in_any_case(&self, value: &str) -> bool {
        match self {
            Self::Texts { folded, .. } => folded.contains(&value.to_ascii_lowercase()),
            Self::Glob(glob) => run_glob(&glob.text, value, Case::Ignored, AnyRun::Everything),
            Self::Regex(regex) => regex.any_case.is_match(value),
        }
    }

    /// The texts themselves, where the pattern is made of whole texts.
    pub(super) fn wanted_texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::Texts { texts, .. } => Some(texts),
            Self::Glob(_) | Self::Regex(_) => None,
        };
        texts.into_iter().flatten().map(String::as_str)
    }
}

/// `*` is any run of characters, `?` any one character.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    pub(super) text: String,
    pub(super) case: Case,
}

impl Glob {
    fn matches(&self, value: &str) -> bool {
        run_glob(&self.text, value, self.case, AnyRun::Everything)
    }
}

/// A regular expression that a whole value must match.
#[derive(Debug, Clone)]
pub(super) struct WholeRegex {
    pub(super) text: String,
    whole: regex::Regex,
    any_case: regex::Regex,
}

impl WholeRegex {
    /// Compiles the expression, by itself first: one that is only right inside the brackets that
    /// hold it to the whole value could break out of them (`a)|(?:b`).
    pub(super) fn new(text: &str) -> Result<Self, RuleProblem> {
        if text.chars().count() > MAX_TEXT {
            return Err(RuleProblem::TooMany {
                most: MAX_TEXT,
                what: "characters",
            });
        }
        build(text, Case::Told)?;
        let whole = format!(r"\A(?:{text})\z");
        Ok(Self {
            text: text.to_owned(),
            whole: build(&whole, Case::Told)?,
            any_case: build(&whole, Case::Ignored)?,
        })
    }

    pub(super) fn capture_names(&self) -> impl Iterator<Item = &str> {
        self.whole.capture_names().flatten()
    }

    /// The captures named in `wanted`; a group that took no part, or took nothing, has no value.
    pub(super) fn captures(&self, value: &str, wanted: &BTreeSet<String>) -> Option<Bindings> {
        let captures = self.whole.captures(value)?;
        let taken = wanted.iter().filter_map(|name| {
            let text = captures.name(name)?.as_str();
            (!text.is_empty()).then(|| (name.clone(), text.to_owned()))
        });
        Some(taken.collect())
    }
}

fn build(text: &str, case: Case) -> Result<regex::Regex, RuleProblem> {
    regex::RegexBuilder::new(text)
        .case_insensitive(case == Case::Ignored)
        .size_limit(MAX_REGEX_BYTES)
        .dfa_size_limit(MAX_REGEX_BYTES)
        .nest_limit(32)
        .build()
        .map_err(|error| RuleProblem::Regex(last_line(&error.to_string())))
}

/// The crate's message draws the expression over several lines; the last one says what is wrong.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// One entry of `allowed_roles`: a glob whose `*` and `?` don't cross a `:`.
#[derive(Debug, Clone)]
pub(super) struct ArnPattern(String);

impl ArnPattern {
    pub(super) fn new(text: &str) -> Result<Self, RuleProblem> {
        let parts: Vec<&str> = text.splitn(7, ':').collect();
        let good = matches!(parts[..], ["arn", _, "iam", "", _, resource] if resource.starts_with("role/"));
        if !good || text.len() > MAX_TEXT {
            return Err(RuleProblem::NotARolePattern);
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn matches(&self, arn: &str) -> bool {
        run_glob(&self.0, arn, Case::Told, AnyRun::WithoutColon)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnyRun {
    Everything,
    WithoutColon,
}

impl AnyRun {
    fn takes(self, c: char) -> bool {
        self == Self::Everything || c != ':'
    }
}

/// Matches without recursion: on a mismatch the last `*` takes one character more. The time is
/// bounded by the length of the pattern times that of the value.
fn run_glob(pattern: &str, value: &str, case: Case, run: AnyRun) -> bool {
    let mut rest = value.chars();
    let mut wanted = pattern.chars();
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (next, have) = (wanted.next(), rest.clone().next());
        let fits = match (next, have) {
            (None, None) => return true,
            (Some('*'), _) => {
                retry = Some((wanted.clone(), rest.clone()));
                continue;
            }
            (Some('?'), Some(c)) => run.takes(c),
            (Some(a), Some(b)) => same(a, b, case),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if fits {
            rest.next();
            continue;
        }
        let Some((after_star, from)) = retry.as_mut() else {
            return false;
        };
        if !from.next().is_some_and(|c| run.takes(c)) {
            return false;
        }
        (wanted, rest) = (after_star.clone(), from.clone());
    }
}

fn same(one: char, other: char, case: Case) -> bool {
    match case {
        Case::Told => one == other,
        Case::Ignored => one.eq_ignore_ascii_case(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str, value: &str) -> bool {
        run_glob(pattern, value, Case::Told, AnyRun::Everything)
    }

    #[test]
    fn glob_matches_whole_values() {
        for (pattern, value, matches) in [
            ("aws-*", "aws-", true),
            ("aws-*", "aws-x:y/z", true),
            ("aws-*", "xaws-", false),
            ("*-read", "a-read-read", true),
            ("*-read", "a-reads", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aüc", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
        ] {
            assert_eq!(glob(pattern, value), matches, "{pattern} {value}");
        }
    }

    #[test]
    fn hostile_glob_ends_soon() {
        assert!(!glob(&("*a".repeat(500) + "b"), &"a".repeat(4_000)));
    }

    #[test]
    fn star_of_an_arn_pattern_stays_between_colons() {
        let pattern = ArnPattern::new("arn:aws:iam::4820*:role/eng/*").unwrap();
        assert!(pattern.matches("arn:aws:iam::482011739056:role/eng/ReadOnly"));
        assert!(!pattern.matches("arn:aws:iam::4820:x:role/eng/ReadOnly"));
        assert!(!pattern.matches("arn:aws:iam::482011739056:role/eng/a:b"));
        assert!(!pattern.matches("arn:aws:iam::582011739056:role/eng/ReadOnly"));
    }

    #[test]
    fn arn_pattern_is_one_of_roles() {
        for bad in [
            "*",
            "arn:aws:iam::*:user/x",
            "arn:aws:iam::1:role",
            "arn:*:role/x",
            "",
        ] {
            assert_eq!(
                ArnPattern::new(bad).err(),
                Some(RuleProblem::NotARolePattern),
                "{bad}"
            );
        }
    }

    #[test]
    fn regex_is_held_against_the_whole_value() {
        let regex = WholeRegex::new("a|aws-read").unwrap();
        for (value, matches) in [
            ("aws-read", true),
            ("a", true),
            ("xaws-read", false),
            ("aws-read\n", false),
        ] {
            assert_eq!(regex.whole.is_match(value), matches, "{value:?}");
        }
    }

    #[test]
    fn expression_cannot_leave_its_brackets() {
        assert!(matches!(
            WholeRegex::new("a)|(?:b"),
            Err(RuleProblem::Regex(_))
        ));
    }

    #[test]
    fn big_expression_is_refused() {
        assert!(matches!(
            WholeRegex::new(r"(\w{100}){100}"),
            Err(RuleProblem::Regex(_))
        ));
    }

    #[test]
    fn ignored_case_folds_ascii_only() {
        let pattern = Pattern::texts(["keepers".to_owned()], Case::Ignored);
        assert!(pattern.matches("KEEPERS"));
        assert!(!pattern.matches("\u{212a}eepers"));
    }
}
