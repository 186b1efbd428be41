//! Profiles and providers of credentials: clients that take roles by themselves, from each other and anew in time.

use std::path::PathBuf;
use std::process::Command;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::ProvideCredentials as _;
use serde_json::{Value, json};

use super::operations::{DEVICE, KEY, SECRET, Scene};
use super::saml::script;
use super::support::clock::system_now;
use super::support::directory::role_arn;
use super::support::gateway::READER;
use super::{aws, client, run_script, sdk_config, succeeded, text, tools::Tool};

const ADA: &str = "arn:aws:iam::123456789012:user/ada";

/// What STS says of a session of ada in this role.
fn session_of(role: &str) -> String {
    format!("arn:aws:sts::123456789012:assumed-role/{role}/ada")
}

/// Profiles that need no code, and who their keys belong to.
fn profiles() -> [(&'static str, String); 7] {
    let ines = "arn:aws:sts::123456789012:assumed-role/Reader/ines";
    [
        ("ada", ADA.to_owned()),
        ("worker", session_of("Worker")),
        ("supplier", session_of("Supplier")),
        ("last", session_of("Last")),
        ("environment", session_of("Worker")),
        ("token", ines.to_owned()),
        ("last-by-token", session_of("Last")),
    ]
}

/// A shell script that takes a role and prints what it was given in the form of AWS's
/// `credential_process`.
fn process_text() -> String {
    let (aws, worker) = (Tool::AwsCli.path(), role_arn("Worker"));
    let aws = aws.display();
    let names = [
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ];
    let names = names.map(|name| format!("{name}: Credentials.{name}"));
    let query = format!("{{Version: `1`, {}}}", names.join(", "));
    format!(
        "exec '{aws}' sts assume-role --profile ada --role-arn {worker} --role-session-name ada --output json --query '{query}'\n"
    )
}

/// A gateway, and the files of a person who uses it.
struct Person {
    scene: Scene,
    config: PathBuf,
    credentials: PathBuf,
    token: PathBuf,
    /// Prints keys as a profile's `credential_process` does.
    process: PathBuf,
}

impl Person {
    fn start() -> Self {
        let scene = Scene::start();
        let folder = scene.partners.gateway.folder();
        let file = |name: &str| folder.join(name);
        let person = Self {
            config: file("aws-config"),
            credentials: file("aws-credentials"),
            process: file("keys.sh"),
            token: file("token"),
            scene,
        };
        let token = person.scene.partners.gateway.token("ines");
        std::fs::write(&person.token, token).unwrap();
        let keys = format!("[ada]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
        std::fs::write(&person.credentials, keys).unwrap();
        std::fs::write(&person.process, process_text()).unwrap();
        std::fs::write(&person.config, person.config_text()).unwrap();
        person
    }

    fn config_text(&self) -> String {
        let (worker, last) = (role_arn("Worker"), role_arn("Last"));
        let (supplier, careful) = (role_arn("Supplier"), role_arn("Careful"));
        let token = self.token.display();
        let process = self.process.display();
        format!(
            "[default]\nregion = us-east-1\n\
             [profile ada]\nregion = us-east-1\n\
             [profile worker]\nrole_arn = {worker}\nsource_profile = ada\nrole_session_name = ada\nduration_seconds = 900\nregion = us-east-1\n\
             [profile hour]\nrole_arn = {worker}\nsource_profile = ada\nrole_session_name = ada\nregion = us-east-1\n\
             [profile supplier]\nrole_arn = {supplier}\nsource_profile = ada\nrole_session_name = ada\nexternal_id = agreed\nregion = us-east-1\n\
             [profile last]\nrole_arn = {last}\nsource_profile = worker\nrole_session_name = ada\nregion = us-east-1\n\
             [profile careful]\nrole_arn = {careful}\nsource_profile = ada\nrole_session_name = ada\nmfa_serial = {DEVICE}\nregion = us-east-1\n\
             [profile environment]\nrole_arn = {worker}\ncredential_source = Environment\nrole_session_name = ada\nregion = us-east-1\n\
             [profile token]\nrole_arn = {READER}\nweb_identity_token_file = {token}\nrole_session_name = ines\nregion = us-east-1\n\
             [profile last-by-token]\nrole_arn = {last}\nsource_profile = token\nrole_session_name = ada\nregion = us-east-1\n\
             [profile process]\ncredential_process = /bin/sh {process}\nregion = us-east-1\n"
        )
    }

    /// A client that has ada's files, and her keys in its environment.
    fn own(&self, mut command: Command) -> Command {
        command
            .env("AWS_CONFIG_FILE", &self.config)
            .env("AWS_SHARED_CREDENTIALS_FILE", &self.credentials)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET);
        command
    }

    fn cli(&self, profile: &str, arguments: &[&str]) -> Command {
        let mut command = self.own(aws(&self.scene.partners.gateway));
        command.args(arguments).args(["--profile", profile]);
        command
    }

    fn program(&self, tool: Tool) -> Command {
        self.own(client(&self.scene.partners.gateway, &tool.path()))
    }

    /// What a function of tests/clients/profiles.py says.
    fn python(&self, function: &str, arguments: &Value) -> Value {
        let mut python = self.program(Tool::Python);
        python.arg(script("profiles.py")).arg(function);
        run_script(python, arguments)
    }

    fn seed(&self) -> &Value {
        &self.scene.told["seed"]
    }
}

#[test]
fn the_command_line_takes_the_roles_of_profiles() {
    let person = Person::start();
    let process = ("process", session_of("Worker"));
    for (profile, arn) in profiles().into_iter().chain([process]) {
        let asked = ["get-caller-identity", "--query", "Arn", "--output", "text"];
        let output = person.cli(profile, &asked).output().unwrap();
        assert_eq!(succeeded(&output).trim(), arn, "{profile}");
    }
}

#[test]
fn the_command_line_asks_for_the_code_at_the_terminal() {
    let person = Person::start();
    let aws = Tool::AwsCli.path();
    let aws = aws.to_str().unwrap();
    let typed = |wrong: bool, profile: &str| {
        let command = [
            aws,
            "sts",
            "get-caller-identity",
            "--query",
            "Arn",
            "--output",
            "text",
            "--profile",
            profile,
        ];
        let arguments = json!({ "command": command, "seed": person.seed(), "wrong": wrong });
        person.python("types_a_code", &arguments)
    };
    let refused = typed(true, "careful");
    assert_eq!(refused["asked"], true, "{refused}");
    assert_ne!(refused["status"], 0, "{refused}");
    let shown = refused["shown"].as_str().unwrap();
    let expected = "(AccessDenied) when calling the AssumeRole operation: MultiFactorAuthentication failed with invalid MFA one time pass code.";
    assert!(shown.replace("\r\n", " ").contains(expected), "{shown}");
    let taken = typed(false, "careful");
    let shown = taken["shown"].as_str().unwrap();
    assert_eq!(taken["status"], 0, "{shown}");
    assert!(
        shown.contains(&format!("Enter MFA code for {DEVICE}")),
        "{shown}"
    );
    assert!(
        shown.trim_end().ends_with(&session_of("Careful")),
        "{shown}"
    );
    // The command line keeps what it was given, and asks nobody while it is good.
    let again = typed(false, "careful");
    assert_eq!(
        (&again["asked"], &again["status"]),
        (&json!(false), &json!(0)),
        "{again}"
    );
}

#[test]
fn the_command_line_is_refused_where_no_code_is_shown_and_the_role_wants_one() {
    let person = Person::start();
    let careful = role_arn("Careful");
    let call = [
        "assume-role",
        "--role-arn",
        &careful,
        "--role-session-name",
        "ada",
    ];
    let output = person.cli("ada", &call).output().unwrap();
    assert!(!output.status.success());
    let errors = text(&output.stderr);
    assert!(
        errors.contains("(AccessDenied) when calling the AssumeRole operation"),
        "{errors}"
    );
}

#[test]
fn boto3_takes_the_roles_of_profiles() {
    let person = Person::start();
    let more = [
        ("careful", session_of("Careful")),
        ("process", session_of("Worker")),
    ];
    let all: Vec<_> = profiles().into_iter().chain(more).collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let arguments = json!({ "profiles": names, "seed": person.seed() });
    let told = person.python("takes_the_roles_of_profiles", &arguments);
    for (profile, arn) in all {
        assert_eq!(told[profile], arn, "{profile}");
    }
}

#[test]
fn boto3_renews_the_session_of_a_profile_that_ends_soon() {
    let person = Person::start();
    for (profile, arn) in [("hour", session_of("Worker")), ("last", session_of("Last"))] {
        let arguments = json!({ "profile": profile, "seed": person.seed() });
        let told = person.python("renews_what_ends_soon", &arguments);
        assert_eq!(told["method"], "assume-role", "{told}");
        assert_eq!(told["identity"], arn, "{told}");
        assert_eq!(
            (&told["kept"], &told["renewed"]),
            (&json!(true), &json!(true)),
            "{told}"
        );
        assert_eq!(told["identity_after"], told["identity"]);
    }
}

#[test]
fn a_profile_says_how_long_its_session_lasts() {
    let person = Person::start();
    for (profile, seconds) in [("worker", 900.0), ("hour", 3600.0)] {
        let arguments = json!({ "profile": profile, "seed": person.seed() });
        let left = person.python("lives_for", &arguments).as_f64().unwrap();
        assert!(
            left <= seconds && left > seconds - 120.0,
            "{profile}: {left}"
        );
    }
}

#[test]
fn the_sdk_for_javascript_takes_roles_by_every_provider() {
    let person = Person::start();
    let mut node = person.program(Tool::Node);
    node.arg(script("providers.mjs"))
        .env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path())
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &person.token)
        .env("AWS_ROLE_ARN", READER)
        .env("AWS_ROLE_SESSION_NAME", "ines");
    let mut arguments = person.scene.told.clone();
    for role in ["Supplier", "Careful", "Last"] {
        arguments[role.to_lowercase()] = role_arn(role).into();
    }
    arguments["token"] = std::fs::read_to_string(&person.token).unwrap().into();
    let names: Vec<&str> = profiles()
        .iter()
        .map(|(name, _)| *name)
        .chain(["careful"])
        .collect();
    arguments["profiles"] = json!(names);
    let told = run_script(node, &arguments);
    let reader = "arn:aws:sts::123456789012:assumed-role/Reader/ines";
    for (provider, arn) in [
        ("fromTemporaryCredentials", &*session_of("Worker")),
        (
            "fromTemporaryCredentials with an external id",
            &session_of("Supplier"),
        ),
        (
            "fromTemporaryCredentials of fromTemporaryCredentials",
            &session_of("Last"),
        ),
        (
            "fromTemporaryCredentials with a code",
            &session_of("Careful"),
        ),
        ("fromTokenFile", reader),
        ("fromWebToken", reader),
        ("fromNodeProviderChain", &session_of("Last")),
        ("fromIni careful", &session_of("Careful")),
    ] {
        assert_eq!(told[provider], arn, "{provider}: {told}");
    }
    for (profile, arn) in profiles() {
        assert_eq!(told[format!("fromIni {profile}")], arn, "{profile}: {told}");
    }
    let refused = &told["fromTemporaryCredentials of whom nobody trusts"];
    assert_eq!(refused["error"], "AccessDenied", "{told}");
}

