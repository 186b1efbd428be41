//! Users.

use super::operation::Operation;
use super::parameters::{
    Checked, MARKER, MAX_ITEMS, NEW_USER_NAME, PATH, PATH_PREFIX, PERMISSIONS_BOUNDARY, USER_NAME,
    only,
};
use super::shapes;
use crate::flows::iam::Page;
use crate::flows::iam::users::{CreateUser, DeleteUser, GetUser, ListUsers, UserView};
use crate::http::query::{Members, Parameters, QueryFault};

impl Operation for CreateUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[NEW_USER_NAME], &[PATH, PERMISSIONS_BOUNDARY])?;
        Ok(Self {
            name: checked.get(NEW_USER_NAME)?,
            path: checked.path()?,
            boundary: checked.boundary()?,
            tags: checked.tags()?,
        })
    }

    fn members(user: UserView) -> Option<Members<'static>> {
        Some(vec![("User", shapes::user(user))])
    }
}

impl Operation for GetUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[USER_NAME])?;
        Ok(Self {
            name: checked.find(USER_NAME)?,
        })
    }

    fn members(user: UserView) -> Option<Members<'static>> {
        Some(vec![("User", shapes::user(user))])
    }
}

impl Operation for ListUsers {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[PATH_PREFIX, MARKER, MAX_ITEMS])?;
        Ok(Self {
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(page: Page<UserView>) -> Option<Members<'static>> {
        shapes::page("Users", page, shapes::user)
    }
}

impl Operation for DeleteUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let name = only(parameters, USER_NAME)?;
        Ok(Self { name })
    }
}
