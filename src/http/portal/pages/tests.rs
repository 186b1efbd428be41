use askama::Template;

use super::*;
use crate::domain::LocalPath;
use crate::domain::{
    AccessKeyId, Credentials, Device, RequestId, RoleArn, SecretAccessKey, SessionDuration,
    SessionToken, SignInId,
};
use crate::federation::saml::messages::PostForm;
use crate::http::portal::assets::StaticFile;
use crate::http::portal::formats::{Formats, ProfileName, Source};
use crate::http::portal::frame::{Frame, Theme};
use crate::http::portal::language::{Language, Said};

mod hostile;
mod templates;

const NOW: UnixTime = UnixTime::from_seconds(1_795_252_445);

/// What a page is filled with. The typed fields take what their types let through.
struct Filling {
    text: &'static str,
    csrf: &'static str,
    href: &'static str,
    role: &'static str,
    query: &'static str,
}

const PLAIN: Filling = Filling {
    text: "Meridale Workforce",
    csrf: "dGhlIHRva2Vu",
    href: "/roles?q=pay",
    role: "arn:aws:iam::482011739056:role/engineering/ReadOnly",
    query: "",
};

impl Filling {
    fn shown(&self) -> Shown {
        self.text.into()
    }

    fn frame(&self) -> Frame {
        Frame {
            language: Language::of_others(),
            theme: Theme::Dark,
            organisation: Some(self.shown()),
            contact: Some([self.text, "@meridale.example"].concat().as_str().into()),
            here: self.path(),
        }
    }

    fn said(&self) -> Said {
        let said = Language::of_others().say("refused-turned-away-said");
        said.with("said", self.shown())
    }

    fn path(&self) -> LocalPath {
        self.href.parse().unwrap()
    }

    fn person(&self) -> PersonMenu {
        PersonMenu {
            display_name: self.shown(),
            email_or_subject: self.shown(),
            connection_name: self.shown(),
            signed_in_at: NOW.plus(-1200),
            csrf: Secret::new(self.csrf.to_owned()),
        }
    }

    fn sign_in(&self) -> SignInPage {
        SignInPage {
            frame: self.frame(),
            asks_for_address: true,
            problem: Some(AddressProblem::UnknownDomain(self.shown())),
            connections: vec![ConnectionChoice {
                id: "workforce".parse().unwrap(),
                display_name: self.shown(),
                description: Some(self.shown()),
                is_last: true,
            }],
            return_to: Some(self.path()),
            destination: Some(Destination {
                account: Some(self.shown()),
                role: self.shown(),
            }),
        }
    }

    fn refused(&self) -> RefusedPage {
        RefusedPage {
            frame: self.frame(),
            title: "refused",
            provider: Some(self.shown()),
            what_happened: Language::of_others().say("refused-turned-away"),
            more: Some(self.said()),
            what_to_do: "refused-later-do",
            request_id: request_id(),
            at: NOW,
            retry_href: self.path(),
        }
    }

    fn error(&self) -> ErrorPage {
        ErrorPage {
            frame: self.frame(),
            status: 403,
            title: "refused",
            what_happened: self.said(),
            more: Some(self.said()),
            what_to_do: "refused-later-do",
            request_id: request_id(),
            at: NOW,
            next: Some(NextStep {
                label: "to-roles",
                href: self.path(),
            }),
        }
    }

    fn signed_out(&self) -> SignedOutPage {
        SignedOutPage {
            frame: self.frame(),
            at_provider: AtProvider::NotTold,
        }
    }

    fn leave(&self, way: Way) -> LeavePage {
        LeavePage {
            frame: self.frame(),
            title: "leave-to-sign-in",
            explanation: "leave-to-sign-in-wait",
            button: "go-on",
            way,
        }
    }

    /// An address at the provider, where a browser leaves for.
    fn away(&self) -> String {
        let (_, query) = self.href.split_once('?').unwrap();
        ["https://idp.example.com/?", query].concat()
    }

    fn form(&self) -> Way {
        let away = self.away().replace(['#', '\\'], "");
        Way::Form(PostForm {
            action: away.parse().unwrap(),
            field: "SAMLRequest",
            message: self.csrf.to_owned(),
            relay_state: Some(self.csrf.to_owned()),
        })
    }

    fn no_roles(&self) -> NoRolesPage {
        NoRolesPage {
            frame: self.frame(),
            person: self.person(),
            claims: vec![ClaimSeen {
                name: self.shown(),
                values: vec![self.shown(), self.shown()],
                more: 7,
            }],
            findings: self.findings(),
            hint: Some(NoRolesHint::GroupsLeftOut),
            request_id: request_id(),
        }
    }

