//! Codes of devices: what is shown at the same time, and at another operation.

use std::sync::Barrier;

use serde_json::json;

use super::support::directory::{add_role, in_account};
use super::support::http::Response;
use super::support::http_node::HttpNode;
use super::support::sts::assert_refused;
use super::{
    DEVICE, LAST, MIDDLE, ada, allows, call, code, directory, issued, start, take, trusts_account,
};

const AT_ONCE: usize = 20;

fn show(node: &HttpNode, code: &str) -> Response {
    super::show(node, code)
}

/// As many calls at the same moment as there are codes.
fn at_once(node: &HttpNode, codes: &[String]) -> Vec<Response> {
    let start = Barrier::new(codes.len());
    std::thread::scope(|scope| {
        let calls: Vec<_> = codes
            .iter()
            .map(|code| {
                scope.spawn(|| {
                    start.wait();
                    show(node, code)
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

/// At the beginning of a half minute.
fn begin_step(node: &HttpNode) {
    node.advance(90 - node.now() % 30);
}

#[test]
fn w10_one_of_many_who_show_the_same_code_at_once_gets_a_session() {
    let node = start();
    for _ in 0..10 {
        begin_step(&node);
        let answers = at_once(&node, &vec![code(&node, 0); AT_ONCE]);
        let (given, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(given.len(), 1);
        for answer in refused {
            assert_refused(answer, 403, "AccessDenied");
        }
    }
}

#[test]
fn w10_many_tries_at_once_are_no_more_than_five() {
    let node = start();
    for _ in 0..10 {
        begin_step(&node);
        let good = code(&node, 0);
        let wrong = (0..).map(|number| format!("{number:06}"));
        let around = [-1, 0, 1].map(|away| code(&node, away));
        let wrong: Vec<_> = wrong.filter(|it| !around.contains(it)).take(5).collect();
        for answer in at_once(&node, &wrong) {
            assert_refused(&answer, 403, "AccessDenied");
        }
        assert_refused(&show(&node, &good), 403, "AccessDenied");
    }
    // So many wrong ones are somebody's guesses: a right one alone is told as a wrong one (decision 100).
    begin_step(&node);
    let first = show(&node, &code(&node, 0));
    assert_refused(&first, 403, "AccessDenied");
    assert!(
        first.text().contains("show the next one"),
        "{}",
        first.text()
    );
    node.advance(30);
    assert_eq!(show(&node, &code(&node, 0)).status, 200);
}

#[test]
fn w10_a_code_is_good_at_one_operation() {
    let node = start();
    for is_role_first in [true, false] {
        begin_step(&node);
        let code = code(&node, 0);
        let shown = [("SerialNumber", DEVICE), ("TokenCode", &*code)];
        let role = || take(&node, &ada(), MIDDLE, &shown);
        let session = || {
            let parameters = [&[("Action", "GetSessionToken")], &shown[..]].concat();
            call(&node, &ada(), &parameters)
        };
        let answers = if is_role_first {
            [role(), session()]
        } else {
            let session = session();
            [session, role()]
        };
        assert_eq!(answers[0].status, 200, "{}", answers[0].text());
        assert_refused(&answers[1], 403, "AccessDenied");
    }
}

#[test]
fn w10_no_operation_takes_a_device_away_or_gives_another() {
    let node = start();
    for action in [
        "DeactivateMFADevice",
        "DeleteVirtualMFADevice",
        "CreateVirtualMFADevice",
        "EnableMFADevice",
        "ResyncMFADevice",
    ] {
        let parameters = [("Action", action), ("SerialNumber", DEVICE)];
        assert_refused(&call(&node, &ada(), &parameters), 400, "InvalidAction");
    }
    // The directory says which devices there are, and whoever shows a code may not change it by that.
    begin_step(&node);
    assert_eq!(show(&node, &code(&node, 0)).status, 200);
}

/// A code is shown for one call; who has the role's session later has shown none.
#[test]
fn a_role_s_session_has_no_second_factor_of_its_own() {
    let node = start();
    let mut files = directory(&node);
    let mut careful = trusts_account();
    careful["Statement"]["Condition"] = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    for role in ["Middle", "Last"] {
        add_role(&mut files, role, &json!({}), &careful);
    }
    files.insert(
        in_account("roles/Middle.policies/sts.json"),
        allows(&json!("sts:AssumeRole")),
    );
    node.apply(&files);
    begin_step(&node);
    assert_refused(&take(&node, &ada(), MIDDLE, &[]), 403, "AccessDenied");
    let code = code(&node, 0);
    let shown = [("SerialNumber", DEVICE), ("TokenCode", &*code)];
    let middle = issued(&take(&node, &ada(), MIDDLE, &shown));
    assert_refused(&take(&node, &middle, LAST, &[]), 403, "AccessDenied");
    begin_step(&node);
    let own = issued(&show(&node, &self::code(&node, 0)));
    assert_eq!(take(&node, &own, LAST, &[]).status, 200);
}
