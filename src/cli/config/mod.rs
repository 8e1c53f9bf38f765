//! Settings: from the command line, else from a configuration file, else by default; each knows where it
//! comes from.
//!
//! `--only` takes the place of `only` and `skip` of the file, for it asks for something else. All other lists
//! add up: what the file says first, then the command line.
//! A file that was only found, not named, may say less than one that was named (`confine`).

mod confine;
mod file;
mod find;
mod show;

use std::path::{Path, PathBuf};

use super::args::{ConfigFile, FailOn, Judging, Selection};
use super::input::{self, Failure};
use super::outputs::Output;
use crate::assess::Confidence;
use crate::gate::selector::{Selector, UnknownRule};
use crate::gate::{Gate, Threshold};
use crate::rules::{RuleSet, Severity};
use crate::text::locate::Step;
pub use file::schema;
pub(super) use show::show;

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration, at this node.
    File(Vec<Step>),
    /// This option.
    Option(&'static str),
}

/// A setting and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T> Setting<T> {
    /// The option if it was given, else what the file has, else the default.
    fn first(option: (&'static str, Option<T>), file: (&str, Option<T>), default: T) -> Self {
        match (option, file) {
            ((name, Some(value)), _) => Self {
                value,
                origin: Origin::Option(name),
            },
            (_, (key, Some(value))) => Self {
                value,
                origin: Origin::File(vec![key.into()]),
            },
            _ => Self {
                value: default,
                origin: Origin::Default,
            },
        }
    }
}

/// The configuration in force; empty if there is none.
#[derive(Debug, Default)]
pub(super) struct Config {
    found: Option<Found>,
    file: file::File,
}

#[derive(Debug)]
struct Found {
    path: PathBuf,
    text: String,
    /// Whether the command line named it.
    named: bool,
}

/// The rules that were asked for.
#[derive(Debug)]
pub(super) struct Choice {
    only: Vec<Setting<String>>,
    skip: Vec<Setting<String>>,
}

impl Config {
    /// The configuration that the options choose.
    pub(super) fn read(arguments: &ConfigFile) -> Result<Self, Failure> {
        let found = match &arguments.config {
            Some(path) => {
                let text = input::read_text(path, find::LONGEST)?;
                Some((path.clone(), text, true))
            }
            None if arguments.no_config => None,
            None => find::upwards()?.map(|(path, text)| (path, text, false)),
        };
        let Some((path, text, named)) = found else {
            return Ok(Self::default());
        };
        let file = file::read(&path.display().to_string(), &text)?;
        let found = Some(Found { path, text, named });
        let config = Self { found, file };
        if !named {
            config.confined()?;
        }
        Ok(config)
    }

    /// A fault of a setting: at its place in the file, or said of its option.
    pub(super) fn fault(&self, origin: &Origin, message: &str, help: &str) -> Failure {
        match (origin, &self.found) {
            (Origin::File(path), Some(found)) => {
                let name = found.path.display().to_string();
                let document = file::document(&name, &found.text);
                document.at(path, message).with_help(help).into()
            }
            (Origin::Option(option), _) => {
                Failure::Other(anyhow::anyhow!("{option}: {message}; {help}"))
            }
            _ => Failure::Other(anyhow::anyhow!("{message}; {help}")),
        }
    }

    /// Where a setting comes from, for people: `default`, `backlint.toml:3`, `--only`.
    pub(super) fn place(&self, origin: &Origin) -> String {
        match (origin, &self.found) {
            (Origin::File(path), Some(found)) => {
                let name = found.path.display().to_string();
                let place = file::document(&name, &found.text).place(path);
                match place {
                    Some((line, _)) => format!("{name}:{line}"),
                    None => name,
                }
            }
            (Origin::Option(option), _) => (*option).to_owned(),
            _ => "default".to_owned(),
        }
    }

    /// Files and folders of rules.
    pub(super) fn rules(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        values(self.paths("rules", &self.file.rules, "--rules", given))
    }

    /// Files and folders of services.
    pub(super) fn services(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        values(self.paths("services", &self.file.services, "--services", given))
    }

    /// Files of waivers.
    pub(super) fn waivers(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        values(self.paths("waivers", &self.file.waivers, "--waivers", given))
    }

    /// The file of known findings.
    pub(super) fn baseline(&self, given: Option<&PathBuf>) -> Option<PathBuf> {
        self.baseline_setting(given).value
    }

    fn baseline_setting(&self, given: Option<&PathBuf>) -> Setting<Option<PathBuf>> {
        let file = self
            .file
            .baseline
            .as_ref()
            .map(|path| Some(self.beside(path)));
        let given = given.map(|path| Some(path.clone()));
        Setting::first(("--baseline", given), ("baseline", file), None)
    }

