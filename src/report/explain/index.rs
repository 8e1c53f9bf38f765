//! `backlint explain` without a word: everything that there is to explain, by kind.

use std::io;

use super::kinds::title_of_family;
use super::library::Library;
use crate::kernel::counters::COUNTERS;
use crate::kernel::sysctls;
use crate::report::style::{Look, wrap};
use crate::rules::pages;
use crate::text::untrusted::clean;

/// Columns that names take which have a title beside them.
const NAME: usize = 18;

/// Writes the index.
///
/// # Errors
/// What the writer says.
pub fn write(library: &Library<'_>, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Index { look, out };
    writeln!(page.out, "{}", look.strong("Calculator"))?;
    let words = "a listener's limits step by step: --backlog, --somaxconn, --max-syn-backlog, --syncookies, --kernel";
    page.beside("queue", words)?;
    page.heading("Topics")?;
    for topic in pages::topics() {
        page.beside(topic.name, topic.title)?;
    }
    page.rules(library)?;
    page.heading("Counters")?;
    let short = |name: &'static str| name.trim_start_matches("TcpExt.");
    page.names(COUNTERS.iter().map(|counter| short(counter.name)))?;
    let written = pages::sysctls();
    let more = sysctls::all().count() - written.len();
    page.heading("Sysctls")?;
    page.names(written.iter().map(|topic| topic.name))?;
    page.names([format!("and {more} more, in any spelling").as_str()])?;
    page.heading("Services")?;
    page.names(library.services.names())
}

struct Index<'a> {
    look: Look,
    out: &'a mut dyn io::Write,
}

impl Index<'_> {
    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.look.strong(text))
    }

    /// Rules, in the families of their ids.
    fn rules(&mut self, library: &Library<'_>) -> io::Result<()> {
        let family = |id: &str| {
            let digits = id.find(|c: char| c.is_ascii_digit()).unwrap_or(id.len());
            id.chars().take(digits + 1).collect::<String>()
        };
        let mut last = String::new();
        for rule in library.rules.iter() {
            let own = family(&rule.id);
            if own != last {
                self.heading(&format!("Rules {own}xx: {}", title_of_family(&own)))?;
                last = own;
            }
            self.beside(&rule.id, &format!("{}: {}", rule.name, rule.title))?;
        }
        Ok(())
    }

    fn beside(&mut self, name: &str, title: &str) -> io::Result<()> {
        let width = self.look.width.saturating_sub(NAME + 4).max(20);
        for (n, line) in wrap(&clean(title), width).iter().enumerate() {
            let name = format!("{:<NAME$}", if n == 0 { name } else { "" });
            writeln!(self.out, "  {name}  {}", self.look.faint(line))?;
        }
        Ok(())
    }

    fn names<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> io::Result<()> {
        let names: Vec<&str> = names.into_iter().collect();
        for line in wrap(&clean(&names.join(", ")), self.look.width.saturating_sub(2)) {
            writeln!(self.out, "  {line}")?;
        }
        Ok(())
    }
}
