//! A gateway with the demo's directory, the demo's provider beside it, and a browser that goes between
//! the two.

use std::net::{SocketAddr, TcpListener};
use std::time::Instant;

use actix_web::web::Data;
use rolegate::demo::{
    Client, ClientKind, DemoProvider, RunningDemo, SamlOptions, SamlSeed, Seed, StsParty,
    Transport, meridale, run,
};
use rolegate::domain::Secret;
use rolegate::entropy::SystemEntropy;
use serde_json::{Value, json};
use url::Url;

use crate::support::browser::Browser;
use crate::support::clock::Time;
use crate::support::http::{PATIENCE, Request, Response};
use crate::support::node::{NO_RATES, Node, Settings};

pub(crate) const OIDC: &str = "workforce";
pub(crate) const SAML: &str = "workforce-saml";
/// Both ways in.
pub(crate) const BOTH: [&str; 2] = [OIDC, SAML];

const SECRET: &str = "the secret of the portal's client";

/// Gateway and provider.
pub(crate) struct Scene {
    pub(crate) node: Node,
    pub(crate) provider: Data<DemoProvider>,
    running: RunningDemo,
}

impl Scene {
    pub(crate) fn start() -> Self {
        Self::with(SamlOptions::default())
    }

    /// Starts both, and applies the demo's directory.
    pub(crate) fn with(mut options: SamlOptions) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let node = Node::start(Settings {
            time: Time::System,
            http_issuers: vec![issuer.clone()],
            toml: NO_RATES.to_owned(),
            ..Settings::default()
        });
        options.sts = Some(StsParty::of(&node.origin()).unwrap());
        let clients = vec![portal(&node.origin())];
        let clock = std::sync::Arc::clone(&node.clock);
        let entropy = std::sync::Arc::new(SystemEntropy);
        let provider =
            DemoProvider::new(issuer.parse().unwrap(), clients, meridale(), clock, entropy);
        let provider = Data::new(provider.unwrap().with_saml(options));
        let metadata = Request::get(node.address, "/saml/metadata").send().text();
        provider.saml().register(&metadata).unwrap();
        let running = {
            let _inside = node.runtime.enter();
            run(provider.clone(), listener, Transport::Plain).unwrap()
        };
        let scene = Self {
            node,
            provider,
            running,
        };
        scene.apply();
        scene
    }

    fn apply(&self) {
        let portal_secret_file = self.node.folder().join("portal-secret");
        std::fs::write(&portal_secret_file, SECRET).unwrap();
        let seed = Seed {
            issuer: self.provider.issuer().clone(),
            portal_client: "rolegate-portal".parse().unwrap(),
            sts_client: "rolegate-sts".parse().unwrap(),
            portal_secret_file,
            saml: SamlSeed::of(self.provider.saml(), &self.node.origin()).unwrap(),
        };
        let files = seed.files().unwrap().into_iter();
        let files = files.map(|file| (file.path.display().to_string(), file.text));
        self.node.apply(&files.collect());
        // The metadata of the SAML connection is read a moment later.
        let give_up = Instant::now() + PATIENCE;
        while self.browser().post_sign_in(SAML, "/").status != 303 {
            assert!(Instant::now() < give_up, "the metadata was never read");
            std::thread::yield_now();
        }
    }

    pub(crate) fn browser(&self) -> Browser {
        self.node.browser()
    }

    pub(crate) const fn provider_address(&self) -> SocketAddr {
        self.running.address()
    }

    /// The provider's page that asks who somebody is, after a sign-in was begun at a connection.
    pub(crate) fn asked(&self, browser: &mut Browser, connection: &str) -> Response {
        let left = browser.post_sign_in(connection, "/");
        assert_eq!(left.status, 303, "{}", left.text());
        let url: Url = left.header("location").unwrap().parse().unwrap();
        let page = self.at_provider(&target(&url));
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }

    /// The same where the provider begins.
    pub(crate) fn unasked(&self) -> Response {
        let entity = [&self.node.origin(), "/saml/metadata"].concat();
        let entity: String = form_urlencoded::byte_serialize(entity.as_bytes()).collect();
        self.at_provider(&["/saml/start?at=", &entity].concat())
    }

    pub(crate) fn at_provider(&self, target: &str) -> Response {
        Request::get(self.provider_address(), target).send()
    }

    /// Presses a button of that page, and goes where the browser is sent until there is a page.
    pub(crate) fn press(
        &self,
        browser: &mut Browser,
        page: &Response,
        (name, value): (&str, &str),
    ) -> Response {
        let form = Form::of(page, "class=\"choose\"");
        assert!(page.text().contains(&button(name, value)), "no such button");
        let mut fields = form.fields();
        fields.push((name, value));
        let answer = Request::post_form(self.provider_address(), &form.action, &fields).send();
        let back = match answer.status {
            303 => {
                let url: Url = answer.header("location").unwrap().parse().unwrap();
                Request::get(self.node.address, &target(&url))
            }
            200 => {
                let form = Form::of(&answer, "id=\"answer\"");
                let url: Url = form.action.parse().unwrap();
                Request::post_form(self.node.address, url.path(), &form.fields())
                    .with_header("origin", self.provider.issuer().as_str())
            }
            _ => panic!("{}", answer.text()),
        };
        let mut landed = browser.send(back.with_header("sec-fetch-site", "cross-site"));
        while landed.status == 303 {
            let location = landed.header("location").unwrap().to_owned();
            landed = browser.get(&location);
        }
        landed
    }

    /// A whole sign-in, in which one button is pressed.
    pub(crate) fn visit(&self, connection: &str, button: (&str, &str)) -> Response {
        let mut browser = self.browser();
        let page = self.asked(&mut browser, connection);
        self.press(&mut browser, &page, button)
    }

    /// The trace behind the id on a page: it is written a moment after the page.
    pub(crate) fn trace(&self, page: &Response) -> Value {
        let target = ["/admin/v1/decisions/", &id_on(page)].concat();
        let give_up = Instant::now() + PATIENCE;
        loop {
            let found = self.node.admin("GET", &target, "");
            if found.status == 200 {
                return found.json()["decision"].clone();
            }
            assert!(Instant::now() < give_up, "{}", found.text());
        }
    }

    /// The check that failed, by the trace behind a refusal's page.
    pub(crate) fn failed_check(&self, page: &Response) -> String {
        let trace = self.trace(page);
        let check = trace["end"]["refused"]["check"].as_str();
        check.unwrap_or_else(|| panic!("{trace}")).to_owned()
    }

    /// The trace of the last sign-in of a person by a connection.
    pub(crate) fn last_sign_in(&self, subject: &str, connection: &str) -> Value {
        let wanted = json!({ "person": subject, "connection": connection });
        let wanted = json!({ "wanted": wanted }).to_string();
        let give_up = Instant::now() + PATIENCE;
        loop {
            let found = self
                .node
                .admin("POST", "/admin/v1/decisions/search", &wanted);
            let found = found.json();
            let mut decisions = found["decisions"].as_array().unwrap().iter();
            if let Some(trace) = decisions.find(|trace| trace["operation"] == "SignIn") {
                return trace.clone();
            }
            assert!(Instant::now() < give_up, "{found}");
        }
    }
}

