//! What a change makes of what is there, in a line of the audit: names and ids, never what a document says, the
//! value of a tag, or a secret.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::change::Change;
use super::devices::UnassignedDevice;
use super::groups::Group;
use super::instance_profiles::InstanceProfile;
use super::policies::ManagedPolicy;
use super::providers::{OidcProvider, SamlProvider, SamlProviderDetails};
use super::services::Service;
use super::state::{Account, AccountSettings, Directory, Role};
use super::users::{AccessKey, Rights, User};
use crate::audit::Event;
use crate::domain::{AccessKeyId, OwnTags, PolicyVersionId, TagKey, TagValue};
use crate::policy::IdentityPolicy;

/// `put user ada in 123456789012: access key AKIA… added, policy read changed`: the change's own line, and what of
/// it is other than in this directory, as far as an account or a service owns it. Where that is more than the audit
/// keeps of a line, further lines begin anew.
pub fn told(change: &Change, before: &Directory) -> Vec<String> {
    let start = change.to_string();
    let mut lines = Vec::new();
    let mut line = String::new();
    for part in parts(change, before).0 {
        if line.len() + part.len() + 2 > Event::MAX_PARAMETER_BYTES && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if line.is_empty() {
            line = [&start, ": ", &part].concat();
        } else {
            line.push_str(", ");
            line.push_str(&part);
        }
    }
    lines.push(if line.is_empty() { start } else { line });
    lines
}

fn parts(change: &Change, before: &Directory) -> Parts {
    let account = |id| before.accounts.get(id).map(AsRef::as_ref);
    let mut parts = Parts::default();
    match change {
        Change::PutAccount(id, after) => {
            parts.settings(account(id).map(|it: &Account| &it.settings), after);
        }
        Change::PutUser(id, name, after) => {
            let before = account(id).and_then(|it: &Account| it.users.get(name));
            parts.user(before.map(AsRef::as_ref), after);
        }
        Change::PutGroup(id, name, after) => {
            let before = account(id).and_then(|it: &Account| it.groups.get(name));
            parts.group(before.map(AsRef::as_ref), after);
        }
        Change::PutRole(id, name, after) => {
            let before = account(id).and_then(|it: &Account| it.roles.get(name));
            parts.role(before.map(AsRef::as_ref), after);
        }
        Change::PutMfaDevice(id, name, after) => {
            let before = account(id).and_then(|it: &Account| it.mfa_devices.get(name));
            parts.device(before.map(AsRef::as_ref), after);
        }
        Change::PutPolicy(id, name, after) => {
            let before = account(id).and_then(|it: &Account| it.policies.get(name));
            parts.policy(before.map(AsRef::as_ref), after);
        }
        Change::PutOidcProvider(id, after) => {
            let before = account(id).and_then(|it: &Account| it.oidc_providers.get(&after.url));
            parts.oidc_provider(before.map(AsRef::as_ref), after);
        }
        Change::PutSamlProvider(id, name, after) => {
            let before = account(id).and_then(|it: &Account| it.saml_providers.get(name));
            parts.saml_provider(before.map(AsRef::as_ref), after);
        }
        Change::EditSamlProvider(id, name, details) => {
            let before = account(id).and_then(|it: &Account| it.saml_providers.get(name));
            if let Some(before) = before {
                let after = before.with(SamlProviderDetails::clone(details));
                parts.saml_provider(Some(before), &after);
            }
        }
        Change::PutInstanceProfile(id, name, after) => {
            let before = account(id).and_then(|it: &Account| it.instance_profiles.get(name));
            parts.instance_profile(before.map(AsRef::as_ref), after);
        }
        Change::PutService(name, after) => {
            let before = before.services.get(name);
            parts.service(before.map(AsRef::as_ref), after);
        }
        _ => {}
    }
    parts
}

/// What is other than before, a few words each.
#[derive(Default)]
struct Parts(Vec<String>);

impl Parts {
    /// Whether there was such a thing at all.
    fn is_new<T>(&mut self, before: Option<&T>) {
        if before.is_none() {
            self.0.push("new".to_owned());
        }
    }

