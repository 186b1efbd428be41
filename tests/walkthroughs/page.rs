//! A page: what is typed, and what is printed then.

use crate::support::shown::is_shown;

/// What is typed, and what is printed then.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    pub typed: String,
    printed: String,
}

impl Block {
    /// Whether this is what the page shows below the block; nothing, where it shows nothing.
    pub fn shows(&self, printed: &str) -> bool {
        is_shown(printed, &self.printed)
    }

    pub fn complaint(&self, printed: &str) -> String {
        let (typed, shown) = (&self.typed, &self.printed);
        format!("{typed}\nprinted\n{printed}\nand not\n{shown}")
    }
}

/// The blocks of a page: ```` ```sh ```` is typed, ```` ```text ```` is what the one before prints, and
/// ```` ```console ```` was typed elsewhere, where the gateway is run.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (kind, after) = after.split_once('\n').unwrap();
        let (content, after) = after.split_once("```").unwrap();
        match kind {
            "sh" => blocks.push(Block {
                typed: content.to_owned(),
                printed: String::new(),
            }),
            "text" => content.clone_into(&mut blocks.last_mut().unwrap().printed),
            "console" => {}
            other => panic!("{other} is neither typed nor printed"),
        }
        rest = after;
    }
    blocks
}

#[test]
fn what_is_shown_may_leave_out_what_differs() {
    assert!(is_shown("a\n\nid 7: x\n", "a\n\nid …: x"));
    assert!(is_shown("a b", "a …b"));
    assert!(!is_shown("id 7: y", "id …: x"));
    assert!(!is_shown("id 7: x, more", "id …: x"));
    assert!(!is_shown("a", "b"));
}
