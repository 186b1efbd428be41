//! The metadata of SAML connections: read now, because an administrator asks for it.

use super::apply::Plan;
use super::{Act, AdminAction, AdminError, Administration, Applied};
use crate::causes::with_causes;
use crate::directory::{Change, PolicyWarnings, Problem, Snapshot};
use crate::domain::{ConnectionId, UnixTime};
use crate::federation::saml::metadata::refresh::{NewKeys, expiry};
use crate::federation::saml::metadata::{IdpMetadata, MetadataError};
use crate::flows::authenticate::Caller;
use crate::flows::metadata::{Proposal, RefreshError, find};
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;

impl Administration {
    /// Reads what a connection's provider publishes now and takes it. With [`NewKeys::Accept`] also
    /// where it shares no key with what was known.
    ///
    /// # Errors
    /// [`AdminError`]; what was known counts on.
    pub async fn refresh_metadata(
        &self,
        caller: &Caller,
        connection: &ConnectionId,
        keys: NewKeys,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::RefreshMetadata,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let proposal = self.proposal(&snapshot, connection, keys, meta.now);
        let proposal = match proposal.await {
            Ok(proposal) => proposal,
            Err(error) => return Err(self.failed(&act, error.into()).await),
        };
        // What the node has told of its own look may hold no more.
        self.metadata.looks.hurry(connection, meta.now);
        let base = snapshot.generation();
        let Some(proposal) = proposal else {
            let (subject, outcome) = (Subject::Caller(caller), Outcome::Unchanged { base });
            self.recorder
                .admin(meta, &subject, act.action, outcome)
                .await?;
            return Ok(Applied {
                generation: base,
                changes: Vec::new(),
                notes: Vec::new(),
                warnings: PolicyWarnings::default(),
            });
        };
        let (change, lines) = (proposal.change(connection), proposal.lines(connection));
        let changes = vec![change.to_string()];
        let generation = self.commit_told(&act, base, vec![change], &lines).await?;
        Ok(Applied {
            generation,
            changes,
            notes: proposal.notes,
            warnings: PolicyWarnings::default(),
        })
    }

    async fn proposal(
        &self,
        snapshot: &Snapshot,
        id: &ConnectionId,
        keys: NewKeys,
        now: UnixTime,
    ) -> Result<Option<Proposal>, RefreshError> {
        let connection = find(snapshot, id)?;
        let parsed = self.metadata.read(&connection, now).await?;
        let known = snapshot.connection_metadata(id).map(AsRef::as_ref);
        Ok(Proposal::make(known, parsed, now, keys)?)
    }

    /// Reads the first metadata of the connections that are new, so that they are usable at once, and
    /// says which are not. A provider that can't be reached just now keeps nothing from being applied.
    pub(super) async fn add_first_metadata(&self, plan: &mut Plan, now: UnixTime) -> Vec<String> {
        let mut notes = Vec::new();
        for (id, first) in self.metadata.first(&plan.desired, now).await {
            match first {
                Ok(proposal) => {
                    plan.changes.push(proposal.change(&id));
                    let told = proposal.notes.iter();
                    notes.extend(told.map(|note| format!("connections/{id}: {note}")));
                }
                Err(error) => notes.push(format!(
                    "connections/{id}: nobody can sign in by it until its provider's metadata can be read, which is tried again and again: {}",
                    with_causes(&error)
                )),
            }
        }
        notes
    }

    /// What is wrong with the documents that are new.
    pub(super) fn check_documents(&self, changes: &[Change], now: UnixTime) -> Vec<Problem> {
        let documents = changes.iter().filter_map(NewDocument::of);
        let wrong = documents.filter_map(|document| {
            let error = match document.whose {
                Whose::Connection => self.metadata.reader.check(document.metadata, now).err(),
                // Nobody is sent anywhere by it.
                Whose::Account => ended(document.metadata, now),
            };
            Some(Problem::new(document.path, error?.to_string()))
        });
        wrong.collect()
    }

    /// What an admin should know of the documents that are new.
    pub(super) fn document_notes(changes: &[Change], now: UnixTime) -> Vec<String> {
        let documents = changes.iter().filter_map(NewDocument::of);
        let notes = documents.flat_map(|NewDocument { path, metadata, .. }| {
            let warnings = expiry(metadata, now).into_iter();
            warnings.map(move |warning| format!("{path}: {warning}"))
        });
        notes.collect()
    }
}

/// A metadata document that files of a directory bring.
struct NewDocument<'c> {
    path: String,
    whose: Whose,
    metadata: &'c IdpMetadata,
}

enum Whose {
    Connection,
    Account,
}

impl<'c> NewDocument<'c> {
    fn of(change: &'c Change) -> Option<Self> {
        if let Change::PutConnectionMetadata(id, metadata) = change {
            Some(Self {
                path: format!("connections/{id}.metadata.xml"),
                whose: Whose::Connection,
                metadata: metadata.provider(),
            })
        } else if let Change::PutSamlProvider(account, name, provider) = change {
            Some(Self {
                path: format!("accounts/{account}/saml-providers/{name}.metadata.xml"),
                whose: Whose::Account,
                metadata: provider.metadata.metadata(),
            })
        } else {
            None
        }
    }
}

fn ended(metadata: &IdpMetadata, now: UnixTime) -> Option<MetadataError> {
    let end = metadata.valid_until.filter(|_| !metadata.is_valid(now));
    end.map(MetadataError::Expired)
}