    /// What decides the exit status.
    pub(super) fn gate(&self, arguments: &Judging) -> Gate {
        Gate {
            fail_on: self.threshold(arguments.fail_on),
            strict: self.strict(arguments).value,
        }
    }

    /// How bad a finding must be to fail. `None`: none fails.
    pub(super) fn threshold(&self, given: Option<FailOn>) -> Option<Threshold> {
        self.fail_on(given).value.threshold()
    }

    fn fail_on(&self, given: Option<FailOn>) -> Setting<FailOn> {
        let high = Threshold {
            severity: Severity::High,
            confidence: Confidence::Possible,
        };
        // It was read once already, when the file was.
        let file = self
            .file
            .fail_on
            .as_deref()
            .and_then(|text| text.parse().ok());
        let option = ("--fail-on", given);
        Setting::first(option, ("fail-on", file), FailOn(Some(high)))
    }

    fn strict(&self, arguments: &Judging) -> Setting<bool> {
        let option = ("--strict", arguments.strict);
        Setting::first(option, ("strict", self.file.strict), false)
    }

    /// How to write the report, and where to.
    pub(super) fn outputs(&self, arguments: &Judging) -> Vec<Output> {
        values(self.output_settings(arguments))
    }

    fn output_settings(&self, arguments: &Judging) -> Vec<Setting<Output>> {
        if !arguments.format.is_empty() {
            return options("--format", &arguments.format);
        }
        self.outputs_of_file()
    }

    fn outputs_of_file(&self) -> Vec<Setting<Output>> {
        let of_file = |(path, text): (Vec<Step>, &str)| {
            // It was read once already, when the file was.
            let output: Output = text.parse().ok()?;
            Some(Setting {
                value: output.beside(|file| self.beside(file)),
                origin: Origin::File(path),
            })
        };
        self.file.format.iter().filter_map(of_file).collect()
    }

    /// The rules that are asked for.
    pub(super) fn choice(&self, given: &Selection) -> Choice {
        let only = options("--only", &given.only);
        let skip = options("--skip", &given.skip);
        if !only.is_empty() {
            return Choice { only, skip };
        }
        let mut all = self.nodes("skip", &self.file.skip);
        all.extend(skip);
        Choice {
            only: self.nodes("only", &self.file.only),
            skip: all,
        }
    }

    /// The rules of a set that are asked for.
    pub(super) fn choose(&self, rules: &RuleSet, choice: &Choice) -> Result<RuleSet, Failure> {
        let find = |word: &Setting<String>| {
            let fault =
                |fault: UnknownRule| self.fault(&word.origin, &fault.to_string(), &fault.help());
            Selector::parse(&word.value, rules).map_err(fault)
        };
        let only: Vec<Selector> = choice.only.iter().map(find).collect::<Result<_, _>>()?;
        let skip: Vec<Selector> = choice.skip.iter().map(find).collect::<Result<_, _>>()?;
        let has = |list: &[Selector], id: &str| list.iter().any(|selector| selector.has(id));
        let chosen = rules.chosen(|id| (only.is_empty() || has(&only, id)) && !has(&skip, id));
        match choice.skip.last() {
            Some(last) if chosen.is_empty() => {
                let message = "no rule is left to judge by: what is skipped takes all";
                Err(self.fault(
                    &last.origin,
                    message,
                    "skip fewer, or ask for more with --only",
                ))
            }
            _ => Ok(chosen),
        }
    }

    /// A path of the file, relative to it.
    fn beside(&self, path: impl AsRef<Path>) -> PathBuf {
        let parent = self.found.as_ref().and_then(|found| found.path.parent());
        parent.unwrap_or(Path::new("")).join(path)
    }

    fn paths(
        &self,
        key: &'static str,
        list: &[String],
        option: &'static str,
        given: &[PathBuf],
    ) -> Vec<Setting<PathBuf>> {
        let file = self.nodes(key, list).into_iter().map(|setting| Setting {
            value: self.beside(&setting.value),
            origin: setting.origin,
        });
        file.chain(options(option, given)).collect()
    }

    fn nodes(&self, key: &'static str, list: &[String]) -> Vec<Setting<String>> {
        let list = list.iter().enumerate();
        let node = |(n, value): (usize, &String)| Setting {
            value: value.clone(),
            origin: Origin::File(vec![key.into(), n.into()]),
        };
        list.map(node).collect()
    }
}

fn options<T: Clone>(name: &'static str, given: &[T]) -> Vec<Setting<T>> {
    let option = |value: &T| Setting {
        value: value.clone(),
        origin: Origin::Option(name),
    };
    given.iter().map(option).collect()
}

fn values<T>(settings: Vec<Setting<T>>) -> Vec<T> {
    settings.into_iter().map(|setting| setting.value).collect()
}
