//! Whether a file stands beside what it belongs to. Files that are read with something else are only
//! looked at here.

use super::METADATA;
use super::read::Reader;

impl Reader<'_> {
    /// A trust policy must stand beside its role, and the role in a listed account.
    pub(super) fn check_role_file(&mut self, path: &str, id: &str, file: &str) {
        let name = file
            .strip_suffix(".toml")
            .or_else(|| file.strip_suffix(".trust.json"));
        match name {
            None => self.problem(
                path,
                "a role has <Name>.toml, <Name>.trust.json and <Name>.policies/<policy>.json",
            ),
            Some(name) => self.check_role(path, id, name),
        }
    }

    pub(super) fn check_policy_file(&mut self, path: &str, id: &str, folder: &str, file: &str) {
        let role = folder.strip_suffix(".policies");
        match role.filter(|_| file.strip_suffix(".json").is_some()) {
            None => self.problem(
                path,
                "the policies of a role stand in <Name>.policies/<policy>.json",
            ),
            Some(name) => self.check_role(path, id, name),
        }
    }

    pub(super) fn check_user_file(&mut self, path: &str, id: &str, file: &str) {
        if file.strip_suffix(".toml").is_none() {
            let text = "a user has <Name>.toml and <Name>.policies/<policy>.json";
            self.problem(path, text);
        }
        self.check_account(path, id);
    }

    pub(super) fn check_user_policy_file(
        &mut self,
        path: &str,
        id: &str,
        folder: &str,
        file: &str,
    ) {
        let user = folder.strip_suffix(".policies");
        match user.filter(|_| file.strip_suffix(".json").is_some()) {
            None => self.problem(
                path,
                "the policies of a user stand in <Name>.policies/<policy>.json",
            ),
            Some(name) => self.check_is_there(path, &format!("accounts/{id}/users/{name}.toml")),
        }
        self.check_account(path, id);
    }

    pub(super) fn check_group_file(&mut self, path: &str, id: &str, file: &str) {
        if file.strip_suffix(".toml").is_none() {
            let text = "a group has <Name>.toml and <Name>.policies/<policy>.json";
            self.problem(path, text);
        }
        self.check_account(path, id);
    }

    pub(super) fn check_group_policy_file(
        &mut self,
        path: &str,
        id: &str,
        folder: &str,
        file: &str,
    ) {
        let group = folder.strip_suffix(".policies");
        match group.filter(|_| file.strip_suffix(".json").is_some()) {
            None => self.problem(
                path,
                "the policies of a group stand in <Name>.policies/<policy>.json",
            ),
            Some(name) => self.check_is_there(path, &format!("accounts/{id}/groups/{name}.toml")),
        }
        self.check_account(path, id);
    }

    /// A document must stand beside its policy's own file.
    pub(super) fn check_managed_file(&mut self, path: &str, id: &str, file: &str) {
        let base = file.strip_suffix(".toml");
        match base.or_else(|| file.strip_suffix(".json")) {
            None => self.problem(path, "a managed policy has <Name>.toml and <Name>.json"),
            Some(name) => {
                self.check_is_there(path, &format!("accounts/{id}/policies/{name}.toml"));
            }
        }
        self.check_account(path, id);
    }

    /// A version must stand beside its policy's own file.
    pub(super) fn check_version_file(&mut self, path: &str, id: &str, folder: &str, file: &str) {
        let policy = folder.strip_suffix(".versions");
        match policy.filter(|_| file.strip_suffix(".json").is_some()) {
            None => self.problem(
                path,
                "the versions of a managed policy stand in <Name>.versions/<v1>.json",
            ),
            Some(name) => self.check_is_there(path, &format!("accounts/{id}/policies/{name}.toml")),
        }
        self.check_account(path, id);
    }

    pub(super) fn check_profile_file(&mut self, path: &str, id: &str, file: &str) {
        if file.strip_suffix(".toml").is_none() {
            self.problem(path, "an instance profile's file ends in .toml");
        }
        self.check_account(path, id);
    }

    pub(super) fn check_oidc_file(&mut self, path: &str, id: &str, file: &str) {
        if file.strip_suffix(".toml").is_none() {
            self.problem(path, "a provider's file ends in .toml");
        }
        self.check_account(path, id);
    }

    /// A metadata document must stand beside its provider's settings.
    pub(super) fn check_saml_file(&mut self, path: &str, id: &str, file: &str) {
        match file.strip_suffix(METADATA) {
            Some(name) => {
                self.check_is_there(path, &format!("accounts/{id}/saml-providers/{name}.toml"));
            }
            None if file.strip_suffix(".toml").is_some() => {}
            None => self.problem(
                path,
                "a SAML provider has <Name>.toml and <Name>.metadata.xml",
            ),
        }
        self.check_account(path, id);
    }

    /// An uploaded document must stand beside its connection.
    pub(super) fn check_connection_metadata(&mut self, path: &str, id: &str) {
        self.check_is_there(path, &format!("connections/{id}.toml"));
    }

    fn check_role(&mut self, path: &str, id: &str, name: &str) {
        self.check_is_there(path, &format!("accounts/{id}/roles/{name}.toml"));
        self.check_account(path, id);
    }

    pub(super) fn check_account(&mut self, path: &str, id: &str) {
        self.check_is_there(path, &format!("accounts/{id}/account.toml"));
    }

    fn check_is_there(&mut self, path: &str, owner: &str) {
        if !self.files.contains_key(owner) {
            self.problem(path, &format!("there is no {owner}"));
        }
    }
}
