//! Parameters of the IAM API: the model's bounds, and what becomes of a value that keeps them.

use std::str::FromStr;

use crate::domain::{IamPath, InvalidValue, ManagedPolicyArn, OwnTags, TagsError, UserName};
use crate::flows::iam::PageRequest;
use crate::http::query::{
    Constraint, Parameters, QueryFault, Quoting, Violations, is_arn_character, is_word,
};

/// What the model says of a parameter, and its name on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// E.g. `UserName`.
    pub name: &'static str,
    /// The bounds.
    pub constraint: Constraint,
}

/// `pathType` and `pathPrefixType`
const fn is_path_character(c: char) -> bool {
    matches!(c, '!'..='\u{7e}')
}

const fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// A name of at most so many characters.
pub(super) const fn word(name: &'static str, field: &'static str, max: usize) -> Field {
    Field {
        name,
        constraint: Constraint {
            field,
            min: 1,
            max,
            pattern: Some((is_word, r"[\w+=,.@-]+")),
            quoting: Quoting::Quoted,
        },
    }
}

/// A text of so many characters.
pub(super) const fn text(
    name: &'static str,
    field: &'static str,
    (min, max): (usize, usize),
) -> Field {
    Field {
        name,
        constraint: Constraint {
            field,
            min,
            max,
            pattern: None,
            quoting: Quoting::Quoted,
        },
    }
}

/// `existingUserNameType`
pub(super) const USER_NAME: Field = word("UserName", "userName", 128);
/// `userNameType`
pub(super) const NEW_USER_NAME: Field = word("UserName", "userName", 64);
/// `pathType`
pub(super) const PATH: Field = Field {
    name: "Path",
    constraint: Constraint {
        field: "path",
        min: 1,
        max: 512,
        pattern: Some((
            is_path_character,
            r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)",
        )),
        quoting: Quoting::Quoted,
    },
};
/// `pathPrefixType`
pub(super) const PATH_PREFIX: Field = Field {
    name: "PathPrefix",
    constraint: Constraint {
        field: "pathPrefix",
        min: 1,
        max: 512,
        pattern: Some((is_path_character, r"\u002F[\u0021-\u007F]*")),
        quoting: Quoting::Quoted,
    },
};
/// `arnType`
pub(super) const PERMISSIONS_BOUNDARY: Field = arn("PermissionsBoundary", "permissionsBoundary");
/// `tagKeyListType`
pub(super) const TAG_KEYS: Field = text("TagKeys", "tagKeys", (1, 128));
/// `markerType`
pub(super) const MARKER: Field = text("Marker", "marker", (1, 1024));
/// `maxItemsType`
pub(super) const MAX_ITEMS: Field = Field {
    name: "MaxItems",
    constraint: Constraint {
        field: "maxItems",
        min: 1,
        max: 4,
        pattern: Some((is_digit, r"[\d]+")),
        quoting: Quoting::Quoted,
    },
};

/// `arnType`, under this name.
pub(super) const fn arn(name: &'static str, field: &'static str) -> Field {
    Field {
        name,
        constraint: Constraint {
            field,
            min: 20,
            max: 2048,
            pattern: Some((
                is_arn_character,
                r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
            )),
            quoting: Quoting::Quoted,
        },
    }
}

/// What a call may have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted<'w> {
    /// What must be there.
    pub required: &'w [Field],
    /// What may be left out.
    pub optional: &'w [Field],
    /// Lists that must be there, each member of which keeps the bounds.
    pub required_lists: &'w [Field],
    /// Lists that may be left out.
    pub optional_lists: &'w [Field],
    /// What has one of several values, and may be left out.
    pub choices: &'w [Choice],
}

/// A parameter that has one of several values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    /// E.g. `AssertionEncryptionMode`.
    pub name: &'static str,
    /// As AWS's text writes it.
    pub field: &'static str,
    /// The values.
    pub values: &'static [&'static str],
}

/// A call's parameters, all of whose bounds hold.
#[derive(Debug)]
pub(super) struct Checked<'a>(&'a Parameters<'a>);

/// The value of the one parameter of a call.
///
/// # Errors
/// `ValidationError`
pub(super) fn only<T: FromStr<Err = InvalidValue>>(
    parameters: &Parameters<'_>,
    field: Field,
) -> Result<T, QueryFault> {
    Checked::new(parameters, &[field], &[])?.get(field)
}

impl<'a> Checked<'a> {
    /// Checks these parameters, of which the required ones must be there. What is told tells of all.
    ///
    /// # Errors
    /// `ValidationError` with every violation.
    pub fn new(
        parameters: &'a Parameters<'_>,
        required: &[Field],
        optional: &[Field],
    ) -> Result<Self, QueryFault> {
        Self::beside(Violations::default(), parameters, required, optional)
    }

