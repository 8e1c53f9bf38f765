//! `backlint explain queue`: the limits of a listener's two queues, step by step, the same numbers on
//! other kernels, and what a client sees. The computation is [`crate::kernel::limits`].

pub(crate) mod words;

use std::io;

use tabled::builder::Builder;
use tabled::settings::{Padding, Style};

use crate::kernel::limits::{Inputs, Limit, Limits, Queue, Step};
use crate::kernel::syn_queue::FullTest;
use crate::kernel::version::Version;
use crate::report::style::{Look, wrap};

/// What was asked, and what of it was not.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The numbers.
    pub inputs: Inputs,
    /// Names of the inputs that are defaults.
    pub defaults: Vec<&'static str>,
}

/// Kernels that treat the same numbers alike.
#[derive(Debug, Clone)]
pub(crate) struct Era {
    /// Which.
    pub(crate) kernels: &'static str,
    /// Whether the kernel that was asked for is one.
    pub(crate) asked: bool,
    /// What they come to there.
    pub(crate) limits: Limits,
}

impl Asked {
    /// The same numbers in each era; that of the kernel that was asked for is computed for this one.
    pub(crate) fn eras(&self) -> [Era; 3] {
        let own = FullTest::of(self.inputs.kernel);
        [
            (FullTest::PowerOfTwo, "up to 4.3", Version::new(4, 3)),
            (FullTest::AtBacklog, "4.4 to 6.13", Version::new(6, 12)),
            (FullTest::AboveBacklog, "from 6.14", Version::new(6, 14)),
        ]
        .map(|(test, kernels, last)| {
            let asked = test == own;
            let kernel = if asked { self.inputs.kernel } else { last };
            Era {
                kernels,
                asked,
                limits: self.inputs.on(kernel).limits(),
            }
        })
    }
}

/// Writes the whole answer.
///
/// # Errors
/// What the writer says.
pub fn write(asked: &Asked, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
    let limits = asked.inputs.limits();
    let mut page = Page { look, out };
    page.head(asked)?;
    page.queue("Accept queue", "connection", &limits.accept)?;
    page.steps(&limits, Queue::Accept)?;
    page.queue("SYN queue", "request", &limits.syn)?;
    page.steps(&limits, Queue::Syn)?;
    page.heading("The same numbers on other kernels")?;
    page.eras(asked)?;
    page.heading("What a client sees")?;
    for seen in words::clients(&asked.inputs, &limits) {
        page.item(&format!("{}: {}", seen.when, seen.sees))?;
    }
    page.item("on other kernels: backlint explain client-symptoms")?;
    page.heading("Elsewhere")?;
    page.item(&words::bsd(&limits))?;
    let notes = words::notes(asked, &limits);
    if !notes.is_empty() {
        page.heading("Mind")?;
    }
    notes.iter().try_for_each(|note| page.item(note))
}

struct Page<'a> {
    look: Look,
    out: &'a mut dyn io::Write,
}

impl Page<'_> {
    fn head(&mut self, asked: &Asked) -> io::Result<()> {
        let Inputs {
            backlog,
            somaxconn,
            max_syn_backlog,
            syncookies,
            kernel,
        } = asked.inputs;
        let title = format!("listen(fd, {backlog}) on Linux {kernel}");
        writeln!(self.out, "{}", self.look.strong(&title))?;
        writeln!(
            self.out,
            "somaxconn {somaxconn}, tcp_max_syn_backlog {max_syn_backlog}, tcp_syncookies {syncookies}"
        )
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.look.strong(text))
    }

    fn queue(&mut self, name: &str, what: &str, limit: &Limit) -> io::Result<()> {
        let s = if limit.capacity == 1 { "" } else { "s" };
        let title = format!("{name}: {} {what}{s}", limit.capacity);
        let by = format!("max {}, limited by {}", limit.max, limit.limited_by.name());
        writeln!(
            self.out,
            "\n{}  {}",
            self.look.strong(&title),
            self.look.faint(&by)
        )
    }

    fn steps(&mut self, limits: &Limits, queue: Queue) -> io::Result<()> {
        let steps = limits.steps.iter().filter(|step| step.queue == queue);
        for (n, step) in steps.enumerate() {
            let mark = format!("{:>3}. ", n + 1);
            let width = self.look.width.saturating_sub(mark.len()).max(20);
            for (n, line) in wrap(step.what, width).iter().enumerate() {
                let mark = if n == 0 { mark.as_str() } else { "     " };
                writeln!(self.out, "{mark}{line}")?;
            }
            let (sum, source) = (sum(step), self.look.faint(step.source));
            writeln!(self.out, "       {}  {source}", self.look.strong(&sum))?;
        }
        Ok(())
    }

    fn eras(&mut self, asked: &Asked) -> io::Result<()> {
        let mut table = Builder::new();
        table.push_record(["LINUX", "ACCEPT QUEUE", "SYN QUEUE", "LIMITED BY", ""]);
        for era in asked.eras() {
            let mark = match era.asked {
                true => format!("<- {}", asked.inputs.kernel),
                false => String::new(),
            };
            table.push_record([
                era.kernels.to_owned(),
                era.limits.accept.capacity.to_string(),
                era.limits.syn.capacity.to_string(),
                era.limits.syn.limited_by.name().to_owned(),
                mark,
            ]);
        }
        let mut table = table.build();
        table.with(Style::empty()).with(Padding::new(0, 2, 0, 0));
        for line in table.to_string().lines() {
            writeln!(self.out, "  {}", line.trim_end())?;
        }
        Ok(())
    }

    fn item(&mut self, text: &str) -> io::Result<()> {
        let width = self.look.width.saturating_sub(4).max(20);
        for (n, line) in wrap(text, width).iter().enumerate() {
            writeln!(self.out, "{}{line}", if n == 0 { "  - " } else { "    " })?;
        }
        Ok(())
    }
}

/// `min(512, 128) → 128`; a result that is its own formula stands alone.
fn sum(step: &Step) -> String {
    let result = step.result.to_string();
    match step.formula == result {
        true => result,
        false => format!("{} → {result}", step.formula),
    }
}
