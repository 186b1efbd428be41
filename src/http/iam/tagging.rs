//! Tags, of whatever can have them.

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, TAG_KEYS, Wanted, required_list};
use super::shapes;
use crate::domain::{SessionTags, TagKey, TagValue};
use crate::flows::iam::Page;
use crate::flows::iam::tagging::{ListTags, Tag, Tagged, Untag};
use crate::http::query::{Members, Parameters, QueryFault};

/// How something that can have tags is named on the wire.
pub(super) trait NamedToTag: Tagged {
    /// The parameter.
    const NAME: Field;

    /// What it says.
    ///
    /// # Errors
    /// [`QueryFault`] where it keeps the model's bounds and is none all the same.
    fn name(checked: &Checked<'_>) -> Result<Self::Name, QueryFault>;
}

impl<T: NamedToTag> Operation for Tag<T> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let violations = required_list(parameters, "Tags", "tags");
        let checked = Checked::beside(violations, parameters, &[T::NAME], &[])?;
        Ok(Self {
            name: T::name(&checked)?,
            tags: checked.tags()?,
        })
    }
}

impl<T: NamedToTag> Operation for Untag<T> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let wanted = Wanted {
            required: &[T::NAME],
            required_lists: &[TAG_KEYS],
            ..Wanted::default()
        };
        let checked = Checked::wanted(parameters, &wanted)?;
        let keys: Vec<TagKey> = checked.list(TAG_KEYS)?;
        if keys.len() > SessionTags::MAX {
            return Err(QueryFault::validation(
                "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50",
            ));
        }
        Ok(Self {
            name: T::name(&checked)?,
            keys,
        })
    }
}

impl<T: NamedToTag> Operation for ListTags<T> {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[T::NAME], &[MARKER, MAX_ITEMS])?;
        Ok(Self {
            name: T::name(&checked)?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<(TagKey, TagValue)>) -> Option<Members<'static>> {
        shapes::page("Tags", page, shapes::tag)
    }
}
