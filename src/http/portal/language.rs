//! The portal's languages: one file of messages each, in `templates/words`.
//!
//! The files are written in the syntax of Project Fluent. A file's name is the language's tag (BCP 47)
//! and nothing else has to be said of a language: to add one is to add its file.
//!
//! A message is one whole sentence or label, never a part of one, so that every language can put its
//! words in its own order. [`Language::say`] gives the message; what it is about is handed to it by
//! [`Said::with`]. Text of somebody else's making stands in it isolated (U+2068 … U+2069), so that a
//! name in another script can't turn the words beside it around.

use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentMessage, FluentResource, FluentValue};
use fluent_langneg::{NegotiationStrategy, negotiate_languages, parse_accepted_languages};
use include_dir::{Dir, include_dir};
use unic_langid::LanguageIdentifier;

use super::shown::Shown;

/// The language of those who ask for none that is there.
const DEFAULT: &str = "en";
/// Of `Accept-Language` no more is read, in bytes: browsers send a tenth of it.
const MAX_ACCEPT_BYTES: usize = 512;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/words");

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let files = FILES.files().filter_map(|file| {
        let tag = file.path().file_stem()?.to_str()?;
        Language::read(tag, file.contents_utf8()?)
    });
    let mut languages: Vec<Language> = files.collect();
    languages.sort_by(|one, other| one.tag.cmp(&other.tag));
    languages
});

/// The name of a message, as it stands in the files.
pub type MessageName = &'static str;

/// A language that the portal speaks.
pub struct Language {
    tag: String,
    identifier: LanguageIdentifier,
    messages: FluentBundle<FluentResource>,
}

impl Language {
    /// Every language that there is, by its tag.
    pub fn all() -> &'static [Self] {
        &LANGUAGES
    }

    /// The language with exactly this tag.
    pub fn tagged(tag: &str) -> Option<&'static Self> {
        Self::all().iter().find(|language| language.tag == tag)
    }

    /// What a browser's `Accept-Language` (RFC 9110, section 12.5.4) asks for first of what is there, in
    /// the header's order; English where nothing fits. Weights are not looked at: browsers send the
    /// best first.
    pub fn accepted(header: &str) -> Option<&'static Self> {
        let end = header.floor_char_boundary(MAX_ACCEPT_BYTES);
        let wanted = parse_accepted_languages(header.get(..end)?);
        let there: Vec<&LanguageIdentifier> =
            Self::all().iter().map(|known| &known.identifier).collect();
        let best = negotiate_languages(&wanted, &there, None, NegotiationStrategy::Lookup);
        let best = **best.first()?;
        Self::all().iter().find(|known| &known.identifier == best)
    }

    /// The language of those who ask for none.
    ///
    /// # Panics
    /// Never: a test holds that English is there.
    #[expect(clippy::expect_used, reason = "the file is in the binary")]
    pub fn of_others() -> &'static Self {
        Self::tagged(DEFAULT).expect("English is in the binary")
    }

    /// Its tag (BCP 47), as the page's `lang` says it: `en`, `zh-Hans`.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The message of this name. Where this language lacks it, English has it.
    pub fn say(&'static self, message: MessageName) -> Said {
        Said {
            language: self,
            message,
            arguments: FluentArgs::new(),
        }
    }

    fn read(tag: &str, text: &str) -> Option<Self> {
        let identifier: LanguageIdentifier = tag.parse().ok()?;
        let mut messages = FluentBundle::new_concurrent(vec![identifier.clone()]);
        messages.set_use_isolating(false);
        let resource = FluentResource::try_new(text.to_owned()).ok()?;
        messages.add_resource(resource).ok()?;
        Some(Self {
            tag: tag.to_owned(),
            identifier,
            messages,
        })
    }

    fn message(&self, name: &str) -> Option<FluentMessage<'_>> {
        self.messages.get_message(name)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.tag)
    }
}

/// A message, ready to be shown. Escaping for HTML is the template's.
pub struct Said {
    language: &'static Language,
    message: MessageName,
    arguments: FluentArgs<'static>,
}

impl Said {
    /// Hands the message something that it speaks of.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Argument) -> Self {
        self.arguments.set(name, value.value());
        self
    }
}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bundle, pattern) = [self.language, Language::of_others()]
            .into_iter()
            .find_map(|language| {
                Some((&language.messages, language.message(self.message)?.value()?))
            })
            .ok_or(fmt::Error)?;
        let mut wrong: Vec<FluentError> = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&self.arguments), &mut wrong);
        debug_assert!(wrong.is_empty(), "{}: {wrong:?}", self.message);
        formatter.write_str(&text)
    }
}

/// What a message can speak of.
pub trait Argument {
    /// The value as Fluent takes it.
    fn value(&self) -> FluentValue<'static>;
}

/// Isolated: it may run in another direction than the words beside it.
impl Argument for Shown {
    fn value(&self) -> FluentValue<'static> {
        ["\u{2068}", self.as_str(), "\u{2069}"].concat().into()
    }
}

impl Argument for str {
    fn value(&self) -> FluentValue<'static> {
        self.to_owned().into()
    }
}

impl Argument for String {
    fn value(&self) -> FluentValue<'static> {
        self.clone().into()
    }
}

/// A message within a message: a duration, a date.
impl Argument for Said {
    fn value(&self) -> FluentValue<'static> {
        self.to_string().into()
    }
}

impl Argument for usize {
    fn value(&self) -> FluentValue<'static> {
        (*self).into()
    }
}

impl Argument for u32 {
    fn value(&self) -> FluentValue<'static> {
        (*self).into()
    }
}

impl<T: Argument + ?Sized> Argument for &T {
    fn value(&self) -> FluentValue<'static> {
        (**self).value()
    }
}

#[cfg(test)]
mod tests;
