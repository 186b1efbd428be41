//! `GetAccountAuthorizationDetails`

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, Wanted};
use super::shapes;
use crate::domain::{ManagedPolicyArn, PolicyName};
use crate::flows::iam::Page;
use crate::flows::iam::authorization_details::{
    Detail, EntityKind, GetAccountAuthorizationDetails, HolderDetail, PolicyDetail, RightsDetail,
};
use crate::http::query::{Constraint, Members, Parameters, QueryFault, Quoting, Value};

/// What stands as it is in a policy document of an answer: the unreserved characters (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// `entityListType`
const FILTER: Field = Field {
    name: "Filter",
    constraint: Constraint {
        field: "filter",
        min: 0,
        max: 255,
        pattern: None,
        quoting: Quoting::Quoted,
    },
};

fn encoded(document: &str) -> Value<'static> {
    utf8_percent_encode(document, ENCODED).to_string().into()
}

impl Operation for GetAccountAuthorizationDetails {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            optional: &[MARKER, MAX_ITEMS],
            optional_lists: &[FILTER],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        let kinds = checked.texts(FILTER)?.into_iter().map(|name| {
            let mut all = EntityKind::ALL.into_iter();
            all.find(|kind| kind.as_str() == name).ok_or_else(|| {
                let names = EntityKind::ALL.map(EntityKind::as_str).join(", ");
                QueryFault::validation(format!("1 validation error detected: Value '[{name}]' at 'filter' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [{names}]]"))
            })
        });
        Ok(Self {
            filter: kinds.collect::<Result<_, _>>()?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<Detail>) -> Option<Members<'static>> {
        let (mut users, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new());
        for detail in page.items {
            match detail {
                Detail::User(user) => users.push(of_user(user)),
                Detail::Role(role, trust) => roles.push(of_role(role, &trust)),
                Detail::Policy(policy) => policies.push(of_policy(policy)),
            }
        }
        let mut members = vec![
            ("UserDetailList", Value::List(users)),
            ("GroupDetailList", Value::List(Vec::new())),
            ("RoleDetailList", Value::List(roles)),
            ("Policies", Value::List(policies)),
            ("IsTruncated", Value::Bool(page.marker.is_some())),
        ];
        members.extend(page.marker.map(|marker| ("Marker", marker.into())));
        Some(members)
    }
}

/// What an element of a user or role is called.
struct Names {
    name: &'static str,
    id: &'static str,
    policies: &'static str,
}

fn of_holder(holder: HolderDetail, names: &Names) -> Members<'static> {
    let mut members = vec![
        ("Path", holder.path.to_string().into()),
        (names.name, holder.name.into()),
        (names.id, holder.id.to_string().into()),
        ("Arn", holder.arn.into()),
        ("CreateDate", Value::Time(holder.created_at)),
    ];
    members.extend(of_rights(holder.rights, names.policies));
    members.push(("Tags", shapes::tags(&holder.tags)));
    members
}

fn of_rights(rights: RightsDetail, policies: &'static str) -> Members<'static> {
    let inline = |(name, document): &(PolicyName, String)| {
        Value::Members(vec![
            ("PolicyName", name.to_string().into()),
            ("PolicyDocument", encoded(document)),
        ])
    };
    let attached = |arn: &ManagedPolicyArn| {
        Value::Members(vec![
            ("PolicyName", arn.name().to_string().into()),
            ("PolicyArn", arn.to_string().into()),
        ])
    };
    let inline = rights.policies.iter().map(inline).collect();
    let attached = rights.attached.iter().map(attached).collect();
    let mut members = vec![
        (policies, Value::List(inline)),
        ("AttachedManagedPolicies", Value::List(attached)),
    ];
    let boundary = rights.boundary;
    members.extend(boundary.map(|arn| ("PermissionsBoundary", shapes::boundary(&arn))));
    members
}

fn of_user(user: HolderDetail) -> Value<'static> {
    let names = Names {
        name: "UserName",
        id: "UserId",
        policies: "UserPolicyList",
    };
    let mut members = of_holder(user, &names);
    members.push(("GroupList", Value::List(Vec::new())));
    Value::Members(members)
}

fn of_role(role: HolderDetail, trust: &str) -> Value<'static> {
    let names = Names {
        name: "RoleName",
        id: "RoleId",
        policies: "RolePolicyList",
    };
    let mut members = of_holder(role, &names);
    members.push(("AssumeRolePolicyDocument", encoded(trust)));
    members.push(("InstanceProfileList", Value::List(Vec::new())));
    Value::Members(members)
}

fn of_policy(policy: PolicyDetail) -> Value<'static> {
    let count = |number: usize| Value::Number(u32::try_from(number).unwrap_or(u32::MAX));
    let arn = &policy.arn;
    let mut members = vec![
        ("PolicyName", arn.name().to_string().into()),
        ("Arn", arn.to_string().into()),
        ("Path", arn.path().to_string().into()),
        ("DefaultVersionId", "v1".into()),
        ("AttachmentCount", count(policy.attached)),
        ("PermissionsBoundaryUsageCount", count(policy.bounding)),
        ("IsAttachable", Value::Bool(true)),
    ];
    let mut version = vec![
        ("Document", encoded(&policy.document)),
        ("VersionId", "v1".into()),
        ("IsDefaultVersion", Value::Bool(true)),
    ];
    if let Some((id, description, created_at)) = policy.own {
        members.push(("PolicyId", id.to_string().into()));
        members.push(("Description", description.into()));
        members.push(("CreateDate", Value::Time(created_at)));
        members.push(("UpdateDate", Value::Time(created_at)));
        version.push(("CreateDate", Value::Time(created_at)));
    }
    let versions = Value::List(vec![Value::Members(version)]);
    members.push(("PolicyVersionList", versions));
    Value::Members(members)
}
