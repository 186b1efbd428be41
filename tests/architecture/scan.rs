//! Reads which paths a source file names, as the compiler would resolve them, without the code that
//! is for tests only.

/// A path that is resolved to the crate's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPath {
    /// The line it is on, from 1.
    pub(crate) line: usize,
    /// The segments after the crate's root; `*` for a glob; empty where the root itself is named.
    pub(crate) segments: Vec<String>,
}

/// What a file names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) paths: Vec<NamedPath>,
    /// The modules in other files that are for tests only.
    pub(crate) test_modules: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    line: usize,
    text: String,
}

/// Scans the file of the module `module` (`["store", "embedded"]`, empty for a root).
pub(crate) fn scan(source: &str, module: &[String]) -> Scanned {
    let (tokens, test_modules) = without_tests(&tokens(&without_text(source)));
    let mut reader = Reader {
        tokens: &tokens,
        module: module.to_vec(),
        inline: Vec::new(),
        depth: 0,
        paths: Vec::new(),
    };
    reader.read();
    Scanned {
        paths: reader.paths,
        test_modules,
    }
}

/// Blanks comments, strings and characters, so that lines stay where they are.
fn without_text(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        let length = text_length(rest, after_word);
        let (taken, left) = rest.split_at(length.unwrap_or(first.len_utf8()));
        if length.is_some() {
            let lines = taken.chars().filter(|character| *character == '\n');
            code.push(' ');
            code.extend(lines);
        } else {
            code.push(first);
        }
        after_word = length.is_none() && is_word(first);
        rest = left;
    }
    code
}

/// How long the comment, string or character is that `rest` begins with.
fn text_length(rest: &str, after_word: bool) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment_length(rest));
    }
    if rest.starts_with('"') {
        return Some(quoted_length(rest, '"'));
    }
    if !after_word && let Some(length) = raw_string_length(rest) {
        return Some(length);
    }
    let is_character = rest.starts_with("'\\") || {
        let mut characters = rest.chars();
        characters.next() == Some('\'') && characters.nth(1) == Some('\'')
    };
    is_character.then(|| quoted_length(rest, '\''))
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string_length(rest: &str) -> Option<usize> {
    let raw = ["r", "br", "cr"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let body = raw[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Words, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|character| !is_word(character))
                    .unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, left) = rest.split_at(length);
            tokens.push(Token {
                line,
                text: text.to_owned(),
            });
            rest = left.trim_start();
        }
    }
    tokens
}

/// Leaves out every item under `#[cfg(test)]`, and says which of them are modules in other files.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(attribute) = attribute_length(&tokens[at..]) else {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        };
        if is_for_tests(&tokens[at..at + attribute]) {
            at += attribute;
            let item = item_length(&tokens[at..]);
            modules.extend(module_elsewhere(&tokens[at..at + item]));
            at += item;
        } else {
            kept.extend_from_slice(&tokens[at..at + attribute]);
            at += attribute;
        }
    }
    (kept, modules)
}

fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| &token.text)
}

/// How many tokens the attribute has that `tokens` begin with.
fn attribute_length(tokens: &[Token]) -> Option<usize> {
    (text(tokens, 0) == "#" && text(tokens, 1) == "[").then(|| 1 + group_length(&tokens[1..]))
}

/// How many tokens the bracketed group has that `tokens` begin with.
fn group_length(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// `#[cfg(test)]`, or a `cfg(all(…))` that asks for it; any other is code that may be built.
fn is_for_tests(attribute: &[Token]) -> bool {
    let words: Vec<_> = attribute.iter().map(|token| token.text.as_str()).collect();
    match words.as_slice() {
        ["#", "[", "cfg", "(", "test", ")", "]"] => true,
        [
            "#",
            "[",
            "cfg",
            "(",
            "all",
            "(",
            conditions @ ..,
            ")",
            ")",
            "]",
        ] => !conditions.contains(&"(") && conditions.contains(&"test"),
        _ => false,
    }
}

/// How many tokens the item has: up to its `;` or its body's end.
fn item_length(tokens: &[Token]) -> usize {
    let mut at = 0;
    while at < tokens.len() {
        match text(tokens, at) {
            ";" => return at + 1,
            "{" => return at + group_length(&tokens[at..]),
            "}" => return at,
            "(" | "[" => at += group_length(&tokens[at..]),
            _ => at += 1,
        }
    }
    tokens.len()
}

fn module_elsewhere(item: &[Token]) -> Option<String> {
    match item {
        [.., module, name, end] if module.text == "mod" && end.text == ";" => {
            Some(name.text.clone())
        }
        _ => None,
    }
}

/// Goes through the tokens and keeps in mind which module it is in.
struct Reader<'a> {
    tokens: &'a [Token],
    module: Vec<String>,
    /// At which depth each inline module ends.
    inline: Vec<usize>,
    depth: usize,
    paths: Vec<NamedPath>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            at = if self.begins_path(at) {
                self.read_tree(at, &[])
            } else {
                self.read_structure(at)
            };
        }
    }

    /// `crate` and `super` alone are visibilities (`pub(crate)`), unless they are given a name.
    fn begins_path(&self, at: usize) -> bool {
        match text(self.tokens, at) {
            "crate" | "super" | "rolegate" => matches!(text(self.tokens, at + 1), "::" | "as"),
            "self" => text(self.tokens, at + 1) == "::",
            _ => false,
        }
    }

    fn read_structure(&mut self, at: usize) -> usize {
        match text(self.tokens, at) {
            "{" => self.depth += 1,
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                if self.inline.last() == Some(&self.depth) {
                    self.inline.pop();
                    self.module.pop();
                }
            }
            "mod" if text(self.tokens, at + 2) == "{" => {
                self.module.push(text(self.tokens, at + 1).to_owned());
                self.inline.push(self.depth);
                self.depth += 1;
                return at + 3;
            }
            _ => {}
        }
        at + 1
    }

    /// Reads a path, or the tree of paths of a `use`, and gives where it ends.
    fn read_tree(&mut self, mut at: usize, before: &[String]) -> usize {
        let line = self.tokens.get(at).map_or(0, |token| token.line);
        let mut path = before.to_vec();
        loop {
            if text(self.tokens, at) == "{" {
                return self.read_group(at, &path);
            }
            path.push(text(self.tokens, at).to_owned());
            at += 1;
            if text(self.tokens, at) != "::" {
                break;
            }
            at += 1;
            if text(self.tokens, at) == "<" {
                break;
            }
        }
        self.keep(line, &path);
        at
    }

    fn read_group(&mut self, at: usize, before: &[String]) -> usize {
        let end = at + group_length(&self.tokens[at..]);
        let mut at = at + 1;
        while at + 1 < end {
            at = self.read_tree(at, before);
            while at + 1 < end && text(self.tokens, at) != "," {
                at += 1;
            }
            at += 1;
        }
        end
    }

    fn keep(&mut self, line: usize, path: &[String]) {
        let mut segments = self.module.clone();
        for segment in path {
            match segment.as_str() {
                "crate" | "rolegate" => segments.clear(),
                "super" => drop(segments.pop()),
                "self" => {}
                _ => segments.push(segment.clone()),
            }
        }
        self.paths.push(NamedPath { line, segments });
    }
}
