//! The roles that a person may choose.

use std::cmp::Reverse;
use std::ops::Range;

use askama::Template;
use url::form_urlencoded;

use super::{Environment, PersonMenu, assets};
use crate::domain::{AccountId, RoleArn, SessionDuration, UnixTime};
use crate::http::portal::frame::Frame;
use crate::http::portal::language::Said;
use crate::http::portal::role_search::{Field, Hit, MAX_RANKED, Marked, Query, Text};
use crate::http::portal::shown::Shown;

/// So many tags of a role are shown.
pub const MAX_SHOWN_TAGS: usize = 3;
/// With more roles than this an account's rows are laid out one by one as they come into sight.
const LONG: usize = 40;
/// So many more are searched and not shown.
pub const MAX_MORE_TAGS: usize = 10;

/// Every role of a person, by account; choosing one posts its ARN to `/credentials`, and a star posts it to
/// `/favourites`.
///
/// All roles are on the page, and those that the query doesn't find are hidden: so script can
/// search on without asking again.
#[derive(Template)]
#[template(path = "roles.html")]
pub struct RolesPage {
    frame: Frame,
    person: PersonMenu,
    own: OwnRoles,
    accounts: Vec<FoundAccount>,
    query: Shown,
    is_searched: bool,
    environments: Vec<EnvironmentChoice>,
    chosen: Option<Environment>,
    links: String,
    shown: usize,
    total: usize,
}

/// What a person looks for.
pub struct Looking<'a> {
    /// What they typed.
    pub query: &'a str,
    /// What the accounts are for that they want to see; any where it is not said.
    pub environment: Option<Environment>,
    /// What the address of a link to a role begins with.
    pub links: String,
}

/// What accounts are for, to look at these alone.
struct EnvironmentChoice {
    /// All accounts where it is none.
    environment: Option<Environment>,
    accounts: usize,
    href: String,
}

/// The roles that are a person's in particular.
pub struct OwnRoles {
    /// Whether they could be read.
    pub are_known: bool,
    /// Those with a star.
    pub favourites: Vec<PickedRole>,
    /// Those that they took last.
    pub recent: Vec<PickedRole>,
}

/// A role as it stands by itself.
pub struct PickedRole {
    /// The role.
    pub arn: RoleArn,
    /// What people call its account, or its number.
    pub account: Shown,
    /// What the account is for, where it is known.
    pub environment: Option<Environment>,
    /// How long its keys may last at most.
    pub longest: SessionDuration,
    /// When it was taken last, where that is why it is here.
    pub taken_at: Option<UnixTime>,
}

/// The roles of one account.
pub struct AccountRoles {
    /// The account.
    pub id: AccountId,
    /// What people call it.
    pub alias: Option<Shown>,
    /// What it is for, where it is known.
    pub environment: Option<Environment>,
    /// Its roles; an account without any isn't shown.
    pub roles: Vec<RoleRow>,
}

/// One role.
pub struct RoleRow {
    /// The role; its name and path are shown.
    pub arn: RoleArn,
    /// What it is for.
    pub description: Option<Shown>,
    /// Its tags, as `key=value`.
    pub tags: Vec<Shown>,
    /// How long its keys may last at most.
    pub longest: SessionDuration,
    /// Whether it has a star.
    pub is_favourite: bool,
}

impl RolesPage {
    /// The page for `accounts`, showing the roles that are looked for, the best first.
    pub fn new(
        frame: Frame,
        person: PersonMenu,
        own: OwnRoles,
        mut accounts: Vec<AccountRoles>,
        looking: Looking<'_>,
    ) -> Self {
        let words = Query::of(looking.query);
        let is_searched = !words.is_empty();
        accounts.retain(|account| !account.roles.is_empty());
        let environments = environments(&accounts, looking.query);
        let wanted = looking.environment;
        let mut accounts: Vec<FoundAccount> = accounts
            .into_iter()
            .enumerate()
            .map(|(at, account)| FoundAccount::new(&frame, at, account, &words))
            .map(|found| found.if_for(wanted))
            .collect();
        let rows = || accounts.iter().flat_map(|found| &found.rows);
        let shown = rows().filter(|row| row.is_found()).count();
        let total = rows().count();
        if is_searched && shown <= MAX_RANKED {
            rank(&mut accounts);
        }
        Self {
            frame,
            person,
            own,
            query: looking.query.into(),
            is_searched,
            environments,
            chosen: wanted,
            links: looking.links,
            shown,
            total,
            accounts,
        }
    }

    /// `105 roles`, `3 of 105 roles`
    fn count(&self) -> Said {
        if self.shown == self.total {
            self.frame.say("roles-all").with("all", self.total)
        } else {
            let some = self.frame.say("roles-some").with("all", self.total);
            some.with("shown", self.shown)
        }
    }
}

