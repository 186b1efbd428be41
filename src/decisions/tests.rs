//! Traces from the queue to whoever looks for them, over a store in memory.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::json;

use super::claims::{MAX_CLAIMS, MAX_VALUES};
use super::entry;
use super::open_page::{FULL_BYTES, OPEN_SECONDS};
use super::queue::MAX_WAITING_BYTES;
use super::*;
use crate::audit::{
    Check, CheckOutcome, Event, EventId, EventSource, Occasion, Parameter, ReadOnly, UserIdentity,
};
use crate::clock::{Clock as _, SystemClock, microseconds_since};
use crate::domain::{
    AccessKeyId, ClaimSource, Claims, Partition, Principal, ProviderRef, Region, UserPrincipal,
};
use crate::entropy::SystemEntropy;
use crate::mapping::{RuleOutcome, RuleTrace};
use crate::store::memory::MemoryStore;
use crate::store::{Share, StoreError};

const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
const ISSUER: &str = "https://idp.example.com";
const USUAL: Keeping = Keeping {
    days: 30,
    bytes: 64 << 20,
};

/// Traces, and where they are kept.
struct House {
    decisions: Decisions,
    store: Arc<MemoryStore>,
    metrics: Metrics,
}

impl House {
    fn new(keeping: Keeping) -> Self {
        Self::over(Arc::new(MemoryStore::default()), keeping)
    }

    fn over(store: Arc<MemoryStore>, keeping: Keeping) -> Self {
        let log: Arc<dyn DecisionLog> = Arc::clone(&store) as _;
        let metrics = Metrics::default();
        Self {
            decisions: Decisions::new(log, Arc::new(SystemEntropy), keeping, &metrics),
            store,
            metrics,
        }
    }

    /// Leaves a trace and writes it.
    async fn keep(&self, what: &What<'_>) {
        what.leave(&self.decisions);
        self.decisions.flush(what.at).await.unwrap();
    }

    async fn found(&self, wanted: Wanted) -> Vec<u32> {
        let found = self.decisions.search(&wanted, None, MAX_FOUND).await;
        numbers(&found.unwrap())
    }

    /// About whoever is called so.
    async fn about(&self, name: &str) -> Vec<u32> {
        let person = Some(name.to_owned());
        let wanted = Wanted {
            person,
            ..Wanted::default()
        };
        self.found(wanted).await
    }

    async fn all(&self) -> Vec<u32> {
        self.found(Wanted::default()).await
    }

    async fn pages(&self, share: Share) -> usize {
        self.store.page_sizes(share).await.unwrap().len()
    }
}

/// An attempt; it is known by its number.
#[derive(Clone, Copy)]
struct What<'a> {
    number: u32,
    at: UnixTime,
    person: Option<&'a str>,
    connection: Option<&'a str>,
    failed: Option<&'static str>,
    key: Option<&'a str>,
    claims: Option<&'a Claims>,
    rules: &'a [RuleTrace],
    source: EventSource,
}

impl Default for What<'_> {
    fn default() -> Self {
        Self {
            number: 0,
            at: NOW,
            person: None,
            connection: None,
            failed: None,
            key: None,
            claims: None,
            rules: &[],
            source: EventSource::SignIn,
        }
    }
}

fn request(number: u32) -> RequestId {
    let mut random = [7; 16];
    random[..4].copy_from_slice(&number.to_be_bytes());
    RequestId::from_random(random)
}

fn numbers(found: &Found) -> Vec<u32> {
    let number = |trace: &Trace<'_>| {
        let bytes = trace.request.as_bytes().first_chunk().copied();
        u32::from_be_bytes(bytes.unwrap())
    };
    found.decisions.iter().map(number).collect()
}

