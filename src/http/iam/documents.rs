//! Bodies with documents in them, which are longer than any other: policies, and the metadata of a SAML provider.
//!
//! ```text
//! head ── signed by header for `iam`, now, with a key that there is, by who doesn't ask too often
//!   ├ proven   it states the hash of the body, so that it proves who sends it
//!   └ named    it doesn't, as with most clients, so that it only names somebody
//!      └ not too many of theirs, of their network's, of all
//!         └ read at a pace, within the budget of the proven or the named
//!            └ a turn: few at a time are parsed, verified and answered
//! ```
//! A turn is never held while a client is waited for, and who waits takes only as much memory as they have sent. The
//! proven have a budget of their own, in which whoever only knows keys' ids has no part.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Payload;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::IamApi;
use crate::domain::network_of;
use crate::flows::RequestMeta;
use crate::flows::iam::{LongBodyError, Sender};
use crate::http::edge::{Bodies, Body, BodyError, Pace, announced};
use crate::http::query::QueryFault;
use crate::metrics::Operation;
use crate::sigv4;

/// A body may have so many bytes: a document of the model's 10,000,000 characters, percent-encoded.
pub const MAX_DOCUMENT_BODY_BYTES: usize = 32 * 1024 * 1024;
/// So many bytes may those of proven senders take together.
pub const PROVEN_BUDGET: usize = 64 * 1024 * 1024;
/// Likewise those of named ones. A sender may take half of it, and a network as much as one body: it takes two senders'
/// names and four networks to keep others out.
pub const NAMED_BUDGET: usize = 128 * 1024 * 1024;
/// So many are parsed and answered at once; others wait, for as long as a body may take.
pub const MAX_TURNS: usize = 2;
/// How slowly one may come.
pub const DOCUMENTS_PACE: Pace = Pace {
    bytes_per_second: 64 * 1024,
    lag: Duration::from_secs(10),
};
/// So many may be under way of the proven; one of each.
pub const MAX_PROVEN: Most = Most {
    sender: 1,
    network: 32,
    all: 32,
};
/// So many may be under way of the named; one of each from a network, so that whoever names somebody doesn't keep
/// them out.
pub const MAX_NAMED: Most = Most {
    sender: 4,
    network: 8,
    all: 32,
};

/// So many bytes may those of a sender take that are under way.
pub const MAX_SENDER_BYTES: usize = 2 * MAX_DOCUMENT_BODY_BYTES;
/// Likewise those from a network.
pub const MAX_NETWORK_BYTES: usize = MAX_DOCUMENT_BODY_BYTES;

/// How many bodies may be under way.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Of a sender; one from a network.
    pub sender: usize,
    /// From a network.
    pub network: usize,
    /// Altogether.
    pub all: usize,
}

/// Reads them.
#[derive(Debug, Clone)]
pub struct Documents {
    proven: Lane,
    named: Lane,
    turns: Arc<Semaphore>,
}

/// Bodies that are under way, and what they may take.
#[derive(Debug, Clone)]
struct Lane {
    bodies: Bodies,
    most: Most,
    under_way: Arc<Mutex<Vec<Entry>>>,
}

/// A body that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// Whose it is, as a number.
    sender: u64,
    /// Where it comes from.
    network: IpAddr,
    /// How long it says to be.
    bytes: usize,
}

