//! The steps of each kind of attempt, in their order, for whoever wants to see at a glance how far one
//! came.
//!
//! A step that comes before the check that failed was passed, one that comes after it was not reached.

use serde::{Deserialize, Serialize};

use super::trace::{End, Trace};

/// A step, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it is.
    pub name: std::borrow::Cow<'static, str>,
    /// What became of it.
    pub state: StepState,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It held.
    Passed,
    /// It did not.
    Failed,
    /// An earlier one did not.
    NotReached,
}

/// A step's name and the checks that it consists of.
type Named = (&'static str, &'static [&'static str]);

/// An id_token, or an access token, is read and proven.
const READS: Named = (
    "the token can be read",
    &[
        "size",
        "compact form",
        "encoding",
        "json",
        "header",
        "type",
        "algorithm",
    ],
);
const PROVIDER: Named = ("the account has its provider", &["provider"]);
const VOUCHED: Named = (
    "its provider vouches for it",
    &[
        "key id",
        "key",
        "signature",
        "inspection",
        "answer",
        "validity",
    ],
);
const CLAIMS: Named = (
    "it is for us, and of now",
    &[
        "claims",
        "issuer",
        "audience",
        "authorized party",
        "expiry",
        "not before",
        "issued at",
        "age",
        "lifetime",
        "nonce",
        "at_hash",
        "c_hash",
        "authentication time",
        "claim count",
        "kind",
    ],
);
const RESPONSE: Named = ("the response can be read", &["encoding", "xml", "content"]);
const PROVEN: Named = (
    "the assertion is signed, for us, and of now",
    &[
        "metadata",
        "message",
        "status",
        "assertion",
        "signature",
        "decryption",
        "issuer",
        "recipient",
        "audience",
        "conditions",
        "confirmation",
        "authentication",
        "request",
        "age",
        "not before",
        "claims",
        "second opinion",
    ],
);
const NOT_REVOKED: Named = ("nobody has revoked it", &["revocation"]);
const NOT_USED: Named = ("it was not used before", &["one-time use"]);
const ASKED: Named = (
    "it asks for what there can be",
    &[
        "role attribute",
        "role",
        "session name",
        "source identity",
        "session tags",
        "expiry",
    ],
);
const TAGS: Named = ("its session tags can be used", &["session tags"]);
const TRUST: Named = ("the trust policy allows it", &["trust policy"]);
const DURATION: Named = ("the role lasts so long", &["duration"]);
const FITS: Named = ("the session fits into its token", &["token size"]);

const AUTHORIZE: [Named; 4] = [
    ("the service may ask about it", &["service", "request"]),
    ("the signature holds", &["authentication"]),
    ("the caller asks not too often", &["rate"]),
    ("the policies allow it", &["policies"]),
];

const ASSUME_ROLE: [Named; 9] = [
    ("the signature holds", &["authentication"]),
    ("the caller asks not too often", &["rate"]),
    ("the code of a device is right", &["second factor"]),
    ("the caller may go on from there", &["caller", "chain"]),
    TAGS,
    (
        "the trust policy and the caller's policies allow it",
        &["trust policy"],
    ),
    DURATION,
    (
        "the session is within its policies, and there",
        &["session policy", "region"],
    ),
    FITS,
];

const WITH_WEB_IDENTITY: [Named; 10] = [
    READS,
    PROVIDER,
    VOUCHED,
    CLAIMS,
    NOT_USED,
    NOT_REVOKED,
    TAGS,
    TRUST,
    DURATION,
    FITS,
];

const WITH_SAML: [Named; 9] = [
    RESPONSE,
    PROVIDER,
    PROVEN,
    NOT_REVOKED,
    ASKED,
    TRUST,
    DURATION,
    NOT_USED,
    FITS,
];

/// What the steps of an attempt are.
fn steps_of(operation: &str) -> &'static [Named] {
    match operation {
        "AssumeRoleWithWebIdentity" => &WITH_WEB_IDENTITY,
        "AssumeRoleWithSAML" => &WITH_SAML,
        "TakeRoleCredentials" => &[
            ("a mapping rule gives the role", &["mapping rules"]),
            ("the connection is still the same", &["connection"]),
            NOT_REVOKED,
            ("the connection is linked to the account", &["link"]),
            ASKED,
            TRUST,
            DURATION,
            FITS,
        ],
        "ExplainRole" => &[
            ("a mapping rule gives the role", &["mapping rules"]),
            ("the connection is still the same", &["connection"]),
            NOT_REVOKED,
            ("the connection is linked to the account", &["link"]),
            ASKED,
            TRUST,
        ],
        "SignIn" => &[
            ("the answer can be read", &["answer"]),
            (
                "the browser began it, here and now",
                &[
                    "connection",
                    "metadata",
                    "state",
                    "browser",
                    "idp initiated",
                ],
            ),
            (
                "the provider vouches for somebody",
                &["provider", "protocol"],
            ),
            NOT_REVOKED,
            NOT_USED,
            ("nobody has signed out since", &["logout"]),
        ],
        "AssumeRole" => &ASSUME_ROLE,
        "Authorize" => &AUTHORIZE,
        _ => &[],
    }
}

/// How far an attempt came. A check that is none of the steps stands where it failed: in the proof of a
/// sign-in, which is by either protocol; otherwise by itself, at the end.
pub fn steps(trace: &Trace<'_>) -> Vec<Step> {
    let named = steps_of(&trace.operation);
    let failed = match &trace.end {
        End::Succeeded => None,
        End::Refused { check, .. } => Some(&**check),
    };
    let Some(check) = failed else {
        return named
            .iter()
            .map(|(name, _)| step(name, StepState::Passed))
            .collect();
    };
    let is_it = |(_, checks): &Named| checks.contains(&check);
    let in_proof = || {
        named
            .iter()
            .position(|(name, _)| *name == "the provider vouches for somebody")
    };
    let Some(at) = named.iter().position(is_it).or_else(in_proof) else {
        return Vec::new();
    };
    let states = named.iter().enumerate().map(|(index, (name, _))| {
        let state = match index.cmp(&at) {
            std::cmp::Ordering::Less => StepState::Passed,
            std::cmp::Ordering::Equal => StepState::Failed,
            std::cmp::Ordering::Greater => StepState::NotReached,
        };
        step(name, state)
    });
    states.collect()
}

fn step(name: &'static str, state: StepState) -> Step {
    Step {
        name: name.into(),
        state,
    }
}
