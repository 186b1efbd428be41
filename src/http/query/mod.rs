//! AWS's Query protocol: parameters in, XML or JSON out. Every API that speaks it is served by these.

mod answer;
mod api;
mod call;
mod cors;
mod fault;
mod parameters;
mod validation;

pub use answer::{Format, Members, Success, Value};
pub use api::{Api, IAM, STS};
pub use call::{
    Call, accepted, check_content, missing_action, refuse_split_parameters, unknown_action,
};
pub use cors::preflight;
pub use fault::{QueryFault, Recorded, sentence};
pub use parameters::{MAX_PARAMETERS, ParameterError, Parameters};
pub use validation::{
    Constraint, Pattern, Quoting, Violations, is_arn_character, is_policy_character, is_word,
};
