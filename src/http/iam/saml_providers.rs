//! SAML providers.

use super::operation::Operation;
use super::parameters::{Checked, Choice, Field, Wanted, arn, only, text};
use super::shapes;
use super::tagging::NamedToTag;
use crate::domain::{OwnTags, PrivateKeyId, SamlProviderArn, UnixTime};
use crate::federation::saml::metadata::MetadataDocument;
use crate::federation::saml::settings::AssertionEncryption;
use crate::flows::iam::saml_providers::{
    CreateSamlProvider, DeleteSamlProvider, GetSamlProvider, ListSamlProviders, ListedSamlProvider,
    OfSamlProvider, SamlProviderView, SentKey, SentMetadata, UpdateSamlProvider,
};
use crate::http::query::{
    Constraint, Members, Parameters, QueryFault, Quoting, Value, is_policy_character,
};

/// `arnType`
const ARN: Field = arn("SAMLProviderArn", "sAMLProviderArn");
/// `SAMLProviderNameType`
const NAME: Field = Field {
    name: "Name",
    constraint: Constraint {
        field: "name",
        min: 1,
        max: 128,
        pattern: Some((is_name_character, r"[\w._-]+")),
        quoting: Quoting::Quoted,
    },
};
/// `SAMLMetadataDocumentType`
const METADATA: Field = text(
    "SAMLMetadataDocument",
    "sAMLMetadataDocument",
    (1000, MetadataDocument::MAX_CHARS),
);
/// `privateKeyType`
const ADD_KEY: Field = Field {
    name: "AddPrivateKey",
    constraint: Constraint {
        field: "addPrivateKey",
        min: 1,
        max: 16_384,
        pattern: Some((is_policy_character, r"[\u0009\u000A\u000D\u0020-\u00FF]+")),
        quoting: Quoting::Withheld,
    },
};
/// `privateKeyIdType`
const REMOVE_KEY: Field = Field {
    name: "RemovePrivateKey",
    constraint: Constraint {
        field: "removePrivateKey",
        min: 22,
        max: 64,
        pattern: Some((is_key_id_character, "[A-Z0-9]+")),
        quoting: Quoting::Quoted,
    },
};
/// `assertionEncryptionModeType`
const ENCRYPTION: Choice = Choice {
    name: "AssertionEncryptionMode",
    field: "assertionEncryptionMode",
    values: &["Required", "Allowed"],
};

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

const fn is_key_id_character(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn encryption(checked: &Checked<'_>) -> Option<AssertionEncryption> {
    checked.chosen(ENCRYPTION).map(|chosen| match chosen {
        "Allowed" => AssertionEncryption::Allowed,
        _ => AssertionEncryption::Required,
    })
}

const fn encryption_name(encryption: AssertionEncryption) -> &'static str {
    match encryption {
        AssertionEncryption::Allowed => "Allowed",
        AssertionEncryption::Required => "Required",
    }
}

fn metadata(checked: &Checked<'_>) -> Option<SentMetadata> {
    checked.text(METADATA).map(SentMetadata::new)
}

fn key(checked: &Checked<'_>) -> Option<SentKey> {
    let pem = checked.text(ADD_KEY)?;
    Some(SentKey::new(pem.to_owned()))
}

impl Operation for CreateSamlProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            required: &[METADATA, NAME],
            optional: &[ADD_KEY],
            choices: &[ENCRYPTION],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        Ok(Self {
            name: checked.get(NAME)?,
            metadata: metadata(&checked).unwrap_or_else(|| SentMetadata::new("")),
            tags: checked.tags()?,
            encryption: encryption(&checked).unwrap_or_default(),
            private_key: key(&checked),
        })
    }

    fn members((arn, tags): (SamlProviderArn, OwnTags)) -> Option<Members<'static>> {
        Some(shapes::made(ARN.name, arn.as_str(), &tags))
    }
}

impl Operation for GetSamlProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let arn = only(parameters, ARN)?;
        Ok(Self { arn })
    }

    fn members(provider: SamlProviderView) -> Option<Members<'static>> {
        let mut members: Members<'static> = Vec::new();
        members.extend(
            provider
                .unique_id
                .map(|id| ("SAMLProviderUUID", id.to_string().into())),
        );
        let document = provider.metadata.as_str().to_owned();
        members.push(("SAMLMetadataDocument", document.into()));
        members.push(("CreateDate", Value::Time(provider.created_at)));
        let valid_until = provider.metadata.metadata().valid_until;
        members.extend(valid_until.map(|at| ("ValidUntil", Value::Time(at))));
        members.push(("Tags", shapes::tags(&provider.tags)));
        let encryption = encryption_name(provider.encryption);
        members.push(("AssertionEncryptionMode", encryption.into()));
        let key = |(id, at): &(PrivateKeyId, UnixTime)| {
            Value::Members(vec![
                ("KeyId", id.to_string().into()),
                ("Timestamp", Value::Time(*at)),
            ])
        };
        let keys = provider.private_keys.iter().map(key).collect();
        members.push(("PrivateKeyList", Value::List(keys)));
        Some(members)
    }
}

impl Operation for ListSamlProviders {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(providers: Vec<ListedSamlProvider>) -> Option<Members<'static>> {
        let entry = |provider: &ListedSamlProvider| {
            let mut members = vec![("Arn", provider.arn.to_string().into())];
            let valid_until = provider.valid_until;
            members.extend(valid_until.map(|at| ("ValidUntil", Value::Time(at))));
            members.push(("CreateDate", Value::Time(provider.created_at)));
            Value::Members(members)
        };
        let list = Value::List(providers.iter().map(entry).collect());
        Some(vec![("SAMLProviderList", list)])
    }
}

impl Operation for UpdateSamlProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            required: &[ARN],
            optional: &[METADATA, ADD_KEY, REMOVE_KEY],
            choices: &[ENCRYPTION],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        Ok(Self {
            arn: checked.get(ARN)?,
            metadata: metadata(&checked),
            encryption: encryption(&checked),
            add_key: key(&checked),
            remove_key: checked.find(REMOVE_KEY)?,
        })
    }

    fn members(arn: SamlProviderArn) -> Option<Members<'static>> {
        Some(vec![("SAMLProviderArn", arn.to_string().into())])
    }
}

impl Operation for DeleteSamlProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let arn = only(parameters, ARN)?;
        Ok(Self { arn })
    }
}

impl NamedToTag for OfSamlProvider {
    const NAME: Field = ARN;

    fn name(checked: &Checked<'_>) -> Result<SamlProviderArn, QueryFault> {
        checked.get(ARN)
    }
}
