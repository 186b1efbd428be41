//! Structures of the model that several answers have.

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
    let tag = |key: String, value: String| {
        Value::Members(vec![("Key", key.into()), ("Value", value.into())])
    };
    let tags = tags.iter();
    Value::List(
        tags.map(|(key, value)| tag(key.to_string(), value.to_string()))
            .collect(),
    )
}

/// A page of tags.
pub(super) fn tag_page(tags: Page<(TagKey, TagValue)>) -> Option<Members<'static>> {
    page("Tags", tags, |(key, value)| {
        Value::Members(vec![
            ("Key", key.to_string().into()),
            ("Value", value.to_string().into()),
        ])
    })
}

/// Texts, one a member.
pub(super) fn texts(texts: &[impl ToString]) -> Value<'static> {
    Value::List(texts.iter().map(|text| text.to_string().into()).collect())
}

/// A page of a list under this name.
#[expect(clippy::unnecessary_wraps, reason = "as operations answer")]
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
