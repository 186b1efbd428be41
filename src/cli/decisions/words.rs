//! Decisions in words, for a terminal.
//!
//! Whatever came from outside is escaped: a caller must not write on an administrator's screen.

use std::fmt::{self, Display, Write as _};

use super::advice;
use crate::audit::CheckOutcome;
use crate::audit::json::is_deceptive;
use crate::decisions::{End, RoleVerdict, StepState, Trace, TracedCheck, TracedClaim};
use crate::flows::Decision;
use crate::mapping::{Failure, NearMiss, RuleOutcome, RuleTrace, Seen};

/// Text that was somebody else's.
struct Plain<'a>(&'a str);

impl Display for Plain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_deceptive(character) {
                write!(formatter, "{}", character.escape_unicode())?;
            } else {
                formatter.write_char(character)?;
            }
        }
        Ok(())
    }
}

fn plain(text: &str) -> String {
    Plain(text).to_string()
}

/// One decision in one line.
pub(super) fn line(trace: &Trace<'_>) -> String {
    let (outcome, check) = match &trace.end {
        End::Succeeded => ("ok", String::new()),
        End::Refused { check, .. } => ("REFUSED", plain(check)),
    };
    let who = who(trace);
    let role = trace.role.as_ref().map(|role| plain(role.as_str()));
    let key = trace.issued.as_ref();
    let key = key.map(|issued| issued.access_key_id.as_str().to_owned());
    let connection = trace.connection.as_ref();
    let connection = connection.map(|connection| format!("by {connection}"));
    let rest = [
        Some(check).filter(|check| !check.is_empty()),
        role,
        key,
        connection,
    ];
    let rest: Vec<String> = rest.into_iter().flatten().collect();
    format!(
        "{}  {}  {outcome:<7}  {:<25}  {who}  {}\n",
        trace.at,
        trace.request,
        plain(&trace.operation),
        rest.join("  ")
    )
}

/// Who signed, or else whom a provider has proven, or else from where it came.
fn who(trace: &Trace<'_>) -> String {
    match (&trace.caller, &trace.person) {
        (Some(caller), _) => plain(&caller.name),
        (None, Some(person)) => {
            let name = person.email.as_deref().or(person.name.as_deref());
            plain(name.unwrap_or(person.subject.as_str()))
        }
        (None, None) => trace.address.to_string(),
    }
}

/// One decision with everything that it was decided by.
pub(super) fn whole(decision: &Decision) -> String {
    let mut page = Page::default();
    let trace = &decision.decision;
    page.head(trace);
    page.end(trace);
    let steps = decision.steps.iter();
    page.section(
        "steps",
        steps.map(|step| {
            let mark = match step.state {
                StepState::Passed => "passed      ",
                StepState::Failed => "FAILED      ",
                StepState::NotReached => "not reached ",
            };
            format!("{mark} {}", step.name)
        }),
    );
    page.section("checks", trace.checks.iter().map(check));
    page.section("rules", trace.rules.iter().map(rule));
    page.section("roles", trace.roles.iter().map(role));
    page.section("duration", duration(trace));
    page.section("claims", trace.claims.kept.iter().map(claim));
    if trace.claims.more > 0 {
        page.note(&format!("and {} more claims", trace.claims.more));
    }
    if trace.is_cut {
        page.note("claims, rules and roles were too many to be kept");
    }
    page.section(
        "what to do",
        advice::of(trace).iter().map(|line| plain(line)),
    );
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn fact(&mut self, name: &str, value: &str) {
        self.push(&format!("{name:<11} {}", plain(value)));
    }

    fn push(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn note(&mut self, line: &str) {
        self.push(&format!("  ({line})"));
    }

    fn section(&mut self, title: &str, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        self.push("");
        self.push(title);
        for line in lines {
            self.push(&format!("  {line}"));
        }
    }

    fn head(&mut self, trace: &Trace<'_>) {
        self.fact("request", &trace.request.to_string());
        self.fact("when", &trace.at.to_string());
        self.fact("what", &trace.operation);
        match &trace.person {
            Some(person) => {
                let names = [person.name.as_deref(), person.email.as_deref()];
                let names: Vec<&str> = names.into_iter().flatten().collect();
                let (subject, issuer) = (&person.subject, &person.issuer);
                self.fact("who", &format!("{subject} of {issuer}"));
                if !names.is_empty() {
                    self.fact("", &names.join(", "));
                }
            }
            None if trace.caller.is_some() => {}
            None => self.fact("who", "nobody was proven"),
        }
        if let Some(caller) = &trace.caller {
            let key = caller.access_key_id.as_deref();
            let key = key.map_or_else(String::new, |key| format!(" by {key}"));
            self.fact("caller", &format!("{}{key}", caller.name));
        }
        let from = match &*trace.user_agent {
            "" => trace.address.to_string(),
            agent => format!("{}, {agent}", trace.address),
        };
        self.fact("from", &from);
        if let Some(connection) = &trace.connection {
            self.fact("connection", connection.as_str());
        }
        if let Some(provider) = &trace.provider {
            self.fact("provider", provider.as_str());
        }
        if let Some(role) = &trace.role {
            self.fact("role", role.as_str());
        }
        if let Some(session) = &trace.session {
            self.fact("session", session);
        }
        if let Some(rule) = &trace.rule {
            self.fact("rule", rule.as_str());
        }
        if let Some(sign_in) = trace.sign_in {
            self.fact("sign-in", &sign_in.to_string());
        }
        if let Some(generation) = trace.generation {
            self.fact("directory", &format!("generation {generation}"));
        }
    }

    fn end(&mut self, trace: &Trace<'_>) {
        match &trace.end {
            End::Succeeded => self.fact("outcome", "succeeded"),
            End::Refused {
                check,
                code,
                message,
            } => {
                self.fact("outcome", &format!("REFUSED ({code}) at: {check}"));
                self.fact("", message);
            }
        }
        if let Some(issued) = &trace.issued {
            let (id, expires) = (&issued.access_key_id, issued.expires);
            self.fact("key", &format!("{id} until {expires}"));
        }
    }
}

fn check(check: &TracedCheck<'_>) -> String {
    let outcome = match check.outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "FAILED",
        CheckOutcome::Skipped => "skipped",
    };
    let compared = match (&check.expected, &check.found) {
        (Some(expected), Some(found)) => {
            format!(": expected {}; found {}", Plain(expected), Plain(found))
        }
        (Some(expected), None) => format!(": expected {}", Plain(expected)),
        (None, Some(found)) => format!(": found {}", Plain(found)),
        (None, None) => String::new(),
    };
    format!("{outcome:<7} {}{compared}", Plain(&check.name))
}

