//! The role by which the managing account enters an account that it has made: without it nobody could make the
//! first user there by the IAM API.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::AdminError;
use crate::directory::{Problem, Role};
use crate::domain::{
    AccountId, IamPath, ManagedPolicyArn, OwnTags, Partition, SessionDuration, UniqueId,
    UniqueIdKind, UnixTime,
};
use crate::entropy::{Entropy, draw};
use crate::policy::TrustPolicy;

/// A role with `AdministratorAccess` that trusts the managing account, as AWS Organizations makes one in each new
/// account: whose policies there allow `sts:AssumeRole` on it may take it.
pub(super) fn access_role(
    (partition, managing): (Partition, AccountId),
    now: UnixTime,
    entropy: &dyn Entropy,
) -> Result<Role, AdminError> {
    let trust = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:{partition}:iam::{managing}:root") },
        "Action": "sts:AssumeRole",
    }]});
    let everything = format!("arn:{partition}:iam::aws:policy/AdministratorAccess");
    let everything: ManagedPolicyArn = everything.parse().map_err(unfit)?;
    Ok(Role {
        path: IamPath::root(),
        unique_id: UniqueId::from_random(UniqueIdKind::Role, draw(entropy)?),
        description: String::new(),
        max_session_duration: SessionDuration::DEFAULT,
        trust: TrustPolicy::parse(&trust.to_string()).map_err(unfit)?,
        tags: OwnTags::default(),
        policies: BTreeMap::new(),
        attached: BTreeSet::from([everything]),
        boundary: None,
        created_at: now,
    })
}

fn unfit(error: impl Display) -> AdminError {
    AdminError::Invalid(vec![Problem::new("access role", error.to_string())])
}
