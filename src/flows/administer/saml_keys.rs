//! The rotation of the node's keys as a SAML service provider.

use super::{Act, AdminAction, AdminError, Administration, Applied, PreviousKeys};
use crate::directory::{Change, ServiceProviderKeyRecord};
use crate::domain::UnixTime;
use crate::federation::saml::service_provider::{Rotation, RotationPlan, Schedule};
use crate::flows::authenticate::Caller;
use crate::flows::node_keys::generate;
use crate::flows::request::RequestMeta;

/// There are never more service provider keys: each is published, and tried for what is encrypted.
pub const MAX_SAML_KEYS: usize = 8;

impl Administration {
    /// Adds a key of the node as a SAML service provider, which signs once providers could read of
    /// it, and gives those that were there an end. With [`PreviousKeys::Drop`] it signs at once, and
    /// the earlier ones are gone: providers refuse what it signs, and encrypt what nobody can open,
    /// until they have read the node's metadata anew.
    ///
    /// # Errors
    /// [`AdminError`]; the keys are as they were.
    pub async fn rotate_saml_keys(
        &self,
        caller: &Caller,
        previous: PreviousKeys,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::RotateSamlKeys,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let records = &snapshot.directory().service_provider_keys;
        let rotation = self.saml_rotation(records, previous, meta.now).await;
        self.rotate(&act, &snapshot, rotation).await
    }

    async fn saml_rotation(
        &self,
        records: &[ServiceProviderKeyRecord],
        previous: PreviousKeys,
        now: UnixTime,
    ) -> Result<Vec<Change>, AdminError> {
        let (live, retired): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| record.schedule().is_live(now));
        let (kept, dropped) = match previous {
            PreviousKeys::Keep => (live, retired),
            PreviousKeys::Drop => (Vec::new(), [live, retired].concat()),
        };
        if kept.len() >= MAX_SAML_KEYS {
            return Err(AdminError::TooManySamlKeys);
        }
        let plan = plan(self.saml_keys.rotation, &kept, now)?;
        let key = generate(&self.saml_keys.host, now).await?;
        let added = ServiceProviderKeyRecord::of(&key, plan.new);
        let rescheduled = kept.iter().zip(plan.old);
        let rescheduled = rescheduled.filter(|(record, at)| record.schedule() != *at);
        let rescheduled = rescheduled.map(|(record, at)| record.at(at));
        let put = |record| Change::AddServiceProviderKey(Box::new(record));
        let mut changes: Vec<Change> = std::iter::once(added).chain(rescheduled).map(put).collect();
        let removals = dropped.iter().map(|record| record.id());
        changes.extend(removals.map(Change::RemoveServiceProviderKey));
        Ok(changes)
    }
}

fn plan(
    rotation: Rotation,
    records: &[&ServiceProviderKeyRecord],
    now: UnixTime,
) -> Result<RotationPlan, AdminError> {
    let schedules: Vec<Schedule> = records.iter().map(|record| record.schedule()).collect();
    Ok(rotation.plan(&schedules, now)?)
}
