use std::sync::mpsc;

use tokio::sync::oneshot;

use super::*;

fn provider(id: &str) -> ProviderRef {
    ProviderRef::Connection(id.parse().unwrap())
}

/// A call of a stranger to this provider, which is over at once.
async fn call(bulkhead: &Bulkhead, id: &str) -> Result<(), RunError> {
    bulkhead.run(Asker::Stranger(&provider(id)), || ()).await
}

/// How many may wait for a provider's places.
const LINE: usize = 5;

fn bulkhead(at_once: usize, each_provider: usize) -> Arc<Bulkhead> {
    Arc::new(Bulkhead::new(Limits {
        at_once,
        each_provider,
        wait: Duration::from_millis(20),
        line: LINE,
    }))
}

/// A call that is under way until it is let go.
struct UnderWay {
    let_go: mpsc::Sender<()>,
    caller: tokio::task::JoinHandle<Result<(), RunError>>,
}

impl UnderWay {
    async fn begin(bulkhead: &Arc<Bulkhead>, id: &str) -> Self {
        let (let_go, wait) = mpsc::channel();
        let (begun, has_begun) = oneshot::channel();
        let work = move || {
            begun.send(()).unwrap();
            wait.recv().unwrap();
        };
        let (bulkhead, of) = (Arc::clone(bulkhead), provider(id));
        let caller = tokio::spawn(async move { bulkhead.run(Asker::Stranger(&of), work).await });
        has_begun.await.unwrap();
        Self { let_go, caller }
    }
}

#[tokio::test]
async fn a_provider_that_is_busy_holds_up_no_other() {
    let bulkhead = bulkhead(2, 1);
    let busy = UnderWay::begin(&bulkhead, "busy").await;
    let refused = call(&bulkhead, "busy").await;
    assert_eq!(refused, Err(RunError::Overload(Overload::Provider)));
    assert_eq!(call(&bulkhead, "other").await, Ok(()));
    busy.let_go.send(()).unwrap();
    assert_eq!(busy.caller.await.unwrap(), Ok(()));
    assert_eq!(call(&bulkhead, "busy").await, Ok(()));
}

#[tokio::test]
async fn places_over_all_providers_are_bounded() {
    let bulkhead = bulkhead(2, 2);
    let first = UnderWay::begin(&bulkhead, "first").await;
    let second = UnderWay::begin(&bulkhead, "second").await;
    let refused = call(&bulkhead, "third").await;
    assert_eq!(refused, Err(RunError::Overload(Overload::All)));
    for call in [first, second] {
        call.let_go.send(()).unwrap();
        assert_eq!(call.caller.await.unwrap(), Ok(()));
    }
    assert_eq!(call(&bulkhead, "third").await, Ok(()));
}

#[tokio::test]
async fn a_place_stays_taken_until_the_work_is_over_even_when_the_caller_has_gone() {
    let bulkhead = bulkhead(1, 1);
    let under_way = UnderWay::begin(&bulkhead, "gone").await;
    under_way.caller.abort();
    assert!(under_way.caller.await.unwrap_err().is_cancelled());
    let refused = call(&bulkhead, "gone").await;
    assert_eq!(refused, Err(RunError::Overload(Overload::Provider)));
    under_way.let_go.send(()).unwrap();
    let place = Arc::clone(&bulkhead.places).acquire_owned().await.unwrap();
    drop(place);
    assert_eq!(call(&bulkhead, "gone").await, Ok(()));
}

#[tokio::test]
async fn a_panic_is_an_error_and_frees_its_place() {
    let bulkhead = bulkhead(1, 1);
    let a = provider("a");
    let panicking = bulkhead.run(Asker::Stranger(&a), || panic!("as C code would"));
    let panicking = panicking.await;
    assert_eq!(panicking, Err::<(), _>(RunError::Panicked));
    assert_eq!(call(&bulkhead, "a").await, Ok(()));
}

