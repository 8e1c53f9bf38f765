//! `backlint why` as text for people.

use std::io;

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Modify, Padding, Style, Width};

use super::style::{Look, wrap};
use crate::assess::why::Why;
use crate::sysctl_conf::boot::{Assigned, Status};
use crate::text::untrusted::clean;

/// Columns that the labels take.
const LABEL: usize = 21;
/// Characters of a value that are shown in the table.
const LONGEST_VALUE: usize = 40;

/// Writes what sets a sysctl.
///
/// # Errors
/// What the writer says.
pub fn write(why: &Why, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let title = look.strong(&why.key);
    match why.meaning {
        Some(meaning) => writeln!(out, "{title}: {meaning}")?,
        None => writeln!(out, "{title}")?,
    }
    let mut page = Page { look, out };
    match &why.missing {
        Some(missing) => page.item("no such sysctl", missing)?,
        None => {
            page.item("running", why.running.as_deref().unwrap_or("not known"))?;
            page.item("kernel's default", &default(why))?;
        }
    }
    page.item("after the boot", &after(why))?;
    page.item("loader", &loader(why))?;
    for (loader, winner) in why.dissent() {
        let value = match winner {
            Some(winner) => format!("would set {}", set_by(winner)),
            None => "would set nothing".to_owned(),
        };
        page.item(&format!("with {loader}"), &value)?;
    }
    page.lines(&why.history.assignments)?;
    for (n, note) in why.notes.iter().enumerate() {
        if n == 0 {
            writeln!(page.out, "\n{}", look.strong("Notes"))?;
        }
        page.bullet(note)?;
    }
    Ok(())
}

fn default(why: &Why) -> String {
    match (&why.kernel_default, &why.kernel) {
        (Some(value), Some(kernel)) => format!("{value} (Linux {kernel})"),
        (Some(value), None) => value.clone(),
        (None, None) => "not known: which kernel runs here is not known".to_owned(),
        (None, Some(_)) => {
            "not known: it depends on the machine, or is not in the catalogue".to_owned()
        }
    }
}

fn set_by(winner: &Assigned) -> String {
    let value = winner.value.as_deref().unwrap_or_default();
    format!("{value}, by {}", winner.place())
}

fn after(why: &Why) -> String {
    if why.missing.is_some() {
        return "nothing".to_owned();
    }
    match (why.history.winner(), &why.kernel_default) {
        (Some(winner), _) => {
            let changes = why.running.as_deref().is_some_and(|running| {
                let value = why.history.value.as_deref();
                value.is_some_and(|value| !crate::assess::settings::same(&why.key, running, value))
            });
            let change = if changes {
                " (another value than now)"
            } else {
                ""
            };
            format!("{}{change}", set_by(winner))
        }
        (None, Some(value)) => format!("{value}, the kernel's default: nothing sets it"),
        (None, None) => "the kernel's default: nothing sets it".to_owned(),
    }
}

fn loader(why: &Why) -> String {
    match why.runs.loader {
        Some(loader) => format!("{loader}: {}", why.runs.how),
        None => format!("none: {}", why.runs.how),
    }
}

struct Page<'a> {
    look: Look,
    out: &'a mut dyn io::Write,
}

impl Page<'_> {
    fn item(&mut self, label: &str, text: &str) -> io::Result<()> {
        let text = clean(text);
        for (n, line) in wrap(&text, self.look.width.saturating_sub(LABEL))
            .iter()
            .enumerate()
        {
            let label = if n == 0 { label } else { "" };
            writeln!(
                self.out,
                "{}{line}",
                self.look.faint(&format!("{label:<LABEL$}"))
            )?;
        }
        Ok(())
    }

    fn bullet(&mut self, text: &str) -> io::Result<()> {
        let text = clean(text);
        for (n, line) in wrap(&text, self.look.width.saturating_sub(4))
            .iter()
            .enumerate()
        {
            let mark = if n == 0 { "  - " } else { "    " };
            writeln!(self.out, "{mark}{line}")?;
        }
        Ok(())
    }

    /// The lines in two tables: what is applied, in that order, and what is not.
    fn lines(&mut self, all: &[Assigned]) -> io::Result<()> {
        let is_applied = |it: &&Assigned| matches!(it.status, Status::Wins | Status::Overridden);
        let (applied, rest): (Vec<&Assigned>, Vec<&Assigned>) = all.iter().partition(is_applied);
        for (title, lines) in [
            ("In the order in which they are applied", applied),
            ("Not applied", rest),
        ] {
            if lines.is_empty() {
                continue;
            }
            writeln!(self.out, "\n{}", self.look.strong(title))?;
            self.table(&lines)?;
        }
        Ok(())
    }

    fn table(&mut self, lines: &[&Assigned]) -> io::Result<()> {
        let mut builder = Builder::default();
        builder.push_record(["STATUS", "VALUE", "WHERE", "WHY"]);
        for line in lines {
            let value = match &line.value {
                Some(value) => value.clone(),
                None => format!("-{}", line.key),
            };
            let place = line.place();
            let row = [line.status.name(), &value, &place, &line.reason];
            builder.push_record(row.map(|text| clean(text).into_owned()));
        }
        let mut table = builder.build();
        table
            .with(Style::empty())
            .with(Padding::new(0, 2, 0, 0))
            .with(Modify::new(Columns::one(1)).with(Width::truncate(LONGEST_VALUE).suffix("...")));
        for line in table.to_string().lines() {
            writeln!(self.out, "  {}", line.trim_end())?;
        }
        Ok(())
    }
}
