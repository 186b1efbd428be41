//! Whether the caller may do what is asked.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use super::{Act, AdminAction, AdminError, Administration};
use crate::directory::{Role, Snapshot};
use crate::domain::{AccountId, PolicyName, Principal, RoleArn};
use crate::flows::authenticate::Caller;
use crate::flows::caller_context::caller_context;
use crate::flows::own_policies::OwnPolicies;
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
        self.authorise(&act).await?;
        Ok(())
    }

    /// Takes a signed request once: whoever kept it can't have it done again. Of who may not do it nothing is
    /// kept, so that nobody fills the store with requests that do nothing.
    ///
    /// # Errors
    /// [`AdminError::Replayed`] where it was taken before, or another one where the caller may not do it; it is
    /// recorded.
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
        self.authorise(&act).await?;
        let mark = mark_of(caller.signature.expose());
        let keep_until = meta.now.plus(REPLAY_SECONDS);
        let error = match self.marks.redeem(&mark, keep_until, meta.now).await {
            Ok(Redeemed::First) => return Ok(()),
            Ok(Redeemed::Again) => AdminError::Replayed,
            Err(error) => AdminError::Store(error),
        };
        Err(self.failed(&act, error).await)
    }

    /// The newest directory, by which the caller may do this: they are still who signed, and their policies allow
    /// it. Whoever changes anything commits it on that generation, or asks again by the next: what came between
    /// may have been that the caller was shut out.
    pub(super) async fn authorise(&self, act: &Act<'_>) -> Result<Arc<Snapshot>, AdminError> {
        let snapshot = match self.directory.catch_up(act.meta.now).await {
            Ok(snapshot) => snapshot,
            Err(error) => return Err(self.failed(act, error.into()).await),
        };
        match self.check_caller(act, &snapshot) {
            Ok(()) => Ok(snapshot),
            Err(error) => Err(self.failed(act, error).await),
        }
    }

    fn check_caller(&self, act: &Act<'_>, snapshot: &Snapshot) -> Result<(), AdminError> {
        if !self.authenticator.stands(act.caller, snapshot) {
            return Err(AdminError::Ended);
        }
        check_signed_since(act.caller, snapshot)?;
        if self.is_allowed(act, snapshot) {
            return Ok(());
        }
        Err(AdminError::Denied {
            caller: act.caller.principal.arn(),
            action: act.action.as_str(),
            resource: self.resource(act.action),
        })
    }

    fn is_allowed(&self, act: &Act<'_>, snapshot: &Snapshot) -> bool {
        let (caller, action) = (act.caller, act.action);
        let may_not = matches!(
            caller.principal,
            Principal::FederatedUser(_) | Principal::Root(_)
        );
        if may_not || caller.principal.account() != Some(self.account) {
            return false;
        }
        let Some(own) = OwnPolicies::of(caller, snapshot) else {
            return false;
        };
        let mut context = caller_context(caller, snapshot, act.meta);
        context.set_account("aws:ResourceAccount", self.account);
        let resource = self.resource(action);
        let request = Request {
            caller: PolicyCaller::from(&caller.principal),
            action: action.as_str(),
            resource: &resource,
            context: &context,
        };
        let target = Target::without_policy(self.directory.partition(), self.account);
        authorise(&request, &own.authority(), &target).is_allowed()
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

/// A store that was brought back from a backup has no marks of what was taken since: whatever was
/// signed before it was brought back may have been taken. The keys of the environment's administrator
/// are in no store, and so nothing else ends what they signed.
fn check_signed_since(caller: &Caller, snapshot: &Snapshot) -> Result<(), AdminError> {
    match snapshot.revocations().of_everything() {
        Some(ended) if caller.signed_at <= ended.at => Err(AdminError::SignedBefore(ended.at)),
        Some(_) | None => Ok(()),
    }
}

fn role_policies(role: &Role) -> Vec<NamedPolicy<'_>> {
    let named = |(name, policy)| NamedPolicy {
        name: PolicyName::as_str(name),
        policy,
    };
    role.policies.iter().map(named).collect()
}
