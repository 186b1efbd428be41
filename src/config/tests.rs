use super::environment::{
    ADMIN_ACCESS_KEY_ID, ADMIN_ACCOUNT_ID, ADMIN_SECRET_ACCESS_KEY, ALLOW_HTTP_ISSUERS, LISTEN,
    PUBLIC_URL, REDIS_SENTINEL_PASSWORD, ROOT_KEY, ROOT_KEY_FILE, STORE_URL,
};
use super::*;
use crate::federation::known::KnownProviderSettings;
use crate::store::redis::Durability;

/// Base64 of 32 bytes.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const EXAMPLE: &str = include_str!("../../config/rolegate.example.toml");

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::from_toml(text, Path::new("etc"), &Environment::of(variables))
}

fn config(text: &str, variables: &[(&str, &str)]) -> Config {
    read(text, variables).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let Problems(found) = read(text, variables).expect_err(text);
    found.iter().map(ToString::to_string).collect()
}

/// The one problem's path.
fn problem(text: &str, variables: &[(&str, &str)]) -> String {
    let Problems(found) = read(text, variables).expect_err(text);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].path.clone()
}

#[test]
fn node_runs_without_a_file() {
    let config = Config::load(None, &Environment::default()).unwrap();
    assert_eq!(config.network.listen, Network::DEFAULT_LISTEN);
    assert_eq!(
        config.store,
        StoreLocation::Embedded("rolegate.redb".into())
    );
    assert!(
        matches!(&config.root_key.current, RootKeySource::MadeAt(path)
        if path == Path::new("rolegate.redb.key"))
    );
    assert_eq!(config.regions, ["us-east-1".parse().unwrap()]);
    assert_eq!(config.admin.account.to_string(), "123456789012");
    assert_eq!(config.admin.bootstrap, None);
    assert_eq!(config.network.trusted_proxies, []);
    assert_eq!(config.federation.allow_http_issuers, []);
    let bound = "127.0.0.1:8080".parse().unwrap();
    assert_eq!(
        config.network.public_url(bound).as_str(),
        "http://127.0.0.1:8080"
    );
}

#[test]
fn example_says_the_defaults() {
    let example = config(EXAMPLE, &[]);
    let default = config("", &[]);
    assert_eq!(format!("{example:?}"), format!("{default:?}"));
}

#[test]
fn example_has_every_setting() {
    let is_setting = |line: &&str| line.starts_with('[') || !line.starts_with(' ');
    let uncommented: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| line.strip_prefix('#').filter(is_setting).unwrap_or(line))
        .collect();
    let table: toml::Table = uncommented.join("\n").parse().unwrap();
    let findings = Findings::default();
    let reader = Reader::new(&table, Path::new(""), &findings);
    Config::read(reader, &Environment::default(), &findings);
    for path in findings.known() {
        let found = path
            .split('.')
            .try_fold(None, |value: Option<&toml::Value>, name| {
                let table = value.map_or(Some(&table), toml::Value::as_table)?;
                table.get(name).map(Some)
            });
        assert!(found.is_some(), "{path}");
    }
    let unknown: Vec<Problem> = findings.into_problems();
    let unknown: Vec<_> = unknown
        .iter()
        .filter(|it| it.text.contains("no such"))
        .collect();
    assert_eq!(unknown, Vec::<&Problem>::new());
}

#[test]
fn every_problem_is_told_at_once() {
    let text = "
        lisen = '127.0.0.1:1'
        listen = 'everywhere'
        regions = []
        workers = 0
        idle_seconds = 5
        [tls]
        certificate_file = 'missing.pem'
        [limits]
        body_bytes = 1
        [sessions]
        idle_seconds = 7200
        absolute_seconds = 3600
        [nonsense]";
    let found = problems(text, &[(STORE_URL, "redis://:hunter2@host")]);
    assert_eq!(
        found,
        [
            "listen: invalid socket address syntax",
            "tls.certificate_file: the file can't be read: No such file or directory (os error 2)",
            "tls.key_file: must be set beside tls.certificate_file",
            "ROLEGATE_STORE_URL: must not hold a password; set store.redis.password_file or ROLEGATE_REDIS_PASSWORD",
            "regions: must name 1 to 64 regions",
            "limits.body_bytes: must be a whole number from 65536 to 8388608",
            "sessions.idle_seconds: must not be more than sessions.absolute_seconds",
            "workers: must be a whole number from 1 to 1024",
            "idle_seconds: there is no such setting; did you mean sessions.idle_seconds?",
            "lisen: there is no such setting; did you mean listen?",
            "nonsense: there is no such setting",
        ]
    );
}

