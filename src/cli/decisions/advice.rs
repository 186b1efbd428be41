//! What an administrator can do about a refusal.

use super::words::near_miss;
use crate::decisions::{End, Trace};
use crate::mapping::{NearMiss, RuleOutcome, RuleTrace};

/// What to do; nothing where there is nothing to be done, or nobody knows.
pub(super) fn of(trace: &Trace<'_>) -> Vec<String> {
    let mut advice: Vec<String> = trace.rules.iter().filter_map(of_rule).collect();
    let End::Refused { check, .. } = &trace.end else {
        return advice;
    };
    let told = of_signed(check, trace).or_else(|| of_check(check, trace));
    advice.extend(told.map(str::to_owned));
    advice
}

/// What means something else where the call itself is signed.
fn of_signed(check: &str, trace: &Trace<'_>) -> Option<&'static str> {
    Some(match (&*trace.operation, check) {
        ("Authorize", "request") => {
            "the service asks about what is not its own, or not as it must: see signing_names, action_prefixes and accounts in its file"
        }
        ("Authorize", "policies") => {
            "allow it in a policy of the caller's, or of the resource; a boundary or a session policy must not be silent"
        }
        ("AssumeRole", "trust policy") => {
            "let the role's trust policy name the caller; where it names their account, the caller's own policies must allow it, too"
        }
        _ => return None,
    })
}

/// A rule that nearly matched.
fn of_rule(trace: &RuleTrace) -> Option<String> {
    let RuleOutcome::Failed(failure) = &trace.outcome else {
        return None;
    };
    let near = failure.near_miss.as_ref()?;
    let change = match near {
        NearMiss::Case(_) => "write the value as the provider does, or set ignore_case",
        NearMiss::Whitespace(_) => "have the provider send it without, or use a glob",
        NearMiss::JoinedString(_) => "split the claim in the rule",
        NearMiss::DistinguishedName(_) => "write the rule for what the provider sends",
    };
    let (rule, what) = (&trace.rule, near_miss(near));
    Some(format!("rule {rule}: {what}; {change}"))
}

fn of_check(check: &str, trace: &Trace<'_>) -> Option<&'static str> {
    Some(match check {
        "mapping rules" => {
            "no rule gives this role to the person: see above what each wanted and what they have"
        }
        "link" => "link the connection to a provider of the role's account (links/)",
        "connection" => {
            "the connection is gone or was pointed at another provider; the person signs in anew"
        }
        "trust policy" => {
            "let the role's trust policy allow the provider, with conditions that the claims meet"
        }
        "duration" => "ask for less, or raise max_session_duration of the role",
        "region" => {
            "STS is not active for the account in that region: regions, deactivated_regions in its account.toml"
        }
        "organization" => {
            "organization.toml names the account that manages the others, and says root_sessions = true"
        }
        "outbound federation" => "set outbound_federation = true in the account's account.toml",
        "token size" => "fewer or shorter session tags, or a shorter session policy",
        "one-time use" => "the proof was used already: sign in anew; if nobody did, look into it",
        "revocation" => "it was revoked; sign in anew, a minute after that",
        "logout" => "the person has signed out at the provider; they sign in anew",
        "provider" if trace.person.is_none() => {
            "make the provider known in the role's account, under exactly the issuer that the token has; of an access token, name an app there in the node's settings"
        }
        "inspection" => {
            "the provider of the access token could not be asked: look at the node's log, and at the app's secret"
        }
        "validity" => "the provider takes the token for nothing: the app must have a fresh one",
        "signature" | "key" | "key id" => {
            "the provider's keys are not those that signed: look whether it rotated them, and at its metadata"
        }
        "audience" | "authorized party" => {
            "list the client that the token is for (client_ids), or have the app ask for the right one"
        }
        "issuer" => "the issuer is another than the one that is configured, to the letter",
        "expiry" | "not before" | "issued at" | "age" => {
            "the proof is too old or of the future: a fresh one; otherwise look at the clocks"
        }
        "recipient" | "request" => {
            "the response is meant for another address or request: look at the provider's settings for this gateway"
        }
        "state" | "browser" => {
            "the sign-in was begun in another browser, more than ten minutes ago, or finished already: begin anew"
        }
        "role attribute" => {
            "have the provider send the pair of role and provider in the attribute Role"
        }
        "second opinion" => {
            "the two SAML verifiers disagree: take it for an attack until you know better"
        }
        "metadata" => "have the provider's metadata read (rolegate connections refresh-metadata)",
        check => return of_tampering(check).or_else(|| of_the_node(check)),
    })
}

/// What no provider does by itself.
fn of_tampering(check: &str) -> Option<&'static str> {
    Some(match check {
        "nonce" => {
            "the token was given to another sign-in: somebody sent it once more, or went back in their browser; if it goes on, look into it"
        }
        "algorithm" => {
            "have the provider sign with one of ours (RS256, PS256, ES256 and their kin); a token that says HS256 or none is forged"
        }
        "assertion" => {
            "a response has one assertion, in one place: take it for an attack (signature wrapping) until you know better"
        }
        _ => return None,
    })
}

/// What is neither the person's nor the provider's.
fn of_the_node(check: &str) -> Option<&'static str> {
    Some(match check {
        "authorization" => {
            "allow the action in a policy of the caller's role, in the managing account"
        }
        "authentication" => {
            "the keys are wrong, over or revoked, or the clock is more than 15 minutes off"
        }
        "availability" => "this node could not do its work: look at its log and at /readyz",
        _ => return None,
    })
}
