//! Connections' files, and the metadata of those that speak SAML.

use std::sync::Arc;

use super::METADATA;
use super::read::Reader;
use crate::directory::{ConnectionMetadata, Directory};
use crate::domain::ConnectionId;
use crate::federation::connection::{ConnectionSettings, SamlConnection};
use crate::federation::saml::settings::MetadataSource;

impl Reader<'_> {
    pub(super) fn read_connection(&mut self, path: &str, file: &str, directory: &mut Directory) {
        if let Some(id) = file.strip_suffix(METADATA) {
            return self.check_connection_metadata(path, id);
        }
        let id: Option<ConnectionId> = self.stem(path, file);
        let table: Option<toml::Table> = self.toml(path);
        let (Some(id), Some(mut table)) = (id, table) else {
            return;
        };
        if table.contains_key("id") {
            return self.problem(path, "a connection's id is its file's name; take id out");
        }
        table.insert("id".to_owned(), toml::Value::String(id.to_string()));
        let connection = match table.try_into::<ConnectionSettings>() {
            Ok(connection) => connection,
            Err(error) => return self.problem(path, error.message()),
        };
        if let Some(metadata) = self.metadata_of(&connection) {
            directory.connection_metadata.insert(id.clone(), metadata);
        }
        directory.connections.insert(id, Arc::new(connection));
    }

    /// The metadata that was uploaded with the connection, or fetched for it before.
    fn metadata_of(&mut self, connection: &ConnectionSettings) -> Option<Arc<ConnectionMetadata>> {
        let path = format!("connections/{}{METADATA}", connection.id);
        let uploaded = connection
            .saml()
            .filter(|saml| saml.settings.metadata == MetadataSource::Upload);
        if let Some(saml) = uploaded {
            let document = self.metadata(&path, Some(&saml.settings.entity_id))?;
            return Some(Arc::new(ConnectionMetadata::Uploaded(document)));
        }
        if self.files.contains_key(&path) {
            self.problem(
                &path,
                "the connection's metadata is not uploaded; take the file out, or set saml.metadata = \"upload\"",
            );
        }
        self.fetched_before(connection.saml()?)
    }

    /// What was fetched stays where the same place is asked for the same provider.
    fn fetched_before(&self, saml: SamlConnection<'_>) -> Option<Arc<ConnectionMetadata>> {
        let before = self.current.connections.get(saml.id)?.saml()?.settings;
        let asks_the_same = before.entity_id == saml.settings.entity_id
            && before.metadata.is_same_place(&saml.settings.metadata);
        let metadata = self.current.connection_metadata.get(saml.id)?;
        asks_the_same.then(|| Arc::clone(metadata))
    }
}
