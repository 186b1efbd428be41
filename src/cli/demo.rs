//! `rolegate demo`: a gateway with an identity provider, people and roles to look at.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::web::Data;

use super::arguments::{self, Gateway, SamlSign};
use super::client::{Client, ClientError};
use crate::app::{RunningNode, StartError};
use crate::clock::{Clock, SystemClock};
use crate::config::environment::{self, AdminCredentials, Environment};
use crate::config::{Config, KeyHolder, Problems};
use crate::demo::{
    Client as ProviderClient, ClientKind, DemoError, DemoProvider, Encryption, SamlOptions,
    SamlSeed, Seed, SeedError, ServiceProviderError, Signed, StsParty, Transport, meridale,
    run as run_provider,
};
use crate::domain::{
    AccessKeyId, AccountId, Audience, InvalidValue, Issuer, KeyKind, Secret, SecretAccessKey,
};
use crate::entropy::{Entropy, EntropyError, SystemEntropy, draw};
use crate::flows::{Applied, ApplyMode};
use crate::http::admin::ApplyRequest;

const PORTAL_CLIENT: &str = "rolegate-portal";
const STS_CLIENT: &str = "rolegate-sts";
const CONNECTION: &str = "workforce";
const MANAGING_ACCOUNT: &str = "123456789012";
/// The role that the printed command lines take, and the provider of its account.
const EXAMPLE_ROLE: &str = "arn:aws:iam::482011739056:role/engineering/ReadOnly";
const EXAMPLE_PROVIDER: &str = "arn:aws:iam::482011739056:saml-provider/Meridale";

/// The folder of the portal client's secret, and of nothing else, in the demo's own.
const SECRETS: &str = "secrets";
/// Nobody balances load in front of a demo, so it stops at once.
const SETTINGS: &str = "drain_notice_seconds = 0
log.level = \"warn\"
federation.secret_folder = \"secrets\"
portal.organisation = \"Meridale\"
portal.contact = \"access@meridale.example\"
";

