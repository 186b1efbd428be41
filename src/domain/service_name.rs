//! What a service is called.

use super::text::text_type;

text_type!(
    /// The name of a service as policies write it under `Service`, e.g. `ec2.amazonaws.com`: a name of
    /// lower case with a dot in it, at most 255 characters.
    ServiceName,
    "service name",
    "a name in lower case with a dot in it, such as ci.example.com: at most 255 of a-z 0-9 - and dots between them",
    |text| text.contains('.')
        && text.len() <= 255
        && text.split('.').all(|label| {
            let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !label.is_empty() && label.bytes().all(is_part)
        })
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_a_dotted_name_in_lower_case() {
        for good in ["ec2.amazonaws.com", "ci.example.com", "a.b", "s3-1.x"] {
            assert!(good.parse::<ServiceName>().is_ok(), "{good}");
        }
        let long = ["a".repeat(254).as_str(), ".b"].concat();
        for bad in [
            "",
            "ec2",
            ".",
            "a.",
            ".a",
            "a..b",
            "EC2.amazonaws.com",
            "a_b.c",
            "a/b.c",
            "*.a",
            &long,
        ] {
            assert!(bad.parse::<ServiceName>().is_err(), "{bad}");
        }
    }
}