impl What<'_> {
    fn event(&self) -> Event<'static> {
        Event::new(Occasion {
            id: EventId::from_random([1; 16]),
            request: request(self.number),
            at: self.at,
            source: self.source,
            name: "SignIn".into(),
            read_only: ReadOnly::No,
            region: Cow::Owned(Region::us_east_1()),
            source_address: [198, 51, 100, 7].into(),
            user_agent: Some("tests".into()),
        })
    }

    fn leave(&self, decisions: &Decisions) {
        let key = self.key.map(|key| key.parse().unwrap());
        let mut event = self.event().mapping(self.rules);
        if let Some(check) = self.failed {
            event = event
                .checks([Check::new(check, CheckOutcome::Failed).compared("this", "that")])
                .refused("AccessDenied", "because");
        }
        if let Some(key) = &key {
            event = event
                .parameter(Parameter::RoleSessionName, "ines@example.com")
                .issued(key, self.at.plus(900));
        }
        let issuer = ISSUER.parse().unwrap();
        let subject = self.person.map(|person| person.parse().unwrap());
        let provider = self
            .connection
            .map(|connection| ProviderRef::Connection(connection.parse().unwrap()));
        let beside = Beside {
            person: subject.as_ref().map(|subject| (&issuer, subject)),
            provider: provider.as_ref(),
            claims: self.claims,
            ..Beside::default()
        };
        decisions.queue().leave(&event, beside);
    }
}

fn claims(value: &serde_json::Value) -> Claims {
    Claims::from_json(value.as_object().unwrap(), ClaimSource::IdToken)
}

/// What waits of strangers, taken.
fn waiting(house: &House) -> Vec<u8> {
    let mut taken = Vec::new();
    house.decisions.queue().take(Share::Strangers, &mut taken);
    taken
}

#[tokio::test]
async fn a_trace_is_found_by_its_request_as_it_was_left() {
    let house = House::new(USUAL);
    let claims =
        claims(&json!({"email": "ines@example.com", "email_verified": true, "groups": ["a", "b"]}));
    let what = What {
        number: 7,
        person: Some("mrd-20417"),
        connection: Some("workforce"),
        failed: Some("mapping rules"),
        claims: Some(&claims),
        ..What::default()
    };
    assert_eq!(house.decisions.find(request(7)).await.unwrap(), None);
    house.keep(&what).await;
    let trace = house.decisions.find(request(7)).await.unwrap().unwrap();
    assert_eq!(trace.at, NOW);
    assert_eq!(trace.operation, "SignIn");
    assert_eq!(trace.failed_check(), Some("mapping rules"));
    assert_eq!(trace.connection.as_deref().unwrap().as_str(), "workforce");
    let person = trace.person.as_ref().unwrap();
    assert_eq!(person.email.as_deref(), Some("ines@example.com"));
    assert_eq!(trace.checks[0].expected.as_deref(), Some("this"));
    let groups = trace
        .claims
        .kept
        .iter()
        .find(|claim| claim.name == "groups");
    assert_eq!(groups.unwrap().values, ["a", "b"]);
    assert_eq!(house.decisions.find(request(8)).await.unwrap(), None);
    assert_eq!(house.metrics.decisions.counts(), (1, 0));
}

/// Five attempts, a second apart.
async fn five() -> House {
    let house = House::new(USUAL);
    let named = json!({"email": "Ines@Example.com", "email_verified": true, "name": "Ines Okafor"});
    let named = claims(&named);
    let of = |number, person| What {
        number,
        at: NOW.plus(i64::from(number) - 1),
        person,
        ..What::default()
    };
    let all = [
        What {
            claims: Some(&named),
            ..of(1, Some("mrd-1"))
        },
        What {
            connection: Some("partners"),
            ..of(2, Some("mrd-2"))
        },
        What {
            failed: Some("signature"),
            ..of(3, None)
        },
        What {
            failed: Some("link"),
            ..of(4, Some("mrd-2"))
        },
        What {
            key: Some("ASIARZPUZDIKCBIGNLAH"),
            source: EventSource::Sts,
            ..of(5, Some("mrd-5"))
        },
    ];
    for what in &all {
        house.keep(what).await;
    }
    house
}

