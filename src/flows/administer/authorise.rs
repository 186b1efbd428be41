//! Whether the caller's policies allow what is asked.

use aws_lc_rs::digest::{SHA256, digest};

use super::{Act, AdminAction, AdminError, Administration};
use crate::credentials::OpenSession;
use crate::directory::{DirectoryError, PolicyName, Role, Snapshot};
use crate::domain::{AccountId, Principal, RoleArn};
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;
use crate::policy::{
    Caller as PolicyCaller, Context, IdentityPolicy, NamedPolicy, Request, decide_identity,
};
use crate::sigv4::MAX_SKEW_SECONDS;
use crate::store::Redeemed;

/// No signature is accepted for longer: from a quarter of an hour before its time to one after it.
const REPLAY_SECONDS: i64 = 2 * MAX_SKEW_SECONDS + 1;
/// What the mark of a request is, so that no other mark is taken for it.
const MARK: &[u8] = b"rolegate admin request ";

/// The name of the mark that a request with this signature was taken.
fn mark_of(signature: &[u8; 32]) -> [u8; 32] {
    let mut mark = [0; 32];
    let hash = digest(&SHA256, &[MARK, signature].concat());
    mark.copy_from_slice(hash.as_ref());
    mark
}

impl Administration {
    /// Whether the caller may do this at all, before more is read of the request. Each action asks
    /// again when it begins.
    ///
    /// # Errors
    /// [`AdminError`]; it is recorded.
    pub async fn admit(
        &self,
        caller: &Caller,
        action: AdminAction,
        meta: &RequestMeta,
    ) -> Result<(), AdminError> {
        let act = Act {
            caller,
            action,
            meta,
        };
        self.authorise(&act).await
    }

    /// Takes a signed request once: whoever kept it can't have it done again.
    ///
    /// # Errors
    /// [`AdminError::Replayed`] where it was taken before; it is recorded.
    pub async fn once(
        &self,
        caller: &Caller,
        action: AdminAction,
        meta: &RequestMeta,
    ) -> Result<(), AdminError> {
        let act = Act {
            caller,
            action,
            meta,
        };
        let mark = mark_of(caller.signature.expose());
        let keep_until = meta.now.plus(REPLAY_SECONDS);
        let error = match self.marks.redeem(&mark, keep_until, meta.now).await {
            Ok(Redeemed::First) => return Ok(()),
            Ok(Redeemed::Again) => AdminError::Replayed,
            Err(error) => DirectoryError::from(error).into(),
        };
        Err(self.failed(&act, error).await)
    }

    pub(super) async fn authorise(&self, act: &Act<'_>) -> Result<(), AdminError> {
        match self.is_allowed(act.caller, act.action, act.meta) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(self.failed(act, error.into()).await),
        }
        let denied = AdminError::Denied {
            caller: act.caller.principal.arn(),
            action: act.action.as_str(),
            resource: self.resource(act.action),
        };
        let (subject, why) = (Subject::Caller(act.caller), denied.to_string());
        self.recorder
            .admin(act.meta, &subject, act.action, Outcome::Denied { why })
            .await?;
        Err(denied)
    }

    fn is_allowed(
        &self,
        caller: &Caller,
        action: AdminAction,
        meta: &RequestMeta,
    ) -> Result<bool, DirectoryError> {
        if caller.principal.account() != self.account {
            return Ok(false);
        }
        let context = caller_context(caller, meta);
        let resource = self.resource(action);
        let request = Request {
            caller: PolicyCaller::from(&caller.principal),
            action: action.as_str(),
            resource: &resource,
            context: &context,
        };
        match (&caller.session, &caller.user) {
            (Some(session), _) => self.session_may(session, &request, meta),
            (None, Some(user)) => {
                let own = [NamedPolicy {
                    name: "AdministratorAccess",
                    policy: &user.policy,
                }];
                Ok(decide_identity(&own, &request).is_allowed())
            }
            (None, None) => Ok(false),
        }
    }

    /// A session may do what its role's policies allow, within its session policies.
    fn session_may(
        &self,
        session: &OpenSession,
        request: &Request<'_>,
        meta: &RequestMeta,
    ) -> Result<bool, DirectoryError> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let entry = snapshot.role(&session.principal.role);
        let Some(entry) = entry.filter(|it| it.role.unique_id == session.principal.role_id) else {
            return Ok(false);
        };
        let own = role_policies(&entry.role);
        let within_session = session.session_policies.is_empty()
            || decide_identity(&session_policies(&session.session_policies), request).is_allowed();
        Ok(within_session && decide_identity(&own, request).is_allowed())
    }

    /// A role of the managing account whose sessions may do this too, if there is one.
    pub(in crate::flows) fn another_admin(
        snapshot: &Snapshot,
        account: AccountId,
        action: AdminAction,
    ) -> Option<RoleArn> {
        let roles = &snapshot.account(account)?.roles;
        let resource = format!(
            "arn:{}:rolegate::{account}:{}",
            snapshot.partition(),
            action.resource()
        );
        let context = Context::new();
        let request = Request {
            caller: PolicyCaller::Anonymous,
            action: action.as_str(),
            resource: &resource,
            context: &context,
        };
        let allows = |role: &Role| decide_identity(&role_policies(role), &request).is_allowed();
        let found = roles.iter().find(|(_, role)| allows(role));
        found.map(|(name, role)| role.arn(snapshot.partition(), account, name))
    }

    fn resource(&self, action: AdminAction) -> String {
        let partition = self.directory.partition();
        format!(
            "arn:{partition}:rolegate::{}:{}",
            self.account,
            action.resource()
        )
    }
}

fn role_policies(role: &Role) -> Vec<NamedPolicy<'_>> {
    let named = |(name, policy)| NamedPolicy {
        name: PolicyName::as_str(name),
        policy,
    };
    role.policies.iter().map(named).collect()
}

fn session_policies(policies: &[IdentityPolicy]) -> Vec<NamedPolicy<'_>> {
    policies
        .iter()
        .map(|policy| NamedPolicy {
            name: "session policy",
            policy,
        })
        .collect()
}

/// The condition keys that a signed call has.
fn caller_context<'a>(caller: &'a Caller, meta: &RequestMeta) -> Context<'a> {
    let mut context = Context::new();
    context.set("aws:CurrentTime", meta.now.to_string());
    context.set("aws:EpochTime", meta.now.seconds().to_string());
    context.set("aws:SourceIp", meta.source_ip.to_string());
    context.set("aws:SecureTransport", meta.is_secure.to_string());
    context.set("aws:UserAgent", meta.user_agent.clone());
    context.set("aws:RequestedRegion", caller.region.as_str());
    context.set(
        "aws:PrincipalAccount",
        caller.principal.account().to_string(),
    );
    context.set("aws:userid", caller.principal.user_id());
    match (&caller.principal, &caller.session) {
        (Principal::Session(session), Some(open)) => {
            context.set("aws:PrincipalArn", session.role.as_str());
            context.set("aws:PrincipalType", "AssumedRole");
            context.set("aws:TokenIssueTime", open.issued_at.to_string());
            context.set(
                "aws:MultiFactorAuthPresent",
                open.mfa_at.is_some().to_string(),
            );
            if let Some(source) = &open.source_identity {
                context.set("aws:SourceIdentity", source.as_str());
            }
            for (key, value, _) in open.tags.iter() {
                context.set(format!("aws:PrincipalTag/{key}"), value.as_str());
            }
        }
        (principal, _) => {
            context.set("aws:PrincipalArn", principal.arn());
            context.set("aws:PrincipalType", "User");
        }
    }
    context
}
