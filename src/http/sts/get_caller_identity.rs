//! `GetCallerIdentity`: who signed this request. Needs no permission. A service is told its name alone: it
//! has neither ARN nor account.

use crate::flows::GetCallerIdentity;
use crate::http::query::Success;
use crate::http::query::{Call, QueryFault};

pub(super) async fn answer(
    flow: &GetCallerIdentity,
    call: &Call<'_>,
) -> Result<Success<'static>, QueryFault> {
    let headers = call.headers();
    let principal = flow.run(&call.signed(&headers), call.meta).await?;
    let user_id = ("UserId", principal.user_id().into());
    Ok(Success::new(
        "GetCallerIdentity",
        match principal.account() {
            Some(account) => vec![
                ("Arn", principal.arn().into()),
                user_id,
                ("Account", account.to_string().into()),
            ],
            None => vec![user_id],
        },
    ))
}
