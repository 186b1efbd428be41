//! The service model's constraints, checked and told as AWS tells them.

/// Whether AWS's text quotes a wrong value. It doesn't for what the model marks as sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// `Value 'x' at 'field' …`
    Quoted,
    /// `Value at 'field' …`
    Withheld,
}

/// What the model says of one parameter.
#[derive(Debug, Clone, Copy)]
pub struct Constraint {
    /// The member's name as AWS's text writes it, e.g. `roleArn`.
    pub field: &'static str,
    /// At least so many characters.
    pub min: usize,
    /// At most so many characters.
    pub max: usize,
    /// The characters that are allowed, and the pattern by which AWS's text calls them.
    pub pattern: Option<Pattern>,
    /// Whether a wrong value is quoted.
    pub quoting: Quoting,
}

/// Whether all characters of a text are allowed, and the pattern by which AWS's text calls them.
pub type Pattern = (fn(&str) -> bool, &'static str);

/// Collects every violation of one request.
#[derive(Debug, Default)]
pub struct Violations(Vec<String>);

impl Violations {
    /// A required parameter: its value, or a violation.
    pub fn required<'a>(
        &mut self,
        value: Option<&'a str>,
        constraint: &Constraint,
    ) -> Option<&'a str> {
        if value.is_none() {
            let field = constraint.field;
            self.0.push(format!(
                "Value null at '{field}' failed to satisfy constraint: Member must not be null"
            ));
        }
        self.optional(value, constraint)
    }

    /// An optional parameter: its value where it is there and keeps the constraint.
    pub fn optional<'a>(
        &mut self,
        value: Option<&'a str>,
        constraint: &Constraint,
    ) -> Option<&'a str> {
        let value = value?;
        let shown = match constraint.quoting {
            Quoting::Quoted => Some(value),
            Quoting::Withheld => None,
        };
        let before = self.0.len();
        if let Some((is_allowed, pattern)) = constraint.pattern
            && !(is_allowed(value) && has_enough(pattern, value))
        {
            self.violated(
                shown,
                constraint.field,
                &format!("Member must satisfy regular expression pattern: {pattern}"),
            );
        }
        let length = value.chars().count();
        if length < constraint.min {
            let rule = format!(
                "Member must have length greater than or equal to {}",
                constraint.min
            );
            self.violated(shown, constraint.field, &rule);
        }
        if length > constraint.max {
            let rule = format!(
                "Member must have length less than or equal to {}",
                constraint.max
            );
            self.violated(shown, constraint.field, &rule);
        }
        (self.0.len() == before).then_some(value)
    }

    /// A parameter that has one of these values.
    pub fn choice(&mut self, value: Option<&str>, field: &str, values: &[&str]) {
        if let Some(value) = value.filter(|value| !values.contains(value)) {
            let rule = format!(
                "Member must satisfy enum value set: [{}]",
                values.join(", ")
            );
            self.violated(Some(value), field, &rule);
        }
    }

    /// A list whose members each keep the constraint; AWS tells all that it says where one doesn't.
    pub fn list(&mut self, values: Option<&[&str]>, constraint: &Constraint) {
        let Some(values) = values else {
            self.required(None, constraint);
            return;
        };
        let mut each = Self::default();
        for value in values {
            each.optional(Some(value), constraint);
        }
        if each.0.is_empty() {
            return;
        }
        let pattern = constraint.pattern.map(|(_, pattern)| {
            format!(", Member must satisfy regular expression pattern: {pattern}")
        });
        let rule = format!(
            "Member must satisfy constraint: [Member must have length less than or equal to {}, Member must have length greater than or equal to {}{}]",
            constraint.max,
            constraint.min,
            pattern.unwrap_or_default()
        );
        let shown = ["[", &values.join(", "), "]"].concat();
        self.violated(Some(&shown), constraint.field, &rule);
    }

    /// A list of more members than there may be; they are not quoted.
    pub fn too_many(&mut self, field: &str, most: usize) {
        let rule = format!("Member must have length less than or equal to {most}");
        self.violated(None, field, &rule);
    }

    /// A number between bounds, both included.
    pub fn number(
        &mut self,
        value: Option<i32>,
        field: &str,
        (min, max): (u32, u32),
    ) -> Option<u32> {
        let value = value?;
        if i64::from(value) < i64::from(min) {
            self.violated(
                Some(&value.to_string()),
                field,
                &format!("Member must have value greater than or equal to {min}"),
            );
        }
        if i64::from(value) > i64::from(max) {
            self.violated(
                Some(&value.to_string()),
                field,
                &format!("Member must have value less than or equal to {max}"),
            );
        }
        u32::try_from(value)
            .ok()
            .filter(|value| (min..=max).contains(value))
    }

    /// One of these values.
    pub fn one_of<'a>(
        &mut self,
        value: Option<&'a str>,
        field: &str,
        all: &[&str],
    ) -> Option<&'a str> {
        let value = value?;
        if all.contains(&value) {
            return Some(value);
        }
        let rule = format!("Member must satisfy enum value set: [{}]", all.join(", "));
        self.violated(Some(value), field, &rule);
        None
    }

    /// AWS's text for all violations; `None` where there are none.
    pub fn message(&self) -> Option<String> {
        let noun = match self.0.len() {
            0 => return None,
            1 => "error",
            _ => "errors",
        };
        Some(format!(
            "{} validation {noun} detected: {}",
            self.0.len(),
            self.0.join("; ")
        ))
    }

    /// A long value is cut in the text: the caller knows it.
    fn violated(&mut self, value: Option<&str>, field: &str, rule: &str) {
        const SHOWN: usize = 256;
        let quoted = value.map(|value| {
            let cut: String = value.chars().take(SHOWN).collect();
            ["'", &cut, "' "].concat()
        });
        self.0.push(format!(
            "Value {}at '{field}' failed to satisfy constraint: {rule}",
            quoted.unwrap_or_default()
        ));
    }
}

