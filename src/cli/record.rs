//! `backlint snapshot`.

use std::path::Path;

use super::args::{Record, RecordFormat};
use super::config::Config;
use super::input::Failure;
use super::{Run, input, output};
use crate::collect::Wanted;
use crate::collect::boot::Depth;
use crate::report::{Outcome, gaps};
use crate::snapshot::{Snapshot, file};

pub(super) fn run(arguments: &Record) -> Run {
    let config = Config::read(&arguments.config)?;
    let rules = input::rules(&config.rules(&arguments.rules.rules))?;
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let wanted = Wanted {
        sysctls: rules.recorded_sysctls(),
        syn_queues: true,
        boot: Depth::Everything,
        ..input::wanted(&rules)
    };
    let snapshot = input::host(&arguments.place, &wanted, &catalogue)?;
    let text = match (&arguments.output, arguments.format) {
        (Some(path), format) => text(&snapshot, path, format)?,
        (None, format) => text_as(&snapshot, format.unwrap_or(RecordFormat::Yaml))?,
    };
    for gap in gaps::together(&snapshot.gaps) {
        output::note(&format!("gap: {gap}"));
    }
    match &arguments.output {
        Some(path) => output::file(path, &text).map(|()| Outcome::Clean),
        None => output::result(Outcome::Clean, |out| out.write_all(text.as_bytes())),
    }
}

/// A record as text for this file, whose name decides where no format was asked for.
pub(super) fn text(
    snapshot: &Snapshot,
    path: &Path,
    format: Option<RecordFormat>,
) -> Result<String, Failure> {
    let extension = path.extension();
    let json = extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let by_name = if json {
        RecordFormat::Json
    } else {
        RecordFormat::Yaml
    };
    text_as(snapshot, format.unwrap_or(by_name))
}

fn text_as(snapshot: &Snapshot, format: RecordFormat) -> Result<String, Failure> {
    Ok(match format {
        RecordFormat::Yaml => file::to_yaml(snapshot).map_err(anyhow::Error::new)?,
        RecordFormat::Json => file::to_json(snapshot).map_err(anyhow::Error::new)?,
    })
}
