//! Managed policies.

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, text};
use super::policy_fields::{
    POLICY_ARN, POLICY_DOCUMENT, POLICY_NAME, POLICY_PATH_PREFIX, flag, policy_arn, policy_path,
};
use super::shapes;
use super::tagging::NamedToTag;
use crate::domain::{IamPath, ManagedPolicyArn, PolicyVersionId, UniqueId};
use crate::flows::iam::Page;
use crate::flows::iam::policies::{
    CreatePolicy, CreatePolicyVersion, DeletePolicy, DeletePolicyVersion, Entities, EntityFilter,
    GetPolicy, GetPolicyVersion, ListEntitiesForPolicy, ListPolicies, ListPolicyVersions, OfPolicy,
    PolicyScope, PolicyView, SetDefaultPolicyVersion, UsageFilter, VersionView,
};
use crate::http::query::{Constraint, Members, Parameters, QueryFault, Quoting, Value, Violations};

/// `policyPathType`
const PATH: Field = policy_path("Path", "path");
/// `policyDescriptionType`
const DESCRIPTION: Field = text("Description", "description", (0, 1000));
/// `policyVersionIdType`
const VERSION_ID: Field = Field {
    name: "VersionId",
    constraint: Constraint {
        field: "versionId",
        min: 0,
        max: 1024,
        pattern: Some((is_version_character, r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?")),
        quoting: Quoting::Quoted,
    },
};

const fn is_version_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '-'
}

/// `PolicyUsageType`
const USAGES: [&str; 2] = ["PermissionsPolicy", "PermissionsBoundary"];
/// `policyScopeType`
const SCOPES: [&str; 3] = ["All", "AWS", "Local"];
/// `EntityType`
const ENTITIES: [&str; 5] = [
    "User",
    "Role",
    "Group",
    "LocalManagedPolicy",
    "AWSManagedPolicy",
];

fn usage(parameters: &Parameters<'_>, violations: &mut Violations) -> Option<UsageFilter> {
    let asked = parameters.find("PolicyUsageFilter");
    match violations.one_of(asked, "policyUsageFilter", &USAGES)? {
        "PermissionsBoundary" => Some(UsageFilter::PermissionsBoundary),
        _ => Some(UsageFilter::PermissionsPolicy),
    }
}

/// The version that is meant. One of another form was never given.
fn version_id(checked: &Checked<'_>) -> Result<PolicyVersionId, QueryFault> {
    let text = checked.text(VERSION_ID).unwrap_or_default();
    text.parse().map_err(|_| {
        QueryFault::validation(format!(
            "1 validation error detected: Value '{text}' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"
        ))
    })
}

/// `Policy`
fn policy(view: PolicyView) -> Value<'static> {
    Value::Members(members_of(view))
}

/// The members of a `Policy`.
pub(super) fn members_of(view: PolicyView) -> Members<'static> {
    let mut members = vec![
        ("PolicyName", view.arn.name().to_string().into()),
        ("PolicyId", view.id.to_string().into()),
        ("Arn", view.arn.to_string().into()),
        ("Path", view.arn.path().to_string().into()),
        ("DefaultVersionId", view.default_version.to_string().into()),
        ("AttachmentCount", Value::Number(view.usage.attachments)),
        (
            "PermissionsBoundaryUsageCount",
            Value::Number(view.usage.boundaries),
        ),
        ("IsAttachable", Value::Bool(true)),
    ];
    if !view.description.is_empty() {
        members.push(("Description", view.description.into()));
    }
    members.push(("CreateDate", Value::Time(view.created_at)));
    members.push(("UpdateDate", Value::Time(view.updated_at)));
    if !view.tags.is_empty() {
        members.push(("Tags", shapes::tags(&view.tags)));
    }
    members
}

/// `PolicyVersion`
pub(super) fn version(view: VersionView) -> Value<'static> {
    let document = view
        .document
        .map(|text| ("Document", shapes::document(&text)));
    let mut members: Members<'static> = document.into_iter().collect();
    members.push(("VersionId", view.id.to_string().into()));
    members.push(("IsDefaultVersion", Value::Bool(view.is_default)));
    members.push(("CreateDate", Value::Time(view.created_at)));
    Value::Members(members)
}

impl Operation for CreatePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let required = [POLICY_NAME, POLICY_DOCUMENT];
        let checked = Checked::new(parameters, &required, &[PATH, DESCRIPTION])?;
        Ok(Self {
            name: checked.get(POLICY_NAME)?,
            path: checked.find(PATH)?.unwrap_or_else(IamPath::root),
            document: checked.text(POLICY_DOCUMENT).unwrap_or_default().to_owned(),
            description: checked.text(DESCRIPTION).unwrap_or_default().to_owned(),
            tags: checked.tags()?,
        })
    }

    fn members(view: PolicyView) -> Option<Members<'static>> {
        Some(vec![("Policy", policy(view))])
    }
}