/// What there is to choose among these accounts, each with the address that shows them; nothing where all are
/// for the same.
fn environments(accounts: &[AccountRoles], query: &str) -> Vec<EnvironmentChoice> {
    let for_it = |wanted: Environment| {
        let accounts = accounts.iter();
        accounts
            .filter(|account| account.environment == Some(wanted))
            .count()
    };
    let counted = Environment::ALL.map(|one| (Some(one), for_it(one)));
    let counted = counted.into_iter().filter(|(_, many)| *many != 0);
    let are_alike = |pair: &[AccountRoles]| match pair {
        [one, other] => one.environment == other.environment,
        _ => true,
    };
    if accounts.windows(2).all(are_alike) {
        return Vec::new();
    }
    std::iter::once((None, accounts.len()))
        .chain(counted)
        .map(|(environment, accounts)| EnvironmentChoice {
            environment,
            accounts,
            href: href(query, environment),
        })
        .collect()
}

/// The list of what is looked for.
fn href(query: &str, environment: Option<Environment>) -> String {
    let mut asked = form_urlencoded::Serializer::new(String::new());
    if !query.is_empty() {
        asked.append_pair("q", query);
    }
    if let Some(environment) = environment {
        asked.append_pair("env", environment.class());
    }
    let asked = asked.finish();
    if asked.is_empty() {
        "/roles".to_owned()
    } else {
        ["/roles?", &asked].concat()
    }
}

impl EnvironmentChoice {
    fn class(&self) -> &'static str {
        self.environment.map_or("", Environment::class)
    }
}

impl PickedRole {
    fn path(&self) -> &str {
        path_to_show(&self.arn).unwrap_or_default()
    }
}

impl AccountRoles {
    /// The alias, or the number where there is none.
    fn name(&self) -> String {
        self.alias
            .as_ref()
            .map_or_else(|| self.id.to_string(), ToString::to_string)
    }

    fn class(&self) -> &'static str {
        self.environment.map_or("unknown", Environment::class)
    }

    /// What the account is for, in the page's language.
    fn word(&self, frame: &Frame) -> Option<String> {
        let message = self.environment.map(Environment::message);
        message.map(|message| frame.say(message).to_string())
    }

    /// The number, where it isn't what the account is called by.
    fn number(&self) -> Option<String> {
        self.alias.as_ref().map(|_| self.id.to_string())
    }
}

/// The path of a role, where it has one.
fn path_to_show(arn: &RoleArn) -> Option<&str> {
    Some(arn.path()).filter(|path| *path != "/")
}

/// An account as it is found. `at` is its place in the list without a search.
struct FoundAccount {
    at: usize,
    /// What is said before each of its roles, to those who don't see where they stand.
    get_keys: String,
    account: AccountRoles,
    head: AccountHead<Marked>,
    rows: Vec<FoundRole>,
}

/// The best first, among accounts and in each of them.
fn rank(accounts: &mut [FoundAccount]) {
    for account in accounts.iter_mut() {
        account.rows.sort_by_key(|row| Reverse(row.score));
    }
    accounts.sort_by_key(|account| Reverse(account.score()));
}

/// What stands beside the roles of an account, as text to look through or as it is shown.
struct AccountHead<T> {
    name: T,
    number: Option<T>,
    environment: Option<T>,
}

/// A role as it is found.
struct FoundRole {
    at: usize,
    row: RoleRow,
    shown: RoleText<Marked>,
    /// Higher is better; none where it is not found.
    score: Option<u32>,
}

/// What stands in a row, as text to look through or as it is shown.
struct RoleText<T> {
    name: T,
    path: Option<T>,
    description: Option<T>,
    tags: Vec<T>,
}

impl FoundAccount {
    fn new(frame: &Frame, at: usize, mut account: AccountRoles, words: &Query) -> Self {
        let rows = std::mem::take(&mut account.roles);
        let head = AccountHead::of(frame, &account, Text::of);
        let mut marks = AccountMarks::default();
        let rows = rows
            .into_iter()
            .enumerate()
            .map(|(at, row)| FoundRole::new(at, row, (words, &head, &mut marks)))
            .collect();
        let head = marks.on(frame, &account);
        let get_keys = frame.say("roles-get-keys").with("account", account.name());
        Self {
            at,
            get_keys: get_keys.to_string(),
            account,
            head,
            rows,
        }
    }

    fn score(&self) -> Option<u32> {
        self.rows.iter().filter_map(|row| row.score).max()
    }

    fn is_found(&self) -> bool {
        self.rows.iter().any(FoundRole::is_found)
    }

    /// How many of its rows are shown.
    fn shown(&self) -> usize {
        self.rows.iter().filter(|row| row.is_found()).count()
    }

    /// Whether it has more rows than are in sight at once.
    const fn is_long(&self) -> bool {
        self.rows.len() > LONG
    }

    /// The account, in which nothing is found where it is for something else.
    fn if_for(mut self, wanted: Option<Environment>) -> Self {
        if wanted.is_some() && self.account.environment != wanted {
            for row in &mut self.rows {
                row.score = None;
            }
        }
        self
    }
}

impl<T> AccountHead<T> {
    fn of(frame: &Frame, account: &AccountRoles, make: impl Fn(&str) -> T) -> Self {
        Self {
            name: make(&account.name()),
            number: account.number().map(|number| make(&number)),
            environment: account.word(frame).map(|word| make(&word)),
        }
    }

