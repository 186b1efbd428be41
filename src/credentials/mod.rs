//! A grant in, an access key, a secret and a sealed session token out; and a session token back into
//! the session that it stands for.
//!
//! Session tokens, layout 3 (decision 5), are stateless:
//!
//! ```text
//! token = base64( layout (3) | sealed( postcard(principal, session) ) )
//! bound in as associated data: purpose, version, key id, access key id
//! secret access key = base64( first 30 bytes of the message's companion secret )
//! ```
//! Beside them, what a refusal says is sealed for the account of whoever was refused.
//!
//! The secret access key stands in no store: whoever opens the token can derive it again. A node remembers
//! what it opened a moment ago.

mod issue;
mod message;
mod opened;
#[cfg(test)]
mod tests;
mod token;

pub use issue::{
    Extent, IssueError, Issued, IssuedToUser, Mint, UserSession, issue, issue_root, issue_to_user,
};
pub use message::{MAX_ENCODED_MESSAGE, MessageError, open_message, seal_message};
pub use opened::OpenedTokens;
pub use token::{OpenSession, OpenToken, TokenError, open};