/// The place of a body in its lane, which it has until it is answered.
#[derive(Debug)]
struct Entered {
    entry: Entry,
    lane: Lane,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crowded {
    /// The sender has enough under way.
    BySender,
    /// Others have.
    ByOthers,
}

/// A long body, and its place and turn, held until it is answered.
#[derive(Debug)]
pub struct Document {
    /// The body.
    pub body: Body,
    _turn: OwnedSemaphorePermit,
    _place: Entered,
}

impl Documents {
    /// As slow as these bodies, within budgets of their own.
    pub fn beside(bodies: &Bodies) -> Self {
        let lane = |most, budget| Lane {
            bodies: bodies.apart(budget).at_pace(DOCUMENTS_PACE),
            most,
            under_way: Arc::default(),
        };
        Self {
            proven: lane(MAX_PROVEN, PROVEN_BUDGET),
            named: lane(MAX_NAMED, NAMED_BUDGET),
            turns: Arc::new(Semaphore::new(MAX_TURNS)),
        }
    }
}

/// What some of the bodies that are under way take.
struct Taken {
    places: usize,
    bytes: usize,
}

impl Taken {
    fn by(under_way: &[Entry], is_meant: impl Fn(&Entry) -> bool) -> Self {
        let (mut places, mut bytes) = (0, 0_usize);
        for entry in under_way.iter().filter(|entry| is_meant(entry)) {
            places += 1;
            bytes = bytes.saturating_add(entry.bytes);
        }
        Self { places, bytes }
    }