    /// Something that there is one of, whose value is not told.
    fn field<T: PartialEq>(&mut self, what: &str, before: Option<&T>, after: &T) {
        if before.is_some_and(|before| before != after) {
            self.0.push([what, " changed"].concat());
        }
    }

    /// Things that go by names, such as policies.
    fn named<K: Ord + Display, V: PartialEq>(
        &mut self,
        what: &str,
        before: &BTreeMap<K, V>,
        after: &BTreeMap<K, V>,
    ) {
        let mut say = |name: &K, became: &str| self.0.push(format!("{what} {name} {became}"));
        for (name, value) in after {
            match before.get(name) {
                None => say(name, "added"),
                Some(before) if before != value => say(name, "changed"),
                Some(_) => {}
            }
        }
        for name in before.keys().filter(|name| !after.contains_key(name)) {
            say(name, "removed");
        }
    }

    fn tags(&mut self, before: Option<&OwnTags>, after: &OwnTags) {
        self.named("tag", &by_key(before), &by_key(Some(after)));
    }

    fn rights(&mut self, before: Option<Rights<'_>>, after: Rights<'_>) {
        let policies = before.map(|it| it.policies);
        self.named("policy", &by_name(policies), &by_name(Some(after.policies)));
        let attached = before.map(|it| it.attached);
        self.named("managed policy", &all(attached), &all(Some(after.attached)));
        let boundary = before.and_then(|it| it.boundary);
        self.named("boundary", &all(Some(boundary)), &all(Some(after.boundary)));
    }

    fn access_keys(
        &mut self,
        before: Option<&BTreeMap<AccessKeyId, AccessKey>>,
        after: &BTreeMap<AccessKeyId, AccessKey>,
    ) {
        let ids = all(before.map(BTreeMap::keys));
        self.named("access key", &ids, &all(Some(after.keys())));
        for (id, before) in before.into_iter().flatten() {
            match after.get(id) {
                Some(after) if after.status != before.status => {
                    self.0.push(format!("access key {id} {:?}", after.status));
                }
                Some(after) if after != before => self.0.push(format!("access key {id} changed")),
                Some(_) | None => {}
            }
        }
    }

    fn user(&mut self, before: Option<&User>, after: &User) {
        self.is_new(before);
        self.field("path", before.map(|it| &it.path), &after.path);
        self.field("id", before.map(|it| &it.unique_id), &after.unique_id);
        self.access_keys(before.map(|it| &it.access_keys), &after.access_keys);
        let devices = by_name(before.map(|it| &it.mfa_devices));
        self.named("MFA device", &devices, &by_name(Some(&after.mfa_devices)));
        let groups = all(before.map(|it| &it.groups));
        self.named("group", &groups, &all(Some(&after.groups)));
        self.rights(before.map(User::rights), after.rights());
        self.tags(before.map(|it| &it.tags), &after.tags);
    }

    fn group(&mut self, before: Option<&Group>, after: &Group) {
        self.is_new(before);
        self.field("path", before.map(|it| &it.path), &after.path);
        self.field("id", before.map(|it| &it.unique_id), &after.unique_id);
        self.rights(before.map(Group::rights), after.rights());
    }

    fn role(&mut self, before: Option<&Role>, after: &Role) {
        self.is_new(before);
        self.field("path", before.map(|it| &it.path), &after.path);
        self.field("id", before.map(|it| &it.unique_id), &after.unique_id);
        self.field("trust policy", before.map(|it| &it.trust), &after.trust);
        let description = before.map(|it| &it.description);
        self.field("description", description, &after.description);
        let longest = before.map(|it| &it.max_session_duration);
        self.field("longest session", longest, &after.max_session_duration);
        self.rights(before.map(Role::rights), after.rights());
        self.tags(before.map(|it| &it.tags), &after.tags);
    }

