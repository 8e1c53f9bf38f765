//! `backlint explain`.

use anyhow::anyhow;

use super::args::Explain;
use super::config::Config;
use super::{Run, input, output};
use crate::report::Outcome;
use crate::report::service::page;
use crate::text::nearest::nearest;

pub(super) fn run(arguments: &Explain) -> Run {
    let config = Config::read(&arguments.config)?;
    let catalogue = input::catalogue(&config.services(&arguments.services.services))?;
    let mut pages = Vec::new();
    for name in &arguments.names {
        let small = name.to_lowercase();
        let found = match catalogue.by_name(&small) {
            Some(service) => vec![service],
            None => catalogue.known_as(name),
        };
        if found.is_empty() {
            let near = nearest(&small, catalogue.names());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`backlint explain` alone lists all".to_owned(),
            };
            return Err(anyhow!("no service is called `{name}`; {help}").into());
        }
        pages.extend(found);
    }
    output::result(Outcome::Clean, |out| {
        if pages.is_empty() {
            return page::index(&catalogue, output::look(), out);
        }
        for (n, service) in pages.iter().enumerate() {
            if n > 0 {
                writeln!(out)?;
            }
            page::write(service, output::look(), out)?;
        }
        Ok(())
    })
}
