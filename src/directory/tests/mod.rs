//! The directory's rules, each told by one change of a small valid one.

mod checks;
mod files;
mod groups;
mod large;
mod lint;
mod live;
mod lost;
mod policies;
mod principals;
mod properties;
mod saml;
mod services;
mod succession;
mod users;

use super::Problem;

/// Whether one of the problems is at this place and says this.
#[track_caller]
fn assert_named(problems: &[Problem], at: &str, text: &str) {
    let found = problems
        .iter()
        .any(|problem| problem.at == at && problem.text.contains(text));
    assert!(found, "no {at}: … {text} … in {problems:#?}");
}