/// Why the demo did not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoCommandError {
    #[error(
        "the demo can't use port {port}: {source}; choose another one, see rolegate demo --help"
    )]
    Port { port: u16, source: io::Error },
    #[error("the demo's folder: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Settings(#[from] Problems),
    #[error("the gateway did not start: {0}")]
    Start(#[from] StartError),
    #[error("the demo provider did not start: {0}")]
    Provider(#[from] DemoError),
    #[error("the demo provider does not know the gateway: {0}")]
    ServiceProvider(#[from] ServiceProviderError),
    #[error("the demo's directory: {0}")]
    Seed(#[from] SeedError),
    #[error("the demo's directory was not accepted: {0}")]
    Apply(#[from] ClientError),
    #[error(transparent)]
    Value(#[from] InvalidValue),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Runs the demo until it is interrupted.
pub(super) async fn run(arguments: &arguments::Demo) -> Result<(), DemoCommandError> {
    let provider_listener = listen(arguments.provider_port)?;
    let issuer: Issuer = ["http://", &provider_listener.local_addr()?.to_string()]
        .concat()
        .parse()?;
    if let Some(gateway) = &arguments.provider_for {
        return run_for(gateway, arguments, &issuer, provider_listener).await;
    }
    let folder = Folder::make()?;
    let admin = admin()?;
    let config = config(arguments.port, &folder.0, &issuer, &admin)?;
    super::log::start(config.log);
    let node = RunningNode::start(config).await?;
    let url = node.flows.public_url().to_owned();
    let client = client(&url, admin)?;
    let clients = vec![portal_client(&url, &folder.0)?, sts_client()?];
    let provider = provider(&issuer, clients)?.with_saml(saml(arguments, &url)?);
    let metadata = client.get_text("/saml/metadata").await?;
    provider.saml().register(&metadata)?;
    let seed = seed(&provider, &url, &folder.0)?;
    let provider = run_provider(Data::new(provider), provider_listener, Transport::Plain)?;
    let applied = apply(&client, &seed).await?;
    tracing::debug!(
        generation = applied.generation,
        "the demo's directory is there"
    );
    welcome(&url, &issuer, &folder.0)?;
    node.run_until_signal().await?;
    Ok(provider.stop().await?)
}

/// Runs the provider alone: what it gives out is for STS of this gateway, which knows it by its metadata and
/// its URL.
async fn run_for(
    gateway: &str,
    arguments: &arguments::Demo,
    issuer: &Issuer,
    listener: TcpListener,
) -> Result<(), DemoCommandError> {
    let provider = provider(issuer, vec![sts_client()?])?.with_saml(saml(arguments, gateway)?);
    let metadata = provider.saml().entity_id().as_str().to_owned();
    let provider = run_provider(Data::new(provider), listener, Transport::Plain)?;
    writeln!(
        io::stdout(),
        "
The identity provider   {issuer}
Its SAML metadata       {metadata}
An id_token             {issuer}/demo/token?person=ines&audience={STS_CLIENT}
A SAML response         {issuer}/demo/saml-response?person=ines

They are for STS at {gateway}. It ends when you press Ctrl-C.
"
    )?;
    io::stdout().flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(provider.stop().await?)
}

fn saml(arguments: &arguments::Demo, gateway: &str) -> Result<SamlOptions, InvalidValue> {
    Ok(SamlOptions {
        signed: signed(arguments.saml_sign),
        encryption: encryption(arguments),
        sts: Some(StsParty::of(gateway)?),
    })
}

const fn signed(what: SamlSign) -> Signed {
    match what {
        SamlSign::Assertion => Signed::Assertion,
        SamlSign::Response => Signed::Response,
        SamlSign::Both => Signed::Both,
    }
}

const fn encryption(arguments: &arguments::Demo) -> Encryption {
    if arguments.encrypt_assertions {
        Encryption::Assertions
    } else {
        Encryption::None
    }
}

fn listen(port: u16) -> Result<TcpListener, DemoCommandError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|source| DemoCommandError::Port { port, source })
}

/// A key that nobody else knows, for applying the directory once.
fn admin() -> Result<AdminCredentials, DemoCommandError> {
    let account: AccountId = MANAGING_ACCOUNT.parse()?;
    let secret: [u8; 30] = draw(&SystemEntropy)?;
    Ok(AdminCredentials {
        access_key_id: AccessKeyId::from_random(KeyKind::LongTerm, account, draw(&SystemEntropy)?),
        secret_access_key: SecretAccessKey::new(data_encoding::BASE64.encode(&secret)),
        session_token: None,
    })
}

fn config(
    port: u16,
    folder: &Path,
    issuer: &Issuer,
    admin: &AdminCredentials,
) -> Result<Config, Problems> {
    let listen = ["127.0.0.1:", &port.to_string()].concat();
    let variables = [
        (environment::LISTEN, listen.as_str()),
        (environment::ALLOW_HTTP_ISSUERS, issuer.as_str()),
        (
            environment::ADMIN_ACCESS_KEY_ID,
            admin.access_key_id.as_str(),
        ),
        (
            environment::ADMIN_SECRET_ACCESS_KEY,
            admin.secret_access_key.expose(),
        ),
        (environment::ADMIN_ACCOUNT_ID, MANAGING_ACCOUNT),
    ];
    let mut config = Config::from_toml(SETTINGS, folder, &Environment::of(&variables))?;
    if let Some(key) = &mut config.admin.bootstrap {
        key.held_by = KeyHolder::Process;
    }
    Ok(config)
}

fn portal_client(gateway: &str, folder: &Path) -> Result<ProviderClient, DemoCommandError> {
    let secret: [u8; 24] = draw(&SystemEntropy)?;
    let secret = Secret::new(data_encoding::BASE64URL_NOPAD.encode(&secret));
    write_private(&secret_file(folder), secret.expose())?;
    let redirect_uri = [gateway, "/oidc/callback/", CONNECTION].concat();
    Ok(ProviderClient {
        id: PORTAL_CLIENT.parse()?,
        kind: ClientKind::Web {
            secret,
            redirect_uris: vec![redirect_uri.parse()?],
        },
    })
}

fn sts_client() -> Result<ProviderClient, InvalidValue> {
    Ok(ProviderClient {
        id: STS_CLIENT.parse()?,
        kind: ClientKind::AudienceOnly,
    })
}

fn provider(
    issuer: &Issuer,
    clients: Vec<ProviderClient>,
) -> Result<DemoProvider, DemoCommandError> {
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock), Arc::new(SystemEntropy));
    Ok(DemoProvider::new(
        issuer.clone(),
        clients,
        meridale(),
        clock,
        entropy,
    )?)
}

fn seed(provider: &DemoProvider, gateway: &str, folder: &Path) -> Result<Seed, InvalidValue> {
    let audience = |text: &str| text.parse::<Audience>();
    Ok(Seed {
        issuer: provider.issuer().clone(),
        portal_client: audience(PORTAL_CLIENT)?,
        sts_client: audience(STS_CLIENT)?,
        portal_secret_file: secret_file(folder),
        saml: SamlSeed::of(provider.saml(), gateway)?,
    })
}

fn client(gateway: &str, admin: AdminCredentials) -> Result<Client, DemoCommandError> {
    let endpoint = gateway
        .parse()
        .map_err(|_| InvalidValue::new("gateway", "a URL"))?;
    let gateway = Gateway {
        endpoint,
        ca_file: None,
        region: "us-east-1".to_owned(),
    };
    Ok(Client::new(gateway, admin)?)
}

/// Applies the demo's directory as anybody applies theirs: by the admin API.
async fn apply(client: &Client, seed: &Seed) -> Result<Applied, DemoCommandError> {
    let files = seed
        .files()?
        .into_iter()
        .map(|file| (file.path.display().to_string(), file.text))
        .collect();
    let request = ApplyRequest {
        mode: ApplyMode::Apply,
        base: None,
        files,
    };
    Ok(client
        .post("/admin/v1/directory", &request, &SystemClock)
        .await?)
}

fn welcome(url: &str, issuer: &Issuer, folder: &Path) -> Result<(), DemoCommandError> {
    let audit = folder.join("audit/audit.jsonl");
    writeln!(
        io::stdout(),
        "
Rolegate is running, with an identity provider of its own that really signs.

  Open        {url}
  Sign in     by OpenID Connect or by SAML
  as          Ines (29 roles), Lukas (a few), Noor (none), Tomas (in 250 groups, too many)
  or          break it, by a button each beside them

From a command line (AWS CLI 1.29 or 2.13 and later), paste this: an id_token becomes keys.

  export AWS_ENDPOINT_URL_STS={url} AWS_DEFAULT_REGION=us-east-1
  aws sts assume-role-with-web-identity \\
    --role-arn {EXAMPLE_ROLE} \\
    --role-session-name ines \\
    --web-identity-token \"$(curl -s '{issuer}/demo/token?person=ines&audience={STS_CLIENT}')\"

Or this, with the first line of the above: a SAML response becomes keys.

  aws sts assume-role-with-saml \\
    --role-arn {EXAMPLE_ROLE} \\
    --principal-arn {EXAMPLE_PROVIDER} \\
    --saml-assertion \"$(curl -s '{issuer}/demo/saml-response?person=ines')\"

  The identity provider   {issuer}
  What was decided, why   {audit}

Everything is in a fresh folder and gone when you press Ctrl-C.
",
        audit = audit.display(),
    )?;
    Ok(io::stdout().flush()?)
}

fn secret_file(folder: &Path) -> PathBuf {
    folder.join(SECRETS).join("portal-client-secret")
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// A folder that is the demo's alone, and goes with it.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, DemoCommandError> {
        let random: [u8; 8] = draw(&SystemEntropy)?;
        let name = ["rolegate-demo-", &data_encoding::HEXLOWER.encode(&random)].concat();
        let path = std::env::temp_dir().join(name);
        let folder = Self(path);
        for path in [folder.0.clone(), folder.0.join(SECRETS)] {
            std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is in the system's folder for temporary files.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}
