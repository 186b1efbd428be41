//! What an operator should know of SAML: providers' metadata, and how long certificates last.

use serde::Serialize;

use crate::directory::Snapshot;
use crate::domain::{ConnectionId, UnixTime};
use crate::federation::connection::SamlConnection;
use crate::federation::saml::certificate::WARNED_BEFORE;
use crate::federation::saml::metadata::IdpMetadata;
use crate::federation::saml::metadata::refresh::expiry;
use crate::flows::metadata::Looks;

const NO_METADATA: &str = "a SAML connection's metadata could not be read yet";
const ENDED: &str = "the metadata of a SAML connection or provider is over";
const NOT_TAKEN: &str = "what a SAML identity provider publishes of itself was not taken";
const CERTIFICATE_ENDS: &str = "a certificate of a SAML identity provider ends within 30 days";
const OWN_KEY_ENDS: &str =
    "a SAML certificate of this gateway ends within 30 days; run `rolegate keys rotate-saml`";
const OWN_KEY_UNUSABLE: &str = "the SAML keys of this gateway can't be opened";

/// What is known of the provider behind a SAML connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SamlConnectionReport {
    /// The connection.
    pub connection: ConnectionId,
    /// Whether there is metadata.
    pub known: bool,
    /// Until when it counts, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// When this node last looked whether there is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<String>,
    /// Why what it found was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The certificates that have ended or end soon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<String>,
}

/// Every SAML connection by its id, and what strangers may know, each thing once.
pub(super) fn report(
    snapshot: &Snapshot,
    looks: &Looks,
    now: UnixTime,
) -> (Vec<SamlConnectionReport>, Vec<&'static str>) {
    let connections = snapshot.connections().filter_map(|it| it.saml());
    let reports: Vec<_> = connections
        .map(|connection| of_connection(connection, snapshot, looks, now))
        .collect();
    let in_connections = |is_so: fn(&SamlConnectionReport) -> bool| reports.iter().any(is_so);
    let found = [
        (NO_METADATA, in_connections(|report| !report.known)),
        (ENDED, providers(snapshot).any(|it| !it.is_valid(now))),
        (NOT_TAKEN, in_connections(|report| report.problem.is_some())),
        (
            CERTIFICATE_ENDS,
            providers(snapshot).any(|it| !expiry(it, now).is_empty()),
        ),
        (OWN_KEY_ENDS, own_key_ends(snapshot, now)),
        (OWN_KEY_UNUSABLE, snapshot.service_provider_keys().is_err()),
    ];
    let warnings = found.into_iter().filter(|(_, is_so)| *is_so);
    let warnings = warnings.map(|(warning, _)| warning).collect();
    (reports, warnings)
}

fn of_connection(
    connection: SamlConnection<'_>,
    snapshot: &Snapshot,
    looks: &Looks,
    now: UnixTime,
) -> SamlConnectionReport {
    let metadata = snapshot.connection_metadata(connection.id);
    let metadata = metadata.map(|metadata| metadata.provider());
    let last = looks.last(connection.id);
    let certificates = metadata.map_or_else(Vec::new, |metadata| expiry(metadata, now));
    SamlConnectionReport {
        connection: connection.id.clone(),
        known: metadata.is_some(),
        valid_until: metadata
            .and_then(|metadata| metadata.valid_until)
            .map(|end| end.to_string()),
        looked_at: last.as_ref().map(|last| last.at.to_string()),
        problem: last
            .and_then(|last| last.problem)
            .map(|why| why.as_ref().into()),
        certificates: certificates.iter().map(ToString::to_string).collect(),
    }
}

/// The providers behind connections, and those of accounts.
fn providers(snapshot: &Snapshot) -> impl Iterator<Item = &IdpMetadata> {
    let directory = snapshot.directory();
    let connected = directory.connection_metadata.values();
    let connected = connected.map(|metadata| metadata.provider());
    let accounts = directory.accounts.values();
    let own = accounts.flat_map(|account| account.saml_providers.values());
    connected.chain(own.map(|provider| provider.metadata.metadata()))
}

fn own_key_ends(snapshot: &Snapshot, now: UnixTime) -> bool {
    let keys = snapshot.service_provider_keys();
    let certificate = keys
        .ok()
        .and_then(|keys| Some(keys.signing(now)?.certificate()));
    certificate.is_some_and(|it| now.plus(WARNED_BEFORE) > it.not_after())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::directory::testing::{
        NOW, SAML_CONNECTION_FILE, SAML_CONNECTION_METADATA, SAML_PROVIDER_METADATA, directory_of,
        edited_in, saml_files,
    };
    use crate::directory::{Directory, DirectoryFiles, ServiceProviderKeyRecord};
    use crate::domain::Partition;
    use crate::federation::saml::service_provider::{Schedule, ServiceProviderKey};

    const DAY: i64 = 24 * 60 * 60;

    fn of(directory: Directory) -> (Vec<SamlConnectionReport>, Vec<&'static str>) {
        let snapshot = Snapshot::compile(1, Arc::new(directory), Partition::Aws);
        report(&snapshot, &Looks::default(), NOW)
    }

    fn warnings(files: &DirectoryFiles) -> Vec<&'static str> {
        of(directory_of(files)).1
    }

    /// A directory with a key of the node that was made so many days ago.
    fn with_own_key(days: i64) -> Directory {
        let created_at = NOW.plus(-days * DAY);
        let key = ServiceProviderKey::generate("sso.example.com", created_at).unwrap();
        let schedule = Schedule {
            created_at,
            signs_from: created_at,
            retires_at: None,
        };
        Directory {
            service_provider_keys: vec![ServiceProviderKeyRecord::of(&key, schedule)],
            ..Directory::default()
        }
    }

    #[test]
    fn where_all_is_well_nothing_is_told() {
        let (reports, warnings) = of(directory_of(&saml_files()));
        assert_eq!(warnings, [""; 0]);
        assert!(reports.iter().all(|it| it.known && it.problem.is_none()));
        assert_eq!(reports.len(), 1);
    }

    #[test]
    fn a_connection_whose_metadata_was_never_read_is_told() {
        let url = "metadata = { url = 'https://saml.example.com/metadata' }";
        let upload = "metadata = 'upload'";
        let mut files = edited_in(saml_files(), SAML_CONNECTION_FILE, upload, url);
        files.remove(SAML_CONNECTION_METADATA).unwrap();
        assert_eq!(warnings(&files), [NO_METADATA]);
    }

    #[test]
    fn metadata_that_is_over_is_told_of_connections_and_of_accounts() {
        for path in [SAML_CONNECTION_METADATA, SAML_PROVIDER_METADATA] {
            let over = " validUntil=\"2026-11-20T00:00:00Z\" entityID=";
            let files = edited_in(saml_files(), path, " entityID=", over);
            assert_eq!(warnings(&files), [ENDED], "{path}");
        }
    }

    #[test]
    fn a_certificate_of_the_node_is_told_of_thirty_days_before_its_end() {
        let ten_years = 10 * 365;
        assert_eq!(of(with_own_key(ten_years - 30)).1, [""; 0]);
        assert_eq!(of(with_own_key(ten_years - 29)).1, [OWN_KEY_ENDS]);
    }

    #[test]
    fn keys_of_the_node_that_can_t_be_opened_are_told() {
        let mut directory = with_own_key(0);
        let other = ServiceProviderKey::generate("sso.example.com", NOW).unwrap();
        directory.service_provider_keys[0].certificate = other.certificate().clone();
        assert_eq!(of(directory).1, [OWN_KEY_UNUSABLE]);
    }
}
