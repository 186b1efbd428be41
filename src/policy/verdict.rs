//! What came of judging a condition.

/// Whether something holds, in a logic of three values: what can't be judged is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// It can't be judged: the request's value isn't of the operator's type.
    Unclear,
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

impl Verdict {
    /// Both.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fails, _) | (_, Self::Fails) => Self::Fails,
            (Self::Unclear, _) | (_, Self::Unclear) => Self::Unclear,
            (Self::Holds, Self::Holds) => Self::Holds,
        }
    }

    /// Either.
    pub(super) const fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// The opposite.
    pub(super) const fn not(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Unclear => Self::Unclear,
        }
    }
}
