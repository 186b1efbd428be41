//! When a connection's metadata is looked at, and what came of it; each node keeps that for itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turns, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::directory::Snapshot;
use crate::domain::{ConnectionId, EntityId, UnixTime};
use crate::federation::connection::SamlConnection;
use crate::federation::saml::settings::MetadataSource;

/// So many looks are under way at once: each may hold a document of ten megabytes.
pub const MAX_LOOKS: usize = 16;
/// A file is read again after so many seconds.
pub const FILE_SECONDS: i64 = 5;
/// A look comes earlier than its interval says by at most this part of it, so that several nodes
/// don't ask at the same moment. Never later: a key that was withdrawn must be gone in time.
const JITTER_PART: i64 = 8;

/// The looks at all connections' metadata.
#[derive(Debug)]
pub struct Looks {
    connections: Mutex<HashMap<ConnectionId, Look>>,
    free: Arc<Semaphore>,
}

/// What came of the last look at a connection's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastLook {
    /// When it began.
    pub at: UnixTime,
    /// Why what is published was not taken; `None` where it was, or was known already.
    pub problem: Option<Arc<str>>,
}

#[derive(Debug)]
struct Look {
    place: Place,
    due: UnixTime,
    turn: Arc<Turns<()>>,
    last: Option<LastLook>,
}

/// Whose metadata is looked for where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    source: MetadataSource,
    entity: EntityId,
}

impl Place {
    fn of(connection: SamlConnection<'_>) -> Option<Self> {
        let settings = connection.settings;
        (settings.metadata != MetadataSource::Upload).then(|| Self {
            source: settings.metadata.clone(),
            entity: settings.entity_id.clone(),
        })
    }

    fn interval(&self) -> i64 {
        match &self.source {
            MetadataSource::Url { refresh, .. } => refresh.seconds().into(),
            MetadataSource::Upload | MetadataSource::File(_) => FILE_SECONDS,
        }
    }
}

/// The right to look at one connection's metadata, which one task at a time has.
#[derive(Debug)]
pub struct Turn {
    /// The connection.
    pub connection: ConnectionId,
    place: Place,
    _held: OwnedMutexGuard<()>,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            connections: Mutex::default(),
            free: Arc::new(Semaphore::new(MAX_LOOKS)),
        }
    }
}

impl Looks {
    /// Whose metadata is to be looked at now: what was never looked at, or is at another place since,
    /// and what its interval has passed for. Whatever is being looked at is left out.
    pub fn due(&self, snapshot: &Snapshot, now: UnixTime) -> Vec<Turn> {
        let mut looks = self.connections();
        looks.retain(|id, _| snapshot.connection(id).is_some());
        let connections = snapshot.connections().filter_map(|it| it.saml());
        let due = connections.filter_map(|connection| {
            let place = Place::of(connection)?;
            let look = looks.entry(connection.id.clone()).or_insert_with(|| Look {
                place: place.clone(),
                due: now,
                turn: Arc::default(),
                last: None,
            });
            if look.place != place {
                *look = Look {
                    place: place.clone(),
                    due: now,
                    turn: Arc::default(),
                    last: None,
                };
            }
            // A clock that was put back must not put a look off.
            let waits = look.due.since(now);
            if waits > 0 && waits <= place.interval() {
                return None;
            }
            Some(Turn {
                connection: connection.id.clone(),
                place,
                _held: Arc::clone(&look.turn).try_lock_owned().ok()?,
            })
        });
        due.collect()
    }

    /// Has the connection's metadata looked at as soon as can be.
    pub fn hurry(&self, connection: &ConnectionId, now: UnixTime) {
        if let Some(look) = self.connections().get_mut(connection) {
            look.due = now;
        }
    }

    /// Notes what came of a look that began at `at`, and says whether that is news. `random` says how
    /// much earlier than its interval the next one comes.
    pub fn done(&self, turn: &Turn, at: UnixTime, problem: Option<Arc<str>>, random: u8) -> bool {
        let mut looks = self.connections();
        let look = looks.get_mut(&turn.connection);
        let Some(look) = look.filter(|look| look.place == turn.place) else {
            return false;
        };
        let interval = turn.place.interval();
        let earlier = interval * i64::from(random) / (JITTER_PART * 256);
        look.due = at.plus(interval - earlier);
        let before = look.last.take().and_then(|last| last.problem);
        let is_news = before != problem;
        look.last = Some(LastLook { at, problem });
        is_news
    }

    /// What came of the last look at the connection's metadata; `None` before the first.
    pub fn last(&self, connection: &ConnectionId) -> Option<LastLook> {
        self.connections().get(connection)?.last.clone()
    }

