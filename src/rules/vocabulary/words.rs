//! What facts become as values of names.

use std::borrow::Cow;

use super::Value;
use crate::snapshot::{Requested, Source};

pub(super) fn text(value: Option<&str>) -> Option<Value<'_>> {
    value.map(|value| Value::Text(Cow::Borrowed(value)))
}

pub(super) fn int(value: Option<impl TryInto<i64>>) -> Option<Value<'static>> {
    value
        .and_then(|value| value.try_into().ok())
        .map(Value::Int)
}

pub(super) fn truth(value: bool) -> Option<Value<'static>> {
    Some(Value::Bool(value))
}

/// A text that was put together. Empty: there is none.
pub(super) fn built(text: String) -> Option<Value<'static>> {
    (!text.is_empty()).then_some(Value::Text(Cow::Owned(text)))
}

/// A request with its source, in words.
pub(super) fn asked(requested: &Requested) -> Option<String> {
    let number = requested.backlog?;
    Some(match (requested.source, &requested.place) {
        (Source::Default, _) => format!("{number} by default"),
        (_, Some(place)) => format!("{number} ({place})"),
        (_, None) => number.to_string(),
    })
}