#[tokio::test]
async fn every_filter_finds_its_own_and_nothing_else() {
    let house = Box::pin(five()).await;
    let since = NOW.plus(3);
    for (wanted, expected) in [
        (json!({}), vec![5, 4, 3, 2, 1]),
        (json!({"person": "MRD-2"}), vec![4, 2]),
        (json!({"person": "ines@example.com"}), vec![5, 1]),
        (json!({"person": "ines okafor"}), vec![1]),
        (json!({"person": "mrd-9"}), vec![]),
        (json!({"person": "mrd-2", "refused": true}), vec![4]),
        (json!({"person": "mrd-2", "issuer": ISSUER}), vec![4, 2]),
        (json!({"person": "mrd-2", "issuer": "saml:x"}), vec![]),
        (json!({"connection": "partners"}), vec![2]),
        (json!({"refused": true}), vec![4, 3]),
        (json!({"refused": false}), vec![5, 2, 1]),
        (json!({"check": "signature"}), vec![3]),
        (json!({"key": "ASIARZPUZDIKCBIGNLAH"}), vec![5]),
        (json!({"since": since.seconds()}), vec![5, 4]),
    ] {
        let told = wanted.to_string();
        let wanted = serde_json::from_value(wanted).unwrap();
        assert_eq!(house.found(wanted).await, expected, "{told}");
    }
}

const ARN: &str = "arn:aws:iam::123456789012:user/ops/Ada";
const KEY: &str = "AKIAQYLPMN5HADAAAAAA";

/// A user of the account.
fn ada() -> Principal {
    Principal::User(UserPrincipal {
        partition: Partition::Aws,
        account: "123456789012".parse().unwrap(),
        path: "/ops/".parse().unwrap(),
        name: "Ada".parse().unwrap(),
        unique_id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
    })
}

/// What she signed, and was refused.
fn signed<'a>(ada: &'a Principal, key: &'a AccessKeyId) -> Event<'a> {
    let what = What {
        number: 1,
        ..What::default()
    };
    what.event()
        .by(UserIdentity::of(ada).with_access_key(key))
        .checks([Check::new("trust policy", CheckOutcome::Failed)])
        .refused("AccessDenied", "because")
}

#[tokio::test]
async fn what_was_signed_is_found_by_who_signed_it_and_by_the_key() {
    let house = House::new(USUAL);
    let (ada, key) = (ada(), KEY.parse().unwrap());
    let signed = signed(&ada, &key);
    house.decisions.queue().leave(&signed, Beside::default());
    let about = What {
        number: 2,
        ..What::default()
    };
    let about = about
        .event()
        .parameter(Parameter::Caller, ARN)
        .parameter(Parameter::AccessKeyId, KEY)
        .refused("AccessDenied", "a service asked");
    house.decisions.queue().leave(&about, Beside::default());
    let other = What {
        number: 3,
        ..What::default()
    };
    house.keep(&other).await;
    for wanted in [
        json!({ "person": ARN }),
        json!({ "person": "ada" }),
        json!({ "key": KEY }),
    ] {
        let wanted = serde_json::from_value(wanted).unwrap();
        let mut found = house.found(wanted).await;
        found.sort_unstable();
        assert_eq!(found, [1, 2]);
    }
    let trace = house.decisions.find(request(1)).await.unwrap().unwrap();
    let caller = trace.caller.unwrap();
    assert_eq!(
        (&*caller.name, caller.access_key_id.as_deref()),
        (ARN, Some(KEY))
    );
}

#[tokio::test]
async fn people_are_told_apart_by_the_account_s_provider_that_vouched_for_them() {
    let house = House::new(USUAL);
    let providers = [
        "arn:aws:iam::123456789012:saml-provider/Company",
        "arn:aws:iam::482011739056:saml-provider/Company",
    ];
    let issuer = "saml:https://idp.example.com/saml".parse().unwrap();
    let ines = "ines".parse().unwrap();
    for (number, provider) in providers.iter().enumerate() {
        let what = What {
            number: u32::try_from(number).unwrap(),
            ..What::default()
        };
        let provider = ProviderRef::Account(provider.parse().unwrap());
        let beside = Beside {
            person: Some((&issuer, &ines)),
            provider: Some(&provider),
            ..Beside::default()
        };
        house.decisions.queue().leave(&what.event(), beside);
    }
    house.decisions.flush(NOW).await.unwrap();
    assert_eq!(house.about("ines").await.len(), 2);
    let wanted = json!({ "person": "ines", "provider": providers[1] });
    let wanted = serde_json::from_value(wanted).unwrap();
    assert_eq!(house.found(wanted).await, [1]);
}

