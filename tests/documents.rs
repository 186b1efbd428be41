//! What the documents point at is there: files, headings, and the constants of `docs/limits.md`.

#![cfg(test)]

use std::collections::{BTreeSet, HashMap};
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder.
fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let list = if path.is_dir() {
                &mut folders
            } else {
                &mut files
            };
            list.push(path);
        }
    }
    files
}

/// The README and every page below `docs`.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    let is_page = |path: &PathBuf| path.extension().is_some_and(|it| it == "md");
    pages.extend(files_below("docs").into_iter().filter(is_page));
    pages
}

/// The words of a text, as names are made of.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

/// The lines of a page that are text, and no code.
fn lines(page: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// Where the links of a page lead, as they are written.
fn links(page: &str) -> Vec<String> {
    let text = lines(page).collect::<Vec<_>>().join(" ");
    let targets = text.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}

/// The anchors of a page: its headings, as GitHub names them, and those that it sets itself.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for line in lines(page) {
        if let Some(heading) = line.strip_prefix('#') {
            let name = anchor(heading.trim_start_matches('#'));
            let times = seen.entry(name.clone()).or_default();
            anchors.insert(match *times {
                0 => name,
                times => format!("{name}-{times}"),
            });
            *times += 1;
        }
        let own = line.split("<a id=\"").skip(1);
        anchors.extend(own.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let heading = heading.replace("&lt;", "<").replace("&gt;", ">");
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let letters = heading.trim().chars().filter(kept);
    letters
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// What is wrong with a link of this page.
fn broken(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let there = match file {
        "" => page.to_owned(),
        file => page.parent().unwrap().join(file),
    };
    let page = page.strip_prefix(repository()).unwrap().display();
    if !there.exists() {
        return Some(format!("{page}: there is no {target}"));
    }
    let has_it =
        fragment.is_empty() || anchors(&read_to_string(&there).unwrap()).contains(fragment);
    (!has_it).then(|| format!("{page}: there is no heading {target}"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    let mut all = Vec::new();
    for page in pages() {
        for target in links(&read_to_string(&page).unwrap()) {
            count += 1;
            all.extend(broken(&page, &target));
        }
    }
    assert!(all.is_empty(), "{all:#?}");
    assert!(count > 300, "{count} links were found");
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = repository().join("README.md");
    let missing = |target| broken(&page, target).is_some();
    assert!(!missing("docs/limits.md") && !missing("#work-on-it"));
    assert!(missing("docs/limit.md") && missing("#works-on-it"));
    assert!(missing("docs/configuration.md#no-such-setting"));
    assert_eq!(
        links("a [b](c.md) [d\ne](f.md#g)\n```\n[h](i)\n```"),
        ["c.md", "f.md#g"]
    );
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Names in a file, or a part of them that it doesn't have. `path` is the file that was named last.
fn missing<'a>(span: &'a str, path: &mut &'a str) -> Vec<String> {
    let (file, names) = match span.split_once(": ") {
        Some((file, names)) => (Some(file), names),
        None if span.contains('/') || span.contains('.') => (Some(span), ""),
        None => (None, span),
    };
    *path = file.unwrap_or(path);
    let Ok(text) = read_to_string(repository().join("src").join(*path)) else {
        return vec![format!("there is no file {path}")];
    };
    let words: BTreeSet<&str> = words(&text).collect();
    let names = names.split([' ', ',']).filter(|name| !name.is_empty());
    names
        .filter_map(|name| name.rsplit("::").next())
        .filter(|name| !words.contains(name))
        .map(|name| format!("there is no {name} in {path}"))
        .collect()
}

#[test]
fn every_limit_is_where_its_row_says() {
    let page = read_to_string(repository().join("docs/limits.md")).unwrap();
    let rows = lines(&page).filter(|line| line.starts_with("| "));
    let (mut all, mut count, mut path) = (Vec::new(), 0, "");
    for row in rows.skip(1) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [what, limit, place] = cells[..] else {
            all.push(format!("{} cells: {row}", cells.len()));
            continue;
        };
        if what.contains("**") {
            continue;
        }
        count += 1;
        if limit.is_empty() || place.is_empty() {
            all.push(format!("without a limit or a place: {row}"));
        }
        let spans = code(place).flat_map(|span| missing(span, &mut path));
        all.extend(spans.map(|it| format!("{what}: {it}")));
    }
    assert!(all.is_empty(), "{all:#?}");
    assert!(count > 200, "{count} limits were found");
}

#[test]
fn what_the_architecture_names_is_there() {
    let sources = ["src", "templates", "static", "config"].map(files_below);
    let texts: Vec<String> = sources
        .iter()
        .flatten()
        .filter_map(|file| read_to_string(file).ok())
        .collect();
    let known: BTreeSet<&str> = texts.iter().flat_map(|text| words(text)).collect();
    let page = read_to_string(repository().join("docs/ARCHITECTURE.md")).unwrap();
    let text = lines(&page).collect::<Vec<_>>().join("\n");
    let is_there = |word: &&str| known.contains(word) || repository().join(word).exists();
    let named: BTreeSet<&str> = code(&text).flat_map(words).collect();
    let gone: Vec<_> = named.iter().filter(|word| !is_there(word)).collect();
    assert!(gone.is_empty(), "{gone:?}");
    assert!(named.len() > 300, "{} names were found", named.len());
}