    fn device(&mut self, before: Option<&UnassignedDevice>, after: &UnassignedDevice) {
        self.is_new(before);
        let with_tags = before.cloned().map(|mut before| {
            before.tags = after.tags.clone();
            before
        });
        self.field("seed", with_tags.as_ref(), after);
        self.tags(before.map(|it| &it.tags), &after.tags);
    }

    fn policy(&mut self, before: Option<&ManagedPolicy>, after: &ManagedPolicy) {
        self.is_new(before);
        self.field("path", before.map(|it| &it.path), &after.path);
        self.field("id", before.map(|it| &it.unique_id), &after.unique_id);
        let description = before.map(|it| &it.description);
        self.field("description", description, &after.description);
        self.named("version", &versions(before), &versions(Some(after)));
        let default = after.versions.default;
        if before.is_some_and(|before| before.versions.default != default) {
            self.0.push(format!("version {default} holds"));
        }
        self.tags(before.map(|it| &it.tags), &after.tags);
    }

    fn oidc_provider(&mut self, before: Option<&OidcProvider>, after: &OidcProvider) {
        self.is_new(before);
        let client_ids = all(before.map(|it| &it.client_ids));
        self.named("client id", &client_ids, &all(Some(&after.client_ids)));
        let thumbprints = all(before.map(|it| &it.thumbprints));
        self.named("thumbprint", &thumbprints, &all(Some(&after.thumbprints)));
        self.tags(before.map(|it| &it.tags), &after.tags);
    }

    fn saml_provider(&mut self, before: Option<&SamlProvider>, after: &SamlProvider) {
        self.is_new(before);
        self.field("id", before.map(|it| &it.unique_id), &after.unique_id);
        self.field("metadata", before.map(|it| &it.metadata), &after.metadata);
        let entity = all(before.map(|it| [it.entity_id()]));
        self.named("entity", &entity, &all(Some([after.entity_id()])));
        self.field("settings", before.map(|it| &it.settings), &after.settings);
        let keys = by_name(before.map(|it| &it.private_keys));
        self.named("private key", &keys, &by_name(Some(&after.private_keys)));
        self.tags(before.map(|it| &it.tags), &after.tags);
    }

    fn instance_profile(&mut self, before: Option<&InstanceProfile>, after: &InstanceProfile) {
        self.is_new(before);
        self.field("path", before.map(|it| &it.path), &after.path);
        self.field("id", before.map(|it| &it.unique_id), &after.unique_id);
        let role = before.and_then(|it| it.role.as_ref());
        self.named("role", &all(Some(role)), &all(Some(&after.role)));
        self.tags(before.map(|it| &it.tags), &after.tags);
    }

    fn service(&mut self, before: Option<&Service>, after: &Service) {
        self.is_new(before);
        let description = before.map(|it| &it.description);
        self.field("description", description, &after.description);
        self.field("reach", before.map(|it| &it.reach), &after.reach);
        let signing_names = all(before.map(|it| &it.signing_names));
        self.named(
            "signing name",
            &signing_names,
            &all(Some(&after.signing_names)),
        );
        let prefixes = all(before.map(|it| &it.action_prefixes));
        self.named(
            "action prefix",
            &prefixes,
            &all(Some(&after.action_prefixes)),
        );
        self.access_keys(before.map(|it| &it.access_keys), &after.access_keys);
    }

    fn settings(&mut self, before: Option<&AccountSettings>, after: &AccountSettings) {
        self.is_new(before);
        self.field("alias", before.map(|it| &it.alias), &after.alias);
        self.field("name", before.map(|it| &it.name), &after.name);
        let environment = before.map(|it| &it.environment);
        self.field("environment", environment, &after.environment);
        let regions = all(before.map(|it| &it.regions));
        self.named("region", &regions, &all(Some(&after.regions)));
        let off = all(before.map(|it| &it.deactivated_regions));
        let off_now = all(Some(&after.deactivated_regions));
        self.named("deactivated region", &off, &off_now);
        let version = before.map(|it| &it.global_endpoint_token_version);
        let version_now = &after.global_endpoint_token_version;
        self.field("global endpoint token version", version, version_now);
        let outbound = before.map(|it| &it.outbound_federation);
        let what = "outbound federation";
        self.field(what, outbound, &after.outbound_federation);
    }
}

