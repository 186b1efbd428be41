//! Roles.

mod service_linked;

use super::operation::Operation;
use super::parameters::{
    Checked, Field, MARKER, MAX_ITEMS, PATH, PATH_PREFIX, PERMISSIONS_BOUNDARY, only,
};
use super::policy_fields::{
    POLICY_DOCUMENT, ROLE_DESCRIPTION, ROLE_NAME, TRUST_DOCUMENT, max_session, policy_arn,
};
use super::shapes;
use super::tagging::NamedToTag;
use crate::domain::{RoleName, SessionDuration};
use crate::flows::iam::Page;
use crate::flows::iam::roles::{
    CreateRole, DeleteRole, DeleteRolePermissionsBoundary, GetRole, ListRoles, OfRole,
    PutRolePermissionsBoundary, RoleView, UpdateAssumeRolePolicy, UpdateRole,
    UpdateRoleDescription,
};
use crate::http::query::{Members, Parameters, QueryFault, Value, Violations};
use crate::store::KeyUse;

impl Operation for CreateRole {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let mut violations = Violations::default();
        let max_session = max_session(parameters, &mut violations)?;
        let checked = Checked::beside(
            violations,
            parameters,
            &[ROLE_NAME, TRUST_DOCUMENT],
            &[PATH, ROLE_DESCRIPTION, PERMISSIONS_BOUNDARY],
        )?;
        Ok(Self {
            name: checked.get(ROLE_NAME)?,
            path: checked.path()?,
            trust: checked.text(TRUST_DOCUMENT).unwrap_or_default().to_owned(),
            description: checked
                .text(ROLE_DESCRIPTION)
                .unwrap_or_default()
                .to_owned(),
            max_session: max_session.unwrap_or(SessionDuration::DEFAULT),
            boundary: checked.boundary()?,
            tags: checked.tags()?,
        })
    }

    fn members(role: RoleView) -> Option<Members<'static>> {
        Some(vec![("Role", shapes::role(role))])
    }
}

impl Operation for GetRole {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let name = only(parameters, ROLE_NAME)?;
        Ok(Self { name })
    }

    fn members((role, used): (RoleView, Option<KeyUse>)) -> Option<Members<'static>> {
        let used = used.map(|used| {
            vec![
                ("LastUsedDate", Value::Time(used.at)),
                ("Region", used.region.to_string().into()),
            ]
        });
        let mut role = shapes::role_members(role);
        role.push(("RoleLastUsed", Value::Members(used.unwrap_or_default())));
        Some(vec![("Role", Value::Members(role))])
    }
}

impl Operation for ListRoles {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[PATH_PREFIX, MARKER, MAX_ITEMS])?;
        Ok(Self {
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(page: Page<RoleView>) -> Option<Members<'static>> {
        shapes::page("Roles", page, shapes::role)
    }
}

impl Operation for DeleteRole {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let name = only(parameters, ROLE_NAME)?;
        Ok(Self { name })
    }
}

impl Operation for UpdateRole {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let mut violations = Violations::default();
        let max_session = max_session(parameters, &mut violations)?;
        let checked = Checked::beside(violations, parameters, &[ROLE_NAME], &[ROLE_DESCRIPTION])?;
        Ok(Self {
            name: checked.get(ROLE_NAME)?,
            description: checked.text(ROLE_DESCRIPTION).map(str::to_owned),
            max_session,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        Some(Vec::new())
    }
}

impl Operation for UpdateRoleDescription {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME, ROLE_DESCRIPTION], &[])?;
        Ok(Self {
            name: checked.get(ROLE_NAME)?,
            description: checked
                .text(ROLE_DESCRIPTION)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    fn members(role: RoleView) -> Option<Members<'static>> {
        Some(vec![("Role", shapes::role(role))])
    }
}

impl Operation for UpdateAssumeRolePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME, POLICY_DOCUMENT], &[])?;
        Ok(Self {
            name: checked.get(ROLE_NAME)?,
            trust: checked.text(POLICY_DOCUMENT).unwrap_or_default().to_owned(),
        })
    }
}

impl Operation for PutRolePermissionsBoundary {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME, PERMISSIONS_BOUNDARY], &[])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            boundary: policy_arn(checked.text(PERMISSIONS_BOUNDARY))?,
        })
    }
}

impl Operation for DeleteRolePermissionsBoundary {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let role = only(parameters, ROLE_NAME)?;
        Ok(Self { role })
    }
}

impl NamedToTag for OfRole {
    const NAME: Field = ROLE_NAME;

    fn name(checked: &Checked<'_>) -> Result<RoleName, QueryFault> {
        checked.get(ROLE_NAME)
    }
}