#[test]
fn variables_go_before_the_file() {
    let text = "listen = '127.0.0.1:1'\npublic_url = 'https://a.example'\n\
        [store]\nurl = 'memory:'\n[federation]\nallow_http_issuers = ['http://localhost:1']\n\
        [admin]\naccount_id = '000000000001'";
    let config = config(
        text,
        &[
            (LISTEN, "127.0.0.1:2"),
            (PUBLIC_URL, "https://b.example:8443"),
            (STORE_URL, "redb:x.redb"),
            (ROOT_KEY, KEY),
            (ALLOW_HTTP_ISSUERS, "http://127.0.0.1:2, http://[::1]:3"),
            (ADMIN_ACCOUNT_ID, "000000000002"),
        ],
    );
    assert_eq!(config.network.listen.port(), 2);
    let public = config.network.public_url.unwrap();
    assert_eq!(
        (public.as_str(), public.host().as_str()),
        ("https://b.example:8443", "b.example:8443")
    );
    assert_eq!(config.store, StoreLocation::Embedded("x.redb".into()));
    assert!(matches!(config.root_key.current, RootKeySource::Given(_)));
    assert_eq!(config.federation.allow_http_issuers.len(), 2);
    assert_eq!(config.admin.account.number(), 2);
}

#[test]
fn paths_in_the_file_are_relative_to_its_folder() {
    let config = config(
        "[store]\nurl = 'redb:a.redb'\n[audit]\nfile = 'audit.log'",
        &[],
    );
    assert_eq!(config.store, StoreLocation::Embedded("etc/a.redb".into()));
    assert_eq!(
        config.audit.target,
        AuditTarget::File("etc/audit.log".into())
    );
}

#[test]
fn empty_variable_counts_as_not_set() {
    let config = config(
        "",
        &[(LISTEN, ""), (ROOT_KEY, ""), (ADMIN_ACCESS_KEY_ID, "")],
    );
    assert_eq!(config.network.listen, Network::DEFAULT_LISTEN);
    assert_eq!(config.admin.bootstrap, None);
}

#[test]
fn memory_store_draws_its_key() {
    let drawn = config("", &[(STORE_URL, "memory:")]);
    assert!(matches!(drawn.root_key.current, RootKeySource::Drawn));
    let given = config("", &[(STORE_URL, "memory:"), (ROOT_KEY, KEY)]);
    assert!(matches!(given.root_key.current, RootKeySource::Given(_)));
}

#[test]
fn plain_http_that_others_reach_needs_a_proxy_or_tls() {
    let open = "public_url = 'https://a.example'\n";
    assert_eq!(problem(open, &[(LISTEN, "0.0.0.0:80")]), "listen");
    assert_eq!(problem(open, &[(LISTEN, "[::]:80")]), "listen");
    assert_eq!(problem("ops_listen = '10.0.0.1:81'", &[]), "ops_listen");
    let proxied = format!("{open}trusted_proxies = ['10.0.0.0/8', '::1']");
    assert_eq!(
        config(&proxied, &[(LISTEN, "0.0.0.0:80")])
            .network
            .trusted_proxies
            .len(),
        2
    );
}

