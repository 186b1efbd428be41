//! What a user is called, their tags, and the most that they may do.

use super::operation::Operation;
use super::parameters::{Checked, Field, NEW_USER_NAME, PERMISSIONS_BOUNDARY, USER_NAME};
use super::tagging::NamedToTag;
use super::user_fields::{NEW_PATH, OTHER_USER_NAME};
use crate::domain::UserName;
use crate::flows::iam::holders::OfUser;
use crate::flows::iam::user_settings::{DeleteUserBoundary, PutUserBoundary, UpdateUser};
use crate::http::query::{Parameters, QueryFault};

impl Operation for UpdateUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[USER_NAME], &[NEW_PATH, OTHER_USER_NAME])?;
        Ok(Self {
            name: checked.user_name()?,
            new_path: checked.find(NEW_PATH)?,
            new_name: checked.find(OTHER_USER_NAME)?,
        })
    }
}

impl Operation for PutUserBoundary {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[NEW_USER_NAME, PERMISSIONS_BOUNDARY], &[])?;
        Ok(Self {
            name: checked.user_name()?,
            boundary: checked.get(PERMISSIONS_BOUNDARY)?,
        })
    }
}

impl Operation for DeleteUserBoundary {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[NEW_USER_NAME], &[])?;
        Ok(Self {
            name: checked.user_name()?,
        })
    }
}

impl NamedToTag for OfUser {
    const NAME: Field = USER_NAME;

    fn name(checked: &Checked<'_>) -> Result<UserName, QueryFault> {
        checked.user_name()
    }
}
