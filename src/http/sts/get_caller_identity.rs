//! `GetCallerIdentity`: who signed this request. Needs no permission.

use super::answer::Success;
use super::{Call, StsFault};
use crate::flows::GetCallerIdentity;

pub(super) async fn answer(
    flow: &GetCallerIdentity,
    call: &Call<'_>,
) -> Result<Success<'static>, StsFault> {
    let headers = call.headers();
    let principal = flow.run(&call.signed(&headers), call.meta).await?;
    Ok(Success {
        response: "GetCallerIdentityResponse",
        result: "GetCallerIdentityResult",
        members: vec![
            ("Arn", principal.arn().into()),
            ("UserId", principal.user_id().into()),
            ("Account", principal.account().to_string().into()),
        ],
    })
}
