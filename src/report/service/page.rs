//! `backlint explain`: the page of one service.

use std::collections::BTreeMap;
use std::io;

use super::{applies, asks, configured, example, signs};
use crate::report::style::{Look, wrap};
use crate::services::service::{Kind, Verified};
use crate::services::{Catalogue, Service};
use crate::text::untrusted::clean;

/// Columns that the labels take.
const LABEL: usize = 13;

/// Writes the page of a service.
///
/// # Errors
/// What the writer says.
pub fn write(service: &Service, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let kind = match service.kind {
        Kind::Program => service.family.clone(),
        Kind::Library => format!("a library, {}", service.family),
        Kind::Supervisor => format!("listens for others, {}", service.family),
    };
    let title = if service.title == service.name {
        service.name.clone()
    } else {
        format!("{} ({})", service.title, service.name)
    };
    writeln!(out, "{}: {}", look.strong(&title), clean(&kind))?;
    let mut page = Page { look, out };
    page.defaults(service)?;
    let label = match service.setting.example {
        Some(_) => "set by",
        None => "decided by",
    };
    page.all(
        label,
        example(service)
            .into_iter()
            .chain([service.setting.place.clone()]),
    )?;
    page.all(
        "applied by",
        applies(service)
            .into_iter()
            .chain(service.applies.note.clone()),
    )?;
    page.all("read from", configured(service).into_iter())?;
    page.all("known by", service.recognise.iter().map(signs))?;
    page.all("listens on", service.ports.iter().cloned())?;
    page.all("asks for 0", service.zero.iter().cloned())?;
    page.all("mind", service.quirks.iter().cloned())?;
    page.all("more sources", service.sources.iter().cloned())
}

/// Writes the names of all services, by family.
///
/// # Errors
/// What the writer says.
pub fn index(catalogue: &Catalogue, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for service in catalogue.iter() {
        families
            .entry(&service.family)
            .or_default()
            .push(&service.name);
    }
    for (family, names) in families {
        writeln!(out, "{}", look.strong(family))?;
        for line in wrap(&clean(&names.join(", ")), look.width.saturating_sub(2)) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

struct Page<'a> {
    look: Look,
    out: &'a mut dyn io::Write,
}

impl Page<'_> {
    fn defaults(&mut self, service: &Service) -> io::Result<()> {
        let mut label = "asks for";
        for default in &service.defaults {
            self.paragraph(label, &asks(default))?;
            label = "";
            if let Some(note) = &default.note {
                self.paragraph("", note)?;
            }
            let doubt = if default.verified == Verified::No {
                ": findings that rest on it are only possible"
            } else {
                ""
            };
            let source = format!("{}{doubt}; {}", default.verified.words(), default.source);
            self.paragraph("", &source)?;
        }
        Ok(())
    }

    fn all(&mut self, label: &str, texts: impl Iterator<Item = String>) -> io::Result<()> {
        for (n, text) in texts.enumerate() {
            self.paragraph(if n == 0 { label } else { "" }, &text)?;
        }
        Ok(())
    }

    /// A label and a text beside it.
    fn paragraph(&mut self, label: &str, text: &str) -> io::Result<()> {
        let width = self.look.width.saturating_sub(LABEL + 4).max(20);
        for (n, line) in wrap(&clean(text), width).iter().enumerate() {
            let label = format!("{:<LABEL$}", if n == 0 { label } else { "" });
            writeln!(self.out, "  {}  {line}", self.look.faint(&label))?;
        }
        Ok(())
    }
}
