//! OpenID Connect providers.

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, TAG_KEYS, Wanted, arn};
use super::shapes;
use crate::domain::{OidcProviderArn, OwnTags, TagKey, TagValue};
use crate::flows::iam::Page;
use crate::flows::iam::oidc_providers::{
    AddClientId, CreateOidcProvider, DeleteOidcProvider, GetOidcProvider, ListOidcProviderTags,
    ListOidcProviders, OidcProviderView, RemoveClientId, TagOidcProvider, UntagOidcProvider,
    UpdateThumbprints,
};
use crate::http::query::{Constraint, Members, Parameters, QueryFault, Quoting, Value};

/// `arnType`
const ARN: Field = arn("OpenIDConnectProviderArn", "openIDConnectProviderArn");
/// `OpenIDConnectProviderUrlType`
const URL: Field = text("Url", "url", 1, 255);
/// `clientIDType`
const CLIENT_ID: Field = text("ClientID", "clientID", 1, 255);
/// `clientIDListType`
const CLIENT_IDS: Field = text("ClientIDList", "clientIDList", 1, 255);
/// `thumbprintListType`
const THUMBPRINTS: Field = text("ThumbprintList", "thumbprintList", 40, 40);

const fn text(name: &'static str, field: &'static str, min: usize, max: usize) -> Field {
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

/// The ARN of a call that says nothing else.
fn arn_alone(parameters: &Parameters<'_>) -> Result<OidcProviderArn, QueryFault> {
    Checked::new(parameters, &[ARN], &[])?.get(ARN)
}

impl Operation for CreateOidcProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            required: &[URL],
            optional_lists: &[CLIENT_IDS, THUMBPRINTS],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        Ok(Self {
            url: checked.get(URL)?,
            client_ids: checked.list(CLIENT_IDS)?,
            thumbprints: checked.list(THUMBPRINTS)?,
            tags: checked.tags()?,
        })
    }

    fn members((arn, tags): (OidcProviderArn, OwnTags)) -> Option<Members<'static>> {
        let mut members = vec![("OpenIDConnectProviderArn", arn.to_string().into())];
        if !tags.is_empty() {
            members.push(("Tags", shapes::tags(&tags)));
        }
        Some(members)
    }
}

impl Operation for GetOidcProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let arn = arn_alone(parameters)?;
        Ok(Self { arn })
    }

    fn members(provider: OidcProviderView) -> Option<Members<'static>> {
        Some(vec![
            ("Url", provider.url.into()),
            ("ClientIDList", shapes::texts(&provider.client_ids)),
            ("ThumbprintList", shapes::texts(&provider.thumbprints)),
            ("CreateDate", Value::Time(provider.created_at)),
            ("Tags", shapes::tags(&provider.tags)),
        ])
    }
}

impl Operation for ListOidcProviders {
    fn read(_: &Parameters<'_>) -> Result<Self, QueryFault> {
        Ok(Self)
    }

    fn members(arns: Vec<OidcProviderArn>) -> Option<Members<'static>> {
        let entry = |arn: &OidcProviderArn| Value::Members(vec![("Arn", arn.to_string().into())]);
        let list = Value::List(arns.iter().map(entry).collect());
        Some(vec![("OpenIDConnectProviderList", list)])
    }
}

impl Operation for DeleteOidcProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let arn = arn_alone(parameters)?;
        Ok(Self { arn })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for AddClientId {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ARN, CLIENT_ID], &[])?;
        Ok(Self {
            arn: checked.get(ARN)?,
            client_id: checked.get(CLIENT_ID)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for RemoveClientId {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ARN, CLIENT_ID], &[])?;
        Ok(Self {
            arn: checked.get(ARN)?,
            client_id: checked.get(CLIENT_ID)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for UpdateThumbprints {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            required: &[ARN],
            required_lists: &[THUMBPRINTS],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        Ok(Self {
            arn: checked.get(ARN)?,
            thumbprints: checked.list(THUMBPRINTS)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for TagOidcProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ARN], &[])?;
        Ok(Self {
            arn: checked.get(ARN)?,
            tags: checked.tags()?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for UntagOidcProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            required: &[ARN],
            required_lists: &[TAG_KEYS],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        Ok(Self {
            arn: checked.get(ARN)?,
            keys: checked.list(TAG_KEYS)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for ListOidcProviderTags {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ARN], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            arn: checked.get(ARN)?,
            page: checked.page()?,
        })
    }

    fn members(tags: Page<(TagKey, TagValue)>) -> Option<Members<'static>> {
        shapes::tag_page(tags)
    }
}
