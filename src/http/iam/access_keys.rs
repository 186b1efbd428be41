//! Users' access keys.

use super::operation::Operation;
use super::parameters::{Checked, MARKER, MAX_ITEMS, USER_NAME, only};
use super::shapes;
use super::user_fields::{ACCESS_KEY_ID, STATUS, status};
use crate::directory::KeyStatus;
use crate::flows::iam::Page;
use crate::flows::iam::access_keys::{
    CreateAccessKey, DeleteAccessKey, GetKeyLastUsed, KeyView, LastUsed, ListAccessKeys, NewKey,
    UpdateAccessKey,
};
use crate::http::query::{Members, Parameters, QueryFault, Value};

/// The members of `AccessKeyMetadata`, which `AccessKey` has as well.
fn metadata(key: &KeyView) -> Members<'static> {
    let status = match key.status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    };
    vec![
        ("UserName", key.user.to_string().into()),
        ("AccessKeyId", key.id.to_string().into()),
        ("Status", status.into()),
        ("CreateDate", Value::Time(key.created_at)),
    ]
}

impl Operation for CreateAccessKey {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[USER_NAME])?;
        Ok(Self {
            user: checked.find(USER_NAME)?,
        })
    }

    fn members(new: NewKey) -> Option<Members<'static>> {
        let mut members = metadata(&new.key);
        let secret = new.secret.expose().to_owned();
        members.push(("SecretAccessKey", secret.into()));
        Some(vec![("AccessKey", Value::Members(members))])
    }
}

impl Operation for ListAccessKeys {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[USER_NAME, MARKER, MAX_ITEMS])?;
        Ok(Self {
            user: checked.find(USER_NAME)?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<KeyView>) -> Option<Members<'static>> {
        shapes::page("AccessKeyMetadata", page, |key| {
            Value::Members(metadata(&key))
        })
    }
}

impl Operation for UpdateAccessKey {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ACCESS_KEY_ID, STATUS], &[USER_NAME])?;
        Ok(Self {
            user: checked.find(USER_NAME)?,
            key: checked.get(ACCESS_KEY_ID)?,
            status: status(&checked)?,
        })
    }
}

impl Operation for DeleteAccessKey {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ACCESS_KEY_ID], &[USER_NAME])?;
        Ok(Self {
            user: checked.find(USER_NAME)?,
            key: checked.get(ACCESS_KEY_ID)?,
        })
    }
}

impl Operation for GetKeyLastUsed {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let key = only(parameters, ACCESS_KEY_ID)?;
        Ok(Self { key })
    }

    fn members(last: LastUsed) -> Option<Members<'static>> {
        const NEVER: &str = "N/A";
        let used = match last.used {
            Some(used) => vec![
                ("LastUsedDate", Value::Time(used.at)),
                ("ServiceName", used.service.into_string().into()),
                ("Region", used.region.to_string().into()),
            ],
            None => vec![("ServiceName", NEVER.into()), ("Region", NEVER.into())],
        };
        Some(vec![
            ("UserName", last.user.to_string().into()),
            ("AccessKeyLastUsed", Value::Members(used)),
        ])
    }
}