    fn findings(&self) -> Vec<Found> {
        let near = |how| Found::Near {
            claim: self.shown(),
            how,
            value: self.shown(),
        };
        vec![
            Found::LeftOut(self.shown()),
            near(Nearness::Case),
            near(Nearness::Space),
            near(Nearness::Joined),
            near(Nearness::CommonName),
            Found::Unverified(self.shown()),
            Found::Missing(self.shown()),
            Found::Unfit,
        ]
    }

    fn linked(&self) -> LinkedRole {
        LinkedRole {
            account: self.shown(),
            role: self.shown(),
            href: self.path(),
        }
    }

    fn why_not(&self, standing: Standing) -> WhyNotPage {
        WhyNotPage {
            frame: self.frame(),
            person: self.person(),
            account: self.shown(),
            role: self.shown(),
            asked: Asked::Role(Box::new(WhyNotAnswer {
                account: Some(self.shown()),
                role: self.shown(),
                standing,
                findings: self.findings(),
                claims: vec![ClaimSeen {
                    name: self.shown(),
                    values: vec![self.shown()],
                    more: 0,
                }],
                beside: vec![self.linked()],
                sign_in_again: self.path(),
                request_id: request_id(),
            })),
        }
    }

    fn one_role(&self) -> RolePage {
        RolePage {
            frame: self.frame(),
            person: self.person(),
            role: self.role(),
            account_alias: Some(self.shown()),
            environment: Some(Environment::Production),
            description: Some(self.shown()),
            link: self.href.to_owned(),
            longest: SessionDuration::from_seconds(14_400).unwrap(),
            durations: [(900, ChoiceState::Open), (14_400, ChoiceState::Chosen)]
                .map(choice)
                .into(),
        }
    }

    fn account(&self, id: &str, environment: Environment) -> AccountRoles {
        AccountRoles {
            id: id.parse().unwrap(),
            alias: Some(self.shown()),
            environment: Some(environment),
            roles: vec![RoleRow {
                arn: self.role(),
                description: Some(self.shown()),
                tags: vec![self.shown(); 5],
                longest: SessionDuration::from_seconds(14_400).unwrap(),
                is_favourite: true,
            }],
        }
    }

    fn accounts(&self) -> Vec<AccountRoles> {
        vec![self.account("482011739056", Environment::Production)]
    }

    fn roles(&self) -> RolesPage {
        let mut accounts = self.accounts();
        accounts.push(self.account("629114864828", Environment::Staging));
        let (frame, person, own) = (self.frame(), self.person(), self.own());
        RolesPage::new(frame, person, own, accounts, looking(self.query))
    }

    fn own(&self) -> OwnRoles {
        let picked = |taken_at| PickedRole {
            arn: self.role(),
            account: self.shown(),
            environment: Some(Environment::Production),
            longest: SessionDuration::from_seconds(14_400).unwrap(),
            taken_at,
        };
        OwnRoles {
            are_known: true,
            favourites: vec![picked(None)],
            recent: vec![picked(Some(NOW))],
        }
    }

    fn role(&self) -> RoleArn {
        self.role.parse().unwrap()
    }

    fn credentials(&self) -> CredentialsPage {
        let credentials = keys();
        let formats = Formats::new(&Source {
            credentials: &credentials,
            sts_url: "https://keys.meridale.example",
            region: &"eu-central-1".parse().unwrap(),
            profile: &ProfileName::of(Some(self.text), &self.role()),
        });
        CredentialsPage {
            frame: self.frame(),
            person: self.person(),
            role: self.role(),
            account_alias: Some(self.shown()),
            environment: Some(Environment::Production),
            description: Some(self.shown()),
            link: "https://keys.meridale.example/go?role=ReadOnly".to_owned(),
            session_name: "ines.okafor@meridale.example".parse().unwrap(),
            credentials,
            formats: formats.unwrap(),
            now: NOW,
            lifetime_seconds: 14_400,
            asked: SessionDuration::from_seconds(28_800).unwrap(),
            shortened_by: Some(LimitedBy::Role),
            durations: [
                (900, ChoiceState::Open),
                (14_400, ChoiceState::Chosen),
                (28_800, ChoiceState::TooLong),
            ]
            .map(choice)
            .into(),
            limits: vec![
                limit(LimitedBy::Role, 14_400),
                limit(LimitedBy::Rule(self.shown()), 28_800),
                limit(LimitedBy::SignIn, 28_440),
            ],
        }
    }

