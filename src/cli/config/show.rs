//! `--show-config`: every setting that is in force, and where it comes from.

use std::io;

use super::{Config, Origin, Setting};
use crate::cli::args::Judging;
use crate::text::untrusted::clean;

/// Writes a line for each setting, and for each entry of a list: key, value, origin.
pub(in crate::cli) fn show(
    config: &Config,
    arguments: &Judging,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut rows: Vec<[String; 3]> = vec![file(config)];
    let mut one = |key: &str, value: String, origin: &Origin| {
        rows.push([key.to_owned(), value, config.place(origin)]);
    };
    let fail_on = config.fail_on(arguments.fail_on);
    one("fail-on", fail_on.value.to_string(), &fail_on.origin);
    let strict = config.strict(arguments);
    one("strict", strict.value.to_string(), &strict.origin);
    let choice = config.choice(&arguments.selection);
    let paths = |key, list, option, given| {
        let paths = config.paths(key, list, option, given).into_iter();
        let text = |path: Setting<std::path::PathBuf>| Setting {
            value: path.value.display().to_string(),
            origin: path.origin,
        };
        paths.map(text).collect::<Vec<_>>()
    };
    let given = (&arguments.rules.rules, &arguments.services.services);
    let waivers = &arguments.selection.waivers;
    let outputs = config.output_settings(arguments).into_iter();
    let outputs = outputs.map(|output| Setting {
        value: output.value.to_string(),
        origin: output.origin,
    });
    let lists = [
        ("format", "table", outputs.collect()),
        ("only", "all rules", choice.only),
        ("skip", "none", choice.skip),
        (
            "rules",
            "built in",
            paths("rules", &config.file.rules, "--rules", given.0),
        ),
        (
            "services",
            "built in",
            paths("services", &config.file.services, "--services", given.1),
        ),
        (
            "waivers",
            "none",
            paths("waivers", &config.file.waivers, "--waivers", waivers),
        ),
    ];
    for (key, nothing, list) in lists {
        if list.is_empty() {
            one(key, nothing.to_owned(), &Origin::Default);
        }
        for setting in list {
            one(key, setting.value, &setting.origin);
        }
    }
    let baseline = config.baseline_setting(arguments.baselines.baseline.as_ref());
    let path = baseline.value.map(|path| path.display().to_string());
    one(
        "baseline",
        path.unwrap_or_else(|| "none".to_owned()),
        &baseline.origin,
    );
    write(rows, out)
}

/// The configuration file itself.
fn file(config: &Config) -> [String; 3] {
    let (name, how) = match &config.found {
        None => ("none".to_owned(), "default"),
        Some(found) if found.named => (found.path.display().to_string(), "--config"),
        Some(found) => (found.path.display().to_string(), "found upwards from here"),
    };
    ["config".to_owned(), name, how.to_owned()]
}

fn write(rows: Vec<[String; 3]>, out: &mut dyn io::Write) -> io::Result<()> {
    let rows = rows
        .into_iter()
        .map(|row| row.map(|cell| clean(&cell).into_owned()));
    let rows: Vec<[String; 3]> = rows.collect();
    let width = |n: usize| {
        rows.iter()
            .map(|row| row[n].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (key, value) = (width(0), width(1));
    for [name, setting, origin] in &rows {
        writeln!(out, "{name:<key$}  {setting:<value$}  {origin}")?;
    }
    Ok(())
}
