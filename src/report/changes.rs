//! What is different between two records or reports, as text for people: findings first, the worst first;
//! then what explains them.

use std::io;

use super::style::{Look, count, wrap};
use crate::assess::Confidence;
use crate::compare::{Change, Changes, Growth, ListenerChange, Queue, Seen, Side};
use crate::rules::Severity;
use crate::text::untrusted::clean;

/// Lines of one section that are shown; the rest is counted.
const SHOWN: usize = 40;

/// Writes what is different.
///
/// # Errors
/// What the writer says.
pub fn write(changes: &Changes<'_>, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page { look, out };
    page.head(changes)?;
    page.findings("New", &changes.appeared)?;
    page.changed(changes)?;
    page.findings("Fixed", &changes.fixed)?;
    page.findings("No longer known", &changes.unknown)?;
    page.section("Kernel", &kernel(changes))?;
    page.section("Namespaces", &namespaces(changes))?;
    page.section("Listeners", &listeners(changes))?;
    page.section("Sysctls", &sysctls(changes))?;
    page.section("Counters", &counters(changes))?;
    page.section("Notes", &changes.notes())?;
    if changes.is_empty() {
        writeln!(page.out, "\nNothing changed")?;
    }
    Ok(())
}

/// `2 new findings (1 high), 1 fixed, 1 changed`.
fn summary(changes: &Changes<'_>) -> String {
    let appeared = &changes.appeared;
    let severities = Severity::ALL.into_iter().filter_map(|severity| {
        let number = appeared.iter().filter(|it| it.severity == severity).count();
        (number > 0).then(|| format!("{number} {severity}"))
    });
    let severities: Vec<String> = severities.collect();
    let severities = match severities.is_empty() {
        true => String::new(),
        false => format!(" ({})", severities.join(", ")),
    };
    let unknown = match changes.unknown.len() {
        0 => String::new(),
        number => format!(", {number} no longer known"),
    };
    format!(
        "{}{severities}, {} fixed, {} changed{unknown}",
        count(appeared.len(), "new finding"),
        changes.fixed.len(),
        changes.changed.len()
    )
}

fn side(side: &Side) -> String {
    let kernel = side.kernel.as_ref().map(|it| format!("Linux {it}"));
    let parts: Vec<String> = side.host.clone().into_iter().chain(kernel).collect();
    match parts.is_empty() {
        true => side.name.clone(),
        false => format!("{} ({})", side.name, parts.join(", ")),
    }
}

/// `HIGH` and what was found, where, and how sure that is.
fn words(finding: &Seen) -> String {
    let sure = match finding.confidence {
        Confidence::Certain => String::new(),
        unsure => format!(" ({unsure})"),
    };
    let place = match finding.netns.as_slice() {
        [] => String::new(),
        [one] if one == crate::snapshot::HOST_NETNS => String::new(),
        [one] => format!("{one}: "),
        [first, others @ ..] => format!("{first} and {} more: ", others.len()),
    };
    format!("{place}{}{sure} [{}]", finding.message, finding.rule)
}

fn arrow(change: &Change<'_>) -> String {
    let known = |value: Option<&str>| value.unwrap_or("not known").to_owned();
    let (old, new) = (known(change.old), known(change.new));
    match change.what {
        "message" => format!("was: {old}"),
        what => format!("{what} {old} -> {new}{}", growth(&old, &new)),
    }
}

/// ` (+37)` for two numbers.
fn growth(old: &str, new: &str) -> String {
    let numbers = old.parse().ok().zip(new.parse().ok());
    numbers.map_or_else(String::new, |(old, new): (i64, i64)| {
        format!(" ({:+})", new.saturating_sub(old))
    })
}

fn kernel(changes: &Changes<'_>) -> Vec<String> {
    let line = |(old, new)| format!("~ {old} -> {new}");
    changes.kernel().map(line).into_iter().collect()
}

fn namespaces(changes: &Changes<'_>) -> Vec<String> {
    let line = |mark: &str, (name, number): &(&str, usize)| match number {
        1 => format!("{mark} {name}"),
        more => format!("{mark} {name} ×{more}"),
    };
    let came = changes.came.iter().map(|it| line("+", it));
    let went = changes.went.iter().map(|it| line("-", it));
    came.chain(went).collect()
}

fn listeners(changes: &Changes<'_>) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for line in changes.listeners.iter().map(listener) {
        // Siblings of SO_REUSEPORT, and pods of one workload, stand behind each other.
        match lines.last_mut().filter(|(last, _)| *last == line) {
            Some((_, times)) => *times += 1,
            None => lines.push((line, 1)),
        }
    }
    let shown = lines.into_iter().map(|(line, times)| match times {
        1 => line,
        more => format!("{line} ×{more}"),
    });
    shown.collect()
}

fn listener(change: &ListenerChange<'_>) -> String {
    let name = |it: &Queue| {
        let service = it
            .service
            .as_ref()
            .map(|it| format!(" {it}"))
            .unwrap_or_default();
        let place = match change.netns {
            crate::snapshot::HOST_NETNS => String::new(),
            netns => format!("{netns}: "),
        };
        format!("{place}{} {}{service}", it.protocol, it.address)
    };
    match (change.old, change.new) {
        (Some(old), Some(new)) => format!(
            "~ {}: {}",
            name(new),
            different(change, old, new).join(", ")
        ),
        (None, Some(new)) => format!("+ {}{}", name(new), size(new)),
        (Some(old), None) => format!("- {}{}", name(old), size(old)),
        (None, None) => String::new(),
    }
}