#[test]
fn files_of_a_certificate_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let text = "listen = '0.0.0.0:443'\npublic_url = 'https://a.example'\n\
        [tls]\ncertificate_file = 'c.pem'\nkey_file = 'k.pem'";
    let read = || Config::from_toml(text, folder.path(), &Environment::default());
    let paths = |problems: Problems| -> Vec<String> {
        problems.0.into_iter().map(|problem| problem.path).collect()
    };
    let missing = paths(read().unwrap_err());
    assert_eq!(missing, ["tls.certificate_file", "tls.key_file"]);
    std::fs::write(folder.path().join("c.pem"), "c").unwrap();
    std::fs::write(folder.path().join("k.pem"), "k").unwrap();
    let tls = read().unwrap().network.tls.unwrap();
    assert_eq!(tls.key_file, folder.path().join("k.pem"));
}

#[test]
fn root_key_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root.key");
    let text = "[root_key]\nfile = 'root.key'\nprevious_file = 'root.key'";
    let read = || Config::from_toml(text, folder.path(), &Environment::default());
    assert_eq!(read().unwrap_err().0.len(), 2);
    std::fs::write(&file, "c2hvcnQ=").unwrap();
    let text = &read().unwrap_err().0[0].text;
    assert!(
        text.starts_with("root key must be base64 of 32 bytes"),
        "{text}"
    );
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let config = read().unwrap();
    assert!(matches!(config.root_key.current, RootKeySource::Given(_)));
    assert!(config.root_key.previous.is_some());
    let path = file.to_str().unwrap();
    let set = config_of(&[(ROOT_KEY_FILE, path)]);
    assert!(matches!(set.root_key.current, RootKeySource::Given(_)));
    assert_eq!(
        problem("", &[(ROOT_KEY_FILE, path), (ROOT_KEY, KEY)]),
        ROOT_KEY
    );
    assert_eq!(problem("", &[(ROOT_KEY, "c2hvcnQ=")]), ROOT_KEY);
}

fn config_of(variables: &[(&str, &str)]) -> Config {
    config("", variables)
}

#[test]
fn first_administrator_has_both_halves_of_a_key() {
    let id = (ADMIN_ACCESS_KEY_ID, "AKIAIOSFODNN7EXAMPLE");
    let secret = (ADMIN_SECRET_ACCESS_KEY, "0123456789abcdef");
    let key = config_of(&[id, secret]).admin.bootstrap.unwrap();
    assert_eq!(key.secret_access_key.expose(), "0123456789abcdef");
    assert_eq!(problem("", &[id]), ADMIN_SECRET_ACCESS_KEY);
    assert_eq!(problem("", &[secret]), ADMIN_ACCESS_KEY_ID);
    for bad in ["0123456789abcde", &"x".repeat(129), "0123456789 abcdef"] {
        assert_eq!(
            problem("", &[id, (ADMIN_SECRET_ACCESS_KEY, bad)]),
            ADMIN_SECRET_ACCESS_KEY
        );
    }
    assert_eq!(
        problem("", &[(ADMIN_ACCESS_KEY_ID, "short"), secret]),
        ADMIN_ACCESS_KEY_ID
    );
    assert_eq!(problem("", &[(ADMIN_ACCOUNT_ID, "1")]), ADMIN_ACCOUNT_ID);
}

