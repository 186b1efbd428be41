//! The account itself.

use super::operation::Operation;
use super::parameters::{Checked, Choice, Field, MARKER, MAX_ITEMS, Wanted};
use super::shapes;
use crate::directory::AccountAlias;
use crate::domain::TokenVersion;
use crate::flows::iam::Page;
use crate::flows::iam::account::{
    CreateAccountAlias, DeleteAccountAlias, DisableOutboundFederation, DisableRootSessions,
    EnableOutboundFederation, EnableRootSessions, Features, GetAccountSummary,
    GetOutboundFederation, ListAccountAliases, ListOrganizationsFeatures,
    SetSecurityTokenServicePreferences,
};
use crate::http::query::{Constraint, Members, Parameters, QueryFault, Quoting, Value, Violations};

/// The pattern of `accountAliasType`.
const ALIAS_PATTERN: &str = r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
/// `accountAliasType`
const ALIAS: Field = Field {
    name: "AccountAlias",
    constraint: Constraint {
        field: "accountAlias",
        min: 3,
        max: 63,
        pattern: Some((is_alias_character, ALIAS_PATTERN)),
        quoting: Quoting::Quoted,
    },
};
/// `globalEndpointTokenVersion`
const TOKEN_VERSION: Choice = Choice {
    name: "GlobalEndpointTokenVersion",
    field: "globalEndpointTokenVersion",
    values: &["v1Token", "v2Token"],
};

const fn is_alias_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

/// An alias of the model's pattern, which is no account's number.
fn alias(parameters: &Parameters<'_>) -> Result<AccountAlias, QueryFault> {
    let checked = Checked::new(parameters, &[ALIAS], &[])?;
    let text = checked.text(ALIAS).unwrap_or_default();
    let is_number = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.starts_with('-') || text.ends_with('-') || text.contains("--") || is_number {
        let mut violations = Violations::default();
        let none = Constraint {
            pattern: Some((|_| false, ALIAS_PATTERN)),
            ..ALIAS.constraint
        };
        violations.optional(Some(text), &none);
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    }
    checked.get(ALIAS)
}

impl Operation for CreateAccountAlias {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let alias = alias(parameters)?;
        Ok(Self { alias })
    }
}

impl Operation for DeleteAccountAlias {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let alias = alias(parameters)?;
        Ok(Self { alias })
    }
}

impl Operation for ListAccountAliases {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            page: checked.page()?,
        })
    }

    fn members(page: Page<AccountAlias>) -> Option<Members<'static>> {
        shapes::page("AccountAliases", page, |alias| alias.to_string().into())
    }
}

impl Operation for GetAccountSummary {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(numbers: Vec<(&'static str, usize)>) -> Option<Members<'static>> {
        let entry = |(name, number): (&'static str, usize)| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            (name.into(), Value::Number(number))
        };
        let map = Value::Map(numbers.into_iter().map(entry).collect());
        Some(vec![("SummaryMap", map)])
    }
}

impl Operation for SetSecurityTokenServicePreferences {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let required = Field {
            name: TOKEN_VERSION.name,
            constraint: Constraint {
                field: TOKEN_VERSION.field,
                min: 0,
                max: 255,
                pattern: None,
                quoting: Quoting::Quoted,
            },
        };
        let wanted = Wanted {
            required: &[required],
            choices: &[TOKEN_VERSION],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        Ok(Self {
            version: match checked.chosen(TOKEN_VERSION) {
                Some("v2Token") => TokenVersion::Two,
                _ => TokenVersion::One,
            },
        })
    }
}

impl Operation for EnableOutboundFederation {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(issuer: String) -> Option<Members<'static>> {
        Some(vec![("IssuerIdentifier", issuer.into())])
    }
}

impl Operation for DisableOutboundFederation {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }
}

impl Operation for GetOutboundFederation {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(issuer: String) -> Option<Members<'static>> {
        Some(vec![
            ("IssuerIdentifier", issuer.into()),
            ("JwtVendingEnabled", Value::Bool(true)),
        ])
    }
}

fn features(features: Features) -> Members<'static> {
    let enabled = features.root_sessions.then(|| "RootSessions".into());
    vec![
        ("OrganizationId", features.organization.into()),
        (
            "EnabledFeatures",
            Value::List(enabled.into_iter().collect()),
        ),
    ]
}

impl Operation for EnableRootSessions {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(answer: Features) -> Option<Members<'static>> {
        Some(features(answer))
    }
}

impl Operation for DisableRootSessions {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(answer: Features) -> Option<Members<'static>> {
        Some(features(answer))
    }
}

impl Operation for ListOrganizationsFeatures {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(answer: Features) -> Option<Members<'static>> {
        Some(features(answer))
    }
}
