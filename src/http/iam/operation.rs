//! How an action stands on the wire.

use crate::flows::iam::Action;
use crate::http::query::{Members, Parameters, QueryFault};

/// An action's parameters and the members of its answer.
pub(super) trait Operation: Action + Sized {
    /// The action that the parameters ask for.
    ///
    /// # Errors
    /// [`QueryFault`], which tells every parameter that breaks the model's bounds.
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault>;

    /// The members of the result; `None` where the model has no result, which is so where nothing is answered.
    fn members(_: Self::Answer) -> Option<Members<'static>> {
        const { assert!(size_of::<Self::Answer>() == 0, "an answer has members") };
        None
    }
}
