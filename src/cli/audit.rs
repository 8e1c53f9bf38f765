//! `backlint audit`.

use super::args::Audit;
use super::config::Config;
use super::input::Failure;
use super::judge::{self, Judge, Source};
use super::{Run, image, input, output};
use crate::collect::Wanted;
use crate::text::positions::Positions;

pub(super) fn run(arguments: &Audit) -> Run {
    let judging = &arguments.judging;
    let config = Config::read(&judging.config)?;
    if judging.show_config {
        return judge::show_config(&config, judging);
    }
    let asked = config.outputs(judging);
    let mut judge = Judge::new(&config, judging, &asked)?;
    judge.terms.partial = !arguments.source.place.netns.is_empty();
    let sources = sources(arguments, &judge)?;
    judge.report(sources, |n| again(arguments, n))
}

fn sources(arguments: &Audit, judge: &Judge<'_>) -> Result<Vec<Source>, Failure> {
    arguments.source.fits().map_err(anyhow::Error::msg)?;
    if let Some(path) = &arguments.source.image.image {
        let keys = judge.terms.rules.sysctls();
        let snapshot = image::record(&arguments.source.image, &keys, &judge.catalogue)?;
        return Ok(vec![Source {
            name: Some(path.display().to_string()),
            snapshot,
            positions: None,
        }]);
    }
    if arguments.source.snapshot.is_empty() {
        let wanted = Wanted {
            syn_queues: true,
            ..input::wanted(&judge.terms.rules)
        };
        let wanted = arguments.judging.assume.wanted(wanted);
        let snapshot = input::host(&arguments.source.place, &wanted, &judge.catalogue)?;
        return Ok(vec![Source {
            name: None,
            snapshot,
            positions: None,
        }]);
    }
    let take = |text: &str| judge.outputs.positions(text);
    let recorded = input::recorded(&arguments.source.snapshot, take)?.into_iter();
    let judge = |recorded: input::Recorded<Positions>| Source {
        name: Some(recorded.name),
        snapshot: recorded.snapshot,
        positions: recorded.taken,
    };
    Ok(recorded.map(judge).collect())
}

/// The arguments that make backlint judge source `n` in the same way.
fn again(arguments: &Audit, n: usize) -> String {
    let path = arguments.source.snapshot.get(n);
    let snapshot = path.map(|path| output::argument("--snapshot", path));
    let place = arguments.source.place.words();
    let image = arguments.source.image.words();
    snapshot.unwrap_or_default() + &image + &place + &judge::words(&arguments.judging)
}