fn rule(trace: &RuleTrace) -> String {
    let outcome = match &trace.outcome {
        RuleOutcome::Disabled => "is switched off".to_owned(),
        RuleOutcome::OtherProvider => "is for other connections".to_owned(),
        RuleOutcome::TooManyCombinations => "has too many combinations".to_owned(),
        RuleOutcome::Failed(failure) => failed(failure),
        RuleOutcome::Matched { given, refused } => {
            let mut text = format!("MATCHES and gives {given} roles");
            for refused in refused {
                // Writing to a string has no way to fail.
                let _written = write!(
                    text,
                    "; not {}: {:?}",
                    Plain(&refused.role),
                    refused.because
                );
            }
            text
        }
    };
    format!("{:<24} {}", plain(trace.rule.as_str()), plain(&outcome))
}

fn failed(failure: &Failure) -> String {
    let comparison = match failure.comparison {
        crate::mapping::Comparison::Equals => "equals",
        crate::mapping::Comparison::OneOf => "one_of",
        crate::mapping::Comparison::Glob => "glob",
        crate::mapping::Comparison::Regex => "regex",
        crate::mapping::Comparison::Absent => "absent",
    };
    let wanted = match failure.wanted.as_str() {
        "" => String::new(),
        wanted => format!(" \"{wanted}\""),
    };
    let near = failure.near_miss.as_ref().map_or(String::new(), |near| {
        format!(" -- NEAR MISS: {}", near_miss(near))
    });
    let (claim, at) = (&failure.claim, &failure.at);
    let seen = seen(&failure.seen);
    format!("does not match at {at}: {claim} {comparison}{wanted}; {seen}{near}")
}

fn seen(seen: &Seen) -> String {
    match seen {
        Seen::Absent => "the provider sent no such claim".to_owned(),
        Seen::Object => "the provider sent an object; name one of its members".to_owned(),
        Seen::NoValues => "the provider sent no value".to_owned(),
        Seen::Unusable(why) => format!("the values can't be used ({why:?})"),
        Seen::Values { first, more } => {
            let values: Vec<String> = first.iter().map(|value| format!("{value:?}")).collect();
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("the person has {}{more}", values.join(", "))
        }
    }
}

/// What a value lacks.
pub(super) fn near_miss(near: &NearMiss) -> String {
    match near {
        NearMiss::Case(value) => format!("{value:?} differs in upper and lower case only"),
        NearMiss::Whitespace(value) => format!("{value:?} has white space around it"),
        NearMiss::JoinedString(value) => {
            format!("{value:?} is one text, and a part of it matches; split takes it apart")
        }
        NearMiss::DistinguishedName(value) => {
            format!("{value:?}: one is a distinguished name, the other its CN")
        }
    }
}

fn role(verdict: &RoleVerdict) -> String {
    let answer = if verdict.is_permitted {
        "may be taken"
    } else {
        "DENIED"
    };
    let (arn, because) = (verdict.role.as_str(), Plain(&verdict.because));
    format!("{answer:<12} {arn} (rule {}): {because}", verdict.rule)
}

fn duration(trace: &Trace<'_>) -> Vec<String> {
    let Some(duration) = &trace.duration else {
        return Vec::new();
    };
    let shortest = duration.bounds.iter().map(|bound| bound.seconds).min();
    let mut lines = vec![format!("{} s were asked for", duration.asked)];
    lines.extend(duration.bounds.iter().map(|bound| {
        let is_it = shortest == Some(bound.seconds) && u64::from(bound.seconds) < duration.asked;
        let mark = if is_it { " <- this limited it" } else { "" };
        format!("{} s: {}{mark}", bound.seconds, Plain(&bound.of))
    }));
    lines
}

fn claim(claim: &TracedClaim<'_>) -> String {
    let values: Vec<String> = claim.values.iter().map(|value| plain(value)).collect();
    let more = match claim.more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let unusable = claim.unusable.map_or(String::new(), |why| {
        format!(" (not used: {})", format!("{why:?}").to_lowercase())
    });
    format!(
        "{} = {}{more}{unusable}",
        Plain(&claim.name),
        values.join(", ")
    )
}

#[cfg(test)]
mod tests;
