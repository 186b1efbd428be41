//! What a page of the docs shows of a program's output.

/// Stands in a page for what differs from run to run.
const ANYTHING: char = '…';

/// Whether a text is what a page shows.
pub fn is_shown(text: &str, shown: &str) -> bool {
    let (text, shown) = (text.trim(), shown.trim());
    let mut pieces = shown.split(ANYTHING);
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap()) else {
        return false;
    };
    let pieces: Vec<_> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in between {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
