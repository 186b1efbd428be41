//! An hour at a third of what the nodes can do, or two minutes of it.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use super::flood::{Flood, Tally};
use super::gauges::{Growth, Reading, least_of_each_minute, may_have_huge_pages};
use super::load::Load;
use super::mix::Mix;
use super::node::Node;
use super::scene::House;
use super::servers::RedisServer;
use super::support::aws::AwsKeys;
use super::support::http_node::ROLE;
use super::watch::{Seen, Watch};

/// How long it lasts, where nobody says otherwise.
const USUAL_MINUTES: u32 = 2;
/// Memory is judged from so large a part of the time on, or from ten minutes on.
const SETTLING: u32 = 2;
const SETTLED: Duration = Duration::from_mins(10);
/// So many bytes an hour memory may grow, in a run that is long enough to tell.
const GROWTH: f64 = 1e6;
/// By so much more may the least of the second half be than that of the first, in a run that isn't.
const MORE: u64 = 32 << 20;
const LONG_ENOUGH: Duration = Duration::from_mins(30);
/// How often memory and files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Open files: connections come and go, so that two moments differ by some.
const MORE_FILES: usize = 80;
/// Audit logs are kept so long after their last line.
const KEPT: Duration = Duration::from_mins(2);
/// How long the peak is looked for.
const PEAK: Duration = Duration::from_secs(6);
/// People and administrators do something each so often.
const REST: Duration = Duration::from_secs(3);

#[expect(
    clippy::disallowed_methods,
    reason = "the rule keeps the gateway's settings in one place; this one is the tests' own"
)]
fn minutes() -> u32 {
    let told = std::env::var("ROLEGATE_SOAK_MINUTES");
    told.map_or(USUAL_MINUTES, |told| told.parse().unwrap())
}

fn say(what: &str) {
    eprintln!("soak: {what}");
}

#[test]
fn memory_and_files_stay_as_they_are_at_a_third_of_the_peak() {
    let redis = RedisServer::start();
    let house = House::new(&[redis.url(), redis.url()], 0);
    let each = |mix: &dyn Fn(&Node) -> Mix| house.nodes.iter().map(mix).collect::<Vec<_>>();
    let flood = Flood::new(&house, each(&|node| Mix::good(&house, node)));
    let peak = flood.peak(PEAK);
    let pace = peak / 3.0;
    let minutes = minutes();
    say(&format!(
        "{minutes} min at {pace:.0} requests a second, a third of {peak:.0}"
    ));
    let watch = Watch::default();
    let begun = Instant::now();
    let mut readings: Vec<Vec<Reading>> = vec![Vec::new(); house.nodes.len()];
    let mut all = Tally::default();
    flood.replace(each(&|node| mix(&house, node)));
    std::thread::scope(|threads| {
        flood.begin(threads, Some(pace));
        flood.begin_halves(threads);
        for minute in 1..=minutes {
            let until = Duration::from_mins(minute.into());
            one_minute(&house, &watch, minute, || {
                look_until(until, &house, begun, &mut readings);
            });
            prune(&house);
            flood.replace(each(&|node| mix(&house, node)));
            tell(minute, &flood.taken(), &readings, &mut all);
        }
        flood.end();
    });
    let lasted = begun.elapsed();
    watch.tell("soak");
    let grown = judge(&readings, lasted);
    watch.assert_all_right();
    assert!(all.wrong.is_empty(), "{:#?}", all.wrong);
    assert!(
        all.rights() > 0 && all.refused * 20 <= all.rights(),
        "{all:?}"
    );
    assert!(grown.is_empty(), "{grown:#?}");
}

#[test]
fn a_node_has_no_huge_pages() {
    let redis = RedisServer::start();
    let house = House::new(&[redis.url()], 0);
    assert!(!may_have_huge_pages(house.nodes[0].id()));
}

/// Looks at memory and files until so long after the beginning.
fn look_until(until: Duration, house: &House, begun: Instant, readings: &mut [Vec<Reading>]) {
    while begun.elapsed() < until {
        sleep(LOOK.min(until.saturating_sub(begun.elapsed())));
        read(house, begun.elapsed(), readings);
    }
}