#[test]
fn secret_does_not_stand_in_the_file_nor_in_a_problem() {
    for text in [
        "[root_key]\nkey = 'hunter2'",
        "[root_key]\nvalue = 'hunter2'",
        "[admin]\nsecret_access_key = 'hunter2'",
        "[store]\npassword = 'hunter2'",
        "[federation]\nclient_secret = 'hunter2'",
    ] {
        let found = problems(text, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("a secret doesn't stand in this file"),
            "{found:?}"
        );
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
    for text in [
        "root_key = 'hunter2'",
        "[root_key]\nfile = 'a\nkey = hunter2",
        "key = hunter2",
    ] {
        let found = problems(text, &[]).join("\n");
        assert!(!found.contains("hunter2"), "{found}");
    }
}

#[test]
fn wrong_setting_is_told_with_its_path() {
    for (text, path) in [
        ("public_url = 'https://a.example/path'", "public_url"),
        ("public_url = 'http://a.example'", "public_url"),
        ("public_url = 'https://u@a.example'", "public_url"),
        ("hosts = ['a.example', 'A/b']", "hosts[1]"),
        ("regions = ['us-east-1', 'US']", "regions[1]"),
        ("regions = ['us-east-1', 'us-east-1']", "regions"),
        ("partition = 'aws-eu'", "partition"),
        ("trusted_proxies = ['0.0.0.0/0']", "trusted_proxies[0]"),
        ("trusted_proxies = '10.0.0.1'", "trusted_proxies"),
        ("ops_listen = '127.0.0.1:8080'", "ops_listen"),
        ("[store]\nurl = 'redb:'", "store.url"),
        ("[store]\nurl = 'memory:x'", "store.url"),
        (
            "listen = '0.0.0.0:1'\npublic_url = 'https://a.example'\n[tls]",
            "tls",
        ),
        ("[audit]\nsync = 'never'", "audit.sync"),
        ("[audit]\nfile = 'a'\nkeep_days = 3", "audit.keep_days"),
        ("[audit]\nfile = ''", "audit.file"),
        (
            "[federation]\nallow_http_issuers = ['http://a.example']",
            "federation.allow_http_issuers[0]",
        ),
        (
            "[federation]\nallow_http_issuers = ['https://127.0.0.1']",
            "federation.allow_http_issuers[0]",
        ),
        ("[federation]\nca_file = '/'", "federation.ca_file"),
        (
            "[federation]\nsecret_folder = '/no/such/folder'",
            "federation.secret_folder",
        ),
        ("[log]\nlevel = 'loud'", "log.level"),
        ("max_staleness_seconds = 60.5", "max_staleness_seconds"),
        ("log = 'text'", "log"),
        ("\n[log", "line 2"),
    ] {
        assert_eq!(problem(text, &[]), path, "{text}");
    }
    assert_eq!(problem("", &[(LISTEN, "8080")]), LISTEN);
    assert_eq!(
        problem("", &[(ALLOW_HTTP_ISSUERS, "http://10.0.0.1")]),
        ALLOW_HTTP_ISSUERS
    );
    assert_eq!(
        problems(
            "trusted_proxies = ['10.0.0.0/8']",
            &[(LISTEN, "0.0.0.0:80")]
        ),
        ["public_url: must be set where listen is every address of the machine"]
    );
}

#[test]
fn missing_file_is_told_by_its_name() {
    let Problems(found) = Config::load(Some(Path::new("no.toml")), &Environment::default())
        .expect_err("there is no such file");
    assert_eq!(found[0].path, "no.toml");
}

#[test]
fn served_host_is_what_a_host_header_has() {
    for good in [
        "a.example",
        "a.example:8443",
        "10.0.0.1",
        "[::1]:8080",
        "localhost",
    ] {
        assert_eq!(
            good.parse::<ServedHost>()
                .map(|host| host.as_str().to_owned()),
            Ok(good.into())
        );
    }
    for bad in [
        "",
        "A.example",
        "a.example/",
        "a b",
        "u@a",
        "a:b",
        ":80",
        "a.example:99999",
    ] {
        assert!(bad.parse::<ServedHost>().is_err(), "{bad}");
    }
}

#[test]
fn given_secrets_do_not_print() {
    let id = (ADMIN_ACCESS_KEY_ID, "AKIAIOSFODNN7EXAMPLE");
    let variables = [
        id,
        (ADMIN_SECRET_ACCESS_KEY, "0123456789abcdef"),
        (ROOT_KEY, KEY),
    ];
    let printed = format!(
        "{:?}{:?}",
        config_of(&variables),
        Environment::of(&variables)
    );
    assert!(
        !printed.contains("0123456789abcdef") && !printed.contains(KEY),
        "{printed}"
    );
}

#[test]
fn listed_names_stand_for_addresses() {
    let text = "[federation.resolve]\n'login.example.com' = ['10.1.2.3', '::1']";
    let resolve = config(text, &[]).federation.resolve;
    let addresses = vec!["10.1.2.3".parse().unwrap(), "::1".parse().unwrap()];
    assert_eq!(
        resolve,
        [("login.example.com".parse().unwrap(), addresses)].into()
    );
}

#[test]
fn a_listed_name_is_a_name_with_addresses() {
    for (entry, path) in [
        ("'Login.example.com' = ['::1']", "\"Login.example.com\""),
        ("'127.0.0.1' = ['::1']", "\"127.0.0.1\""),
        ("'a.example' = []", "\"a.example\""),
        ("'a.example' = '::1'", "\"a.example\""),
        ("'a.example' = ['b.example']", "\"a.example\"[0]"),
        ("a.example = ['::1']", "\"a\""),
    ] {
        let text = ["[federation.resolve]\n", entry].concat();
        assert_eq!(
            problem(&text, &[]),
            ["federation.resolve.", path].concat(),
            "{entry}"
        );
    }
}

#[test]
fn pages_name_an_organisation_where_one_is_set() {
    let name = |text: &str| config(text, &[]).portal.organisation;
    assert_eq!(name(""), None);
    let set = name("[portal]\norganisation = \"Bär & Söhne\"").unwrap();
    assert_eq!(&*set.shared(), "Bär & Söhne");
    for bad in ["", " x", "a\\nb", &"ä".repeat(65)] {
        let text = format!("[portal]\norganisation = \"{bad}\"");
        assert_eq!(problem(&text, &[]), "portal.organisation", "{bad:?}");
    }
}

#[test]
fn pages_name_an_address_to_write_to_where_one_is_set() {
    let contact = |text: &str| config(text, &[]).portal.contact;
    assert_eq!(contact(""), None);
    let set = contact("[portal]\ncontact = \"access@meridale.example\"").unwrap();
    assert_eq!(set.as_str(), "access@meridale.example");
    for bad in [
        "",
        "access",
        "a b@meridale.example",
        "https://meridale.example",
    ] {
        let text = format!("[portal]\ncontact = \"{bad}\"");
        assert_eq!(problem(&text, &[]), "portal.contact", "{bad:?}");
    }
}

/// A file with a root key and this mode, and a link to it.
fn key_of_mode(folder: &Path, mode: u32) -> [String; 2] {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (file, link) = (folder.join("root.key"), folder.join("link"));
    std::fs::write(&file, KEY).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    symlink(&file, &link).unwrap();
    [file, link].map(|path| path.to_str().unwrap().to_owned())
}

#[test]
fn a_root_key_that_others_may_write_is_refused() {
    for mode in [0o620, 0o602, 0o660, 0o664, 0o666] {
        let folder = tempfile::tempdir().unwrap();
        for path in key_of_mode(folder.path(), mode) {
            let told = [
                problems("", &[(ROOT_KEY_FILE, &path)]),
                problems(&format!("[root_key]\nfile = '{path}'"), &[]),
                problems(&format!("[root_key]\nprevious_file = '{path}'"), &[]),
            ];
            for told in told {
                let mode = format!("the file's mode is {mode:04o}");
                assert!(told.len() == 1 && told[0].contains(&mode), "{told:?}");
            }
        }
    }
}

#[test]
fn a_root_key_that_others_may_read_is_taken_and_noted() {
    for (mode, is_shared) in [
        (0o600, false),
        (0o400, false),
        (0o640, false),
        (0o644, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for path in key_of_mode(folder.path(), mode) {
            let expected: Vec<std::path::PathBuf> =
                is_shared.then(|| path.clone().into()).into_iter().collect();
            let by_variable = config("", &[(ROOT_KEY_FILE, &path)]);
            assert_eq!(by_variable.root_key.shared, expected, "{mode:o}");
            let by_setting = config(&format!("[root_key]\nfile = '{path}'"), &[]);
            assert_eq!(by_setting.root_key.shared, expected, "{mode:o}");
        }
    }
}

#[test]
fn redis_and_all_that_is_about_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "hunter2\n").unwrap();
    let text = "
        [store]
        url = 'redis+sentinel://gate@a,b:7/main/1'
        [store.redis]
        password_file = 'password'
        sentinel_user = 'watch'
        prefix = 'gate'
        durability = 'none'
        replicas = 2
        connect_milliseconds = 100
        command_milliseconds = 50
        in_flight = 16";
    let variables = Environment::of(&[(ROOT_KEY, KEY), (REDIS_SENTINEL_PASSWORD, "hunter3")]);
    let config = Config::from_toml(text, folder.path(), &variables).unwrap();
    assert!(!format!("{config:?}").contains("hunter"));
    let StoreLocation::Redis(settings) = config.store else {
        panic!("{:?}", config.store)
    };
    assert_eq!(
        settings.url.to_string(),
        "redis+sentinel://a:26379,b:7/main/1"
    );
    assert_eq!(settings.password.unwrap().expose(), "hunter2");
    assert_eq!(settings.sentinel.user.as_deref(), Some("watch"));
    assert_eq!(settings.sentinel.password.unwrap().expose(), "hunter3");
    assert_eq!((settings.prefix.as_str(), settings.replicas), ("gate", 2));
    assert_eq!(settings.durability, Durability::None);
    assert_eq!(settings.limits.in_flight, 16);
    assert_eq!(settings.limits.command.as_millis(), 50);
}

