use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_bundle::FluentResource;

use super::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder and of those below it, with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path, ending)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|have| have == ending))
        .collect()
}

/// Every message of a language's file, with what has to be handed to it.
fn messages(tag: &str) -> BTreeMap<String, BTreeSet<String>> {
    let path = root()
        .join("templates/words")
        .join(tag)
        .with_extension("ftl");
    let text = std::fs::read_to_string(path).unwrap();
    FluentResource::try_new(text.clone()).unwrap();
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut last = String::new();
    for line in text.lines() {
        let begins = line.split_once(" =").map(|(name, _)| name);
        if let Some(name) = begins.filter(|name| !name.starts_with([' ', '#'])) {
            last = name.to_owned();
            let twice = messages.insert(last.clone(), BTreeSet::new());
            assert!(twice.is_none(), "{tag}: {name} stands there twice");
        }
        for part in line.split('$').skip(1) {
            let name = part.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let arguments = messages.get_mut(&last).unwrap();
            arguments.insert(name.into_iter().next().unwrap().to_owned());
        }
    }
    messages
}

/// Where the portal's words are used: its templates and its code.
fn users() -> String {
    let templates = files(&root().join("templates"), "html");
    let code = files(&root().join("src/http/portal"), "rs");
    let texts = templates.into_iter().chain(code);
    let texts = texts.filter(|path| !path.to_string_lossy().contains("test"));
    texts
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn every_file_is_a_language_and_every_language_says_the_same() {
    let files: BTreeSet<String> = files(&root().join("templates/words"), "ftl")
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let languages: BTreeSet<String> = Language::all().iter().map(|one| one.tag.clone()).collect();
    assert_eq!(files, languages);
    assert!(files.contains("en") && files.contains("zh-Hans"));
    let english = messages(DEFAULT);
    for tag in &files {
        let other = messages(tag);
        let names = |all: &BTreeMap<String, _>| all.keys().cloned().collect::<BTreeSet<String>>();
        assert_eq!(names(&english), names(&other), "{tag}");
        for (name, arguments) in &english {
            assert!(other[name].is_subset(arguments), "{tag}: {name}");
        }
    }
}

#[test]
fn what_is_said_is_there_and_what_is_there_is_said() {
    let (english, users) = (messages(DEFAULT), users());
    for name in english.keys() {
        assert!(
            users.contains(&format!("\"{name}\"")),
            "{name} is never said"
        );
    }
    for said in users.split("say(\"").skip(1) {
        let name = said.split('"').next().unwrap();
        assert!(english.contains_key(name), "{name} is not in the files");
    }
}

/// In templates, arguments follow the message at once.
#[test]
fn templates_hand_messages_what_they_speak_of() {
    let english = messages(DEFAULT);
    for path in files(&root().join("templates"), "html") {
        let text = std::fs::read_to_string(&path).unwrap();
        for said in text.split("say(\"").skip(1) {
            let (name, rest) = said.split_once('"').unwrap();
            let rest = rest.split("say(\"").next().unwrap();
            let until = rest
                .find(" }}")
                .or_else(|| rest.find(" %}"))
                .unwrap_or(rest.len());
            let handed: BTreeSet<String> = rest
                .get(..until)
                .unwrap()
                .split(".with(\"")
                .skip(1)
                .map(|with| with.split('"').next().unwrap().to_owned())
                .collect();
            assert!(
                english[name].is_subset(&handed),
                "{}: {name}",
                path.display()
            );
        }
    }
}

#[test]
fn the_first_language_that_is_there_is_spoken() {
    for (header, tag) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", Some("zh-Hans")),
        ("zh", Some("zh-Hans")),
        ("zh-Hans-SG", Some("zh-Hans")),
        ("en-GB,en;q=0.9", Some("en")),
        ("de-DE,de;q=0.9,zh-CN;q=0.7,en;q=0.5", Some("zh-Hans")),
        ("de, en", Some("en")),
        ("de", None),
        ("", None),
        ("*", None),
        ("\u{fffd}\0;;;,,,", None),
    ] {
        let spoken = Language::accepted(header).map(Language::tag);
        assert_eq!(spoken, tag, "{header}");
    }
    let long = "de,".repeat(100_000);
    assert!(Language::accepted(&long).is_none());
}

#[test]
fn foreign_text_is_isolated_and_ours_is_not() {
    let english = Language::of_others();
    let said = english
        .say("no-roles-why")
        .with("provider", Shown::from("שלום"));
    assert!(said.to_string().starts_with("\u{2068}שלום\u{2069} vouched"));
    let said = english.say("until").with("time", "09:33 UTC");
    assert_eq!(said.to_string(), "Until 09:33 UTC");
}

#[test]
fn numbers_choose_their_words() {
    let english = Language::of_others();
    for (all, text) in [(1_usize, "1 role"), (2, "2 roles"), (1000, "1000 roles")] {
        assert_eq!(english.say("roles-all").with("all", all).to_string(), text);
    }
}
