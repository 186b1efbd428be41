//! Which refusals get a line of their own, and the counts of those that don't.

use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};

use super::Recorder;
use crate::audit::{
    Admission, AuditUnavailable, Coalesced, Event, EventSource, Parameter, ReadOnly,
    RefusalLimiter, RefusalLimits, Source, UserIdentity,
};
use crate::domain::{Endpoint, Region, RequestId, UnixTime};
use crate::flows::request::RequestMeta;

/// Strangers and people who were proven have limits of their own, so that neither takes the other's
/// lines. So do alarms, which no flood of other refusals may hide.
pub(super) struct Refusals {
    of_strangers: RefusalLimiter,
    of_people: RefusalLimiter,
    alarms: RefusalLimiter,
}

impl Refusals {
    pub(super) fn new(limits: RefusalLimits, now: UnixTime) -> Self {
        Self {
            of_strangers: RefusalLimiter::new(limits, now),
            of_people: RefusalLimiter::new(limits, now),
            alarms: RefusalLimiter::new(limits, now),
        }
    }

    /// Who was counted together with `source`. Counts of alarms that are given back come here, too:
    /// who they are of is all that is reported.
    const fn of(&mut self, source: &Source) -> &mut RefusalLimiter {
        match source {
            Source::Person(..) | Source::Id(_) => &mut self.of_people,
            Source::Network(_) | Source::Others => &mut self.of_strangers,
        }
    }
}

impl Recorder {
    /// Writes the counts of refusals that got no line of their own and whose time has come.
    ///
    /// # Errors
    /// [`AuditUnavailable`]; what was not written is kept for the next time.
    pub async fn report_due_refusals(
        &self,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let due = {
            let mut refusals = self.refusals();
            let mut due = refusals.of_strangers.due(now);
            due.extend(refusals.of_people.due(now));
            due.extend(refusals.alarms.due(now));
            due
        };
        self.report(due, region, now).await
    }

    /// Writes the counts of all refusals that got no line of their own, before the node stops.
    ///
    /// # Errors
    /// As [`Self::report_due_refusals`].
    pub async fn flush_refusals(
        &self,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let all = {
            let mut refusals = self.refusals();
            let mut all = refusals.of_strangers.flush();
            all.extend(refusals.of_people.flush());
            all.extend(refusals.alarms.flush());
            all
        };
        self.report(all, region, now).await
    }

    async fn report(
        &self,
        coalesced: Vec<Coalesced>,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let mut outcome = Ok(());
        for one in coalesced {
            if outcome.is_ok() {
                outcome = self.report_one(&one, region, now).await;
            }
            if outcome.is_err() {
                self.refusals().of(&one.source).give_back(one);
            }
        }
        outcome
    }

    async fn report_one(
        &self,
        coalesced: &Coalesced,
        region: &Region,
        now: UnixTime,
    ) -> Result<(), AuditUnavailable> {
        let source_ip = match coalesced.source {
            Source::Network(address) => address,
            Source::Person(..) | Source::Id(_) | Source::Others => IpAddr::from([0, 0, 0, 0]),
        };
        let meta = RequestMeta {
            id: RequestId::NIL,
            now,
            source_ip,
            user_agent: String::new(),
            is_secure: false,
            region: region.clone(),
            endpoint: Endpoint::Global,
            is_of_page: false,
        };
        let occasion = self.occasion(
            &meta,
            EventSource::Gateway,
            "CoalescedRefusals",
            ReadOnly::Yes,
        )?;
        let mut event = Event::new(occasion).coalesced(coalesced.count);
        event = match &coalesced.source {
            Source::Person(provider, issuer, subject) => {
                let event = event.by(UserIdentity::federated(issuer, None, subject));
                match provider {
                    Some(arn) => event.parameter(Parameter::PrincipalArn, arn.as_str()),
                    None => event,
                }
            }
            Source::Id(id) => event.by(UserIdentity::of_id(id)),
            Source::Network(_) | Source::Others => event,
        };
        self.sink.record(&event).await
    }

    /// Whether the refusal is only counted, and gets no line of its own.
    pub(super) fn is_coalesced(&self, source: Source, meta: &RequestMeta) -> bool {
        let mut refusals = self.refusals();
        let admission = refusals.of(&source).admit(source, meta.now);
        matches!(admission, Admission::Counted)
    }

    /// The same of a refusal that somebody must look at.
    pub(super) fn is_coalesced_alarm(&self, source: Source, meta: &RequestMeta) -> bool {
        let admission = self.refusals().alarms.admit(source, meta.now);
        matches!(admission, Admission::Counted)
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
