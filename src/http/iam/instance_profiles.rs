//! Instance profiles.

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, PATH, PATH_PREFIX, only, word};
use super::policy_fields::ROLE_NAME;
use super::shapes;
use super::tagging::NamedToTag;
use crate::domain::InstanceProfileName;
use crate::flows::iam::Page;
use crate::flows::iam::instance_profiles::{
    AddRoleToInstanceProfile, CreateInstanceProfile, DeleteInstanceProfile, GetInstanceProfile,
    InstanceProfileView, ListInstanceProfiles, ListInstanceProfilesForRole, OfProfile,
    RemoveRoleFromInstanceProfile,
};
use crate::http::query::{Members, Parameters, QueryFault, Value};

/// `instanceProfileNameType`
const NAME: Field = word("InstanceProfileName", "instanceProfileName", 128);

/// `InstanceProfile`
pub(super) fn profile(view: InstanceProfileView) -> Value<'static> {
    let roles = view.role.into_iter().map(shapes::role).collect();
    let mut members = vec![
        ("Path", view.path.to_string().into()),
        ("InstanceProfileName", view.name.to_string().into()),
        ("InstanceProfileId", view.id.to_string().into()),
        ("Arn", view.arn.into()),
        ("CreateDate", Value::Time(view.created_at)),
        ("Roles", Value::List(roles)),
    ];
    if !view.tags.is_empty() {
        members.push(("Tags", shapes::tags(&view.tags)));
    }
    Value::Members(members)
}

impl Operation for CreateInstanceProfile {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[NAME], &[PATH])?;
        Ok(Self {
            name: checked.get(NAME)?,
            path: checked.path()?,
            tags: checked.tags()?,
        })
    }

    fn members(view: InstanceProfileView) -> Option<Members<'static>> {
        Some(vec![("InstanceProfile", profile(view))])
    }
}

impl Operation for GetInstanceProfile {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let name = only(parameters, NAME)?;
        Ok(Self { name })
    }

    fn members(view: InstanceProfileView) -> Option<Members<'static>> {
        Some(vec![("InstanceProfile", profile(view))])
    }
}

impl Operation for ListInstanceProfiles {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[PATH_PREFIX, MARKER, MAX_ITEMS])?;
        Ok(Self {
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(page: Page<InstanceProfileView>) -> Option<Members<'static>> {
        shapes::page("InstanceProfiles", page, profile)
    }
}

impl Operation for ListInstanceProfilesForRole {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<InstanceProfileView>) -> Option<Members<'static>> {
        shapes::page("InstanceProfiles", page, profile)
    }
}

impl Operation for DeleteInstanceProfile {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let name = only(parameters, NAME)?;
        Ok(Self { name })
    }
}

impl Operation for AddRoleToInstanceProfile {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[NAME, ROLE_NAME], &[])?;
        Ok(Self {
            name: checked.get(NAME)?,
            role: checked.get(ROLE_NAME)?,
        })
    }
}

impl Operation for RemoveRoleFromInstanceProfile {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[NAME, ROLE_NAME], &[])?;
        Ok(Self {
            name: checked.get(NAME)?,
            role: checked.get(ROLE_NAME)?,
        })
    }
}

impl NamedToTag for OfProfile {
    const NAME: Field = NAME;

    fn name(checked: &Checked<'_>) -> Result<InstanceProfileName, QueryFault> {
        checked.get(NAME)
    }
}
