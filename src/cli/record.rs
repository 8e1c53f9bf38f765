//! `backlint snapshot`.

use std::path::Path;

use super::args::{Record, RecordFormat};
use super::config::Config;
use super::input::Failure;
use super::{Run, image, input, output};
use crate::assess::public::Catalogued;
use crate::collect::Wanted;
use crate::collect::boot::Depth;
use crate::report::{Outcome, gaps};
use crate::rules::RuleSet;
use crate::rules::minimal::minimal;
use crate::services::Catalogue;
use crate::snapshot::redact::redact;
use crate::snapshot::{Snapshot, file, schema, version};

pub(super) fn run(arguments: &Record) -> Run {
    if arguments.schema {
        let text = schema::text().map_err(anyhow::Error::new)?;
        return output::result(Outcome::Clean, |out| out.write_all(text.as_bytes()));
    }
    let config = Config::read(&arguments.config)?;
    let rules = input::rules(&config.rules(&arguments.rules.rules))?;
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let mut snapshot = source(arguments, &rules, &catalogue)?;
    if arguments.minimal {
        snapshot = minimal(&snapshot, &rules, &catalogue)
            .map_err(anyhow::Error::new)?
            .snapshot;
    }
    if arguments.redact {
        snapshot = redact(&snapshot, &Catalogued::new(&catalogue));
    }
    let text = match (&arguments.output, arguments.format) {
        (Some(path), format) => text(&mut snapshot, path, format)?,
        (None, format) => text_as(&mut snapshot, format.unwrap_or(RecordFormat::Yaml))?,
    };
    match &arguments.output {
        Some(path) => output::file(path, &text).map(|()| Outcome::Clean),
        None => output::result(Outcome::Clean, |out| out.write_all(text.as_bytes())),
    }
}

/// The record of a file, or what is seen on the host.
fn source(arguments: &Record, rules: &RuleSet, catalogue: &Catalogue) -> Result<Snapshot, Failure> {
    let recorded = arguments.snapshot.is_some();
    let fits = arguments.image.fits(recorded);
    fits.map_err(anyhow::Error::msg)?;
    if arguments.image.image.is_some() {
        return image::record(&arguments.image, &rules.recorded_sysctls(), catalogue);
    }
    if let Some(path) = &arguments.snapshot {
        return input::snapshot(path).map(|(_, snapshot)| snapshot);
    }
    let wanted = Wanted {
        sysctls: rules.recorded_sysctls(),
        syn_queues: true,
        boot: Depth::Everything,
        ..input::wanted(rules)
    };
    let snapshot = input::host(&arguments.place, &wanted, catalogue)?;
    for gap in gaps::together(&snapshot.gaps) {
        output::note(&format!("gap: {gap}"));
    }
    Ok(snapshot)
}

/// A record, signed by this backlint, as text for this file, whose name decides where no format was asked for.
pub(super) fn text(
    snapshot: &mut Snapshot,
    path: &Path,
    format: Option<RecordFormat>,
) -> Result<String, Failure> {
    let by_name = match output::is_json(path) {
        true => RecordFormat::Json,
        false => RecordFormat::Yaml,
    };
    text_as(snapshot, format.unwrap_or(by_name))
}

fn text_as(snapshot: &mut Snapshot, format: RecordFormat) -> Result<String, Failure> {
    snapshot.written_by = Some(version::writer());
    Ok(match format {
        RecordFormat::Yaml => file::to_yaml(snapshot).map_err(anyhow::Error::new)?,
        RecordFormat::Json => file::to_json(snapshot).map_err(anyhow::Error::new)?,
    })
}
