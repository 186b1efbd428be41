//! The responses that the provider makes, good ones and those that a fault spoils.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::attributes::{self, Attribute};
use super::idp::{Asked, Encryption, SESSION_SECONDS, SamlIdp};
use super::response::{
    ASSERTION_SECONDS, Envelope, PERSISTENT, ResponseError, Statement, UNSPECIFIED,
};
use super::sessions::IdpSession;
use crate::demo::faults::{ADMINISTRATORS, Choice, Fault, Validity};
use crate::demo::people::Person;
use crate::domain::{EntityId, UnixTime};
use crate::federation::saml::claims::NameId;
use crate::federation::saml::messages::{MessageId, PostForm};
use crate::federation::saml::redirect::MessageKind;
use crate::federation::saml::service_provider::ServiceProviderKey;

/// The entity ID of another application.
const ANOTHER_AUDIENCE: &str = "https://payroll.meridale.example/saml/metadata";

impl SamlIdp {
    /// The form that brings the answer to the service provider: who was chosen, or that nobody was.
    pub(in crate::demo) fn answer(
        &self,
        asked: &Asked,
        choice: Option<&Choice>,
    ) -> Result<PostForm, ResponseError> {
        let now = self.clock.now();
        let xml = match choice {
            None => self.nobody(asked, now)?,
            Some(choice) => self.response(asked, choice, now)?,
        };
        let request = asked.request.as_ref();
        Ok(PostForm::new(
            MessageKind::Response,
            &xml,
            asked.consumer.clone(),
            request.and_then(|request| request.relay_state.clone()),
        ))
    }

    fn nobody(&self, asked: &Asked, now: UnixTime) -> Result<String, ResponseError> {
        let key = self.keys.newest();
        self.envelope(asked, &key, Validity::good(now, ASSERTION_SECONDS))
            .nobody()
    }

    fn response(
        &self,
        asked: &Asked,
        choice: &Choice,
        now: UnixTime,
    ) -> Result<String, ResponseError> {
        let whom = whom(asked);
        match choice.fault {
            None => {
                let xml = self.new_response(asked, choice, now)?;
                self.earlier.keep(&whom, xml.clone(), now);
                Ok(xml)
            }
            Some(Fault::Replayed) => match self.earlier.find(&whom, now) {
                Some(xml) => Ok(xml),
                None => self.new_response(asked, choice, now),
            },
            Some(_) => self.new_response(asked, choice, now),
        }
    }

    fn new_response(
        &self,
        asked: &Asked,
        choice: &Choice,
        now: UnixTime,
    ) -> Result<String, ResponseError> {
        let Choice { person, fault } = choice;
        let is = |wanted| *fault == Some(wanted);
        let session = self.new_session(asked, person, now)?;
        let request = asked.request.as_ref();
        let statement = Statement {
            audience: if is(Fault::OtherAudience) {
                ANOTHER_AUDIENCE
            } else {
                asked.service_provider.entity_id.as_str()
            },
            name_id: &session.name_id,
            session_index: &session.index,
            session_ends: session.ends,
            context: request
                .and_then(|request| request.context.as_deref())
                .unwrap_or(UNSPECIFIED),
            attributes: &self.attributes_of(person),
        };
        let key = if is(Fault::UnpublishedKey) {
            self.keys.unpublished(now)?
        } else {
            self.keys.newest()
        };
        // There was none before: the request is another's all the same.
        let another = MessageId::draw(self.entropy.as_ref())?;
        let mut envelope = self.envelope(asked, &key, Validity::of(*fault, now, ASSERTION_SECONDS));
        if is(Fault::Replayed) {
            envelope.in_response_to = Some(&another);
        }
        let xml = if is(Fault::Forged) {
            self.wrapped(&envelope, &statement, person)?
        } else {
            let recipient = asked.service_provider.encryption.as_ref();
            envelope.success(&statement, (self.options.encryption, recipient))?
        };
        if fault.is_none_or(Fault::signs_in) {
            self.sessions.begin(session, now);
        }
        Ok(xml)
    }

    /// What somebody makes of their own response who wants to be an administrator.
    fn wrapped(
        &self,
        envelope: &Envelope<'_>,
        statement: &Statement<'_>,
        person: &Person,
    ) -> Result<String, ResponseError> {
        let mut administrator = person.clone();
        administrator.groups.push(ADMINISTRATORS.to_owned());
        let attributes = self.attributes_of(&administrator);
        let more = Statement {
            attributes: &attributes,
            ..*statement
        };
        envelope.wrapped(statement, &more)
    }

    /// A response for STS in base64, with the roles that the provider gives a person; `None` where the
    /// provider knows no STS.
    pub fn response_for_sts(&self, person: &Person) -> Result<Option<String>, ResponseError> {
        let Some(sts) = &self.options.sts else {
            return Ok(None);
        };
        let now = self.clock.now();
        let audience = &sts.audience;
        let mut attributes: Vec<Attribute> = self.attributes_of(person);
        attributes.extend(attributes::for_sts(person));
        let session_index = MessageId::draw(self.entropy.as_ref())?;
        let statement = Statement {
            audience: audience.as_str(),
            name_id: &self.name_of(person, audience),
            session_index: session_index.as_str(),
            session_ends: now.plus(SESSION_SECONDS),
            context: UNSPECIFIED,
            attributes: &attributes,
        };
        let envelope = Envelope {
            issuer: &self.addresses.entity_id,
            key: self.keys.first().signing(),
            signed: self.options.signed,
            recipient: sts.recipient.as_str(),
            in_response_to: None,
            validity: Validity::good(now, ASSERTION_SECONDS),
            entropy: self.entropy.as_ref(),
        };
        let xml = envelope.success(&statement, (Encryption::None, None))?;
        Ok(Some(STANDARD.encode(xml)))
    }

    fn envelope<'a>(
        &'a self,
        asked: &'a Asked,
        key: &'a Arc<ServiceProviderKey>,
        validity: Validity,
    ) -> Envelope<'a> {
        Envelope {
            issuer: &self.addresses.entity_id,
            key: key.signing(),
            signed: self.options.signed,
            recipient: asked.consumer.as_str(),
            in_response_to: asked.request.as_ref().map(|request| &request.id),
            validity,
            entropy: self.entropy.as_ref(),
        }
    }

    fn attributes_of(&self, person: &Person) -> Vec<Attribute> {
        attributes::of_person(person, self.addresses.issuer.as_str())
    }

    fn new_session(
        &self,
        asked: &Asked,
        person: &Person,
        now: UnixTime,
    ) -> Result<IdpSession, ResponseError> {
        let service_provider = asked.service_provider.entity_id.clone();
        Ok(IdpSession {
            index: MessageId::draw(self.entropy.as_ref())?.as_str().to_owned(),
            person: person.key.clone(),
            name_id: self.name_of(person, &service_provider),
            service_provider,
            ends: now.plus(SESSION_SECONDS),
        })
    }

    /// A person's name at a service provider, which stays the same.
    fn name_of(&self, person: &Person, service_provider: &EntityId) -> NameId {
        NameId {
            value: person.subject.clone(),
            format: Some(PERSISTENT.to_owned()),
            name_qualifier: Some(self.addresses.entity_id.as_str().to_owned()),
            sp_name_qualifier: Some(service_provider.as_str().to_owned()),
        }
    }
}

/// Whom an answer is for: an answer to a request is none to nobody's.
fn whom(asked: &Asked) -> String {
    let how = match asked.request {
        Some(_) => "asked ",
        None => "unasked ",
    };
    [how, asked.service_provider.entity_id.as_str()].concat()
}