    /// Whether one more is within so many places and bytes.
    const fn has_room(&self, entry: Entry, (places, bytes): (usize, usize)) -> bool {
        self.places < places && self.bytes.saturating_add(entry.bytes) <= bytes
    }
}

impl Lane {
    fn enter(&self, entry: Entry) -> Result<Entered, Crowded> {
        let mut under_way = self.entries();
        let of_sender = Taken::by(&under_way, |it| it.sender == entry.sender);
        let from_network = Taken::by(&under_way, |it| it.network == entry.network);
        let is_twice = |it: &Entry| it.sender == entry.sender && it.network == entry.network;
        if under_way.iter().any(is_twice)
            || !of_sender.has_room(entry, (self.most.sender, MAX_SENDER_BYTES))
        {
            return Err(Crowded::BySender);
        }
        let is_full = under_way.len() >= self.most.all;
        if is_full || !from_network.has_room(entry, (self.most.network, MAX_NETWORK_BYTES)) {
            return Err(Crowded::ByOthers);
        }
        under_way.push(entry);
        Ok(Entered {
            entry,
            lane: self.clone(),
        })
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.lane.entries().retain(|entry| *entry != self.entry);
    }
}

impl From<Crowded> for QueryFault {
    fn from(crowded: Crowded) -> Self {
        match crowded {
            Crowded::BySender => Self::throttling(),
            Crowded::ByOthers => Self::unavailable(),
        }
    }
}

impl IamApi {
    /// Reads a body that may be long; none where the request is not signed for this API, or is proven to be of
    /// somebody who needs no long body, and its payload is given back.
    ///
    /// # Errors
    /// [`QueryFault`]
    pub async fn document(
        &self,
        request: &HttpRequest,
        payload: Payload,
        meta: &RequestMeta,
    ) -> Result<Result<Document, Payload>, QueryFault> {
        let headers: Vec<(&str, &[u8])> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let head = sigv4::HttpRequest {
            method: request.method().as_str(),
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: &headers,
            body: &[],
        };
        if !is_of_iam(&head) {
            return Ok(Err(payload));
        }
        let bytes = announced(request).unwrap_or(MAX_DOCUMENT_BODY_BYTES);
        if bytes > MAX_DOCUMENT_BODY_BYTES {
            return Err(BodyError::TooLarge.into());
        }
        let (lane, sender) = match self.flow.long_body_sender(&head, meta).await {
            Ok(Sender::Proven(sender)) => (&self.documents.proven, sender),
            Ok(Sender::Named(sender)) => (&self.documents.named, sender),
            Err(LongBodyError::Unauthenticated(error)) => return Err(error.into()),
            Err(LongBodyError::Throttled(_)) => return Err(QueryFault::throttling()),
            Err(LongBodyError::NotNeeded) => return Ok(Err(payload)),
        };
        let place = lane.enter(Entry {
            sender,
            network: network_of(meta.source_ip),
            bytes,
        })?;
        let body = lane.bodies.read(request, payload, MAX_DOCUMENT_BODY_BYTES);
        let body = body.await?;
        let turn = Arc::clone(&self.documents.turns).acquire_owned();
        let turn = tokio::time::timeout(lane.bodies.time(), turn).await;
        let turn = turn.map_err(|_| QueryFault::unavailable())?;
        let turn = turn.map_err(|_| QueryFault::unavailable())?;
        // Whoever only names somebody has nothing more of theirs looked at.
        let whole = sigv4::HttpRequest {
            body: &body,
            ..head
        };
        let action = Operation::Unread.as_str();
        self.flow.caller(&whole, action, meta).await?;
        Ok(Ok(Document {
            body,
            _turn: turn,
            _place: place,
        }))
    }
}

/// Whether a request says that it is signed for this API.
fn is_of_iam(head: &sigv4::HttpRequest<'_>) -> bool {
    let signature = sigv4::read(head).ok().flatten();
    signature.is_some_and(|signature| signature.service() == "iam")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(most: Most) -> Lane {
        Lane {
            bodies: Bodies::new(Duration::from_secs(1), 0),
            most,
            under_way: Arc::default(),
        }
    }

    fn entry(sender: u64, network: u8) -> Entry {
        Entry {
            sender,
            network: [192, 0, 2, network].into(),
            bytes: 2 * 1024 * 1024,
        }
    }

    fn enter(lane: &Lane, sender: u64, network: u8) -> Result<Entered, Crowded> {
        lane.enter(entry(sender, network))
    }

    #[test]
    fn a_proven_sender_has_one_place_wherever_they_are() {
        let lane = lane(MAX_PROVEN);
        let first = enter(&lane, 1, 1).unwrap();
        for network in 1..3 {
            let again = enter(&lane, 1, network).unwrap_err();
            assert_eq!(again, Crowded::BySender);
        }
        let _other = enter(&lane, 2, 1).unwrap();
        drop(first);
        assert!(enter(&lane, 1, 1).is_ok());
    }

    #[test]
    fn who_names_somebody_does_not_keep_them_out() {
        let lane = lane(MAX_NAMED);
        let _stranger = enter(&lane, 1, 1).unwrap();
        assert_eq!(enter(&lane, 1, 1).unwrap_err(), Crowded::BySender);
        assert!(enter(&lane, 1, 2).is_ok());
    }

    #[test]
    fn a_sender_and_a_network_take_no_more_than_their_share() {
        let lane = lane(MAX_NAMED);
        let long = |sender, network| Entry {
            bytes: MAX_DOCUMENT_BODY_BYTES,
            ..entry(sender, network)
        };
        let _held = [
            lane.enter(long(1, 1)).unwrap(),
            lane.enter(long(1, 2)).unwrap(),
        ];
        assert_eq!(enter(&lane, 1, 3).unwrap_err(), Crowded::BySender);
        assert_eq!(enter(&lane, 2, 1).unwrap_err(), Crowded::ByOthers);
        assert!(lane.enter(long(2, 3)).is_ok());
    }

    #[test]
    fn places_of_a_sender_a_network_and_all_have_a_bound() {
        let lane = lane(Most {
            sender: 2,
            network: 3,
            all: 5,
        });
        let mut held = vec![enter(&lane, 1, 1).unwrap(), enter(&lane, 1, 2).unwrap()];
        assert_eq!(enter(&lane, 1, 3).unwrap_err(), Crowded::BySender);
        held.extend([enter(&lane, 2, 1).unwrap(), enter(&lane, 3, 1).unwrap()]);
        assert_eq!(enter(&lane, 4, 1).unwrap_err(), Crowded::ByOthers);
        held.push(enter(&lane, 4, 3).unwrap());
        assert_eq!(enter(&lane, 5, 4).unwrap_err(), Crowded::ByOthers);
        held.clear();
        assert!(enter(&lane, 5, 4).is_ok());
    }
}
