//! What a user is called, their tags, and the most that they may do.

use super::operation::Operation;
use super::parameters::{
    Checked, MARKER, MAX_ITEMS, NEW_USER_NAME, PERMISSIONS_BOUNDARY, USER_NAME,
};
use super::shapes;
use super::user_fields::{NEW_PATH, OTHER_USER_NAME, tag_keys};
use crate::domain::{TagKey, TagValue};
use crate::flows::iam::Page;
use crate::flows::iam::user_settings::{
    DeleteUserBoundary, ListUserTags, PutUserBoundary, TagUser, UntagUser, UpdateUser,
};
use crate::http::query::{Members, Parameters, QueryFault};

impl Operation for UpdateUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[USER_NAME], &[NEW_PATH, OTHER_USER_NAME])?;
        Ok(Self {
            name: checked.user_name()?,
            new_path: checked.find(NEW_PATH)?,
            new_name: checked.find(OTHER_USER_NAME)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for TagUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[USER_NAME], &[])?;
        Ok(Self {
            name: checked.user_name()?,
            tags: checked.tags()?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for UntagUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[USER_NAME], &[])?;
        Ok(Self {
            name: checked.user_name()?,
            keys: tag_keys(parameters)?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for ListUserTags {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[USER_NAME], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            name: checked.user_name()?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<(TagKey, TagValue)>) -> Option<Members<'static>> {
        shapes::tag_page(page)
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

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}

impl Operation for DeleteUserBoundary {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[NEW_USER_NAME], &[])?;
        Ok(Self {
            name: checked.user_name()?,
        })
    }

    fn members((): ()) -> Option<Members<'static>> {
        None
    }
}
