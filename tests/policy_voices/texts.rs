//! Texts of policies, token by token.

/// What a text of a policy is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Any,
    /// The key, and what stands in for it where it is absent.
    Variable(String, Option<String>),
}

/// Reads a text; without wildcards, `*` and `?` are characters, and without variables `$` is.
pub fn tokens(text: &str, wildcards: bool, variables: bool) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if variables && chars[at] == '$' && chars.get(at + 1) == Some(&'{') {
            let end = at + chars[at..].iter().position(|c| *c == '}').unwrap();
            let inside: String = chars[at + 2..end].iter().collect();
            tokens.push(match inside.as_str() {
                "*" | "?" | "$" => Token::Char(chars[at + 2]),
                _ => match inside.split_once(", '") {
                    Some((key, rest)) => {
                        let default = rest.trim_end_matches('\'').to_owned();
                        Token::Variable(key.to_owned(), Some(default))
                    }
                    None => Token::Variable(inside, None),
                },
            });
            at = end + 1;
            continue;
        }
        tokens.push(match chars[at] {
            '*' if wildcards => Token::Any,
            '?' if wildcards => Token::One,
            c => Token::Char(c),
        });
        at += 1;
    }
    tokens
}

/// Whether the whole text fits: every place of the text against every token, row by row.
pub fn fits(tokens: &[Token], text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let mut row = vec![false; chars.len() + 1];
    row[0] = true;
    for token in tokens {
        let mut next = vec![false; chars.len() + 1];
        for end in 0..=chars.len() {
            next[end] = match token {
                Token::Any => row[end] || (end > 0 && next[end - 1]),
                Token::One => end > 0 && row[end - 1],
                Token::Char(c) => end > 0 && row[end - 1] && chars[end - 1] == *c,
                Token::Variable(..) => panic!("not resolved"),
            };
        }
        row = next;
    }
    row[chars.len()]
}

/// The text that tokens are, wildcards taken as characters.
pub fn literal(tokens: &[Token]) -> String {
    let text = |token: &Token| match token {
        Token::Char(c) => *c,
        Token::One => '?',
        Token::Any => '*',
        Token::Variable(..) => panic!("not resolved"),
    };
    tokens.iter().map(text).collect()
}

/// Divides tokens at the first five colons that the author wrote.
pub fn parts(tokens: &[Token]) -> Vec<&[Token]> {
    tokens
        .splitn(6, |token| *token == Token::Char(':'))
        .collect()
}