fn mix(house: &House, node: &Node) -> Mix {
    let answer = house.assume(node, ROLE, &house.token("ines")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    Mix::new(house, node, &AwsKeys::issued(&answer))
}

/// People and administrators for a minute, at whose end all that was promised is looked after. The sealing
/// key is rotated in every third: the ring holds 32, and each is kept.
fn one_minute(house: &House, watch: &Watch, minute: u32, wait: impl FnOnce()) {
    house.forget_roles();
    house.provider.forget_requests();
    let load = Load::new(house, watch, REST);
    std::thread::scope(|threads| {
        load.begin(threads);
        if minute % 3 == 1 {
            rotate(house, &load);
        }
        wait();
        load.end();
    });
    load.check_everything();
}

fn rotate(house: &House, load: &Load<'_>) {
    let what = "a rotation of the sealing key";
    let body = json!({ "previous": "keep" }).to_string();
    let node = &house.nodes[0];
    loop {
        let request = house.admin(node, "POST", "/admin/v1/keys/rotate", &body);
        match load.ask(what, node, &request) {
            // The callers change the directory, too.
            Seen::Answer(answer) if answer.status == 409 => {}
            Seen::Answer(answer) => {
                load.watch.judge(what, answer.status == 200, &answer);
                return;
            }
            Seen::Refused | Seen::Gone => sleep(LOOK),
        }
    }
}

fn read(house: &House, at: Duration, readings: &mut [Vec<Reading>]) {
    for (node, readings) in house.nodes.iter().zip(readings) {
        readings.push(Reading::of(node.id(), at));
    }
}

/// Removes audit logs that no promise is about any more: the disk need not hold them all.
fn prune(house: &House) {
    let is_old = |file: &PathBuf| {
        let written = std::fs::metadata(file).and_then(|it| it.modified());
        written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEPT))
    };
    let files = house.nodes.iter().flat_map(Node::audit_files);
    for old in files.filter(is_old) {
        std::fs::remove_file(old).unwrap();
    }
}

fn tell(minute: u32, tally: &Tally, readings: &[Vec<Reading>], all: &mut Tally) {
    let last = readings.iter().filter_map(|of| of.last());
    let taken: Vec<_> = last
        .map(|it| {
            let (all, own) = (it.memory >> 10, it.anonymous >> 10);
            format!("{all} KiB ({own} in no file), {} files", it.files)
        })
        .collect();
    let (right, refused) = (tally.rights(), tally.refused);
    say(&format!(
        "minute {minute}: {right} right, {refused} refused, {} wrong; {}",
        tally.wrong.len(),
        taken.join("; ")
    ));
    for (kind, count) in &tally.right {
        *all.right.entry(kind).or_default() += count;
    }
    all.refused += tally.refused;
    all.wrong.extend_from_slice(&tally.wrong);
}

fn least(readings: &[Reading]) -> u64 {
    readings.iter().map(|it| it.memory).min().unwrap()
}

/// What of memory and files has grown, once all has settled.
fn judge(readings: &[Vec<Reading>], lasted: Duration) -> Vec<String> {
    let mut grown = Vec::new();
    let settled = SETTLED.min(lasted / SETTLING);
    for (number, of) in readings.iter().enumerate() {
        let from = of.partition_point(|reading| reading.at < settled);
        let of = &of[from..];
        let (first, last) = (of.first().unwrap(), of.last().unwrap());
        let grown_by = Growth::of(&least_of_each_minute(of), |reading| reading.memory);
        say(&format!(
            "node {number}: {} KiB after {:.0?}, {} KiB at the end ({} and {} in no file), {grown_by} by the least of each minute; {}, and in no file {}, by all; {} to {} files",
            first.memory >> 10,
            first.at,
            last.memory >> 10,
            first.anonymous >> 10,
            last.anonymous >> 10,
            Growth::of(of, |reading| reading.memory),
            Growth::of(of, |reading| reading.anonymous),
            of.iter().map(|it| it.files).min().unwrap(),
            of.iter().map(|it| it.files).max().unwrap(),
        ));
        let is_steady = if lasted >= LONG_ENOUGH {
            grown_by.slope < GROWTH
        } else {
            let (earlier, later) = of.split_at(of.len() / 2);
            least(later) < least(earlier) + MORE
        };
        if !is_steady || last.files > first.files + MORE_FILES {
            grown.push(format!(
                "node {number}: {first:?} became {last:?}, {grown_by}"
            ));
        }
    }
    grown
}