/// The ids of requests say nothing of which came first.
#[tokio::test]
async fn what_was_decided_within_one_second_is_told_in_its_order() {
    let house = House::new(USUAL);
    let order = [7, 3, 9, 1, 8, 2];
    let at = SystemClock.now();
    for number in order {
        let what = What {
            number,
            at,
            ..What::default()
        };
        what.leave(&house.decisions);
        let left = microseconds_since(at);
        while microseconds_since(at) == left {
            std::thread::yield_now();
        }
    }
    house.decisions.flush(at).await.unwrap();
    let newest_first: Vec<u32> = order.into_iter().rev().collect();
    assert_eq!(house.all().await, newest_first);
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let part = house.decisions.search(&Wanted::default(), after, 4).await;
        let part = part.unwrap();
        told.extend(numbers(&part));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(told, newest_first);
}

/// Before there were callers and an order within a second.
#[test]
fn a_trace_of_the_version_before_is_read() {
    let event = What::default().event();
    let (_, trace) = Trace::of(&event, Beside::default());
    let trace = Trace { micros: 0, ..trace };
    let now = postcard::to_stdvec(&trace).unwrap();
    let (before, end) = now.split_at(now.len() - 2);
    assert_eq!(end, [0, 0]);
    let mut body = Vec::new();
    entry::add_to(&mut body, &[&[1], before].concat());
    let read: Vec<_> = entry::all_in_page(&body).map(|(_, trace)| trace).collect();
    assert_eq!(read, [trace]);
}

