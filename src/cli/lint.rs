//! `lint`: what files say, without a gateway.

use super::arguments::Lint;
use super::{CommandError, files, say};
use crate::clock::{Clock as _, SystemClock};
use crate::directory::{Findings, PolicyWarnings, examine};
use crate::entropy::SystemEntropy;

/// Tells every problem and every warning.
///
/// # Errors
/// [`CommandError::Findings`] where `apply` would refuse the files, or where warnings are denied and there
/// are some.
pub(super) fn run(lint: &Lint) -> Result<(), CommandError> {
    let files = files::read(&lint.directory)?;
    let findings = examine(&files, lint.partition, SystemClock.now(), &SystemEntropy);
    if lint.json {
        say(&serde_json::to_string(&findings).map_err(std::io::Error::from)?)?;
    } else {
        say_findings(&findings)?;
    }
    let (problems, warnings) = (findings.problems.len(), findings.warnings.number());
    let told = format!(
        "{}, {}",
        counted(problems, "problem"),
        counted(warnings, "warning")
    );
    if problems > 0 || (lint.deny_warnings && warnings > 0) {
        return Err(CommandError::Findings(told));
    }
    if lint.json { Ok(()) } else { say(&told) }
}

fn say_findings(findings: &Findings) -> Result<(), CommandError> {
    for problem in &findings.problems {
        say(&format!("problem: {problem}"))?;
    }
    say_warnings(&findings.warnings)
}

/// A line for each warning.
pub(super) fn say_warnings(warnings: &PolicyWarnings) -> Result<(), CommandError> {
    for warning in &warnings.warnings {
        say(&format!("warning: {}: {}", warning.at, warning.text))?;
    }
    match warnings.more_warnings {
        0 => Ok(()),
        more => say(&format!("warning: there are {more} more")),
    }
}

fn counted(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
