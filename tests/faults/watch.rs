//! What every answer must be: right, or one of the documented refusals, and in time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::node::{Expected, Node};
use super::support::http::{NoResponse, Request, Response};
use super::support::sts::find_element;

/// An answer that takes longer is a hang.
const LONGEST: Duration = Duration::from_secs(10);
/// Where all is well, one of so many answers may be a refusal: the machine may be busy with other tests.
const RARE: u32 = 20;
/// So much of what is wrong is told.
const TOLD: usize = 10;

/// What a caller saw.
pub(crate) enum Seen {
    /// An answer that the caller must judge.
    Answer(Response),
    /// 503, as it is documented.
    Refused,
    /// Nobody, or somebody who went away.
    Gone,
}

/// How often something was seen of one kind of call.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    right: u32,
    refused: u32,
    refused_where_all_was_well: u32,
    gone: u32,
    longest: Duration,
}

/// Watches over every answer.
#[derive(Default)]
pub(crate) struct Watch {
    counts: Mutex<BTreeMap<&'static str, Count>>,
    wrong: Mutex<Vec<String>>,
    times: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    /// How often a race was won by who was asked first, second and so on.
    wins: Mutex<BTreeMap<(&'static str, usize), u32>>,
    /// When the first call of the round was refused, and the last.
    refused: Mutex<Option<(Instant, Instant)>>,
}

impl Watch {
    /// Sends a request, and holds the answer against what may be expected of the node.
    pub(crate) fn ask(&self, what: &'static str, node: &Node, request: &Request) -> Seen {
        let before = node.expected();
        let begun = Instant::now();
        let answer = request.try_send();
        let took = begun.elapsed();
        let expected = looser(before, node.expected());
        self.count(what, |count| count.longest = count.longest.max(took));
        if took > LONGEST {
            self.wrong(format!("{what}: no answer for {took:?}"));
        }
        match answer {
            Ok(response) if response.status < 500 => Seen::Answer(response),
            Ok(response) if is_documented(&response) => {
                let is_well = u32::from(expected == Expected::Right);
                self.count(what, |count| {
                    count.refused += 1;
                    count.refused_where_all_was_well += is_well;
                });
                let mut refused = locked(&self.refused);
                let (first, _) = refused.get_or_insert((begun, begun));
                *refused = Some((*first, Instant::now()));
                Seen::Refused
            }
            Ok(response) => {
                self.wrong(format!("{what}: {response:?}"));
                Seen::Refused
            }
            Err(NoResponse::Closed | NoResponse::Malformed(_))
                if expected == Expected::Anything =>
            {
                self.count(what, |count| count.gone += 1);
                Seen::Gone
            }
            Err(error) => {
                self.wrong(format!("{what}: {error:?} after {took:?}"));
                Seen::Gone
            }
        }
    }

    /// Counts an answer, which must be right.
    pub(crate) fn judge(&self, what: &'static str, is_right: bool, told: &dyn std::fmt::Debug) {
        if is_right {
            self.count(what, |count| count.right += 1);
        } else {
            self.wrong(format!("{what}: {told:?}"));
        }
    }

    /// Keeps how long something took.
    pub(crate) fn took(&self, what: &'static str, time: Duration) {
        locked(&self.times).entry(what).or_default().push(time);
    }

    /// Counts who won a race.
    pub(crate) fn won(&self, what: &'static str, racer: usize) {
        *locked(&self.wins).entry((what, racer)).or_default() += 1;
    }

    /// How often a race was won by anybody.
    pub(crate) fn wins(&self, what: &str) -> u32 {
        let wins = locked(&self.wins);
        let of_this = wins.iter().filter(|((race, _), _)| *race == what);
        of_this.map(|(_, count)| count).sum()
    }

    /// Ends a round: how long refusals came is kept.
    pub(crate) fn end_round(&self) {
        if let Some((first, last)) = locked(&self.refused).take() {
            self.took("from the first refusal to the last", last - first);
        }
    }

    fn wrong(&self, told: String) {
        locked(&self.wrong).push(told);
    }

    fn count(&self, what: &'static str, change: impl FnOnce(&mut Count)) {
        change(locked(&self.counts).entry(what).or_default());
    }

    /// How many calls were refused, and how many found nobody.
    pub(crate) fn refused_and_gone(&self) -> (u32, u32) {
        let counts = locked(&self.counts);
        let sum = |of: fn(&Count) -> u32| counts.values().map(of).sum();
        (sum(|it| it.refused), sum(|it| it.gone))
    }

    /// Asserts that nothing was wrong, and that each kind of call was seen to be right.
    pub(crate) fn assert_all_right(&self) {
        let wrong = locked(&self.wrong);
        let told = &wrong[..wrong.len().min(TOLD)];
        assert!(wrong.is_empty(), "{} wrong: {told:#?}", wrong.len());
        for (what, count) in locked(&self.counts).iter() {
            assert!(count.right > 0, "no {what} was right: {count:?}");
            assert!(
                count.refused_where_all_was_well <= 1 + count.right / RARE,
                "{what}: {count:?}"
            );
        }
    }

    /// Prints what was seen.
    pub(crate) fn tell(&self, fault: &str) {
        for (what, count) in locked(&self.counts).iter() {
            let Count {
                right,
                refused,
                gone,
                longest,
                ..
            } = count;
            eprintln!(
                "{fault}: {what}: {right} right, {refused} refused, {gone} gone, longest {longest:.1?}"
            );
        }
        for ((what, racer), count) in locked(&self.wins).iter() {
            eprintln!("{fault}: {what}: won by number {} {count} times", racer + 1);
        }
        for (what, times) in locked(&self.times).iter_mut() {
            times.sort();
            let at = |share: usize| times[(times.len() - 1) * share / 100];
            let (count, median, most, longest) = (times.len(), at(50), at(99), at(100));
            eprintln!(
                "{fault}: {what}: {count} times, median {median:.1?}, 99 of 100 {most:.1?}, longest {longest:.1?}"
            );
        }
    }

    /// The longest of these times.
    pub(crate) fn longest(&self, what: &str) -> Option<Duration> {
        locked(&self.times).get(what)?.iter().max().copied()
    }
}

/// Whoever panics is told by the test.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn looser(one: Expected, other: Expected) -> Expected {
    if one as u8 > other as u8 { one } else { other }
}

/// Whether it is the refusal of a node that can't do its work, as each interface has it.
pub(crate) fn is_documented(response: &Response) -> bool {
    let content = response.header("content-type").unwrap_or_default();
    let is_said = if content.starts_with("text/xml") {
        find_element(response, "Code").as_deref() == Some("ServiceUnavailable")
    } else if content.starts_with("application/json") {
        response.json()["error"]["code"] == "ServiceUnavailable"
    } else {
        response.text().contains("Paused for a moment")
    };
    response.status == 503 && response.header("retry-after").is_some() && is_said
}