/// Over three shares and many pages, some of which were written late.
#[tokio::test]
async fn parts_of_a_search_make_a_whole_newest_first() {
    let house = House::new(USUAL);
    let rules: Vec<RuleTrace> = (0..20)
        .map(|number| RuleTrace {
            rule: format!("rule-{number}").parse().unwrap(),
            description: "x".repeat(200),
            outcome: RuleOutcome::Disabled,
        })
        .collect();
    for number in 0..120 {
        let what = What {
            number,
            at: NOW.plus(i64::from(number) * 60),
            person: (number % 2 == 0).then_some("ines"),
            rules: &rules,
            ..What::default()
        };
        what.leave(&house.decisions);
        if number % 7 == 0 {
            house.decisions.flush(what.at.plus(3_000)).await.unwrap();
        }
    }
    house.decisions.flush(NOW.plus(8_000)).await.unwrap();
    assert!(house.pages(Share::People).await > 2);
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let part = house
            .decisions
            .search(&Wanted::default(), after, 7)
            .await
            .unwrap();
        assert!(part.decisions.len() <= 7);
        told.extend(numbers(&part));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(told, (0..120).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_search_that_has_read_enough_says_where_to_go_on() {
    let house = House::new(Keeping {
        bytes: 16 << 30,
        ..USUAL
    });
    let pages = u32::try_from(search::MAX_PAGES).unwrap() + 20;
    for number in 0..pages {
        // Each on a page of its own.
        let at = NOW.plus(i64::from(number) * OPEN_SECONDS);
        house
            .keep(&What {
                number,
                at,
                person: Some("ines"),
                ..What::default()
            })
            .await;
    }
    let nobody = Wanted {
        refused: Some(false),
        since: Some(NOW.plus(1)),
        person: Some("ines".to_owned()),
        ..Wanted::default()
    };
    let first = house
        .decisions
        .search(&nobody, None, MAX_FOUND)
        .await
        .unwrap();
    assert_eq!(first.decisions.len(), search::MAX_PAGES);
    let rest = house
        .decisions
        .search(&nobody, first.next, MAX_FOUND)
        .await
        .unwrap();
    let told = [numbers(&first), numbers(&rest)].concat();
    assert_eq!(told, (1..pages).rev().collect::<Vec<_>>());
    assert_eq!(rest.next, None);
}

#[tokio::test]
async fn a_page_is_filled_until_it_is_full_or_ten_minutes_old() {
    let house = House::new(USUAL);
    let what = |number, after| What {
        number,
        at: NOW.plus(after),
        person: Some("ines"),
        ..What::default()
    };
    for (number, after, pages) in [(1, 0, 1), (2, OPEN_SECONDS - 1, 1), (3, OPEN_SECONDS, 2)] {
        house.keep(&what(number, after)).await;
        assert_eq!(house.pages(Share::People).await, pages, "{number}");
    }
    for number in 4..=1_000 {
        what(number, OPEN_SECONDS).leave(&house.decisions);
    }
    house.decisions.flush(NOW.plus(OPEN_SECONDS)).await.unwrap();
    let sizes = house.store.page_sizes(Share::People).await.unwrap();
    assert!(sizes.len() > 2, "{sizes:?}");
    let bound = FULL_BYTES as u64 + 4 * crate::store::MAX_PAGE_MARKS as u64;
    assert!(sizes.iter().all(|size| size.bytes <= bound));
    assert_eq!(house.all().await.len(), 1_000);
}

#[tokio::test]
async fn erasing_a_person_takes_them_and_nobody_else_out() {
    let house = House::new(USUAL);
    let of = |number, person| What {
        number,
        person,
        ..What::default()
    };
    for number in 0..40 {
        let person = if number % 4 == 0 { "ines" } else { "tomas" };
        let key = (number % 3 == 0).then_some("ASIARZPUZDIKCBIGNLAH");
        let source = [EventSource::SignIn, EventSource::Sts][usize::from(number % 2 == 1)];
        let what = What {
            key,
            source,
            ..of(number, Some(person))
        };
        house.keep(&what).await;
    }
    house.keep(&of(99, None)).await;
    let (issuer, ines) = (ISSUER.parse().unwrap(), "ines".parse().unwrap());
    let erase = || house.decisions.erase(&issuer, &ines, NOW);
    // One that still waits.
    of(40, Some("ines")).leave(&house.decisions);
    assert_eq!(erase().await.unwrap(), 11);
    assert_eq!(erase().await.unwrap(), 0);
    let mut left = house.all().await;
    left.sort_unstable();
    let expected: Vec<u32> = (0..40)
        .filter(|number| number % 4 != 0)
        .chain([99])
        .collect();
    assert_eq!(left, expected);
    // The page that was open is left as it is, and the next trace stands in another.
    house.keep(&of(41, Some("ines"))).await;
    assert_eq!(house.about("ines").await, [41]);
    for share in Share::ALL {
        let heads = house.store.page_heads(share, None, 99).await.unwrap().heads;
        let theirs = marks::of_name("ines");
        let have = heads
            .iter()
            .filter(|(_, head)| head.marks.contains(&theirs));
        assert_eq!(have.count(), usize::from(share == Share::People));
    }
}

#[tokio::test]
async fn nobody_of_another_issuer_is_erased() {
    let house = House::new(USUAL);
    house
        .keep(&What {
            number: 1,
            person: Some("ines"),
            ..What::default()
        })
        .await;
    let ines = "ines".parse().unwrap();
    for other in ["https://other.example.com", "saml:https://idp.example.com"] {
        let erased = house
            .decisions
            .erase(&other.parse().unwrap(), &ines, NOW)
            .await;
        assert_eq!(erased.unwrap(), 0, "{other}");
    }
    assert_eq!(house.all().await, [1]);
}

#[tokio::test]
async fn traces_are_kept_for_so_many_days() {
    let house = House::new(Keeping { days: 2, ..USUAL });
    for (number, day) in [(1, 0), (2, 1), (3, 2)] {
        house
            .keep(&What {
                number,
                at: NOW.plus(day * 86_400),
                ..What::default()
            })
            .await;
    }
    for (after, left) in [
        (2 * 86_400, vec![3, 2, 1]),
        (2 * 86_400 + 1, vec![3, 2]),
        (9 * 86_400, vec![]),
    ] {
        house.decisions.keep(NOW.plus(after)).await.unwrap();
        assert_eq!(house.all().await, left, "{after}");
    }
    assert_eq!(house.decisions.stock().oldest(), None);
}

/// However much strangers send, people's traces stay.
#[tokio::test]
async fn a_flood_of_strangers_pushes_nobody_out_and_stays_within_its_room() {
    let keeping = Keeping {
        bytes: 4 << 20,
        ..USUAL
    };
    let house = House::new(keeping);
    let ines = What {
        number: 1,
        person: Some("ines"),
        failed: Some("link"),
        ..What::default()
    };
    house.keep(&ines).await;
    let issued = What {
        number: 2,
        person: Some("ines"),
        key: Some("ASIARZPUZDIKCBIGNLAH"),
        source: EventSource::Sts,
        ..What::default()
    };
    house.keep(&issued).await;
    let mut most = 0;
    for number in 3..20_000 {
        let after = i64::from(number / 500);
        let what = What {
            number,
            at: NOW.plus(after),
            failed: Some("signature"),
            ..What::default()
        };
        what.leave(&house.decisions);
        if number % 500 == 0 {
            house.decisions.tick(what.at).await.unwrap();
            let sizes = house.store.page_sizes(Share::Strangers).await.unwrap();
            most = most.max(sizes.iter().map(|size| size.bytes).sum());
        }
    }
    house.decisions.flush(NOW.plus(40)).await.unwrap();
    house.decisions.keep(NOW.plus(60)).await.unwrap();
    let room = keeping.of(Share::Strangers);
    assert!(most > room / 2 && most < room + (1 << 20), "{most}");
    let bytes: Vec<u64> = house
        .decisions
        .stock()
        .bytes()
        .map(|(_, bytes)| bytes)
        .collect();
    assert!(bytes[0] <= room, "{bytes:?}");
    assert_eq!(house.metrics.decisions.counts().1, 0);
    assert_eq!(house.about("ines").await.len(), 2);
    // The newest of the strangers are those that are left.
    for (number, is_there) in [(19_999, true), (3, false)] {
        let found = house.decisions.find(request(number)).await.unwrap();
        assert_eq!(found.is_some(), is_there, "{number}");
    }
}

#[tokio::test]
async fn what_waits_is_bounded_and_what_is_dropped_is_counted() {
    let house = House::new(USUAL);
    let what = What {
        failed: Some("signature"),
        ..What::default()
    };
    let entry = {
        let probe = House::new(USUAL);
        what.leave(&probe.decisions);
        waiting(&probe).len()
    };
    let room = MAX_WAITING_BYTES / entry;
    for _ in 0..room + 10 {
        what.leave(&house.decisions);
    }
    assert_eq!(house.metrics.decisions.counts(), (0, 10));
    // Strangers take no room from people.
    house
        .keep(&What {
            number: 7,
            person: Some("ines"),
            ..What::default()
        })
        .await;
    assert!(house.decisions.find(request(7)).await.unwrap().is_some());
    assert_eq!(house.metrics.decisions.counts(), (room as u64 + 1, 10));
}

#[tokio::test]
async fn nothing_is_kept_where_that_is_off_and_what_there_was_goes() {
    let store = Arc::new(MemoryStore::default());
    let on = House::over(Arc::clone(&store), USUAL);
    on.keep(&What {
        number: 1,
        ..What::default()
    })
    .await;
    for off in [Keeping { days: 0, ..USUAL }, Keeping { bytes: 0, ..USUAL }] {
        let house = House::over(Arc::clone(&store), off);
        assert!(house.decisions.is_off());
        house
            .keep(&What {
                number: 2,
                ..What::default()
            })
            .await;
        house.decisions.tick(NOW).await.unwrap();
        assert_eq!(house.all().await, [0_u32; 0]);
    }
}

#[tokio::test]
async fn a_trace_of_somebody_with_too_much_is_cut_and_is_there() {
    let house = House::new(USUAL);
    let values: Vec<String> = (0..MAX_VALUES + 5)
        .map(|number| number.to_string())
        .collect();
    let many: serde_json::Map<String, serde_json::Value> = (0..MAX_CLAIMS + 3)
        .map(|number| (format!("c{number:04}"), json!(values)))
        .collect();
    let long: serde_json::Map<String, serde_json::Value> = (0..40)
        .map(|number| (format!("c{number:04}"), json!(vec!["x".repeat(900); 30])))
        .collect();
    for (number, object) in [(1, many), (2, long)] {
        let claims = claims(&json!(object));
        let rules = vec![
            RuleTrace {
                rule: "a".parse().unwrap(),
                description: "x".repeat(1_000),
                outcome: RuleOutcome::Disabled,
            };
            if number == 1 { 1 } else { 200 }
        ];
        house
            .keep(&What {
                number,
                person: Some("ines"),
                claims: Some(&claims),
                rules: &rules,
                ..What::default()
            })
            .await;
        let trace = house
            .decisions
            .find(request(number))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(trace.is_cut, number == 2);
        if number == 1 {
            assert_eq!(
                (trace.claims.kept.len(), trace.claims.more),
                (MAX_CLAIMS, 3)
            );
            let first = &trace.claims.kept[0];
            assert_eq!((first.values.len(), first.more), (MAX_VALUES, 5));
        }
    }
}

#[test]
fn a_trace_without_end_is_none_and_a_broken_page_gives_what_it_has() {
    let house = House::new(USUAL);
    let what = What {
        number: 1,
        ..What::default()
    };
    what.leave(&house.decisions);
    what.leave(&house.decisions);
    let waiting = waiting(&house);
    assert_eq!(entry::all_waiting(&waiting).count(), 2);
    let mut body = Vec::new();
    for (_, one) in entry::all_waiting(&waiting) {
        entry::add_to(&mut body, one.trace);
    }
    for cut in 0..body.len() {
        let whole = usize::from(cut >= body.len() / 2);
        assert_eq!(entry::all_in_page(&body[..cut]).count(), whole, "{cut}");
        assert!(entry::all_waiting(&waiting[..cut]).count() <= 1);
    }
    let other_version = [&[9, 0, 0, 0, 99][..], &[0; 8]].concat();
    assert_eq!(entry::all_in_page(&other_version).count(), 0);
}

/// A store that can't be written for a while.
struct Away {
    store: Arc<MemoryStore>,
    is_away: std::sync::atomic::AtomicBool,
}

#[async_trait::async_trait]
impl DecisionLog for Away {
    async fn write_page(
        &self,
        write: crate::store::PageWrite<'_>,
    ) -> Result<crate::store::PageWritten, StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("away".into()));
        }
        self.store.write_page(write).await
    }

    async fn page_heads(
        &self,
        share: Share,
        before: Option<crate::store::PageId>,
        limit: usize,
    ) -> Result<crate::store::Heads, StoreError> {
        self.store.page_heads(share, before, limit).await
    }

    async fn page(
        &self,
        share: Share,
        id: crate::store::PageId,
    ) -> Result<Option<crate::store::Page>, StoreError> {
        self.store.page(share, id).await
    }

    async fn page_sizes(&self, share: Share) -> Result<Vec<crate::store::PageSize>, StoreError> {
        self.store.page_sizes(share).await
    }

    async fn remove_pages(
        &self,
        share: Share,
        ids: &[crate::store::PageId],
    ) -> Result<(), StoreError> {
        self.store.remove_pages(share, ids).await
    }
}

#[tokio::test]
async fn what_the_store_did_not_take_it_takes_later_once() {
    let store = Arc::new(MemoryStore::default());
    let away = Arc::new(Away {
        store: Arc::clone(&store),
        is_away: true.into(),
    });
    let log: Arc<dyn DecisionLog> = Arc::clone(&away) as _;
    let metrics = Metrics::default();
    let decisions = Decisions::new(log, Arc::new(SystemEntropy), USUAL, &metrics);
    for number in 0..1_000 {
        let what = What {
            number,
            person: Some("ines"),
            ..What::default()
        };
        what.leave(&decisions);
        if number % 300 == 0 {
            assert!(decisions.flush(NOW).await.is_err());
        }
    }
    away.is_away.store(false, Ordering::Relaxed);
    // What was taken out of the queue before comes first, then what waits.
    for _ in 0..2 {
        decisions.flush(NOW).await.unwrap();
    }
    let house = House::over(store, USUAL);
    let mut all = house.all().await;
    all.sort_unstable();
    assert_eq!(all, (0..1_000).collect::<Vec<_>>());
    assert_eq!(metrics.decisions.counts(), (1_000, 0));
}
