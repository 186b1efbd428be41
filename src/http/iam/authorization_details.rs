//! `GetAccountAuthorizationDetails`

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, Wanted};
use super::{instance_profiles, policies, shapes};
use crate::domain::{GroupName, ManagedPolicyArn, PolicyName};
use crate::flows::iam::Page;
use crate::flows::iam::authorization_details::{
    Detail, EntityKind, GetAccountAuthorizationDetails, HolderDetail, RightsDetail,
};
use crate::flows::iam::instance_profiles::InstanceProfileView;
use crate::flows::iam::policies::{PolicyView, VersionView};
use crate::http::query::{Constraint, Members, Parameters, QueryFault, Quoting, Value};

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
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        let (mut roles, mut policies) = (Vec::new(), Vec::new());
        for detail in page.items {
            match detail {
                Detail::User(user, of) => users.push(of_user(user, &of)),
                Detail::Group(group) => groups.push(of_group(group)),
                Detail::Role(role, trust, of) => roles.push(of_role(role, &trust, of)),
                Detail::Policy(policy, versions) => policies.push(of_policy(policy, versions)),
            }
        }
        let mut members = vec![
            ("UserDetailList", Value::List(users)),
            ("GroupDetailList", Value::List(groups)),
            ("RoleDetailList", Value::List(roles)),
            ("Policies", Value::List(policies)),
            ("IsTruncated", Value::Bool(page.marker.is_some())),
        ];
        members.extend(page.marker.map(|marker| ("Marker", marker.into())));
        Some(members)
    }
}

/// What an element of a user, group or role is called.
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
    members
}

fn of_rights(rights: RightsDetail, policies: &'static str) -> Members<'static> {
    let inline = |(name, document): &(PolicyName, String)| {
        Value::Members(vec![
            ("PolicyName", name.to_string().into()),
            ("PolicyDocument", shapes::document(document)),
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

fn of_user(user: HolderDetail, groups: &[GroupName]) -> Value<'static> {
    let names = Names {
        name: "UserName",
        id: "UserId",
        policies: "UserPolicyList",
    };
    let tags = shapes::tags(&user.tags);
    let mut members = of_holder(user, &names);
    members.push(("Tags", tags));
    members.push(("GroupList", shapes::texts(groups)));
    Value::Members(members)
}

fn of_group(group: HolderDetail) -> Value<'static> {
    let names = Names {
        name: "GroupName",
        id: "GroupId",
        policies: "GroupPolicyList",
    };
    Value::Members(of_holder(group, &names))
}

fn of_role(role: HolderDetail, trust: &str, profiles: Vec<InstanceProfileView>) -> Value<'static> {
    let names = Names {
        name: "RoleName",
        id: "RoleId",
        policies: "RolePolicyList",
    };
    let tags = shapes::tags(&role.tags);
    let profiles = profiles.into_iter().map(instance_profiles::profile);
    let mut members = of_holder(role, &names);
    members.push(("Tags", tags));
    members.push(("AssumeRolePolicyDocument", shapes::document(trust)));
    members.push(("InstanceProfileList", Value::List(profiles.collect())));
    Value::Members(members)
}

fn of_policy(policy: PolicyView, versions: Vec<VersionView>) -> Value<'static> {
    let versions = versions.into_iter().map(policies::version);
    let mut members = policies::members_of(policy);
    members.push(("PolicyVersionList", Value::List(versions.collect())));
    Value::Members(members)
}