fn by_name<K: Ord, V>(map: Option<&BTreeMap<K, V>>) -> BTreeMap<&K, &V> {
    map.into_iter().flatten().collect()
}

fn by_key(tags: Option<&OwnTags>) -> BTreeMap<&TagKey, &TagValue> {
    tags.into_iter().flat_map(OwnTags::iter).collect()
}

/// Things that are only there or not.
#[expect(
    clippy::zero_sized_map_values,
    reason = "compared as maps with values are"
)]
fn all<'a, K: Ord + Display + 'a>(
    names: Option<impl IntoIterator<Item = &'a K>>,
) -> BTreeMap<&'a K, ()> {
    let names = names.into_iter().flatten();
    names.map(|name| (name, ())).collect()
}

/// The versions of a policy. A file may change what one says; by IAM none ever changes.
fn versions(policy: Option<&ManagedPolicy>) -> BTreeMap<PolicyVersionId, &IdentityPolicy> {
    let Some(policy) = policy else {
        return BTreeMap::new();
    };
    let ids = policy.version_ids().into_iter();
    ids.filter_map(|id| Some((id, policy.version(id)?.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testing::{NOW, files};
    use crate::directory::{DirectoryFiles, diff, read};
    use crate::entropy::SystemEntropy;

    const USER: &str = "accounts/482011739056/users/ada.toml";
    const SECRETS: [&str; 3] = [
        "a-secret-that-no-line-ever-tells-anybody",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "value-of-a-tag",
    ];

    fn with(path: &str, text: &str) -> DirectoryFiles {
        let mut files = files();
        files.insert(path.to_owned(), text.to_owned());
        files
    }

    /// The lines of what makes the second of these of the first.
    fn lines(before: &DirectoryFiles, after: &DirectoryFiles) -> Vec<String> {
        let read = |files: &DirectoryFiles, current: &Directory| {
            read(files, current, NOW, &SystemEntropy).unwrap()
        };
        let before = read(before, &Directory::default());
        let after = read(after, &before);
        let changes = diff(&before, &after);
        let lines = changes.iter().flat_map(|change| told(change, &before));
        lines.collect()
    }

    fn user(more: &str) -> DirectoryFiles {
        let [secret, seed, value] = SECRETS;
        let text = format!(
            "{more}\n[tags]\nteam = '{value}'\n[[access_keys]]\nid = 'AKIARZPUZDIKAAAAAAAA'\nsecret = '{secret}'\n\
             [[mfa_devices]]\nname = 'phone'\nseed = '{seed}'\n"
        );
        with(USER, &text)
    }

    #[test]
    fn what_a_new_user_has_is_told_without_its_secrets() {
        let lines = lines(&files(), &user(""));
        let [line] = &*lines else {
            panic!("{lines:?}");
        };
        let told = "put user ada in 482011739056: new, access key AKIARZPUZDIKAAAAAAAA added, MFA device phone added, \
                    tag team added";
        assert_eq!(line, told);
        assert!(SECRETS.iter().all(|secret| !line.contains(secret)));
    }

    #[test]
    fn of_a_user_who_is_there_only_what_is_other_is_told() {
        let power = "managed_policies = ['arn:aws:iam::aws:policy/PowerUserAccess']";
        let read_only = "managed_policies = ['arn:aws:iam::aws:policy/ReadOnlyAccess']";
        let told = "put user ada in 482011739056: \
                    managed policy arn:aws:iam::aws:policy/ReadOnlyAccess added, \
                    managed policy arn:aws:iam::aws:policy/PowerUserAccess removed";
        assert_eq!(lines(&user(power), &user(read_only)), [told]);
    }

    #[test]
    fn a_key_that_is_switched_off_is_told() {
        let mut off = user("");
        let text = off.get_mut(USER).unwrap();
        *text = text.replace("secret = ", "status = 'Inactive'\nsecret = ");
        let told = "put user ada in 482011739056: access key AKIARZPUZDIKAAAAAAAA Inactive";
        assert_eq!(lines(&user(""), &off), [told]);
    }

    #[test]
    fn a_role_s_policy_and_a_provider_s_client_are_told_by_name() {
        let policy = "accounts/482011739056/roles/Reader.policies/read.json";
        let mut after = with(
            policy,
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:List*","Resource":"*"}}"#,
        );
        let provider = "accounts/482011739056/oidc-providers/idp.toml";
        let text = "url = 'https://idp.example.com'\nclient_ids = ['sts', 'portal']\n";
        after.insert(provider.to_owned(), text.to_owned());
        let told = [
            "put provider https://idp.example.com in 482011739056: client id portal added",
            "put role Reader in 482011739056: policy read changed",
        ];
        assert_eq!(lines(&files(), &after), told);
    }

    #[test]
    fn of_versions_of_a_policy_each_is_told_that_comes_changes_or_goes() {
        const POLICY: &str = "accounts/482011739056/policies/Own";
        let says = |action: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
            )
        };
        let policy = |settings: &str, document: &str, others: &[(&str, &str)]| {
            let mut files = with(&[POLICY, ".toml"].concat(), settings);
            files.insert([POLICY, ".json"].concat(), says(document));
            let others = others.iter();
            files.extend(
                others.map(|(id, action)| (format!("{POLICY}.versions/{id}.json"), says(action))),
            );
            files
        };
        let before = policy(
            "default_version = 'v2'",
            "s3:List*",
            &[("v1", "s3:Get*"), ("v3", "s3:*")],
        );
        let told = |after: DirectoryFiles| lines(&before, &after).join("; ");
        let start = "put policy Own in 482011739056: ";
        let others = [
            ("v1", "s3:Put*"),
            ("v2", "s3:List*"),
            ("v4", "s3:*"),
            ("v5", "ec2:*"),
        ];
        let after = policy(
            "default_version = 'v4'",
            "s3:*",
            &[others[0], others[1], others[3]],
        );
        let several = "version v1 changed, version v4 added, version v5 added, version v3 removed, version v4 holds";
        assert_eq!(told(after), [start, several].concat());
        // Which holds is not what it says.
        let after = policy(
            "default_version = 'v1'",
            "s3:Get*",
            &[others[1], ("v3", "s3:*")],
        );
        assert_eq!(told(after), [start, "version v1 holds"].concat());
        let after = policy(
            "default_version = 'v2'",
            "s3:Put*",
            &[("v1", "s3:Get*"), ("v3", "s3:*")],
        );
        assert_eq!(told(after), [start, "version v2 changed"].concat());
    }

    #[test]
    fn what_the_audit_would_cut_is_told_in_further_lines() {
        let role = "accounts/482011739056/roles/Reader.policies/";
        let mut after = files();
        for number in 0..100 {
            let path = format!("{role}policy-with-a-long-name-{number:03}.json");
            let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:List*","Resource":"*"}}"#;
            after.insert(path, text.to_owned());
        }
        let lines = lines(&files(), &after);
        assert!(lines.len() > 1);
        let mut found = 0;
        for line in &lines {
            assert!(line.len() <= Event::MAX_PARAMETER_BYTES, "{line}");
            let told = line
                .strip_prefix("put role Reader in 482011739056: ")
                .unwrap();
            found += told
                .split(", ")
                .filter(|part| part.ends_with(" added"))
                .count();
        }
        assert_eq!(found, 100);
    }

    #[test]
    fn a_service_s_key_is_told() {
        let service = "services/ci.example.com.toml";
        let [secret, ..] = SECRETS;
        let text = format!("[[access_keys]]\nid = 'AKIARZPUZDIKAAAAAAAA'\nsecret = '{secret}'\n");
        let told = "put service ci.example.com: new, access key AKIARZPUZDIKAAAAAAAA added";
        assert_eq!(lines(&files(), &with(service, &text)), [told]);
    }
}