async fn arn_of(
    config: &aws_config::SdkConfig,
    keys: impl aws_credential_types::provider::ProvideCredentials + 'static,
) -> String {
    let config = aws_sdk_sts::config::Builder::from(config).credentials_provider(keys);
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let identity = client.get_caller_identity().send().await.unwrap();
    identity.arn().unwrap().to_owned()
}

#[test]
fn the_sdk_for_rust_takes_roles_by_its_provider() {
    use aws_config::sts::AssumeRoleProvider;
    let scene = Scene::start();
    let gateway = &scene.partners.gateway;
    gateway.runtime.block_on(async {
        let config = sdk_config(&gateway.origin(), "us-east-1").await;
        let ada = aws_credential_types::Credentials::new(KEY, SECRET, None, None, "tests");
        let role = |name: &str| {
            let provider = AssumeRoleProvider::builder(role_arn(name));
            provider.session_name("ada").configure(&config)
        };
        let worker = role("Worker")
            .session_length(std::time::Duration::from_mins(15))
            .tags([("team", "ops")])
            .build_from_provider(ada.clone())
            .await;
        let keys = worker.provide_credentials().await.unwrap();
        let ends = keys.expiry().unwrap();
        let ends = ends.duration_since(std::time::UNIX_EPOCH).unwrap();
        let left = i64::try_from(ends.as_secs()).unwrap() - system_now();
        assert!((780..=900).contains(&left), "{left:?}");
        assert_eq!(
            keys.account_id()
                .map(aws_credential_types::attributes::AccountId::as_str),
            Some("123456789012")
        );
        let last = role("Last").build_from_provider(worker).await;
        assert_eq!(arn_of(&config, last).await, session_of("Last"));
        let supplier = role("Supplier").external_id("agreed");
        let supplier = supplier.build_from_provider(ada.clone()).await;
        assert_eq!(arn_of(&config, supplier).await, session_of("Supplier"));
        let refused = role("Supplier").build_from_provider(ada).await;
        let error = refused.provide_credentials().await.unwrap_err();
        let told = aws_sdk_sts::error::DisplayErrorContext(&error).to_string();
        assert!(told.contains("AccessDenied"), "{told}");
    });
}

