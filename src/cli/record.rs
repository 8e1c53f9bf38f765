//! `backlint snapshot`.

use super::args::{Record, RecordFormat};
use super::config::Config;
use super::{Run, input, output};
use crate::collect::Wanted;
use crate::collect::boot::Depth;
use crate::report::{Outcome, gaps};
use crate::snapshot::file;

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
    let json_name = |path: &std::path::PathBuf| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    };
    let format = arguments.format.unwrap_or_else(|| {
        if arguments.output.as_ref().is_some_and(json_name) {
            RecordFormat::Json
        } else {
            RecordFormat::Yaml
        }
    });
    let text = match format {
        RecordFormat::Yaml => file::to_yaml(&snapshot).map_err(anyhow::Error::new)?,
        RecordFormat::Json => file::to_json(&snapshot).map_err(anyhow::Error::new)?,
    };
    for gap in gaps::together(&snapshot.gaps) {
        output::note(&format!("gap: {gap}"));
    }
    match &arguments.output {
        Some(path) => output::file(path, &text).map(|()| Outcome::Clean),
        None => output::result(Outcome::Clean, |out| out.write_all(text.as_bytes())),
    }
}
