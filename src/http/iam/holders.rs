//! The policies of users, groups and roles.

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, NEW_USER_NAME, USER_NAME};
use super::policy_fields::{
    POLICY_ARN, POLICY_DOCUMENT, POLICY_NAME, POLICY_PATH_PREFIX, ROLE_NAME, policy_arn,
};
use super::shapes;
use super::user_fields::GROUP_NAME;
use crate::domain::{InvalidValue, ManagedPolicyArn, PolicyName};
use crate::flows::iam::Page;
use crate::flows::iam::holders::{
    AttachPolicy, DeletePolicy, DetachPolicy, GetPolicy, Holder, ListAttached, ListPolicies,
    OfGroup, OfUser, PolicyView, PutPolicy,
};
use crate::flows::iam::roles::OfRole;
use crate::http::query::{Members, Parameters, QueryFault, Value};

/// How a holder is named on the wire.
pub(super) trait Named: Holder<Name: std::str::FromStr<Err = InvalidValue>> {
    /// Where inline policies are meant.
    const NAME: Field;
    /// Where managed policies are meant: the model bounds some names otherwise there.
    const ATTACHED: Field;
}

impl Named for OfUser {
    const NAME: Field = USER_NAME;
    const ATTACHED: Field = NEW_USER_NAME;
}

impl Named for OfGroup {
    const NAME: Field = GROUP_NAME;
    const ATTACHED: Field = GROUP_NAME;
}

impl Named for OfRole {
    const NAME: Field = ROLE_NAME;
    const ATTACHED: Field = ROLE_NAME;
}

impl<H: Named> Operation for PutPolicy<H> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[H::NAME, POLICY_NAME, POLICY_DOCUMENT], &[])?;
        Ok(Self {
            of: checked.get(H::NAME)?,
            name: checked.get(POLICY_NAME)?,
            document: checked.text(POLICY_DOCUMENT).unwrap_or_default().to_owned(),
        })
    }
}

impl<H: Named> Operation for GetPolicy<H> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[H::NAME, POLICY_NAME], &[])?;
        Ok(Self {
            of: checked.get(H::NAME)?,
            name: checked.get(POLICY_NAME)?,
        })
    }

    fn members(view: PolicyView<H::Name>) -> Option<Members<'static>> {
        Some(vec![
            (H::NAME.name, view.of.to_string().into()),
            ("PolicyName", view.name.to_string().into()),
            ("PolicyDocument", shapes::document(view.policy.as_json())),
        ])
    }
}

impl<H: Named> Operation for ListPolicies<H> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[H::NAME], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            of: checked.get(H::NAME)?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<PolicyName>) -> Option<Members<'static>> {
        shapes::page("PolicyNames", page, |name| name.to_string().into())
    }
}

impl<H: Named> Operation for DeletePolicy<H> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[H::NAME, POLICY_NAME], &[])?;
        Ok(Self {
            of: checked.get(H::NAME)?,
            name: checked.get(POLICY_NAME)?,
        })
    }
}

impl<H: Named> Operation for AttachPolicy<H> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[H::ATTACHED, POLICY_ARN], &[])?;
        Ok(Self {
            to: checked.get(H::ATTACHED)?,
            arn: policy_arn(checked.text(POLICY_ARN))?,
        })
    }
}

impl<H: Named> Operation for DetachPolicy<H> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[H::ATTACHED, POLICY_ARN], &[])?;
        Ok(Self {
            from: checked.get(H::ATTACHED)?,
            arn: policy_arn(checked.text(POLICY_ARN))?,
        })
    }
}

impl<H: Named> Operation for ListAttached<H> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let optional = [POLICY_PATH_PREFIX, MARKER, MAX_ITEMS];
        let checked = Checked::new(parameters, &[H::ATTACHED], &optional)?;
        Ok(Self {
            of: checked.get(H::ATTACHED)?,
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(page: Page<ManagedPolicyArn>) -> Option<Members<'static>> {
        shapes::page("AttachedPolicies", page, |arn| {
            Value::Members(vec![
                ("PolicyName", arn.name().to_string().into()),
                ("PolicyArn", arn.to_string().into()),
            ])
        })
    }
}
