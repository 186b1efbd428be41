//! Roles that a service has made for itself.

use crate::domain::ServiceName;
use crate::flows::iam::roles::{
    CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus, RoleView,
};
use crate::http::iam::operation::Operation;
use crate::http::iam::parameters::{Checked, Field, invalid_input, only, text, word};
use crate::http::iam::policy_fields::{ROLE_DESCRIPTION, ROLE_NAME};
use crate::http::iam::shapes;
use crate::http::query::{Members, Parameters, QueryFault};

/// `groupNameType`
const SERVICE_NAME: Field = word("AWSServiceName", "aWSServiceName", 128);
/// `customSuffixType`
const SUFFIX: Field = word("CustomSuffix", "customSuffix", 64);
/// `DeletionTaskIdType`
const TASK: Field = text("DeletionTaskId", "deletionTaskId", (1, 1000));

impl Operation for CreateServiceLinkedRole {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let optional = [ROLE_DESCRIPTION, SUFFIX];
        let checked = Checked::new(parameters, &[SERVICE_NAME], &optional)?;
        let service = checked.text(SERVICE_NAME).unwrap_or_default();
        let service = service.parse::<ServiceName>();
        let service = service.map_err(|error| invalid_input(&error))?;
        Ok(Self {
            service,
            description: checked
                .text(ROLE_DESCRIPTION)
                .unwrap_or_default()
                .to_owned(),
            suffix: checked.text(SUFFIX).map(str::to_owned),
        })
    }

    fn members(role: RoleView) -> Option<Members<'static>> {
        Some(vec![("Role", shapes::role(role))])
    }
}

impl Operation for DeleteServiceLinkedRole {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let name = only(parameters, ROLE_NAME)?;
        Ok(Self { name })
    }

    fn members(task: String) -> Option<Members<'static>> {
        Some(vec![("DeletionTaskId", task.into())])
    }
}

impl Operation for GetServiceLinkedRoleDeletionStatus {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[TASK], &[])?;
        Ok(Self {
            task: checked.text(TASK).unwrap_or_default().to_owned(),
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        Some(vec![("Status", "SUCCEEDED".into())])
    }
}