#[test]
fn every_problem_with_redis_is_told_at_once() {
    let text = "
        [store]
        url = 'redis://host'
        password = 'x'
        [store.redis]
        password = 'x'
        password_file = 'missing'
        ca_file = 'missing'
        certificate_file = 'missing'
        sentinel_user = 'a b'
        prefix = ''
        durability = 'some'
        replicas = 17
        in_flight = 1";
    assert_eq!(
        problems(text, &[]),
        [
            "store.password: a secret doesn't stand in this file; set store.redis.password_file or ROLEGATE_REDIS_PASSWORD",
            "store.redis.password: a secret doesn't stand in this file; name a file in password_file or set ROLEGATE_REDIS_PASSWORD",
            "store.redis.password_file: the file can't be read: No such file or directory (os error 2)",
            "store.redis.sentinel_user: must be 1 to 64 of A-Z a-z 0-9 . _ : -",
            "store.redis.ca_file: the file can't be read: No such file or directory (os error 2)",
            "store.redis.certificate_file: the file can't be read: No such file or directory (os error 2)",
            "store.redis.key_file: must be set beside store.redis.certificate_file",
            "store.redis.prefix: must be 1 to 64 of A-Z a-z 0-9 . _ : -",
            "store.redis.durability: must be one of: aof, none",
            "store.redis.replicas: must be a whole number from 0 to 16",
            "store.redis.in_flight: must be a whole number from 16 to 65536",
            "store.redis.ca_file: goes with a URL that asks for TLS (rediss://…)",
            "store.redis.certificate_file: goes with a URL that asks for TLS (rediss://…)",
            "store.redis.sentinel_user: goes with a URL of sentinels (redis+sentinel://…)",
            "root_key.file: must be set with Redis (openssl rand -base64 32), the same for every node; or set ROLEGATE_ROOT_KEY_FILE or ROLEGATE_ROOT_KEY",
        ]
    );
}