    /// Waits until there are less than [`MAX_LOOKS`] under way.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<ConnectionId, Look>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testing::{
        NOW, SAML_CONNECTION_FILE, SAML_CONNECTION_METADATA, directory_of, edited_in, saml_files,
    };
    use crate::domain::Partition;

    const INTERVAL: i64 = 64;

    /// A directory whose connection `partners` has its metadata from this place.
    fn snapshot(source: &str) -> Snapshot {
        let source = format!("metadata = {source}");
        let upload = "metadata = 'upload'";
        let mut files = edited_in(saml_files(), SAML_CONNECTION_FILE, upload, &source);
        files.remove(SAML_CONNECTION_METADATA).unwrap();
        Snapshot::compile(1, Arc::new(directory_of(&files)), Partition::Aws)
    }

    fn published() -> Snapshot {
        snapshot("{ url = 'https://saml.example.com/metadata', refresh_seconds = 64 }")
    }

    /// Whether the one connection is due.
    fn is_due(looks: &Looks, snapshot: &Snapshot, seconds: i64) -> bool {
        !looks.due(snapshot, NOW.plus(seconds)).is_empty()
    }

    /// Looks that saw the connection at [`NOW`].
    fn seen(random: u8) -> Looks {
        let looks = Looks::default();
        let [turn] = <[Turn; 1]>::try_from(looks.due(&published(), NOW)).unwrap();
        looks.done(&turn, NOW, None, random);
        looks
    }

    #[test]
    fn a_look_comes_at_its_interval_or_up_to_an_eighth_earlier_and_never_later() {
        for (random, due) in [(0, INTERVAL), (128, 60), (255, 57)] {
            let looks = seen(random);
            assert!(!is_due(&looks, &published(), due - 1), "{random}");
            assert!(is_due(&looks, &published(), due), "{random}");
        }
    }

    #[test]
    fn what_is_being_looked_at_is_not_due() {
        let looks = Looks::default();
        let turns = looks.due(&published(), NOW);
        assert_eq!(turns.len(), 1);
        assert!(!is_due(&looks, &published(), 1000));
        drop(turns);
        assert!(is_due(&looks, &published(), 1000));
    }

    #[test]
    fn another_place_is_looked_at_at_once_and_the_look_at_the_old_one_says_nothing() {
        let looks = Looks::default();
        let [old] = <[Turn; 1]>::try_from(looks.due(&published(), NOW)).unwrap();
        let elsewhere = snapshot("{ url = 'https://saml.example.com/elsewhere' }");
        assert!(is_due(&looks, &elsewhere, 0));
        assert!(!looks.done(&old, NOW, Some("old news".into()), 0));
        assert_eq!(looks.last(&old.connection), None);
    }

    #[test]
    fn a_clock_that_was_put_back_puts_no_look_off() {
        let looks = seen(0);
        assert!(!is_due(&looks, &published(), 0));
        assert!(is_due(&looks, &published(), -1));
    }

    #[test]
    fn a_problem_is_news_until_it_is_another_or_none() {
        let looks = Looks::default();
        let [turn] = <[Turn; 1]>::try_from(looks.due(&published(), NOW)).unwrap();
        let problem = |text: &str| Some(Arc::from(text));
        assert!(!looks.done(&turn, NOW, None, 0));
        assert!(looks.done(&turn, NOW, problem("a"), 0));
        assert!(!looks.done(&turn, NOW, problem("a"), 0));
        assert!(looks.done(&turn, NOW, problem("b"), 0));
        assert!(looks.done(&turn, NOW, None, 0));
    }

    #[test]
    fn whoever_asks_for_a_look_has_it_at_the_next_turn() {
        let looks = seen(0);
        looks.hurry(&"partners".parse().unwrap(), NOW.plus(1));
        assert!(is_due(&looks, &published(), 1));
    }

    #[test]
    fn what_is_uploaded_is_looked_for_nowhere() {
        let directory = Arc::new(directory_of(&saml_files()));
        let uploaded = Snapshot::compile(1, directory, Partition::Aws);
        assert!(!is_due(&Looks::default(), &uploaded, 0));
    }

    #[test]
    fn a_connection_that_is_gone_is_forgotten() {
        let looks = seen(0);
        let nothing = Snapshot::compile(2, Arc::default(), Partition::Aws);
        assert!(!is_due(&looks, &nothing, 0));
        assert_eq!(looks.last(&"partners".parse().unwrap()), None);
    }
}