/// Whose first call is under way waits for it, as often as they ask; the others of the provider don't.
#[tokio::test]
async fn a_person_has_one_place_at_a_time_and_holds_up_nobody_else() {
    let bulkhead = bulkhead(4, 2);
    let provider = provider("company");
    let (busy, other): (Subject, Subject) = ("busy".parse().unwrap(), "other".parse().unwrap());
    let busy = Asker::Person(&provider, &busy);
    let (let_go, wait) = mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let first = bulkhead.run(busy, move || {
        begun.send(()).unwrap();
        wait.recv().unwrap();
    });
    let meanwhile = async {
        has_begun.await.unwrap();
        let more = futures_util::future::join_all((0..50).map(|_| bulkhead.run(busy, || ())));
        let by_other = bulkhead.run(Asker::Person(&provider, &other), || 1);
        let (more, by_other) = tokio::join!(more, by_other);
        assert_eq!(more, vec![Err(RunError::Overload(Overload::Person)); 50]);
        assert_eq!(by_other, Ok(1));
        let_go.send(()).unwrap();
    };
    let (first, ()) = tokio::join!(first, meanwhile);
    assert_eq!(first, Ok(()));
    assert_eq!(bulkhead.run(busy, || 2).await, Ok(2));
}

/// Who waits for their own call stands in nobody's way.
#[tokio::test]
async fn a_provider_s_line_is_bounded_and_holds_nobody_who_waits_for_themselves() {
    let bulkhead = bulkhead(2, 1);
    let busy = UnderWay::begin(&bulkhead, "busy").await;
    let busy_provider = provider("busy");
    let subject = |number: usize| -> Subject { format!("person{number}").parse().unwrap() };
    let people: Vec<Subject> = (0..LINE + 3).map(subject).collect();
    let by_all = people.iter().map(|person| {
        let asker = Asker::Person(&busy_provider, person);
        bulkhead.run(asker, || ())
    });
    let others = async {
        let full = bulkhead.check_line(&busy_provider);
        assert_eq!(full, Err(Overload::Provider));
        assert_eq!(bulkhead.check_line(&provider("other")), Ok(()));
        assert_eq!(call(&bulkhead, "other").await, Ok(()));
    };
    let (by_all, ()) = tokio::join!(futures_util::future::join_all(by_all), others);
    assert_eq!(
        by_all,
        vec![Err(RunError::Overload(Overload::Provider)); people.len()]
    );
    let again = people.iter().map(|_| {
        let asker = Asker::Person(&busy_provider, &people[0]);
        bulkhead.run(asker, || ())
    });
    let one_stands = async { assert_eq!(bulkhead.check_line(&busy_provider), Ok(())) };
    tokio::join!(futures_util::future::join_all(again), one_stands);
    busy.let_go.send(()).unwrap();
    assert_eq!(busy.caller.await.unwrap(), Ok(()));
    assert!(bulkhead.lines.known().is_empty());
}

/// Two providers may call two people the same.
#[tokio::test]
async fn a_name_is_another_person_at_another_provider() {
    let bulkhead = bulkhead(4, 2);
    let name: Subject = "alice".parse().unwrap();
    let (one, two) = (provider("one"), provider("two"));
    let at_one = bulkhead.place(Asker::Person(&one, &name)).await.unwrap();
    let at_two = bulkhead.run(Asker::Person(&two, &name), || 1).await;
    assert_eq!(at_two, Ok(1));
    drop(at_one);
}

#[tokio::test]
async fn providers_that_are_idle_are_forgotten_and_busy_ones_are_not() {
    let bulkhead = bulkhead(4, 1);
    let busy = UnderWay::begin(&bulkhead, "busy").await;
    for number in 0..10 * IDLE_KEYS {
        assert_eq!(call(&bulkhead, &format!("idle{number}")).await, Ok(()));
    }
    let kept: Vec<_> = {
        let known = bulkhead.by_provider.known.lock().unwrap();
        known.places.keys().cloned().collect()
    };
    assert!(kept.contains(&provider("busy")));
    assert!(kept.len() <= 2 + 2 * IDLE_KEYS, "{}", kept.len());
    busy.let_go.send(()).unwrap();
    assert_eq!(busy.caller.await.unwrap(), Ok(()));
}

#[test]
fn by_default_one_provider_has_half_of_the_places_and_at_least_one() {
    let limits = Limits::default();
    assert!(limits.each_provider >= 1);
    assert!(limits.each_provider * 2 <= limits.at_once.max(2));
    assert_eq!(limits.wait, Duration::from_secs(2));
}
