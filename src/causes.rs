//! A failure with all its causes, for whoever is told nothing else of it.

use std::error::Error;
use std::iter::successors;

/// The failure and what caused it, from one to the next. A cause that is told already is left out.
pub fn with_causes(failure: &dyn Error) -> String {
    let mut told = failure.to_string();
    for cause in successors(failure.source(), |&it| it.source()) {
        let cause = cause.to_string();
        if !told.contains(&cause) {
            told.extend([": ", &cause]);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the file can't be read{0}")]
    struct NotRead(&'static str, #[source] io::Error);

    #[test]
    fn a_cause_is_told_once() {
        let cause = || io::Error::other("it is a folder");
        let quiet = with_causes(&NotRead("", cause()));
        assert_eq!(quiet, "the file can't be read: it is a folder");
        let text = ": it is a folder; name a file";
        let told = with_causes(&NotRead(text, cause()));
        assert_eq!(told, ["the file can't be read", text].concat());
    }
}