impl Operation for GetPolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[POLICY_ARN], &[])?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
        })
    }

    fn members(view: PolicyView) -> Option<Members<'static>> {
        Some(vec![("Policy", policy(view))])
    }
}

impl Operation for ListPolicies {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let mut violations = Violations::default();
        let asked = parameters.find("Scope");
        let scope = match violations.one_of(asked, "scope", &SCOPES) {
            Some("AWS") => PolicyScope::Aws,
            Some("Local") => PolicyScope::Local,
            Some(_) | None => PolicyScope::All,
        };
        let usage = usage(parameters, &mut violations);
        let optional = [POLICY_PATH_PREFIX, MARKER, MAX_ITEMS];
        let checked = Checked::beside(violations, parameters, &[], &optional)?;
        Ok(Self {
            scope,
            only_attached: flag(parameters, "OnlyAttached")?,
            usage,
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(page: Page<PolicyView>) -> Option<Members<'static>> {
        shapes::page("Policies", page, policy)
    }
}

impl Operation for DeletePolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[POLICY_ARN], &[])?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
        })
    }
}

impl Operation for CreatePolicyVersion {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[POLICY_ARN, POLICY_DOCUMENT], &[])?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
            document: checked.text(POLICY_DOCUMENT).unwrap_or_default().to_owned(),
            set_as_default: flag(parameters, "SetAsDefault")?,
        })
    }

    fn members(view: VersionView) -> Option<Members<'static>> {
        Some(vec![("PolicyVersion", version(view))])
    }
}

impl Operation for GetPolicyVersion {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[POLICY_ARN, VERSION_ID], &[])?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
            id: version_id(&checked)?,
        })
    }

    fn members(view: VersionView) -> Option<Members<'static>> {
        Some(vec![("PolicyVersion", version(view))])
    }
}

impl Operation for ListPolicyVersions {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[POLICY_ARN], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<VersionView>) -> Option<Members<'static>> {
        shapes::page("Versions", page, version)
    }
}

impl Operation for SetDefaultPolicyVersion {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[POLICY_ARN, VERSION_ID], &[])?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
            id: version_id(&checked)?,
        })
    }
}

impl Operation for DeletePolicyVersion {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[POLICY_ARN, VERSION_ID], &[])?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
            id: version_id(&checked)?,
        })
    }
}

impl Operation for ListEntitiesForPolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let mut violations = Violations::default();
        let asked = parameters.find("EntityFilter");
        let kind = violations.one_of(asked, "entityFilter", &ENTITIES);
        let kind = kind.map(|kind| match kind {
            "User" => EntityFilter::User,
            "Group" => EntityFilter::Group,
            "Role" => EntityFilter::Role,
            _ => EntityFilter::Other,
        });
        let usage = usage(parameters, &mut violations);
        let optional = [super::parameters::PATH_PREFIX, MARKER, MAX_ITEMS];
        let checked = Checked::beside(violations, parameters, &[POLICY_ARN], &optional)?;
        Ok(Self {
            arn: policy_arn(checked.text(POLICY_ARN))?,
            kind,
            usage,
            path_prefix: checked.path_prefix(),
            page: checked.page()?,
        })
    }

    fn members(entities: Entities) -> Option<Members<'static>> {
        let users = entities.users.into_iter();
        let users = users.map(|(name, id)| named(("UserName", name.as_str()), ("UserId", &id)));
        let groups = entities.groups.into_iter();
        let groups = groups.map(|(name, id)| named(("GroupName", name.as_str()), ("GroupId", &id)));
        let roles = entities.roles.into_iter();
        let roles = roles.map(|(name, id)| named(("RoleName", name.as_str()), ("RoleId", &id)));
        let is_truncated = Value::Bool(entities.marker.is_some());
        let mut members = vec![
            ("PolicyGroups", Value::List(groups.collect())),
            ("PolicyUsers", Value::List(users.collect())),
            ("PolicyRoles", Value::List(roles.collect())),
            ("IsTruncated", is_truncated),
        ];
        members.extend(entities.marker.map(|marker| ("Marker", marker.into())));
        Some(members)
    }
}

fn named(name: (&'static str, &str), id: (&'static str, &UniqueId)) -> Value<'static> {
    Value::Members(vec![
        (name.0, name.1.to_owned().into()),
        (id.0, id.1.to_string().into()),
    ])
}

impl NamedToTag for OfPolicy {
    const NAME: Field = POLICY_ARN;

    fn name(checked: &Checked<'_>) -> Result<ManagedPolicyArn, QueryFault> {
        policy_arn(checked.text(POLICY_ARN))
    }
}
