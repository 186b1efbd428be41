//! OpenID Connect providers.

use super::operation::Operation;
use super::parameters::{Checked, Field, Wanted, arn, only, text};
use super::shapes;
use super::tagging::NamedToTag;
use crate::domain::{OidcProviderArn, OwnTags};
use crate::flows::iam::oidc_providers::{
    AddClientId, CreateOidcProvider, DeleteOidcProvider, GetOidcProvider, ListOidcProviders,
    OfOidcProvider, OidcProviderView, RemoveClientId, UpdateThumbprints,
};
use crate::http::query::{Members, Parameters, QueryFault, Value};

/// `arnType`
const ARN: Field = arn("OpenIDConnectProviderArn", "openIDConnectProviderArn");
/// `OpenIDConnectProviderUrlType`
const URL: Field = text("Url", "url", (1, 255));
/// `clientIDType`
const CLIENT_ID: Field = text("ClientID", "clientID", (1, 255));
/// `clientIDListType`
const CLIENT_IDS: Field = text("ClientIDList", "clientIDList", (1, 255));
/// `thumbprintListType`
const THUMBPRINTS: Field = text("ThumbprintList", "thumbprintList", (40, 40));

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
        Some(shapes::made(ARN.name, arn.as_str(), &tags))
    }
}

impl Operation for GetOidcProvider {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let arn = only(parameters, ARN)?;
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
        let arn = only(parameters, ARN)?;
        Ok(Self { arn })
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
}

impl Operation for RemoveClientId {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ARN, CLIENT_ID], &[])?;
        Ok(Self {
            arn: checked.get(ARN)?,
            client_id: checked.get(CLIENT_ID)?,
        })
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
}

impl NamedToTag for OfOidcProvider {
    const NAME: Field = ARN;

    fn name(checked: &Checked<'_>) -> Result<OidcProviderArn, QueryFault> {
        checked.get(ARN)
    }
}
