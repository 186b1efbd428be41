//! Structures of the model that several answers have.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{ManagedPolicyArn, OwnTags, TagKey, TagValue};
use crate::flows::iam::Page;
use crate::flows::iam::roles::RoleView;
use crate::flows::iam::users::UserView;
use crate::http::query::{Members, Value};

/// `User`
pub(super) fn user(user: UserView) -> Value<'static> {
    let mut members = vec![
        ("Path", user.path.to_string().into()),
        ("UserName", user.name.to_string().into()),
        ("UserId", user.id.to_string().into()),
        ("Arn", user.arn.into()),
        ("CreateDate", Value::Time(user.created_at)),
    ];
    members.extend(
        user.boundary
            .map(|it| ("PermissionsBoundary", boundary(&it))),
    );
    if !user.tags.is_empty() {
        members.push(("Tags", tags(&user.tags)));
    }
    Value::Members(members)
}

/// `Role`
pub(super) fn role(role: RoleView) -> Value<'static> {
    Value::Members(role_members(role))
}

/// What it has.
pub(super) fn role_members(role: RoleView) -> Members<'static> {
    let mut members = vec![
        ("Path", role.path.to_string().into()),
        ("RoleName", role.name.to_string().into()),
        ("RoleId", role.id.to_string().into()),
        ("Arn", role.arn.into()),
        ("CreateDate", Value::Time(role.created_at)),
        ("AssumeRolePolicyDocument", document(&role.trust)),
    ];
    if !role.description.is_empty() {
        members.push(("Description", role.description.into()));
    }
    let seconds = Value::Number(role.max_session.seconds());
    members.push(("MaxSessionDuration", seconds));
    members.extend(
        role.boundary
            .map(|it| ("PermissionsBoundary", boundary(&it))),
    );
    if !role.tags.is_empty() {
        members.push(("Tags", tags(&role.tags)));
    }
    members
}

/// What stands as it is where RFC 3986 (section 2.3) has the rest percent-encoded.
pub(super) const CODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `policyDocumentType` of an answer: percent-encoded, which clients undo.
pub(super) fn document(text: &str) -> Value<'static> {
    utf8_percent_encode(text, CODED).to_string().into()
}

/// `AttachedPermissionsBoundary`
pub(super) fn boundary(arn: &ManagedPolicyArn) -> Value<'static> {
    Value::Members(vec![
        ("PermissionsBoundaryType", "Policy".into()),
        ("PermissionsBoundaryArn", arn.to_string().into()),
    ])
}

/// `tagListType`
pub(super) fn tags(tags: &OwnTags) -> Value<'static> {
    let tags = tags.iter();
    let owned = tags.map(|(key, value)| (key.clone(), value.clone()));
    Value::List(owned.map(tag).collect())
}

/// `Tag`
pub(super) fn tag((key, value): (TagKey, TagValue)) -> Value<'static> {
    Value::Members(vec![
        ("Key", key.to_string().into()),
        ("Value", value.to_string().into()),
    ])
}

/// What is told of something that was made: its ARN under this name, and its tags, where it has some.
pub(super) fn made(name: &'static str, arn: &str, own: &OwnTags) -> Members<'static> {
    let mut members: Members<'static> = vec![(name, arn.to_owned().into())];
    if !own.is_empty() {
        members.push(("Tags", tags(own)));
    }
    members
}

/// Texts, one a member.
pub(super) fn texts(texts: &[impl ToString]) -> Value<'static> {
    Value::List(texts.iter().map(|text| text.to_string().into()).collect())
}

/// A page of a list under this name.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the members of an answer, as `Operation` gives them"
)]
pub(super) fn page<T>(
    name: &'static str,
    page: Page<T>,
    item: impl Fn(T) -> Value<'static>,
) -> Option<Members<'static>> {
    let is_truncated = ("IsTruncated", Value::Bool(page.marker.is_some()));
    let items = page.items.into_iter().map(item).collect();
    let mut members = vec![(name, Value::List(items)), is_truncated];
    members.extend(page.marker.map(|marker| ("Marker", marker.into())));
    Some(members)
}
