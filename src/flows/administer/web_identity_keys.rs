//! The rotation of the keys that accounts' tokens for others are signed with.

use super::{Act, AdminAction, AdminError, Administration, Applied, PreviousKeys};
use crate::directory::{Change, WebIdentityKeyRecord};
use crate::domain::UnixTime;
use crate::federation::saml::service_provider::{Rotation, Schedule};
use crate::flows::authenticate::Caller;
use crate::flows::node_keys::generate_web_identity_key;
use crate::flows::request::RequestMeta;

const DAY: i64 = 24 * 60 * 60;
/// A new key is published for a day before it signs, longer than verifiers keep what they read, and the
/// one before for a day after: no token lasts longer than an hour. So there are three at most.
const ROTATION: Rotation = Rotation {
    overlap: DAY,
    grace: DAY,
};

impl Administration {
    /// Adds a key that tokens for others are signed with once verifiers could read of it, and gives those that
    /// were there an end. With [`PreviousKeys::Drop`] it signs at once, and the earlier ones are gone:
    /// tokens that they signed are refused as soon as verifiers read the keys anew.
    ///
    /// # Errors
    /// [`AdminError`]; the keys are as they were.
    pub async fn rotate_web_identity_keys(
        &self,
        caller: &Caller,
        previous: PreviousKeys,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::RotateWebIdentityKeys,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let records = &snapshot.directory().web_identity_keys;
        let rotation = changes(records, previous, meta.now).await;
        self.rotate(&act, &snapshot, rotation).await
    }
}

async fn changes(
    records: &[WebIdentityKeyRecord],
    previous: PreviousKeys,
    now: UnixTime,
) -> Result<Vec<Change>, AdminError> {
    let (kept, dropped): (Vec<_>, Vec<_>) = records
        .iter()
        .partition(|record| previous == PreviousKeys::Keep && record.schedule().is_live(now));
    let schedules: Vec<Schedule> = kept.iter().map(|record| record.schedule()).collect();
    let plan = ROTATION.plan(&schedules, now)?;
    let key = generate_web_identity_key().await?;
    let added = WebIdentityKeyRecord::of(&key, plan.new);
    let rescheduled = kept.iter().zip(plan.old);
    let rescheduled = rescheduled.filter(|(record, at)| record.schedule() != *at);
    let rescheduled = rescheduled.map(|(record, at)| record.at(at));
    let put = |record| Change::AddWebIdentityKey(Box::new(record));
    let puts = std::iter::once(added).chain(rescheduled).map(put);
    let removals = dropped.iter().map(|record| record.id().into());
    let removals = removals.map(Change::RemoveWebIdentityKey);
    Ok(puts.chain(removals).collect())
}
