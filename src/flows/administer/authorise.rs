//! Whether the caller's policies allow what is asked.

use aws_lc_rs::digest::{SHA256, digest};

use super::{Act, AdminAction, AdminError, Administration};
use crate::directory::{DirectoryError, Role, Snapshot};
use crate::domain::{AccountId, PolicyName, Principal, RoleArn};
use crate::flows::authenticate::Caller;
use crate::flows::caller_context::caller_context;
use crate::flows::own_policies::OwnPolicies;
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;
use crate::policy::{
    Caller as PolicyCaller, Context, NamedPolicy, Request, Target, authorise, decide_identity,
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
        if let Err(error) = self.check_signed_since(act) {
            return Err(self.failed(act, error).await);
        }
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

    /// A store that was brought back from a backup has no marks of what was taken since: whatever was
    /// signed before it was brought back may have been taken. The keys of the environment's administrator
    /// are in no store, and so nothing else ends what they signed.
    fn check_signed_since(&self, act: &Act<'_>) -> Result<(), AdminError> {
        let snapshot = self.directory.snapshot(act.meta.now)?;
        match snapshot.revocations().of_everything() {
            Some(ended) if act.caller.signed_at <= ended.at => {
                Err(AdminError::SignedBefore(ended.at))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_allowed(
        &self,
        caller: &Caller,
        action: AdminAction,
        meta: &RequestMeta,
    ) -> Result<bool, DirectoryError> {
        let may_not = matches!(
            caller.principal,
            Principal::FederatedUser(_) | Principal::Root(_)
        );
        if may_not || caller.principal.account() != Some(self.account) {
            return Ok(false);
        }
        let snapshot = self.directory.snapshot(meta.now)?;
        let Some(own) = OwnPolicies::of(caller, &snapshot) else {
            return Ok(false);
        };
        let context = caller_context(caller, &snapshot, meta);
        let resource = self.resource(action);
        let request = Request {
            caller: PolicyCaller::from(&caller.principal),
            action: action.as_str(),
            resource: &resource,
            context: &context,
        };
        let target = Target::without_policy(self.directory.partition(), self.account);
        Ok(authorise(&request, &own.authority(), &target).is_allowed())
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
