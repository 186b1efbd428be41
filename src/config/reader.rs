//! Reads a TOML table and collects every problem, each with its path, instead of stopping at the
//! first one. Values are never quoted in a problem: one of them may be a secret in the wrong place.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::{Table, Value};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path in the file (`tls.key_file`), the name of an environment variable, or the file's
    /// own name where it can't be read as TOML.
    pub path: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.text)
    }
}

/// What reading has found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: RefCell<Vec<Problem>>,
    /// The paths of all settings that were asked for, whether the file has them or not.
    known: RefCell<Vec<String>>,
    unknown: RefCell<Vec<String>>,
}

impl Findings {
    pub(super) fn problem(&self, path: impl Into<String>, text: impl Display) {
        self.problems.borrow_mut().push(Problem {
            path: path.into(),
            text: text.to_string(),
        });
    }

    /// Every problem, unknown settings last, each with the name that was probably meant.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let known = self.known.into_inner();
        let mut problems = self.problems.into_inner();
        for path in self.unknown.into_inner() {
            let text = unknown_text(&path, &known);
            problems.push(Problem { path, text });
        }
        problems
    }

    /// The paths of all settings that were asked for.
    #[cfg(test)]
    pub(super) fn known(&self) -> Vec<String> {
        self.known.borrow().clone()
    }
}

/// A number that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberOrOff {
    /// It is.
    Off,
    /// It is not.
    Number(u32),
}

/// Reads one table; [`Reader::finish`] reports what was not asked for.
pub(super) struct Reader<'a> {
    table: Option<&'a Table>,
    /// Empty at the top, otherwise with a full stop at its end.
    prefix: String,
    asked: Vec<&'static str>,
    findings: &'a Findings,
    /// What relative paths are relative to.
    folder: &'a Path,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(table: &'a Table, folder: &'a Path, findings: &'a Findings) -> Self {
        Self {
            table: Some(table),
            prefix: String::new(),
            asked: Vec::new(),
            findings,
            folder,
        }
    }

    /// The path of a setting of this table.
    pub(super) fn path(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Notes a problem with a setting of this table.
    pub(super) fn problem(&self, key: &str, text: impl Display) {
        self.findings.problem(self.path(key), text);
    }

    /// Notes a problem with the table itself.
    pub(super) fn problem_here(&self, text: impl Display) {
        self.findings
            .problem(self.prefix.trim_end_matches('.'), text);
    }

    /// Whether the file has this setting.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Whether the file has this table and it holds nothing.
    pub(super) fn is_empty_table(&self) -> bool {
        self.table.is_some_and(Table::is_empty)
    }

    /// Reads a table in this one; where there is none, `read` sees an empty one.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'a>) -> T,
    ) -> T {
        self.asked.push(key);
        let table = match self.table.and_then(|table| table.get(key)) {
            None => None,
            Some(Value::Table(table)) => Some(table),
            Some(_) => {
                self.problem(key, format_args!("must be a table: [{}]", self.path(key)));
                None
            }
        };
        let mut section = Self {
            table,
            prefix: self.path(key) + ".",
            asked: Vec::new(),
            findings: self.findings,
            folder: self.folder,
        };
        let value = read(&mut section);
        section.finish();
        value
    }

    /// A text that is parsed.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, key: &'static str) -> Option<T> {
        let text = self.text(key)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(key, error);
                None
            }
        }
    }

    /// A list of texts that are parsed; `None` where the file has no list.
    pub(super) fn list<T: FromStr<Err: Display>>(&mut self, key: &'static str) -> Option<Vec<T>> {
        let value = self.ask(key)?;
        self.items(key, value)
    }

    /// A table of lists by name, none of them empty, names and texts parsed; empty where the file
    /// has none.
    pub(super) fn lists<K, V>(&mut self, key: &'static str) -> BTreeMap<K, Vec<V>>
    where
        K: FromStr<Err: Display> + Ord,
        V: FromStr<Err: Display>,
    {
        let Some(value) = self.ask(key) else {
            return BTreeMap::new();
        };
        let Value::Table(table) = value else {
            self.problem(key, format_args!("must be a table: [{}]", self.path(key)));
            return BTreeMap::new();
        };
        let entries = table.iter();
        entries
            .filter_map(|(name, value)| self.named_list(&format!("{key}.\"{name}\""), name, value))
            .collect()
    }

    fn named_list<K, V>(&self, path: &str, name: &str, value: &Value) -> Option<(K, Vec<V>)>
    where
        K: FromStr<Err: Display>,
        V: FromStr<Err: Display>,
    {
        if value.is_table() {
            let text = "must be a list of texts; a name with full stops stands in quotation marks";
            self.problem(path, text);
            return None;
        }
        let parsed = name.parse().map_err(|error| self.problem(path, error)).ok();
        let items = self.items(path, value)?;
        if value.as_array().is_some_and(Vec::is_empty) {
            self.problem(path, "must not be empty");
        }
        Some((parsed?, items))
    }

    fn items<T: FromStr<Err: Display>>(&self, path: &str, value: &Value) -> Option<Vec<T>> {
        let Value::Array(items) = value else {
            self.problem(path, "must be a list of texts");
            return None;
        };
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let parsed = item.as_str().map(str::parse::<T>);
            match parsed {
                Some(Ok(value)) => values.push(value),
                Some(Err(error)) => self.problem(&format!("{path}[{index}]"), error),
                None => self.problem(&format!("{path}[{index}]"), "must be a text"),
            }
        }
        Some(values)
    }

    /// A whole number within bounds, both of which are allowed.
    pub(super) fn number<N>(&mut self, key: &'static str, bounds: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
        let number = self
            .ask(key)?
            .as_integer()
            .and_then(|number| N::try_from(number).ok());
        let within = number.filter(|number| bounds.contains(number));
        if within.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            self.problem(
                key,
                format_args!("must be a whole number from {least} to {most}"),
            );
        }
        within
    }

    /// A share, from 0 to 1.
    pub(super) fn share(&mut self, key: &'static str) -> Option<f64> {
        let number = match self.ask(key)? {
            Value::Float(number) => Some(*number),
            // Nought and one may stand there without a point.
            Value::Integer(0) => Some(0.0),
            Value::Integer(1) => Some(1.0),
            _ => None,
        };
        let within = number.filter(|number| (0.0..=1.0).contains(number));
        if within.is_none() {
            self.problem(key, "must be a number from 0.0 to 1.0");
        }
        within
    }

    /// A whole number within bounds, both of which are allowed, or the word `off`.
    pub(super) fn number_or_off(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<u32>,
    ) -> Option<NumberOrOff> {
        let value = self.ask(key)?;
        if value.as_str() == Some("off") {
            return Some(NumberOrOff::Off);
        }
        let number = value.as_integer().and_then(|it| u32::try_from(it).ok());
        let within = number.filter(|number| bounds.contains(number));
        if within.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            let text = format_args!("must be a whole number from {least} to {most}, or \"off\"");
            self.problem(key, text);
        }
        within.map(NumberOrOff::Number)
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.problem(key, format_args!("must be one of: {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// The path of a file or folder; a relative one is relative to the file's folder.
    pub(super) fn place(&mut self, key: &'static str) -> Option<PathBuf> {
        match self.text(key)? {
            "" => {
                self.problem(key, "must be the path of a file or folder");
                None
            }
            text => Some(self.folder.join(text)),
        }
    }

    /// The path of a file that can be read now.
    pub(super) fn readable(&mut self, key: &'static str) -> Option<PathBuf> {
        let place = self.place(key)?;
        match std::fs::File::open(&place).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_file() => Some(place),
            Ok(_) => {
                self.problem(key, "must be a file, not a folder");
                None
            }
            Err(error) => {
                self.problem(key, format_args!("the file can't be read: {error}"));
                None
            }
        }
    }

    /// What relative paths are relative to.
    pub(super) const fn folder(&self) -> &'a Path {
        self.folder
    }

    /// A secret may not stand in the file.
    pub(super) fn refuse_secret(&mut self, key: &'static str, instead: &str) {
        if self.has(key) {
            self.asked.push(key);
            self.problem(
                key,
                format_args!("a secret doesn't stand in this file; {instead}"),
            );
        }
    }

    /// Reports what was not asked for.
    pub(super) fn finish(self) {
        let names = self.table.into_iter().flat_map(Table::keys);
        for name in names.filter(|name| !self.asked.contains(&name.as_str())) {
            self.findings.unknown.borrow_mut().push(self.path(name));
        }
    }

    /// A text, as it stands there.
    fn text(&mut self, key: &'static str) -> Option<&'a str> {
        let text = self.ask(key)?.as_str();
        if text.is_none() {
            self.problem(key, "must be a text");
        }
        text
    }

    fn ask(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.push(key);
        self.findings.known.borrow_mut().push(self.path(key));
        self.table?.get(key)
    }
}

