//! Who is at the other end of a connection, by one snapshot of the directory.

use crate::directory::{Snapshot, UnusableKey};
use crate::domain::ConnectionId;
use crate::federation::connection::{OidcConnection, Protocol, SamlConnection};
use crate::federation::saml::browser_sso::SamlParty;
use crate::federation::sign_in::{Party, sites_of};

/// Why nobody can be spoken to.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoParty {
    /// There is no such connection (any more).
    #[error("there is no connection of this name")]
    UnknownConnection,
    /// Nothing is known of the connection's provider: its metadata could never be read.
    #[error("nothing is known of the connection's provider yet")]
    NothingKnown,
    /// Our keys can't be used.
    #[error(transparent)]
    Key(#[from] UnusableKey),
}

/// The connection with all that its protocol needs.
///
/// # Errors
/// Where there is no such connection, or nothing is known of its provider yet, or our keys can't be
/// used.
pub(super) fn party<'a>(
    snapshot: &'a Snapshot,
    connection: &'a ConnectionId,
) -> Result<Party<'a>, NoParty> {
    let settings = snapshot.connection(connection);
    let settings = settings.ok_or(NoParty::UnknownConnection)?;
    match &settings.protocol {
        Protocol::Oidc(settings) => Ok(Party::Oidc(OidcConnection {
            id: connection,
            settings,
        })),
        Protocol::Saml(_) => Ok(Party::Saml(saml_party(snapshot, connection)?)),
    }
}

/// A SAML connection with what is known at both ends of it.
///
/// # Errors
/// As [`party`]; a connection of another protocol is none of these.
pub(super) fn saml_party<'a>(
    snapshot: &'a Snapshot,
    connection: &'a ConnectionId,
) -> Result<SamlParty<'a>, NoParty> {
    let settings = snapshot.connection(connection);
    let settings = settings.and_then(|settings| settings.saml());
    let settings = settings.ok_or(NoParty::UnknownConnection)?;
    let metadata = snapshot.connection_metadata(connection);
    let metadata = metadata.ok_or(NoParty::NothingKnown)?;
    Ok(SamlParty {
        connection: SamlConnection {
            id: connection,
            settings: settings.settings,
        },
        metadata: metadata.provider(),
        keys: snapshot.service_provider_keys()?,
    })
}

/// The origins of a SAML connection's provider, as far as it is known.
pub(super) fn sites(snapshot: &Snapshot, connection: &ConnectionId) -> Vec<String> {
    let metadata = snapshot.connection_metadata(connection);
    metadata.map_or_else(Vec::new, |metadata| sites_of(metadata.provider()))
}

/// The SAML connections of the provider that a message says to be of. Several can be of one; those
/// whose provider may begin by itself come first.
pub(super) fn saml_connections_of<'a>(
    snapshot: &'a Snapshot,
    claimed: &str,
) -> impl Iterator<Item = SamlConnection<'a>> {
    let all = snapshot
        .connections()
        .filter_map(|connection| connection.saml());
    let mut own: Vec<_> = all
        .filter(|connection| connection.settings.entity_id.as_str() == claimed)
        .collect();
    own.sort_by_key(|connection| !connection.settings.idp_initiated);
    own.into_iter()
}