    /// The same, where other parameters were looked at before.
    ///
    /// # Errors
    /// `ValidationError` with every violation, theirs first.
    pub fn beside(
        violations: Violations,
        parameters: &'a Parameters<'_>,
        required: &[Field],
        optional: &[Field],
    ) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            required,
            optional,
            ..Wanted::default()
        };
        Self::all(violations, parameters, &wanted)
    }

    /// As [`Self::new`], with lists and choices.
    ///
    /// # Errors
    /// `ValidationError` with every violation; `MalformedInput` where a list is none.
    pub fn wanted(parameters: &'a Parameters<'_>, wanted: &Wanted<'_>) -> Result<Self, QueryFault> {
        Self::all(Violations::default(), parameters, wanted)
    }

    fn all(
        mut violations: Violations,
        parameters: &'a Parameters<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<Self, QueryFault> {
        for field in wanted.required {
            violations.required(parameters.find(field.name), &field.constraint);
        }
        for field in wanted.optional {
            violations.optional(parameters.find(field.name), &field.constraint);
        }
        for field in wanted.required_lists {
            let values = parameters.list(field.name, "")?;
            // An empty list is written as its name alone.
            let is_there = !values.is_empty() || parameters.find(field.name).is_some();
            violations.list(is_there.then_some(values.as_slice()), &field.constraint);
        }
        for field in wanted.optional_lists {
            let values = parameters.list(field.name, "")?;
            violations.list(Some(values.as_slice()), &field.constraint);
        }
        for choice in wanted.choices {
            let value = parameters.find(choice.name);
            violations.choice(value, choice.field, choice.values);
        }
        match violations.message() {
            None => Ok(Self(parameters)),
            Some(message) => Err(QueryFault::validation(message)),
        }
    }

    /// The value of a parameter that was required.
    ///
    /// # Errors
    /// `ValidationError` where it keeps the model's bounds and is none all the same.
    pub fn get<T: FromStr<Err = InvalidValue>>(&self, field: Field) -> Result<T, QueryFault> {
        parse(field.name, self.0.find(field.name).unwrap_or_default())
    }

    /// The value of a parameter that needn't be there.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn find<T: FromStr<Err = InvalidValue>>(
        &self,
        field: Field,
    ) -> Result<Option<T>, QueryFault> {
        let value = self.0.find(field.name);
        value.map(|value| parse(field.name, value)).transpose()
    }

    /// The members of a list; none where it was left out.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn list<T: FromStr<Err = InvalidValue>>(&self, field: Field) -> Result<Vec<T>, QueryFault> {
        let values = self.0.list(field.name, "")?;
        let values = values.into_iter().map(|value| parse(field.name, value));
        values.collect()
    }

    /// The texts of a list; none where it was left out.
    ///
    /// # Errors
    /// `MalformedInput` where it is none.
    pub fn texts(&self, field: Field) -> Result<Vec<&str>, QueryFault> {
        Ok(self.0.list(field.name, "")?)
    }

    /// Which of its values a choice has.
    pub fn chosen(&self, choice: Choice) -> Option<&str> {
        self.0.find(choice.name)
    }

    /// The text of a parameter.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.0.find(field.name)
    }

    /// `Path`, `/` where none is given.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn path(&self) -> Result<IamPath, QueryFault> {
        Ok(self.find(PATH)?.unwrap_or_else(IamPath::root))
    }

    /// `PathPrefix`, `/` where none is given.
    pub fn path_prefix(&self) -> String {
        self.text(PATH_PREFIX).unwrap_or("/").to_owned()
    }

    /// `PermissionsBoundary`
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn boundary(&self) -> Result<Option<ManagedPolicyArn>, QueryFault> {
        self.find(PERMISSIONS_BOUNDARY)
    }

    /// `UserName`, of somebody who may be there.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn user_name(&self) -> Result<UserName, QueryFault> {
        self.get(USER_NAME)
    }

    /// `Marker` and `MaxItems`.
    ///
    /// # Errors
    /// `ValidationError`
    pub fn page(&self) -> Result<PageRequest, QueryFault> {
        let asked = self.text(MAX_ITEMS).map(str::parse::<usize>);
        let max_items = match asked {
            None => PageRequest::USUAL,
            Some(Ok(asked)) if (1..=PageRequest::MOST).contains(&asked) => asked,
            Some(_) => {
                return Err(QueryFault::validation("MaxItems must be 1 to 1000"));
            }
        };
        Ok(PageRequest {
            marker: self.text(MARKER).map(str::to_owned),
            max_items,
        })
    }

    /// `Tags`: at most 50.
    ///
    /// # Errors
    /// `InvalidInput` where a key is there twice, `ValidationError` where one is none.
    pub fn tags(&self) -> Result<OwnTags, QueryFault> {
        let pairs = self.0.pairs("Tags")?;
        let mut tags = OwnTags::default();
        for (key, value) in pairs {
            let (key, value) = (parse("Tags", key)?, parse("Tags", value)?);
            if tags.has(&key) {
                return Err(invalid_input(&TagsError::DuplicateKey));
            }
            tags.put(key, value)
                .map_err(|error| invalid_input(&error))?;
        }
        Ok(tags)
    }
}

/// The violation of a list that must be there and is not.
pub(super) fn required_list(
    parameters: &Parameters<'_>,
    name: &str,
    field: &'static str,
) -> Violations {
    let mut violations = Violations::default();
    if !parameters.has_any(name) {
        violations.required(None, &text("", field, (0, 0)).constraint);
    }
    violations
}

pub(super) fn invalid_input(error: &dyn std::error::Error) -> QueryFault {
    let text = crate::http::query::sentence(error);
    QueryFault::new(
        actix_web::http::StatusCode::BAD_REQUEST,
        "InvalidInput",
        text,
    )
}

/// A value that is made of parameters which keep the model's bounds.
pub(super) fn parse<T: FromStr<Err = InvalidValue>>(
    name: &str,
    value: &str,
) -> Result<T, QueryFault> {
    let parsed = value.parse::<T>();
    parsed.map_err(|error| {
        QueryFault::validation(format!(
            "The specified value for {name} is invalid: {error}."
        ))
    })
}
