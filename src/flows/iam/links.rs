//! Providers as which connections of the gateway speak.

use super::{IamCode, Refusal, Scene};
use crate::domain::ProviderArn;

impl Scene<'_> {
    /// That no connection speaks as this provider, which would be left speaking as nobody.
    ///
    /// # Errors
    /// `InvalidInput`, which names the link.
    pub(super) fn check_unlinked(&self, arn: &ProviderArn) -> Result<(), Refusal> {
        let links = &self.snapshot.directory().links;
        let mut linked = links
            .iter()
            .filter(|(_, link)| link.providers.contains(arn));
        let Some((id, link)) = linked.next() else {
            return Ok(());
        };
        let connection = &link.connection;
        let text = format!(
            "The connection {connection} of the gateway speaks as {arn}; take it out of links/{id}.toml first."
        );
        Err(Refusal::new(IamCode::InvalidInput, text))
    }
}
