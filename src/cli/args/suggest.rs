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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::cli::args::Arguments;

    fn takes(words: &[&str]) -> bool {
        let words = ["backlint"].iter().chain(words);
        Arguments::command().try_get_matches_from(words).is_ok()
    }

    #[test]
    fn what_is_offered_is_taken_and_so_is_more() {
        let command = Arguments::command();
        for option in ["format", "fail_on"] {
            let mut arguments = command.get_arguments();
            let argument = arguments.find(|it| it.get_id() == option).unwrap();
            let long = format!("--{}", argument.get_long().unwrap());
            let offered = argument.get_possible_values();
            assert!(offered.len() > 5, "{option}");
            for value in &offered {
                assert!(takes(&[&long, value.get_name()]), "{option}");
            }
        }
        assert!(takes(&[
            "--format",
            "json=out.json",
            "--fail-on",
            "high:likely"
        ]));
        assert!(!takes(&["--format", "xml"]) && !takes(&["--fail-on", "worse"]));
    }

    /// The help says in words what the values are.
    #[test]
    fn the_help_does_not_list_what_is_offered_as_if_it_were_all() {
        let help = Arguments::command().render_long_help().to_string();
        let format = help.split("--format").nth(1).unwrap();
        assert!(
            !format
                .split("--")
                .next()
                .unwrap()
                .contains("ossible values")
        );
    }
}