const MAY_FAIL_OVER: [&str; 2] = ["redis+sentinel://a/b", "redis+cluster://a"];

#[test]
fn what_a_failover_may_lose_is_said_and_never_assumed() {
    for url in MAY_FAIL_OVER {
        let variables = [(STORE_URL, url), (ROOT_KEY, KEY)];
        let found = problems("", &variables);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("store.redis.replicas: must be set with sentinels or a Cluster"),
            "{found:?}"
        );
        for said in [0, 1] {
            config(&format!("store.redis.replicas = {said}"), &variables);
        }
    }
}

#[test]
fn a_root_key_must_be_given_with_redis() {
    let one_server = ["redis://a", "rediss://a"];
    for url in one_server.into_iter().chain(MAY_FAIL_OVER) {
        let replicas = "store.redis.replicas = 0";
        let found = problems(replicas, &[(STORE_URL, url)]);
        assert_eq!(found.len(), 1, "{url}");
        assert!(
            found[0].starts_with("root_key.file: must be set"),
            "{found:?}"
        );
        config(replicas, &[(STORE_URL, url), (ROOT_KEY, KEY)]);
    }
}

#[test]
fn a_collector_is_told_by_a_way_that_nobody_reads() {
    for (endpoint, is_taken) in [
        ("https://collector.example.com/v1/traces", true),
        ("http://127.0.0.1:4318/v1/traces", true),
        ("http://localhost:4318/v1/traces", true),
        ("http://collector.example.com/v1/traces", false),
        ("https://key@collector.example.com/v1/traces", false),
        ("ftp://collector.example.com/v1/traces", false),
    ] {
        let text = format!("telemetry.endpoint = '{endpoint}'");
        if is_taken {
            assert!(config(&text, &[]).telemetry.collector.is_some());
        } else {
            assert_eq!(problem(&text, &[]), "telemetry.endpoint", "{endpoint}");
        }
    }
    assert!(config("", &[]).telemetry.collector.is_none());
    for share in ["1.1", "-0.1", "nan", "2", "'all'"] {
        let text = format!("telemetry.sample_ratio = {share}");
        assert_eq!(problem(&text, &[]), "telemetry.sample_ratio", "{share}");
    }
}