/// Whether a pattern that wants at least one character (`[…]+`) finds one.
fn has_enough(pattern: &str, value: &str) -> bool {
    !(value.is_empty() && pattern.ends_with('+'))
}

/// `[\w+=,.@-]` as ASCII.
pub fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

/// The characters of `arnType`; characters beyond the basic plane are not among them.
pub const fn is_arn_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
}

/// The characters of `sessionPolicyDocumentType`.
pub const fn is_policy_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Constraint = Constraint {
        field: "roleSessionName",
        min: 2,
        max: 4,
        pattern: Some((|text| text.chars().all(is_word), r"[\w+=,.@-]*")),
        quoting: Quoting::Quoted,
    };

    fn message(value: Option<&str>) -> Option<String> {
        let mut violations = Violations::default();
        violations.required(value, &NAME);
        violations.message()
    }

    #[test]
    fn a_missing_member_is_null() {
        assert_eq!(
            message(None).unwrap(),
            "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"
        );
    }

    #[test]
    fn the_pattern_is_told_before_the_length() {
        assert_eq!(
            message(Some("<<<<<")).unwrap(),
            r"2 validation errors detected: Value '<<<<<' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*; Value '<<<<<' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 4"
        );
    }

    #[test]
    fn the_members_of_a_list_are_told_together() {
        let told = |values: Option<&[&str]>| {
            let mut violations = Violations::default();
            violations.list(values, &NAME);
            violations.message()
        };
        assert_eq!(told(Some(&["ab", "abcd"])), None);
        assert_eq!(told(Some(&[])), None);
        assert_eq!(
            told(Some(&["ab", "abcde"])).unwrap(),
            r"1 validation error detected: Value '[ab, abcde]' at 'roleSessionName' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 4, Member must have length greater than or equal to 2, Member must satisfy regular expression pattern: [\w+=,.@-]*]"
        );
        assert_eq!(told(None), message(None));
    }

    #[test]
    fn a_choice_is_one_of_its_values() {
        let told = |value| {
            let mut violations = Violations::default();
            violations.choice(value, "mode", &["Required", "Allowed"]);
            violations.message()
        };
        assert_eq!(told(None), None);
        assert_eq!(told(Some("Allowed")), None);
        assert_eq!(
            told(Some("allowed")).unwrap(),
            "1 validation error detected: Value 'allowed' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [Required, Allowed]"
        );
    }

    #[test]
    fn a_sensitive_value_is_not_quoted() {
        let secret = Constraint {
            quoting: Quoting::Withheld,
            ..NAME
        };
        let mut violations = Violations::default();
        violations.required(Some("tokens"), &secret);
        assert_eq!(
            violations.message().unwrap(),
            "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 4"
        );
    }

    #[test]
    fn what_keeps_the_constraint_passes() {
        assert_eq!(message(Some("abcd")), None);
    }
}