fn unknown_text(path: &str, known: &[String]) -> String {
    const SECRETS: [&str; 4] = ["secret", "password", "private_key", "token"];
    let name = last(path);
    if SECRETS.iter().any(|word| name.contains(word)) {
        return "there is no such setting, and a secret doesn't stand in this file".to_owned();
    }
    let elsewhere = known.iter().find(|other| last(other) == name);
    let near = || {
        let distances = known.iter().map(|other| (distance(path, other), other));
        let nearest = distances.min_by_key(|(distance, _)| *distance);
        nearest.filter(|(distance, _)| *distance <= MAX_DISTANCE)
    };
    match elsewhere.or_else(|| near().map(|(_, other)| other)) {
        Some(other) => format!("there is no such setting; did you mean {other}?"),
        None => "there is no such setting".to_owned(),
    }
}

/// A name this many changed letters away is still taken for the one that was meant.
const MAX_DISTANCE: usize = 3;

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// How many letters must be put in, taken out or changed to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut next = vec![index + 1];
        for (above, wanted) in row.iter().skip(1).zip(other.chars()) {
            let left = next.last().copied().unwrap_or_default();
            let change = diagonal + usize::from(letter != wanted);
            next.push(change.min(left + 1).min(above + 1));
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changed_letters() {
        for (one, other, expected) in [
            ("", "abc", 3),
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("lsiten", "listen", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn every_wrong_value_is_told_with_its_path() {
        let table = "a = 1\nb = 'x'\nc = [1, 'y']\nd = 'up'\nsection = 3\nbee = 1";
        let table: Table = table.parse().unwrap();
        let findings = Findings::default();
        let mut reader = Reader::new(&table, Path::new(""), &findings);
        assert_eq!(reader.parsed::<u8>("a"), None);
        assert_eq!(reader.number::<u32>("b", 1..=5), None);
        assert_eq!(reader.list::<u8>("c"), Some(vec![]));
        assert_eq!(reader.word("d", &[("left", 1), ("right", 2)]), None);
        reader.section("section", |section| section.place("e"));
        reader.finish();
        let problems: Vec<String> = findings
            .into_problems()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            problems,
            [
                "a: must be a text",
                "b: must be a whole number from 1 to 5",
                "c[0]: must be a text",
                "c[1]: invalid digit found in string",
                "d: must be one of: left, right",
                "section: must be a table: [section]",
                "bee: there is no such setting; did you mean b?",
            ]
        );
    }
}
