//! How a bounded text becomes a type of its own.

/// A value that breaks the rule of its type.
///
/// It names the rule, never the value: the value may be hostile or secret, and the place that
/// parsed it knows best how to quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct InvalidValue {
    /// The type in words, e.g. `session name`.
    pub what: &'static str,
    /// The rule that was broken, e.g. `2 to 64 of A-Z a-z 0-9 _ + = , . @ -`.
    pub rule: &'static str,
}

impl InvalidValue {
    /// States which rule of which type was broken.
    pub const fn new(what: &'static str, rule: &'static str) -> Self {
        Self { what, rule }
    }
}

/// Defines a text type: a private `Box<str>`, the one rule that it obeys, and the same door for
/// code (`FromStr`), configuration and stored records (serde).
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $name::check(text).map(|()| Self(text.into()))
            }
        }

        impl $name {
            fn check(text: &str) -> Result<(), $crate::domain::InvalidValue> {
                let holds: fn(&str) -> bool = $holds;
                if holds(text) {
                    Ok(())
                } else {
                    Err($crate::domain::InvalidValue::new($what, $rule))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::check(&text).map(|()| Self(text.into()))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

pub(crate) use text_type;

/// `[\w+=,.@-]*` of the AWS models, read as ASCII.
pub(super) fn is_aws_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}
