//! What a code becomes: an id_token and an access token, or what a fault makes of them.

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::faults::{ADMINISTRATORS, Fault, Validity};
use super::keys::{Algorithm, KeyError};
use super::provider::{
    CodeGrant, DemoError, DemoProvider, TOKEN_SECONDS, access_token_hash, with_overrides,
};
use crate::domain::UnixTime;
use crate::entropy::draw;

/// The client of another application.
const ANOTHER_CLIENT: &str = "meridale-payroll";

/// What a client gets for a code.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) id_token: String,
}

impl DemoProvider {
    /// The tokens for a code that was taken and checked.
    pub(super) fn tokens(&self, grant: &CodeGrant) -> Result<Tokens, DemoError> {
        let (client, now) = (grant.client.as_str(), self.clock.now());
        match grant.choice.fault {
            None => {
                let tokens = self.new_tokens(grant, now)?;
                self.earlier.keep(client, tokens.clone(), now);
                Ok(tokens)
            }
            Some(Fault::Replayed) => match self.earlier.find(client, now) {
                Some(tokens) => Ok(tokens),
                None => self.new_tokens(grant, now),
            },
            Some(_) => self.new_tokens(grant, now),
        }
    }

    fn new_tokens(&self, grant: &CodeGrant, now: UnixTime) -> Result<Tokens, DemoError> {
        let choice = &grant.choice;
        let access_token = self.access_token(&choice.person, now);
        let access_token = access_token.map_err(|_| DemoError::Ticket)?;
        let validity = Validity::of(choice.fault, now, TOKEN_SECONDS);
        let claims = self.claims(&choice.person, &grant.client, validity)?;
        let claims = with_overrides(claims, &self.about(grant, &access_token)?);
        Ok(Tokens {
            id_token: self.sign(choice.fault, &claims)?,
            access_token,
        })
    }

    /// What ties the id_token to its sign-in, and what a fault claims.
    fn about(
        &self,
        grant: &CodeGrant,
        access_token: &str,
    ) -> Result<Map<String, Value>, DemoError> {
        let mut claims = Map::new();
        claims.insert("at_hash".into(), access_token_hash(access_token).into());
        claims.insert("nonce".into(), grant.nonce.clone().into());
        let sid = self.oidc.begin(grant, self.entropy.as_ref());
        claims.insert("sid".into(), sid.into());
        match grant.choice.fault {
            Some(Fault::OtherAudience) => {
                claims.insert("aud".into(), ANOTHER_CLIENT.into());
            }
            Some(Fault::Forged) => {
                let mut groups = grant.choice.person.groups.clone();
                groups.push(ADMINISTRATORS.to_owned());
                claims.insert("groups".into(), json!(groups));
            }
            // There was none before: the nonce is another sign-in's all the same.
            Some(Fault::Replayed) => {
                let random: [u8; 32] =
                    draw(self.entropy.as_ref()).map_err(|_| DemoError::Ticket)?;
                claims.insert("nonce".into(), URL_SAFE_NO_PAD.encode(random).into());
            }
            None
            | Some(
                Fault::Expired
                | Fault::FastClock
                | Fault::RenamedGroups
                | Fault::UnpublishedKey
                | Fault::TooManyGroups,
            ) => {}
        }
        Ok(claims)
    }

    fn sign(&self, fault: Option<Fault>, claims: &Value) -> Result<String, KeyError> {
        if fault == Some(Fault::UnpublishedKey) {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            return keys.sign_unpublished(claims);
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if fault == Some(Fault::Forged) {
            keys.confuse(claims)
        } else {
            keys.sign(Algorithm::Rs256, claims)
        }
    }
}
