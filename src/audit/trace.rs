//! The trace of a decision (decision 19): every check by name, with what it compared.

use serde::{Deserialize, Serialize};

use super::Text;

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckOutcome {
    /// It held.
    Passed,
    /// It did not hold; the flow refused.
    Failed,
    /// It was not reached, because an earlier one failed.
    Skipped,
}

/// One named check of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check<'a> {
    name: &'static str,
    outcome: CheckOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Text<'a, { Check::MAX_VALUE_BYTES }>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Text<'a, { Check::MAX_VALUE_BYTES }>>,
}

impl<'a> Check<'a> {
    /// A compared value is cut to this many bytes.
    pub const MAX_VALUE_BYTES: usize = 512;

    /// A check without compared values, e.g. of a signature.
    pub const fn new(name: &'static str, outcome: CheckOutcome) -> Self {
        Self {
            name,
            outcome,
            expected: None,
            found: None,
        }
    }

    /// Adds what was compared: what would have been right, and what was there.
    pub fn compared(
        mut self,
        expected: impl Into<Text<'a, { Check::MAX_VALUE_BYTES }>>,
        found: impl Into<Text<'a, { Check::MAX_VALUE_BYTES }>>,
    ) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What became of it.
    pub const fn outcome(&self) -> CheckOutcome {
        self.outcome
    }

    /// What would have been right, where it compared anything.
    pub fn expected(&self) -> Option<&str> {
        self.expected.as_ref().map(Text::as_str)
    }

    /// What was there.
    pub fn found(&self) -> Option<&str> {
        self.found.as_ref().map(Text::as_str)
    }
}