    fn sessions(&self) -> SessionsPage {
        let row = |number: u8, user_agent, taken| SessionRow {
            id: SignInId::from_random([number; 16]),
            device: Device::of_user_agent(user_agent),
            address: Some("203.0.113.24".parse().unwrap()),
            signed_in_at: NOW.plus(-1200),
            last_seen: NOW.plus(-60),
            taken: vec![
                TakenIn {
                    account_alias: Some(self.shown()),
                    role: self.role(),
                    at: NOW.plus(-600),
                };
                taken
            ],
            is_this: number == 1,
        };
        SessionsPage {
            frame: self.frame(),
            person: self.person(),
            sessions: vec![
                row(1, "Firefox/140.0 Linux", 1),
                row(2, self.text, 6),
                row(3, "CriOS/142 iPhone", 0),
            ],
            keys_go_on: true,
        }
    }

    /// Every page, by name.
    fn pages(&self) -> [(&'static str, String); 13] {
        [
            ("sign_in", self.sign_in().render().unwrap()),
            ("refused", self.refused().render().unwrap()),
            ("error", self.error().render().unwrap()),
            ("signed_out", self.signed_out().render().unwrap()),
            ("leave_form", self.leave(self.form()).render().unwrap()),
            (
                "leave_link",
                self.leave(Way::Link(self.away())).render().unwrap(),
            ),
            ("no_roles", self.no_roles().render().unwrap()),
            (
                "why_not",
                self.why_not(Standing::NotGiven).render().unwrap(),
            ),
            (
                "why_not_yours",
                self.why_not(Standing::Offered(self.linked()))
                    .render()
                    .unwrap(),
            ),
            ("role", self.one_role().render().unwrap()),
            ("roles", self.roles().render().unwrap()),
            ("sessions", self.sessions().render().unwrap()),
            ("credentials", self.credentials().render().unwrap()),
        ]
    }
}

fn looking(query: &str) -> Looking<'_> {
    Looking {
        query,
        environment: None,
        links: "https://keys.meridale.example/go".to_owned(),
    }
}

/// The list of these accounts with this query.
fn list_of(accounts: Vec<AccountRoles>, query: &str) -> String {
    let (frame, person, own) = (PLAIN.frame(), PLAIN.person(), PLAIN.own());
    RolesPage::new(frame, person, own, accounts, looking(query))
        .render()
        .unwrap()
}

fn keys() -> Credentials {
    Credentials {
        access_key_id: "ASIAY34FZKBOKMUTVV7A".parse::<AccessKeyId>().unwrap(),
        secret_access_key: SecretAccessKey::new("w9Xr/b0Tn4Lq8Yk2+Vd6mHcZs".to_owned()),
        session_token: SessionToken::new("rg1.k7.AAEC".repeat(20)),
        expiration: NOW.plus(14_052),
    }
}

fn choice((seconds, state): (u32, ChoiceState)) -> DurationChoice {
    DurationChoice {
        duration: SessionDuration::from_seconds(seconds).unwrap(),
        state,
    }
}

const fn limit(by: LimitedBy, seconds: u32) -> DurationLimit {
    DurationLimit { by, seconds }
}

const fn request_id() -> RequestId {
    RequestId::from_random([7; 16])
}

/// The page without the hashes of its static files, which change with each of them.
fn without_versions(html: &str) -> String {
    [
        "tokens.css",
        "portal.css",
        "portal.js",
        "role-search.js",
        "roles.js",
        "leave.js",
        "icons.svg",
        "favicon.svg",
    ]
    .map(|name| StaticFile::named(name).unwrap())
    .iter()
    .fold(html.to_owned(), |html, file| {
        html.replace(&file.version, "VERSION")
    })
}

#[test]
fn each_page_looks_as_agreed() {
    for (name, html) in PLAIN.pages() {
        insta::assert_snapshot!(name, without_versions(&html));
    }
}

#[test]
fn sign_in_without_connections_says_so() {
    let mut page = PLAIN.sign_in();
    page.connections.clear();
    let html = page.render().unwrap();
    assert!(html.contains("There is no way to sign in yet."));
    assert!(!html.contains("action=\"/sign-in\""));
}

