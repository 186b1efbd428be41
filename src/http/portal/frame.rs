//! What stands around every page: its language, its theme, whose gateway it is.

use std::borrow::Borrow;
use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::cookies;
use super::language::{Language, MessageName, Said};
use super::shown::Shown;
use crate::domain::{LocalPath, UnixTime};

const SECONDS_A_DAY: i64 = 86_400;
/// What stands around text from elsewhere in a sentence; a letter's subject is read elsewhere.
const ISOLATES: [char; 2] = ['\u{2068}', '\u{2069}'];
/// What stands in a `mailto` address by its code.
const CODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The pages that the language and the theme can be changed on, and stay.
const PLACES: [&str; 6] = ["/", "/sign-in", "/roles", "/go", "/why-not", "/sessions"];

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Whatever the system has.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the footer's order.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name in forms and in the cookie.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// What people call it.
    pub const fn message(self) -> MessageName {
        match self {
            Self::System => "theme-system",
            Self::Light => "theme-light",
            Self::Dark => "theme-dark",
        }
    }

    /// What the page's `data-theme` says, where it isn't the system's.
    pub fn forced(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.name())
    }
}

/// What a browser wants pages to look like, as its cookie says it.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The language; where there is none, `Accept-Language` decides.
    pub language: Option<&'static Language>,
    /// The theme.
    pub theme: Theme,
}

impl Look {
    /// What the cookie's value says: a language's tag or nothing, a dot, a theme's name. What can't be
    /// read is as if it weren't there.
    pub fn read(value: &str) -> Self {
        let (language, theme) = value.split_once('.').unwrap_or((value, ""));
        Self {
            language: Language::tagged(language),
            theme: Theme::named(theme).unwrap_or(Theme::System),
        }
    }

    /// The cookie's value.
    pub fn written(self) -> String {
        let language = self.language.map_or("", Language::tag);
        [language, ".", self.theme.name()].concat()
    }

    /// What this browser's cookie says.
    pub(super) fn of(request: &HttpRequest) -> Self {
        Self::read(&cookies::look(request).unwrap_or_default())
    }
}

/// What stands around a page.
pub struct Frame {
    /// The language that it is written in.
    pub language: &'static Language,
    /// Light or dark.
    pub theme: Theme,
    /// The organisation that runs this gateway.
    pub organisation: Option<Shown>,
    /// The e-mail address that people write to when they can't go on.
    pub contact: Option<Shown>,
    /// Where its reader is after a change of language or theme.
    pub here: LocalPath,
}

impl Frame {
    /// The frame for a request's answer.
    pub(super) fn of(
        request: &HttpRequest,
        organisation: Option<Shown>,
        contact: Option<Shown>,
    ) -> Self {
        let look = Look::of(request);
        let accepted = || {
            let header = request.headers().get(ACCEPT_LANGUAGE)?;
            Language::accepted(header.to_str().ok()?)
        };
        let language = look.language.or_else(accepted);
        Self {
            language: language.unwrap_or_else(Language::of_others),
            theme: look.theme,
            organisation,
            contact,
            here: here(request).unwrap_or_else(LocalPath::root),
        }
    }

    /// The message of this name, in the page's language.
    pub fn say(&self, message: MessageName) -> Said {
        self.language.say(message)
    }

    /// `21 Nov 2026, 09:33:51 UTC`
    pub fn date_and_time(&self, at: impl Borrow<UnixTime>) -> String {
        self.written(*at.borrow(), "pattern-date-and-time")
    }

    /// `21 Nov 2026, 09:33 UTC`
    pub fn date_and_minute(&self, at: impl Borrow<UnixTime>) -> String {
        self.written(*at.borrow(), "pattern-date-and-minute")
    }

    /// `09:33:51 UTC`, with its date where that is not the day of `now`.
    pub fn moment(&self, at: UnixTime, now: UnixTime) -> String {
        let day = |time: UnixTime| time.seconds().div_euclid(SECONDS_A_DAY);
        if day(at) == day(now) {
            self.written(at, "pattern-time-and-second")
        } else {
            self.date_and_time(at)
        }
    }

    /// Where a letter to the contact begins, with its subject; nowhere without a contact.
    pub fn letter(&self, subject: impl fmt::Display) -> Option<String> {
        let contact = self.contact.as_ref()?.as_str();
        let subject = subject.to_string().replace(ISOLATES, "");
        let coded = |text| utf8_percent_encode(text, CODED).to_string();
        let (person, domain) = contact.rsplit_once('@')?;
        let address = [&*coded(person), "@", &*coded(domain)].concat();
        Some(["mailto:", &address, "?subject=", &coded(&subject)].concat())
    }

    /// `09:33 UTC`
    pub fn time_of_day(&self, at: impl Borrow<UnixTime>) -> String {
        self.written(*at.borrow(), "pattern-time-of-day")
    }

    /// `15 min`, `4 h`, `1 h 30 min`; below a minute `45 s`. Rounded down: never more than is left.
    pub fn lasting(&self, seconds: impl Borrow<u32>) -> String {
        let seconds = *seconds.borrow();
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let said = match (hours, minutes) {
            (0, 0) => self.say("lasting-seconds").with("seconds", seconds),
            (0, _) => self.say("lasting-minutes").with("minutes", minutes),
            (_, 0) => self.say("lasting-hours").with("hours", hours),
            _ => {
                let said = self.say("lasting-hours-and-minutes").with("hours", hours);
                said.with("minutes", minutes)
            }
        };
        said.to_string()
    }

    /// The languages that the footer offers, each with whether the page is written in it.
    pub(super) fn languages(&self) -> impl Iterator<Item = (&'static Language, bool)> {
        let own = self.language.tag();
        let all = Language::all().iter();
        all.map(move |language| (language, language.tag() == own))
    }

    /// The themes that the footer offers, each with whether it is the page's.
    pub(super) fn themes(&self) -> impl Iterator<Item = (Theme, bool)> {
        let own = self.theme;
        Theme::ALL
            .into_iter()
            .map(move |theme| (theme, theme == own))
    }

    fn written(&self, at: UnixTime, pattern: MessageName) -> String {
        jiff::Timestamp::from_second(at.seconds())
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .strftime(&self.say(pattern).to_string())
            .to_string()
    }
}

/// Where the reader is, if they would get the same page there again.
fn here(request: &HttpRequest) -> Option<LocalPath> {
    let is_place = request.method() == Method::GET && PLACES.contains(&request.path());
    let here = request.uri().path_and_query().map(PathAndQuery::as_str);
    here.filter(|_| is_place)?.parse().ok()
}
