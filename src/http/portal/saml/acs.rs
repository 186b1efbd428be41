//! `POST /saml/acs`: back from a SAML provider, or sent by it unasked.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::read_form;
use crate::federation::saml::posted::{FormError, PostedMessage};
use crate::federation::saml::prove::UnverifiedResponse;
use crate::federation::saml::redirect::MessageKind;
use crate::federation::sign_in::Answer;
use crate::flows::SignInRefusal;
use crate::http::portal::{Api, callback};

pub(in crate::http::portal) async fn post(
    api: Api,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        let body = read_form(&api, &request, payload, &mut meta).await?;
        match answer(&body) {
            Ok(answer) => callback::finish(&api, &request, answer, &meta).await,
            Err(refusal) => Err(api.sign_in.refuse(None, refusal, &meta).await.into()),
        }
    })
    .await
}

fn answer(body: &str) -> Result<Answer, SignInRefusal> {
    let posted = PostedMessage::parse(body)?;
    if posted.kind != MessageKind::Response {
        return Err(FormError::Missing("SAMLResponse").into());
    }
    Ok(Answer::Saml {
        response: UnverifiedResponse::decode(&posted.encoded)?,
        relay_state: posted.relay_state,
    })
}