fn portal(origin: &str) -> Client {
    let callback = [origin, "/oidc/callback/", OIDC].concat();
    Client {
        id: "rolegate-portal".parse().unwrap(),
        kind: ClientKind::Web {
            secret: Secret::new(SECRET.to_owned()),
            redirect_uris: vec![callback.parse().unwrap()],
        },
    }
}

fn target(url: &Url) -> String {
    [url.path(), "?", url.query().unwrap_or_default()].concat()
}

fn button(name: &str, value: &str) -> String {
    format!("name=\"{name}\" value=\"{value}\"")
}

/// The value of the button that says this.
pub(crate) fn value_of(page: &Response, title: &str) -> Option<String> {
    let html = page.text();
    let (before, _) = html.split_once(&["<b>", title, "</b>"].concat())?;
    let (_, value) = before.rsplit_once("name=\"break\" value=\"")?;
    Some(value.split('"').next()?.to_owned())
}

/// The request id that a page tells.
pub(crate) fn id_on(page: &Response) -> String {
    let html = page.text();
    let is_id = |word: &&str| word.len() == 36 && word.matches('-').count() == 4;
    let mut words = html.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    let found = words.find(is_id);
    found.unwrap_or_else(|| panic!("no id: {html}")).to_owned()
}

/// A form of a page, and what it hides.
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
}

impl Form {
    /// The form with this attribute.
    fn of(page: &Response, attribute: &str) -> Self {
        let html = page.text();
        let begins = html.split_once(attribute);
        let (_, form) = begins.unwrap_or_else(|| panic!("no form: {html}"));
        let (form, _) = form.split_once("</form>").unwrap();
        let quoted = |text: &str, name: &str| {
            let (_, value) = text.split_once(&[name, "=\""].concat()).unwrap();
            let value = value.split('"').next().unwrap();
            value.replace("&#38;", "&").replace("&#39;", "'")
        };
        let hidden = form.split("<input type=\"hidden\"").skip(1);
        Self {
            action: quoted(form, "action"),
            hidden: hidden
                .map(|field| (quoted(field, "name"), quoted(field, "value")))
                .collect(),
        }
    }

    fn fields(&self) -> Vec<(&str, &str)> {
        let hidden = self.hidden.iter();
        hidden
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}
