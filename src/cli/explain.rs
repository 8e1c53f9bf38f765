//! `backlint explain`.

use anyhow::anyhow;

use super::args::Explain;
use super::{Run, input, output};
use crate::report::Outcome;
use crate::report::service::page;
use crate::text::nearest::nearest;

pub(super) fn run(arguments: &Explain) -> Run {
    let catalogue = input::catalogue(&arguments.services.services)?;
    let mut pages = Vec::new();
    for name in &arguments.names {
        let Some(service) = catalogue.by_name(name).or_else(|| catalogue.known_as(name)) else {
            let near = nearest(name, catalogue.names());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`backlint explain` alone lists all".to_owned(),
            };
            return Err(anyhow!("no service is called `{name}`; {help}").into());
        };
        pages.push(service);
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