    fn fields(&self) -> impl Iterator<Item = (Field, &T)> {
        let number = self.number.as_ref().map(|text| (Field::Number, text));
        let environment = self.environment.as_ref();
        [(Field::Alias, &self.name)]
            .into_iter()
            .chain(number)
            .chain(environment.map(|text| (Field::Environment, text)))
    }
}

/// What the roles of an account have found in its head.
#[derive(Default)]
struct AccountMarks {
    name: Vec<Range<usize>>,
    number: Vec<Range<usize>>,
    environment: Vec<Range<usize>>,
}

impl AccountMarks {
    fn add(&mut self, field: Field, places: &[Range<usize>]) {
        let marks = match field {
            Field::Alias => &mut self.name,
            Field::Number => &mut self.number,
            Field::Environment => &mut self.environment,
            Field::Name | Field::Path | Field::Description | Field::Tag => return,
        };
        for place in places {
            if !marks.contains(place) {
                marks.push(place.clone());
            }
        }
    }

    fn on(&self, frame: &Frame, account: &AccountRoles) -> AccountHead<Marked> {
        let number = account.number();
        let word = account.word(frame);
        AccountHead {
            name: Marked::at(&account.name(), &self.name),
            number: number.map(|number| Marked::at(&number, &self.number)),
            environment: word.map(|word| Marked::at(&word, &self.environment)),
        }
    }
}

impl FoundRole {
    fn new(
        at: usize,
        row: RoleRow,
        (words, head, marks): (&Query, &AccountHead<Text>, &mut AccountMarks),
    ) -> Self {
        if words.is_empty() {
            return Self {
                at,
                shown: RoleText::of(&row, MAX_SHOWN_TAGS, Marked::nowhere),
                score: Some(0),
                row,
            };
        }
        let text = RoleText::of(&row, MAX_SHOWN_TAGS + MAX_MORE_TAGS, Text::of);
        let fields: Vec<(Field, &Text)> = text.fields().chain(head.fields()).collect();
        let hit = words.find(&fields);
        for (number, places) in hit.iter().flat_map(|hit| &hit.marks) {
            if let Some((field, _)) = fields.get(*number) {
                marks.add(*field, places);
            }
        }
        Self {
            at,
            score: hit.as_ref().map(|hit| hit.score),
            shown: RoleText::marked(&row, hit.as_ref()),
            row,
        }
    }

    const fn is_found(&self) -> bool {
        self.score.is_some()
    }

    fn path(&self) -> Option<&str> {
        path_to_show(&self.row.arn)
    }

    fn says_something(&self) -> bool {
        self.path().is_some() || self.row.description.is_some() || !self.row.tags.is_empty()
    }

    const fn has_more_tags(&self) -> bool {
        self.row.tags.len() > MAX_SHOWN_TAGS
    }

    /// The tags that are searched and not shown, a line each.
    fn more_tags(&self) -> String {
        let more = self.row.tags.iter().skip(MAX_SHOWN_TAGS);
        let more: Vec<&str> = more.take(MAX_MORE_TAGS).map(Shown::as_str).collect();
        more.join("\n")
    }
}

impl<T> RoleText<T> {
    fn of(row: &RoleRow, tags: usize, make: impl Fn(&str) -> T) -> Self {
        let description = row.description.as_ref();
        Self {
            name: make(row.arn.name()),
            path: path_to_show(&row.arn).map(&make),
            description: description.map(|text| make(text.as_str())),
            tags: row
                .tags
                .iter()
                .take(tags)
                .map(|tag| make(tag.as_str()))
                .collect(),
        }
    }

    /// In the order in which script reads them, too: of equal finds the first counts.
    fn fields(&self) -> impl Iterator<Item = (Field, &T)> {
        let path = self.path.as_ref().map(|text| (Field::Path, text));
        let description = self.description.as_ref();
        [(Field::Name, &self.name)]
            .into_iter()
            .chain(path)
            .chain(description.map(|text| (Field::Description, text)))
            .chain(self.tags.iter().map(|text| (Field::Tag, text)))
    }
}

impl RoleText<Marked> {
    /// The row with what was found in it.
    fn marked(row: &RoleRow, hit: Option<&Hit>) -> Self {
        let mut numbers = 0..;
        let mut next = |text: &str| {
            let number = numbers.next();
            let marks = hit.into_iter().flat_map(|hit| &hit.marks);
            let marks = marks.filter(|(field, _)| Some(*field) == number);
            let places: Vec<Range<usize>> = marks.flat_map(|(_, it)| it.clone()).collect();
            Marked::at(text, &places)
        };
        let name = next(row.arn.name());
        let path = path_to_show(&row.arn).map(&mut next);
        let description = row.description.as_ref().map(|text| next(text.as_str()));
        let tags = row.tags.iter().take(MAX_SHOWN_TAGS);
        Self {
            name,
            path,
            description,
            tags: tags.map(|tag| next(tag.as_str())).collect(),
        }
    }
}
