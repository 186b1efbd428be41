//! What a refusal says, sealed for whoever may decode it (`DecodeAuthorizationMessage`).
//!
//! It is sealed under the keys of session tokens, for another purpose and for one account: neither is
//! ever opened as the other, and another account opens nothing.

use super::issue::IssueError;
use crate::domain::{AccountId, UnixTime};
use crate::entropy::Entropy;
use crate::seal::{KeyRing, key_id_of};

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"authorization message";
/// An encoded message has so many characters at most (`encodedMessageType` of the STS model).
pub const MAX_ENCODED_MESSAGE: usize = 10_240;

/// A message that was not sealed here for this account, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is not valid")]
pub enum MessageError {
    /// So it is.
    Invalid,
    /// It names a sealing key that isn't known (yet); worth one look at the directory.
    UnknownKey,
}

/// Seals what a refusal of a caller of `account` says.
///
/// # Errors
/// [`IssueError::NoSealingKey`], [`IssueError::Entropy`]
pub fn seal_message(
    message: &str,
    account: AccountId,
    (keys, now): (&KeyRing, UnixTime),
    entropy: &dyn Entropy,
) -> Result<String, IssueError> {
    let key = keys.sealing_at(now).ok_or(IssueError::NoSealingKey)?;
    let account = account.to_string();
    let sealed = key.seal(&context(&account), message.as_bytes(), entropy)?;
    let mut bytes = Vec::with_capacity(1 + sealed.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&sealed);
    Ok(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

/// Opens a message that was sealed for this account.
///
/// # Errors
/// [`MessageError`]
pub fn open_message(
    encoded: &str,
    account: AccountId,
    keys: &KeyRing,
) -> Result<String, MessageError> {
    if encoded.len() > MAX_ENCODED_MESSAGE {
        return Err(MessageError::Invalid);
    }
    let bytes = data_encoding::BASE64URL_NOPAD.decode(encoded.as_bytes());
    let bytes = bytes.map_err(|_| MessageError::Invalid)?;
    let (version, sealed) = bytes.split_first().ok_or(MessageError::Invalid)?;
    if *version != VERSION {
        return Err(MessageError::Invalid);
    }
    let key_id = key_id_of(sealed).ok_or(MessageError::Invalid)?;
    let key = keys.find(key_id).ok_or(MessageError::UnknownKey)?;
    let account = account.to_string();
    let plain = key.plaintext(&context(&account), sealed);
    let plain = plain.map_err(|_| MessageError::Invalid)?;
    String::from_utf8(plain).map_err(|_| MessageError::Invalid)
}

fn context(account: &str) -> [&[u8]; 3] {
    [PURPOSE, &[VERSION], account.as_bytes()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::policy::MAX_MESSAGE_BYTES;
    use crate::seal::SealingKey;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    fn ring(bytes: [u8; 32]) -> KeyRing {
        let mut ring = KeyRing::empty();
        ring.add(SealingKey::new(bytes), NOW);
        ring
    }

    fn account(text: &str) -> AccountId {
        text.parse().unwrap()
    }

    fn sealed(message: &str) -> String {
        let own = account("123456789012");
        seal_message(message, own, (&ring([1; 32]), NOW), &SystemEntropy).unwrap()
    }

    #[test]
    fn a_message_opens_for_its_account_alone() {
        let encoded = sealed("{\"allowed\":false}");
        let open = |text, account_id| open_message(text, account(account_id), &ring([1; 32]));
        assert_eq!(
            open(&encoded, "123456789012").unwrap(),
            "{\"allowed\":false}"
        );
        assert_eq!(open(&encoded, "482011739056"), Err(MessageError::Invalid));
        let other_key = open_message(&encoded, account("123456789012"), &ring([2; 32]));
        assert_eq!(other_key, Err(MessageError::UnknownKey));
    }

    #[test]
    fn what_was_changed_or_is_none_opens_nothing() {
        let encoded = sealed("{}");
        let own = account("123456789012");
        for place in 0..encoded.len() {
            let mut damaged: Vec<u8> = encoded.clone().into();
            damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).unwrap();
            assert!(
                open_message(&damaged, own, &ring([1; 32])).is_err(),
                "{place}"
            );
        }
        for text in [
            "",
            "A",
            "nonsense",
            "AA==",
            &"A".repeat(MAX_ENCODED_MESSAGE + 1),
        ] {
            assert_eq!(
                open_message(text, own, &ring([1; 32])),
                Err(MessageError::Invalid)
            );
        }
    }

    #[test]
    fn the_longest_message_fits() {
        let encoded = sealed(&"x".repeat(MAX_MESSAGE_BYTES));
        assert!(encoded.len() <= MAX_ENCODED_MESSAGE, "{}", encoded.len());
    }
}
