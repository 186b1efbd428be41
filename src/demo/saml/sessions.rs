//! The sessions that people have at the demo provider: one for each sign-in by SAML, so that a
//! sign-out can name it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{EntityId, UnixTime};
use crate::federation::saml::claims::NameId;

/// One sign-in of somebody at a service provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::demo) struct IdpSession {
    /// Its name in assertions.
    pub(in crate::demo) index: String,
    /// The short name of who signed in.
    pub(in crate::demo) person: String,
    /// Where.
    pub(in crate::demo) service_provider: EntityId,
    /// What they are called there.
    pub(in crate::demo) name_id: NameId,
    /// When it ends by itself.
    pub(in crate::demo) ends: UnixTime,
}

/// Every session that has not ended.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Vec<IdpSession>>);

impl Sessions {
    /// At most this many; the oldest make room.
    const MAX: usize = 1000;

    pub(super) fn begin(&self, session: IdpSession, now: UnixTime) {
        let mut kept = self.locked();
        kept.retain(|session| session.ends > now);
        let too_many = (kept.len() + 1).saturating_sub(Self::MAX);
        kept.drain(..too_many);
        kept.push(session);
    }

    /// Ends the sessions of whom `of` names at a service provider: those of `indexes`, or all where
    /// there are none.
    pub(super) fn end(&self, of: &NameId, service_provider: &EntityId, indexes: &[String]) {
        self.locked().retain(|session| {
            let is_meant = indexes.is_empty() || indexes.contains(&session.index);
            let is_theirs = session.name_id == *of && session.service_provider == *service_provider;
            !(is_meant && is_theirs)
        });
    }

    /// The sessions that have not ended at `now`, oldest first.
    pub(super) fn open(&self, now: UnixTime) -> Vec<IdpSession> {
        let kept = self.locked();
        let open = kept.iter().filter(|session| session.ends > now);
        open.cloned().collect()
    }

    fn locked(&self) -> MutexGuard<'_, Vec<IdpSession>> {
        // Each change is one call on the list, so a panic elsewhere left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    fn name(value: &str) -> NameId {
        NameId {
            value: value.to_owned(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
        }
    }

    fn gateway() -> EntityId {
        "https://sso.example/saml/metadata".parse().unwrap()
    }

    fn session(index: &str, person: &str) -> IdpSession {
        IdpSession {
            index: index.to_owned(),
            person: person.to_owned(),
            service_provider: gateway(),
            name_id: name(person),
            ends: NOW.plus(60),
        }
    }

    fn two_of_ines_and_one_of_noor() -> Sessions {
        let sessions = Sessions::default();
        for (index, person) in [("_1", "ines"), ("_2", "ines"), ("_3", "noor")] {
            sessions.begin(session(index, person), NOW);
        }
        sessions
    }

    fn open(sessions: &Sessions, now: UnixTime) -> Vec<String> {
        let open = sessions.open(now).into_iter();
        open.map(|session| session.index).collect()
    }

    #[test]
    fn a_named_session_ends_alone() {
        let sessions = two_of_ines_and_one_of_noor();
        sessions.end(&name("ines"), &gateway(), &["_2".to_owned()]);
        assert_eq!(open(&sessions, NOW), ["_1", "_3"]);
    }

    #[test]
    fn without_a_name_all_sessions_of_the_person_end() {
        let sessions = two_of_ines_and_one_of_noor();
        sessions.end(&name("ines"), &gateway(), &[]);
        assert_eq!(open(&sessions, NOW), ["_3"]);
    }

    #[test]
    fn neither_another_person_nor_another_service_provider_ends_a_session() {
        let sessions = two_of_ines_and_one_of_noor();
        sessions.end(&name("noor"), &gateway(), &["_1".to_owned()]);
        let elsewhere = "https://other.example".parse().unwrap();
        sessions.end(&name("ines"), &elsewhere, &[]);
        assert_eq!(open(&sessions, NOW), ["_1", "_2", "_3"]);
    }

    #[test]
    fn a_session_ends_by_itself_and_the_oldest_make_room() {
        let sessions = two_of_ines_and_one_of_noor();
        assert_eq!(open(&sessions, NOW.plus(60)), [""; 0]);
        for number in 0..Sessions::MAX {
            sessions.begin(session(&format!("_x{number}"), "tomas"), NOW);
        }
        assert_eq!(open(&sessions, NOW).len(), Sessions::MAX);
        assert_eq!(open(&sessions, NOW)[0], "_x0");
    }
}