/// Set where this test program is run as a program of its own, with another environment.
const CHILD: &str = "ROLEGATE_TEST_CHILD";

/// Whom STS takes the keys for that the environment and its files give: the SDK's default chain.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the rule keeps the gateway's settings in one place; this one is the test's own"
)]
fn the_sdk_for_rust_in_a_process_of_its_own() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let arn = runtime.block_on(async {
        let http = aws_smithy_http_client::Builder::new().build_with_connector_fn(|_, _| {
            aws_smithy_http_client::Connector::builder().build_http()
        });
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new("us-east-1"))
            .load()
            .await;
        let identity = aws_sdk_sts::Client::new(&config).get_caller_identity();
        identity.send().await.unwrap().arn().unwrap().to_owned()
    });
    println!("arn: {arn}");
}

#[test]
fn the_sdk_for_rust_takes_the_roles_of_profiles_and_of_a_token_file() {
    let person = Person::start();
    let gateway = &person.scene.partners.gateway;
    let program = std::env::current_exe().unwrap();
    let asked = || {
        let mut command = client(gateway, &program);
        command
            .args(["--exact", "--nocapture"])
            .arg("providers::the_sdk_for_rust_in_a_process_of_its_own")
            .env(CHILD, "1")
            .env("AWS_CONFIG_FILE", &person.config)
            .env("AWS_SHARED_CREDENTIALS_FILE", &person.credentials);
        command
    };
    let arn = |mut command: Command| {
        let output = command.output().unwrap();
        let told = succeeded(&output);
        let line = told
            .lines()
            .find_map(|line| Some(line.split_once("arn: ")?.1.to_owned()));
        line.unwrap_or_else(|| panic!("{told} {}", text(&output.stderr)))
    };
    for (profile, expected) in profiles() {
        let mut command = asked();
        command.env("AWS_PROFILE", profile);
        if profile == "environment" {
            // Keys of the environment would be taken before any profile.
            continue;
        }
        assert_eq!(arn(command), expected, "{profile}");
    }
    let mut command = asked();
    command
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &person.token)
        .env("AWS_ROLE_ARN", READER)
        .env("AWS_ROLE_SESSION_NAME", "ines");
    assert_eq!(
        arn(command),
        "arn:aws:sts::123456789012:assumed-role/Reader/ines"
    );
}