fn size(queue: &Queue) -> String {
    let max = queue.max.map(|it| format!(" max {it}"));
    let limit = queue
        .limited_by
        .as_ref()
        .map(|it| format!(" limited by {it}"));
    let parts: Vec<String> = max.into_iter().chain(limit).collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(":{}", parts.join(",")),
    }
}

/// What is another for a listener, in words.
fn different(change: &ListenerChange<'_>, old: &Queue, new: &Queue) -> Vec<String> {
    let number = |it: Option<u32>| it.map_or_else(|| "not known".to_owned(), |it| it.to_string());
    let text = |it: &Option<String>| it.clone().unwrap_or_else(|| "not known".to_owned());
    let fields = [
        ("max", number(old.max), number(new.max)),
        ("limited by", text(&old.limited_by), text(&new.limited_by)),
        ("asked", text(&old.requested), text(&new.requested)),
    ];
    let fields = fields.into_iter().filter(|(_, old, new)| old != new);
    let mut words: Vec<String> = fields
        .map(|(what, old, new)| format!("{what} {old} -> {new}"))
        .collect();
    words.extend(match change.drops() {
        Some(Growth::By(more)) => Some(format!("drops +{more}")),
        Some(Growth::BeganAgain) => Some(format!("drops began again, {} now", number(new.drops))),
        None => None,
    });
    words
}

fn sysctls(changes: &Changes<'_>) -> Vec<String> {
    let line = |it: &crate::compare::SysctlChange<'_>| {
        format!("~ {}: {} {} -> {}", it.netns, it.key, it.old, it.new)
    };
    changes.sysctls.iter().map(line).collect()
}

fn counters(changes: &Changes<'_>) -> Vec<String> {
    let line = |it: &crate::compare::CounterChange<'_>| {
        let growth = match Growth::between(it.old, it.new) {
            Growth::By(more) => format!("{} -> {} (+{more})", it.old, it.new),
            Growth::BeganAgain => format!("began again, {} now and {} before", it.new, it.old),
        };
        format!("~ {}: {} {growth}", it.netns, it.name)
    };
    changes.counters.iter().map(line).collect()
}

struct Page<'a> {
    look: Look,
    out: &'a mut dyn io::Write,
}

impl Page<'_> {
    fn head(&mut self, changes: &Changes<'_>) -> io::Result<()> {
        let sides = format!("{} -> {}", side(changes.old), side(changes.new));
        writeln!(self.out, "{}", self.look.strong(&sides))?;
        writeln!(self.out, "{}", summary(changes))
    }

    fn findings(&mut self, title: &str, findings: &[&Seen]) -> io::Result<()> {
        self.title(title, findings.len())?;
        for finding in findings.iter().take(SHOWN) {
            self.finding(finding)?;
        }
        self.more(findings.len())
    }

    fn changed(&mut self, changes: &Changes<'_>) -> io::Result<()> {
        self.title("Changed", changes.changed.len())?;
        for changed in changes.changed.iter().take(SHOWN) {
            self.finding(changed.new)?;
            for change in &changed.changes {
                self.item("            ", &arrow(change))?;
            }
        }
        self.more(changes.changed.len())
    }

    fn finding(&mut self, finding: &Seen) -> io::Result<()> {
        let severity = self.look.severity(finding.severity);
        // The longest word is CRITICAL.
        let name = finding.severity.name();
        write!(self.out, "  {severity}{}", " ".repeat(10 - name.len()))?;
        let width = self.look.width.saturating_sub(12).max(20);
        for (n, line) in wrap(&clean(&words(finding)), width).iter().enumerate() {
            let blank = if n == 0 { "" } else { "            " };
            writeln!(self.out, "{blank}{line}")?;
        }
        Ok(())
    }

    fn section(&mut self, title: &str, lines: &[String]) -> io::Result<()> {
        self.title(title, lines.len())?;
        for line in lines.iter().take(SHOWN) {
            self.item("  ", line)?;
        }
        self.more(lines.len())
    }

    fn title(&mut self, title: &str, lines: usize) -> io::Result<()> {
        if lines == 0 {
            return Ok(());
        }
        writeln!(self.out, "\n{}", self.look.strong(title))
    }

    fn more(&mut self, lines: usize) -> io::Result<()> {
        if lines <= SHOWN {
            return Ok(());
        }
        let more = format!("and {} more: --format json has all", lines - SHOWN);
        writeln!(self.out, "  {}", self.look.faint(&more))
    }

    fn item(&mut self, front: &str, text: &str) -> io::Result<()> {
        let width = self.look.width.saturating_sub(front.len() + 2).max(20);
        for (n, line) in wrap(&clean(text), width).iter().enumerate() {
            let hang = if n == 0 { "" } else { "  " };
            writeln!(self.out, "{front}{hang}{line}")?;
        }
        Ok(())
    }
}