#[test]
fn no_known_provider_is_asked_unless_the_settings_name_an_app() {
    let known = config("", &[]).federation.known;
    assert_eq!(known, KnownProviderSettings::default());
}

#[test]
fn apps_at_known_providers_are_read() {
    let known = config(
        "[federation]
        allow_http_issuers = ['http://127.0.0.1:18999']
        secret_folder = '/'
        [federation.google]
        client_ids = ['a.apps.googleusercontent.com']
        [federation.facebook]
        app_id = '1234567890'
        app_secret_file = 'facebook.secret'
        endpoint = 'http://127.0.0.1:18999/v23.0'
        [federation.amazon]
        client_ids = ['amzn1.application-oa2-client.a']",
        &[],
    );
    let known = known.federation.known;
    assert_eq!(known.google[0].as_str(), "a.apps.googleusercontent.com");
    let facebook = known.facebook.unwrap();
    assert_eq!(facebook.id.as_str(), "1234567890");
    assert_eq!(
        facebook.endpoint.url().as_str(),
        "http://127.0.0.1:18999/v23.0"
    );
    let amazon = known.amazon.unwrap();
    assert_eq!(amazon.endpoint.url().as_str(), "https://api.amazon.com/");
}

#[test]
fn what_is_wrong_with_an_app_is_told() {
    let facebook = "[federation.facebook]\napp_id = '12a'\nendpoint = 'http://127.0.0.1:1'";
    assert_eq!(
        problems(facebook, &[]),
        [
            "federation.facebook.app_id: app id must be 1 to 32 digits",
            "federation.facebook.endpoint: must be https, or one of federation.allow_http_issuers",
            "federation.facebook.app_secret_file: must be set: Facebook tells of a token to its own app only",
            "federation.facebook.app_secret_file: needs federation.secret_folder, the folder that the file is in",
        ]
    );
    for (text, path) in [
        (
            "[federation.amazon]\nclient_ids = []",
            "federation.amazon.client_ids",
        ),
        (
            "[federation.amazon]\nendpoint = 'https://api.amazon.co.uk'",
            "federation.amazon.client_ids",
        ),
        (
            "[federation.google]\nclient_ids = []",
            "federation.google.client_ids",
        ),
        (
            "[federation.amazon]\nclient_ids = ['a']\nendpoint = 'https://a@b.example.com'",
            "federation.amazon.endpoint",
        ),
    ] {
        assert_eq!(problem(text, &[]), path);
    }
}
