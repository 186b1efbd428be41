//! The ids that AWS gives to users, roles and policies, beside their names.

use std::fmt;
use std::str::FromStr;

use super::InvalidValue;
use super::text::serde_as_text;

/// What a unique id belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueIdKind {
    /// `AROA…`
    Role,
    /// `AIDA…`
    User,
    /// `ANPA…`
    ManagedPolicy,
    /// `AGPA…`
    Group,
    /// `AIPA…`
    InstanceProfile,
}

impl UniqueIdKind {
    const ALL: [Self; 5] = [
        Self::Role,
        Self::User,
        Self::ManagedPolicy,
        Self::Group,
        Self::InstanceProfile,
    ];

    /// What its ids begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Role => "AROA",
            Self::User => "AIDA",
            Self::ManagedPolicy => "ANPA",
            Self::Group => "AGPA",
            Self::InstanceProfile => "AIPA",
        }
    }
}

/// A unique id, 21 characters: `AROA`, `AIDA`, `ANPA`, `AGPA` or `AIPA` and 17 of `A-Z2-7` (IAM identifiers,
/// AWS docs).
///
/// It names one role, user, policy, group or profile for good: the next one of the same name has another id.
///
/// Whatever a session rests on is looked up by a copy of its id, so that a copy takes no memory of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueId([u8; LENGTH]);

/// The characters of a unique id.
const LENGTH: usize = 21;

impl UniqueId {
    const INVALID: InvalidValue = InvalidValue::new(
        "unique id",
        "AROA, AIDA, ANPA, AGPA or AIPA followed by 17 of A-Z 2-7",
    );

    /// The id made of these random bytes.
    pub fn from_random(kind: UniqueIdKind, random: [u8; 11]) -> Self {
        let drawn = data_encoding::BASE32_NOPAD.encode(&random);
        let text = kind.prefix().bytes().chain(drawn.bytes());
        let mut id = [0; LENGTH];
        for (place, byte) in id.iter_mut().zip(text) {
            *place = byte;
        }
        Self(id)
    }

    /// What it belongs to.
    pub fn kind(&self) -> UniqueIdKind {
        let mut kinds = UniqueIdKind::ALL.into_iter();
        let found = kinds.find(|kind| self.0.starts_with(kind.prefix().as_bytes()));
        // Every id has one of the prefixes.
        found.unwrap_or(UniqueIdKind::User)
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        // Every id is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

serde_as_text!(UniqueId);

impl FromStr for UniqueId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let drawn = UniqueIdKind::ALL
            .into_iter()
            .find_map(|kind| text.strip_prefix(kind.prefix()));
        let alphabet = |byte: u8| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte);
        match drawn {
            Some(drawn) if drawn.bytes().all(alphabet) => {
                let id = text.as_bytes().try_into();
                id.map(Self).map_err(|_| Self::INVALID)
            }
            _ => Err(Self::INVALID),
        }
    }
}

impl fmt::Debug for UniqueId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("UniqueId")
            .field(&self.as_str())
            .finish()
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_ids_parse() {
        let id = UniqueId::from_random(UniqueIdKind::Role, [0xa5; 11]);
        assert_eq!(id.as_str().len(), 21);
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(format!("{id:?}"), format!("UniqueId(\"{id}\")"));
    }

    #[test]
    fn what_is_too_short_or_long_or_has_other_characters_is_none() {
        for text in [
            "AROA5UVFKWS2LJNFUWS2",
            "AROA5UVFKWS2LJNFUWS2LL",
            "AROA5UVFKWS2LJNFUWS2l",
            "AROA5UVFKWS2LJNFUWS21",
            "ACCA5UVFKWS2LJNFUWS2L",
            "AROA\u{e9}5UVFKWS2LJNFUW",
            "",
        ] {
            assert_eq!(text.parse::<UniqueId>(), Err(UniqueId::INVALID), "{text}");
        }
    }
}
