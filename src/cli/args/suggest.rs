//! Values that completions offer for an option that takes more than these: `--format json` and
//! `--format json=FILE`. What is taken is decided by the value's own `FromStr`, and the help says it in words.

use std::ffi::OsStr;
use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};

/// Takes what `T` takes, and offers the values that `offered` has.
#[derive(Debug)]
pub(super) struct Suggest<T> {
    offered: fn() -> Vec<&'static str>,
    parse: fn(&str) -> Result<T, String>,
}

// Derived, it would ask for `T: Clone` without need.
impl<T> Clone for Suggest<T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

/// The parser of an option. The option has to `hide_possible_values`: they are not all.
pub(super) fn suggest<T: FromStr>(offered: fn() -> Vec<&'static str>) -> Suggest<T>
where
    T::Err: Display,
{
    Suggest {
        offered,
        parse: |text| text.parse().map_err(|fault: T::Err| fault.to_string()),
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Suggest<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<T, Error> {
        self.parse.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            (self.offered)().into_iter().map(PossibleValue::new),
        ))
    }
}
