//! What a refusal of the IAM API looks like on the wire.

use actix_web::http::StatusCode;

use crate::flows::AuthenticationError;
use crate::flows::iam::{IamCode, IamError};
use crate::http::query::{QueryFault, sentence};

impl From<IamError> for QueryFault {
    fn from(error: IamError) -> Self {
        let fault = match &error {
            IamError::Throttled(_) => Self::throttling(),
            IamError::Denied(text) => Self::denied(text.clone()),
            IamError::Ended => Self::unauthenticated(&AuthenticationError::InvalidToken),
            IamError::CallerGone => Self::denied(sentence(&error)),
            IamError::Refused(refusal) => of_code(refusal.code, refusal.text.clone()),
            IamError::Busy => of_code(IamCode::ConcurrentModification, sentence(&error)),
            IamError::Invalid(_) => of_code(IamCode::InvalidInput, sentence(&error)),
            IamError::NotCommitted(_) | IamError::Unavailable(_) => Self::unavailable(),
        };
        fault.recorded_by_flow()
    }
}

fn of_code(code: IamCode, text: String) -> QueryFault {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    QueryFault::new(status, code.as_str(), text)
}
