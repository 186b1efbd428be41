//! Groups and who is in them.

use super::operation::Operation;
use super::parameters::{Checked, MARKER, MAX_ITEMS, PATH, PATH_PREFIX, USER_NAME, only};
use super::shapes;
use super::user_fields::{GROUP_NAME, NEW_GROUP_NAME, NEW_PATH};
use crate::flows::iam::Page;
use crate::flows::iam::groups::{
    CreateGroup, DeleteGroup, GetGroup, GroupView, ListGroups, UpdateGroup,
};
use crate::flows::iam::membership::{AddUserToGroup, ListGroupsForUser, RemoveUserFromGroup};
use crate::flows::iam::users::UserView;
use crate::http::query::{Members, Parameters, QueryFault, Value};

/// `Group`
fn shape(group: GroupView) -> Value<'static> {
    Value::Members(vec![
        ("Path", group.path.to_string().into()),
        ("GroupName", group.name.to_string().into()),
        ("GroupId", group.id.to_string().into()),
        ("Arn", group.arn.into()),
        ("CreateDate", Value::Time(group.created_at)),
    ])
}

impl Operation for CreateGroup {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[GROUP_NAME], &[PATH])?;
        Ok(Self {
            name: checked.get(GROUP_NAME)?,
            path: checked.path()?,
        })
    }

    fn members(group: GroupView) -> Option<Members<'static>> {
        Some(vec![("Group", shape(group))])
    }
}

impl Operation for GetGroup {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[GROUP_NAME], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            name: checked.get(GROUP_NAME)?,
            page: checked.page()?,
        })
    }

    fn members((group, users): (GroupView, Page<UserView>)) -> Option<Members<'static>> {
        let users = shapes::page("Users", users, shapes::user)?;
        Some(
            std::iter::once(("Group", shape(group)))
                .chain(users)
                .collect(),
        )
    }
}

impl Operation for ListGroups {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[PATH_PREFIX, MARKER, MAX_ITEMS])?;
        Ok(Self {
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(page: Page<GroupView>) -> Option<Members<'static>> {
        shapes::page("Groups", page, shape)
    }
}

impl Operation for UpdateGroup {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[GROUP_NAME], &[NEW_PATH, NEW_GROUP_NAME])?;
        Ok(Self {
            name: checked.get(GROUP_NAME)?,
            new_path: checked.find(NEW_PATH)?,
            new_name: checked.find(NEW_GROUP_NAME)?,
        })
    }
}

impl Operation for DeleteGroup {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let name = only(parameters, GROUP_NAME)?;
        Ok(Self { name })
    }
}

impl Operation for AddUserToGroup {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[GROUP_NAME, USER_NAME], &[])?;
        Ok(Self {
            group: checked.get(GROUP_NAME)?,
            user: checked.user_name()?,
        })
    }
}

impl Operation for RemoveUserFromGroup {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[GROUP_NAME, USER_NAME], &[])?;
        Ok(Self {
            group: checked.get(GROUP_NAME)?,
            user: checked.user_name()?,
        })
    }
}

impl Operation for ListGroupsForUser {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[USER_NAME], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            user: checked.user_name()?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<GroupView>) -> Option<Members<'static>> {
        shapes::page("Groups", page, shape)
    }
}
