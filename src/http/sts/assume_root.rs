//! `AssumeRoot`: the caller's signature for credentials of another account's root, for one task.

use super::assuming::{credentials, duration};
use crate::domain::{AccountId, Arn, Partition, RootTask};
use crate::flows::{AssumeRoot, RootRequest};
use crate::http::query::Success;
use crate::http::query::{Call, Parameters, QueryFault};
use crate::http::query::{Constraint, Quoting, Violations, is_arn_character};

const TARGET: Constraint = Constraint {
    field: "targetPrincipal",
    min: 12,
    max: 2048,
    pattern: None,
    quoting: Quoting::Quoted,
};
const TASK_POLICY: Constraint = Constraint {
    field: "taskPolicyArn.arn",
    min: 20,
    max: 2048,
    pattern: Some((
        |text| text.chars().all(is_arn_character),
        r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    )),
    quoting: Quoting::Quoted,
};
/// `RootDurationSecondsType`; the longest is what is given where nothing is asked.
const SECONDS: (u32, u32) = (0, 900);

pub(super) async fn answer(
    flow: &AssumeRoot,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let caller = flow.caller(&call.signed(&headers), call.meta).await?;
    let partition = flow.partition();
    let request = read(&call.parameters, partition)?;
    let session = flow.run(request, &caller, call.meta).await;
    let session = session.map_err(|error| {
        let root = format!("arn:{partition}:iam::{}:root", request.account);
        QueryFault::no_root(&error, (&caller.principal, &root))
    })?;
    let mut members = vec![("Credentials", credentials(session.issued.credentials))];
    let source = session.source_identity.map(String::from);
    members.extend(source.map(|source| ("SourceIdentity", source.into())));
    Ok(Success::new("AssumeRoot", members))
}

fn read(parameters: &Parameters<'_>, partition: Partition) -> Result<RootRequest, QueryFault> {
    let asked = duration(parameters)?;
    let mut violations = Violations::default();
    let target = violations.required(parameters.find("TargetPrincipal"), &TARGET);
    let whole = Constraint {
        field: "taskPolicyArn",
        ..TASK_POLICY
    };
    let task = match parameters.find("TaskPolicyArn.arn") {
        // A structure without a member can't be written, so that there is none.
        None => violations.required(None, &whole),
        arn => violations.required(arn, &TASK_POLICY),
    };
    let seconds = violations.number(asked, "durationSeconds", SECONDS);
    let (Some(target), Some(task), None) = (target, task, violations.message()) else {
        return Err(QueryFault::validation(
            violations.message().unwrap_or_default(),
        ));
    };
    for name in [
        "Policy",
        "PolicyArns.",
        "Tags.",
        "TransitiveTagKeys.",
        "SourceIdentity",
    ] {
        if parameters.has_any(name) {
            let name = name.trim_end_matches('.');
            return Err(QueryFault::validation(format!(
                "{name}: the operation has no such parameter; leave it out"
            )));
        }
    }
    let account = account(target, partition);
    let account =
        account.ok_or_else(|| QueryFault::validation([target, " is invalid"].concat()))?;
    let task = RootTask::parse(task, partition);
    Ok(RootRequest {
        account,
        task: task.map_err(|error| QueryFault::validation(format!("TaskPolicyArn: {error}")))?,
        seconds: seconds.unwrap_or(SECONDS.1),
    })
}

/// An account's number, or the ARN of its root.
fn account(target: &str, partition: Partition) -> Option<AccountId> {
    if let Ok(account) = target.parse() {
        return Some(account);
    }
    let arn = Arn::parse(target).ok()?;
    let is_root = arn.partition == partition.as_str()
        && arn.service == "iam"
        && arn.region.is_empty()
        && arn.resource == "root";
    is_root.then(|| arn.account.parse().ok())?
}
