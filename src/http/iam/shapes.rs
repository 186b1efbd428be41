//! Structures of the model that several answers have.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{ManagedPolicyArn, OwnTags, TagKey, TagValue};
use crate::flows::iam::Page;
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

/// What RFC 3986 wants percent-encoded.
pub(super) const CODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `policyDocumentType` of an answer: percent-encoded by RFC 3986.
pub(super) fn encoded_document(json: &str) -> Value<'static> {
    utf8_percent_encode(json, CODED).to_string().into()
}

/// A page of a list under this name.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what the operation answers, which may have no result"
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