#[test]
fn the_list_is_folded_below_the_question_for_an_address() {
    let mut page = PLAIN.sign_in();
    page.problem = None;
    let html = page.render().unwrap();
    let (shown, folded) = html.split_once("<details").unwrap();
    assert!(shown.contains(r#"name="email""#) && shown.contains(r#"value="workforce""#));
    assert!(!folded.contains(r#"value="workforce""#), "it was used last");
    page.connections[0].is_last = false;
    let html = page.render().unwrap();
    let (shown, folded) = html.split_once("<details").unwrap();
    assert!(!shown.contains(r#"value="workforce""#));
    assert!(folded.contains(r#"value="workforce""#));
    page.asks_for_address = false;
    let html = page.render().unwrap();
    assert!(!html.contains("<details") && !html.contains(r#"name="email""#));
}

#[test]
fn a_role_that_is_not_taken_is_told_apart() {
    let html = PLAIN.why_not(Standing::NotTaken).render().unwrap();
    assert!(html.contains("A rule gives you this role."));
    assert!(!html.contains("No rule gives you this role"));
    for asked in [Asked::Nothing, Asked::Unreadable] {
        let is_unreadable = matches!(asked, Asked::Unreadable);
        let mut page = PLAIN.why_not(Standing::NotGiven);
        page.asked = asked;
        let html = page.render().unwrap();
        assert_eq!(html.contains("No role can be called so."), is_unreadable);
        assert!(!html.contains("<textarea"));
    }
}

#[test]
fn roles_are_found_by_every_word_of_the_query() {
    let shown = |query: &str| usize::from(list_of(PLAIN.accounts(), query).contains(">1 role<"));
    for query in [
        "",
        "read",
        "READ meri",
        "482011",
        "production",
        "engin",
        " read  only ",
    ] {
        assert_eq!(shown(query), 1, "{query}");
    }
    for query in ["reader", "read staging", "482012"] {
        assert_eq!(shown(query), 0, "{query}");
    }
}

#[test]
fn roles_that_do_not_match_are_hidden() {
    let html = list_of(PLAIN.accounts(), "staging");
    assert!(html.contains("0 of 1 role<"));
    assert!(html.contains(r#"aria-labelledby="acct-482011739056" data-at="0" hidden>"#));
    assert!(html.contains(r#"<p class="none soft">"#));
}

#[test]
fn accounts_of_one_environment_are_shown_alone() {
    let page = |environment| {
        let accounts = vec![
            PLAIN.account("482011739056", Environment::Production),
            PLAIN.account("629114864828", Environment::Staging),
            PLAIN.account("836262449537", Environment::Staging),
        ];
        let looking = Looking {
            environment,
            ..looking("read only")
        };
        let (frame, person, own) = (PLAIN.frame(), PLAIN.person(), PLAIN.own());
        let page = RolesPage::new(frame, person, own, accounts, looking);
        page.render().unwrap()
    };
    let all = page(None);
    assert!(all.contains(">3 roles<"));
    assert!(
        all.contains(r#"href="/roles?q=read+only" data-environment="" aria-current="true">All"#)
    );
    assert!(all.contains(r#"Staging <span class="n">2</span>"#));
    assert!(!all.contains("Sandbox"), "there is none");
    let staging = page(Some(Environment::Staging));
    assert!(staging.contains(">2 of 3 roles<"));
    assert!(staging.contains(
        r#"q=read+only&#38;env=staging" data-environment="staging" aria-current="true""#
    ));
    assert_eq!(
        staging.matches(r#"name="env" value="staging""#).count(),
        6,
        "every form goes back"
    );
    assert!(staging.contains(r#"data-chosen="staging""#));
    let is_hidden = |id: &str| {
        let (_, rest) = staging
            .split_once(&format!(r#"aria-labelledby="acct-{id}""#))
            .unwrap();
        rest.split_once('>').unwrap().0.ends_with(" hidden")
    };
    assert!(is_hidden("482011739056") && !is_hidden("629114864828"));
}

#[test]
fn where_all_accounts_are_for_the_same_there_is_nothing_to_choose() {
    assert!(!list_of(PLAIN.accounts(), "").contains("class=\"chip\""));
    assert!(PLAIN.roles().render().unwrap().contains("class=\"chip\""));
}

#[test]
fn nobody_is_written_to_without_a_contact() {
    let mut page = PLAIN.refused();
    assert!(page.render().unwrap().contains("Write to your admin"));
    page.frame.contact = None;
    assert!(!page.render().unwrap().contains("Write to"));
    let mut page = PLAIN.no_roles();
    let letter = "mailto:Meridale%20Workforce@meridale.example?subject=No%20role%20in%20Rolegate";
    assert!(page.render().unwrap().contains(letter));
    page.frame.contact = None;
    assert!(!page.render().unwrap().contains("mailto:"));
}

#[test]
fn a_moment_has_its_date_where_it_is_another_day() {
    let frame = PLAIN.frame();
    assert_eq!(frame.moment(NOW.plus(-60), NOW), "09:13:05 UTC");
    let yesterday = frame.moment(NOW.plus(-86_400), NOW);
    assert_eq!(yesterday, "20 Nov 2026, 09:14:05 UTC");
}

#[test]
fn what_was_found_is_marked_and_the_best_comes_first() {
    let mut accounts = PLAIN.accounts();
    let mut other = PLAIN.accounts().remove(0);
    other.id = "629114864828".parse().unwrap();
    other.alias = Some("readers-prod".into());
    accounts.push(other);
    let html = list_of(accounts, "prod read");
    let [better, worse] = ["629114864828", "482011739056"].map(|id| {
        let heading = format!("id=\"acct-{id}\"");
        html.find(&heading).unwrap()
    });
    assert!(better < worse);
    assert!(html.contains("acct-name\">readers-<mark>prod</mark></bdi>"));
    assert!(html.contains("ReadOnly in /engineering/\"><mark>Read</mark>Only</button>"));
    assert!(html.contains("env-production\"><mark>Prod</mark>uction</span>"));
}

#[test]
fn tags_are_found_whether_or_not_they_are_shown() {
    let tags: Vec<Shown> = (1..=MAX_SHOWN_TAGS + MAX_MORE_TAGS + 1)
        .map(|number| Shown::from(&*format!("team=t{number}.")))
        .collect();
    let found = |query: &str| {
        let mut accounts = PLAIN.accounts();
        accounts[0].roles[0].tags = tags.clone();
        list_of(accounts, query)
    };
    assert!(found("t1.").contains("<span class=\"role-tag\">team=<mark>t1.</mark></span>"));
    let hidden = found("t13.");
    assert!(hidden.contains(">1 role<"));
    assert!(!hidden.contains("<mark>"));
    assert!(found("t14.").contains("0 of 1 role<"), "one too many");
}

#[test]
fn favourites_that_are_not_known_hide_no_role() {
    let own = OwnRoles {
        are_known: false,
        favourites: Vec::new(),
        recent: Vec::new(),
    };
    let accounts = PLAIN.accounts();
    let page = RolesPage::new(PLAIN.frame(), PLAIN.person(), own, accounts, looking(""));
    let html = page.render().unwrap();
    assert!(html.contains("can’t be read"));
    assert!(html.contains(">1 role<"));
    assert!(html.contains("data-favourites hidden"));
    assert!(!html.contains("recent-h"));
}

#[test]
fn no_id_stands_twice_on_the_list() {
    let html = PLAIN.roles().render().unwrap();
    let mut ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    assert!(all > 5);
}

#[test]
fn an_account_without_roles_is_not_shown() {
    let mut accounts = PLAIN.accounts();
    accounts[0].roles.clear();
    let html = list_of(accounts, "");
    assert!(!html.contains("acct-482011739056"));
}

#[test]
fn only_production_has_a_ribbon() {
    let mut page = PLAIN.credentials();
    assert!(page.render().unwrap().contains(r#"class="ribbon""#));
    page.environment = Some(Environment::Staging);
    assert!(!page.render().unwrap().contains(r#"class="ribbon""#));
}

#[test]
fn keys_that_have_ended_have_no_time_left() {
    let mut page = PLAIN.credentials();
    page.now = page.credentials.expiration.plus(5);
    assert!(page.render().unwrap().contains(r#"data-countdown="0""#));
}

#[test]
fn the_smallest_limit_is_marked() {
    let html = PLAIN.credentials().render().unwrap();
    assert_eq!(html.matches(r#"class="is-lowest""#).count(), 1);
    assert!(html.contains(r#"<tr class="is-lowest"><th scope="row"><bdi>Role’s own maximum"#));
}

#[test]
fn durations_are_said_in_hours_and_minutes() {
    for (seconds, words) in [
        (45, "45 s"),
        (900, "15 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (43_200, "12 h"),
        (7199, "1 h 59 min"),
    ] {
        assert_eq!(PLAIN.frame().lasting(seconds), words);
    }
}

#[test]
fn only_other_sessions_are_ended_from_afar() {
    let html = PLAIN.sessions().render().unwrap();
    assert_eq!(html.matches(r#"action="/sessions/end""#).count(), 2);
    assert!(html.contains("and 2 more"));
    let mut alone = PLAIN.sessions();
    alone.sessions.truncate(1);
    let html = alone.render().unwrap();
    assert!(!html.contains("/sessions/end-others"));
    assert!(!html.contains(r#"action="/sessions/end""#));
}

#[test]
fn initials_are_of_the_first_two_words() {
    let initials = |name: &str| {
        let mut person = PLAIN.person();
        person.display_name = name.into();
        person.initials()
    };
    assert_eq!(initials("Ines María Okafor"), "IM");
    assert_eq!(initials("(zoë)"), "Z");
    assert_eq!(initials("<> \"'"), "");
}
