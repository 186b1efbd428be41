//! The policies that a role has.

use crate::domain::PolicyName;
use crate::flows::iam::Page;
use crate::flows::iam::roles::{
    AttachRolePolicy, Attached, DeleteRolePermissionsBoundary, DeleteRolePolicy, DetachRolePolicy,
    GetRolePolicy, InlinePolicy, ListAttachedRolePolicies, ListRolePolicies,
    PutRolePermissionsBoundary, PutRolePolicy,
};
use crate::http::iam::operation::Operation;
use crate::http::iam::parameters::{Checked, MARKER, MAX_ITEMS, PERMISSIONS_BOUNDARY};
use crate::http::iam::policy_fields::{
    POLICY_ARN, POLICY_DOCUMENT, POLICY_NAME, POLICY_PATH_PREFIX, ROLE_NAME, policy_arn,
};
use crate::http::iam::shapes;
use crate::http::query::{Members, Parameters, QueryFault};

impl Operation for PutRolePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let required = [ROLE_NAME, POLICY_NAME, POLICY_DOCUMENT];
        let checked = Checked::new(parameters, &required, &[])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            name: checked.get(POLICY_NAME)?,
            document: checked.text(POLICY_DOCUMENT).unwrap_or_default().to_owned(),
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for GetRolePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME, POLICY_NAME], &[])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            name: checked.get(POLICY_NAME)?,
        })
    }

    fn members(policy: InlinePolicy) -> Option<Members<'static>> {
        Some(vec![
            ("RoleName", policy.role.to_string().into()),
            ("PolicyName", policy.name.to_string().into()),
            ("PolicyDocument", shapes::document(&policy.document)),
        ])
    }
}

impl Operation for ListRolePolicies {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<PolicyName>) -> Option<Members<'static>> {
        shapes::page("PolicyNames", page, |name| name.to_string().into())
    }
}

impl Operation for DeleteRolePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME, POLICY_NAME], &[])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            name: checked.get(POLICY_NAME)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for AttachRolePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME, POLICY_ARN], &[])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            policy: policy_arn(checked.text(POLICY_ARN))?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for DetachRolePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME, POLICY_ARN], &[])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            policy: policy_arn(checked.text(POLICY_ARN))?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for ListAttachedRolePolicies {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let optional = [POLICY_PATH_PREFIX, MARKER, MAX_ITEMS];
        let checked = Checked::new(parameters, &[ROLE_NAME], &optional)?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(page: Page<Attached>) -> Option<Members<'static>> {
        shapes::page("AttachedPolicies", page, |policy| shapes::attached(&policy))
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

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for DeleteRolePermissionsBoundary {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[ROLE_NAME], &[])?;
        Ok(Self {
            role: checked.get(ROLE_NAME)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}
