//! What a role session is called and how long it lasts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::InvalidValue;
use super::text::{is_aws_word, text_type};

text_type!(
    /// The name of a role session (`roleSessionName` of the STS model): 2 to 64 of `[\w+=,.@-]`.
    SessionName,
    "session name",
    "2 to 64 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (2..=64).contains(&text.len()) && is_aws_word(text)
);

text_type!(
    /// Who stands behind a session, unchangeable through role chaining (`sourceIdentity` of the STS
    /// model): 2 to 64 of `[\w+=,.@-]`, not beginning with `aws:`.
    SourceIdentity,
    "source identity",
    "2 to 64 of A-Z a-z 0-9 _ + = , . @ - and not begin with aws:",
    |text| (2..=64).contains(&text.len()) && is_aws_word(text) && !text.starts_with("aws:")
);

/// How long a session lasts: 900 to 43,200 seconds, the bounds of `roleDurationSeconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SessionDuration(u32);

impl SessionDuration {
    /// 900 seconds, the shortest.
    pub const MIN: Self = Self(900);
    /// 3,600 seconds: what `AssumeRole*` gives when nothing is asked for.
    pub const DEFAULT: Self = Self(3600);
    /// 43,200 seconds, the longest.
    pub const MAX: Self = Self(43_200);

    /// The duration of this many seconds, or `None` outside 900 to 43,200.
    pub const fn from_seconds(seconds: u32) -> Option<Self> {
        if seconds >= Self::MIN.0 && seconds <= Self::MAX.0 {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// The duration in seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for SessionDuration {
    type Error = InvalidValue;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        Self::from_seconds(seconds).ok_or(InvalidValue::new(
            "session duration",
            "900 to 43200 seconds",
        ))
    }
}

impl From<SessionDuration> for u32 {
    fn from(duration: SessionDuration) -> Self {
        duration.0
    }
}

impl fmt::Display for SessionDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} s", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_name_has_two_to_sixty_four_word_characters() {
        for good in ["ab", "ines.okafor@meridale.example", &"x".repeat(64)] {
            assert!(good.parse::<SessionName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            &"x".repeat(65),
            "a b",
            "../../role/Admin",
            "a\r\nb",
            "<b>",
            "\u{430}b",
        ] {
            assert!(bad.parse::<SessionName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn duration_has_bounds() {
        assert_eq!(SessionDuration::from_seconds(899), None);
        assert_eq!(
            SessionDuration::from_seconds(900),
            Some(SessionDuration::MIN)
        );
        assert_eq!(
            SessionDuration::from_seconds(43_200),
            Some(SessionDuration::MAX)
        );
        assert_eq!(SessionDuration::from_seconds(43_201), None);
    }
}
