//! What somebody does, as policies name it.

use super::text::text_type;

text_type!(
    /// An action: `s3:GetObject`. At most 128 characters.
    ActionName,
    "action",
    "service:Name, of a-z 0-9 - and A-Z a-z 0-9, at most 128 characters",
    |text| text.len() <= 128
        && text.split_once(':').is_some_and(|(service, name)| {
            is_label(service) && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
);

impl ActionName {
    /// What stands before the colon.
    pub fn prefix(&self) -> &str {
        self.as_str().split(':').next().unwrap_or_default()
    }
}

text_type!(
    /// What a service is called where it is no principal: in the scope of a signature, and before the colon
    /// of an action. 1 to 64 of `[a-z0-9-]`.
    SigningName,
    "signing name",
    "1 to 64 of a-z 0-9 -",
    |text| text.len() <= 64 && is_label(text)
);

fn is_label(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_of_one_service() {
        let action: ActionName = "s3-object-lambda:GetObject".parse().unwrap();
        assert_eq!(action.prefix(), "s3-object-lambda");
        for bad in [
            "",
            "s3",
            "s3:",
            ":Get",
            "s3:Get*",
            "S3:Get",
            "s3:Get:Object",
            "s3:Get Object",
        ] {
            assert!(bad.parse::<ActionName>().is_err(), "{bad}");
        }
    }
}
