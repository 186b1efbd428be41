//! Claims to roles, with a trace of every rule. Pure.
//!
//! ```text
//! FederatedIdentity ─┐
//!                    ├─ apply ─→ Mapped { grants: roles that rules give, trace: what every rule did }
//! RuleSet (ordered) ─┘
//! ```
//!
//! # What a rule means
//! - A rule names its connections; it is not looked at for anybody else, and never for an account's
//!   own provider.
//! - A condition is **matched**, **not matched** or **unknown** (Kleene's three values). It is
//!   unknown where its claim is absent, has no value at all or can't be used (group overage, e-mail
//!   that isn't verified), and `not` of unknown is unknown. Only a rule whose whole condition is
//!   matched gives anything.
//! - `absent` is matched where the provider sent no such claim. A claim that can't be used is not
//!   absent, and neither is an object or an empty list.
//! - A comparison is matched where one value of the claim fits. `equals`, `one_of` and `glob` tell
//!   upper and lower case apart unless `ignore_case = true`, which folds `A`-`Z` only, so that no
//!   other letter passes for one of them. In a `glob`, `*` is any run of characters and `?` any one.
//! - **`regex` is held against the whole value** (it needs no `^` and `$`): an unanchored expression
//!   would let `xaws-payments-read` pass for `aws-payments-read`. It runs in linear time.
//! - **Captures**: every value that matches gives its own set of captures, and the roles are made
//!   once for each. `all` combines the sets of its members (every pairing), `any` joins them. At
//!   most [`MAX_COMBINATIONS`] sets and [`MAX_EXPANSIONS`] sets times roles; a rule past that gives
//!   nothing. A name is captured once in an `all`, and never under `not`.
//! - **Templates**: `{name}` is the capture of that name where the rule has one, otherwise the
//!   claim, which must then have exactly one value; `{{` and `}}` are braces. A placeholder without
//!   a value is never an empty text: the role isn't given, and the trace says why. What is put into
//!   a role's ARN is `A-Z a-z 0-9 _ + = , . @ -` only, and the result must be a role's ARN on the
//!   list `allowed_roles`, whose `*` doesn't cross a `:`.
//! - **Tags**: a tag that can't be made takes its role with it, because a policy may count on the
//!   tag; `optional_tags` lists those that are left out instead.
//! - The same role from two rules is given by the first one, in the order of `order`, then id.
//!
//! # What a session name is worth
//! It is a label, as trustworthy as the claims in its template. The default is `{sub}`, which the
//! provider never gives to two people. A rule that says `{email}` gives a readable name and
//! relies on the provider to verify addresses; a claim that people can edit themselves
//! (`preferred_username`, `name`) lets one pose as another in logs that show the session name only.
//! A value that doesn't fit is repaired as `[repair]` says and the repair is noted. `hash`, the
//! default, ends every repaired name in a hash of the original and repairs names that merely look
//! so, too, so that no two values ever share a name; `truncate` can make two people share one.
//! The audit record carries issuer and subject besides.

mod apply;
mod compile;
mod condition;
mod error;
mod give;
mod near_miss;
mod pattern;
mod raw;
mod repair;
mod rule;
mod template;
mod trace;
mod view;

pub use apply::{FailedTest, Instead, Mapped, MappedRole, RuleSet, apply};
pub use error::{RuleError, RuleProblem};
pub use repair::Repair;
pub use rule::Rule;
pub use trace::{
    Because, Comparison, Failure, Field, NearMiss, Note, Refused, RuleOutcome, RuleTrace, Seen,
};
pub use view::Split;

/// A rule has at most this many conditions, `all`, `any` and `not` included.
pub const MAX_CONDITIONS: usize = 64;
/// Conditions stand at most this deep in one another.
pub const MAX_DEPTH: usize = 8;
/// A rule lists at most this many roles, and `allowed_roles` this many patterns.
pub const MAX_LISTED_ROLES: usize = 1_000;
/// `one_of` has at most this many values.
pub const MAX_OPTIONS: usize = 1_000;
/// A pattern, template or name in a rule has at most this many characters.
pub const MAX_TEXT: usize = 1_024;
/// A compiled regular expression takes at most this many bytes.
pub const MAX_REGEX_BYTES: usize = 1 << 20;
/// A rule has at most this many tests.
pub const MAX_TESTS: usize = 100;
/// A rule matches with at most this many sets of captures; past that it gives nothing.
pub const MAX_COMBINATIONS: usize = 2_048;
/// Sets of captures times listed roles; past that a rule gives nothing.
pub const MAX_EXPANSIONS: usize = 10_000;
/// One person gets at most this many roles; further ones are refused and traced.
pub const MAX_ROLES: usize = 2_048;
/// A split claim has at most this many parts; past that no condition on it matches.
pub const MAX_SPLIT_VALUES: usize = 4_096;

#[cfg(test)]
mod tests;
