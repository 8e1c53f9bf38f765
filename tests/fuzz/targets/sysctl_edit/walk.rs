//! Compares two texts line by line, backlint's own comments left out: what an edit may add, where,
//! and what of a line it may change.

use backlint::sysctl_conf::edit::HEADER;

use crate::line::{Line, is_numbers, trimmed};
use crate::model::{Last, Wanted};

/// Both texts, as far as they have not been compared.
pub(crate) struct Walk<'a> {
    old: &'a [Line<'a>],
    /// What is left of the new text, the next line last.
    new: Vec<&'a Line<'a>>,
    /// The keys that the old text does not know, as long as they have not been met.
    missing: Vec<&'a Wanted<'a>>,
    wanted: &'a [Wanted<'a>],
}

impl<'a> Walk<'a> {
    pub(crate) fn new(old: &'a [Line<'a>], new: &'a [Line<'a>], wanted: &'a [Wanted<'a>]) -> Self {
        let missing: Vec<_> = wanted
            .iter()
            .filter(|want| want.before == Last::Nothing)
            .collect();
        let is_header = |line: &Line| trimmed(line.bytes) == HEADER.as_bytes();
        assert!(missing.is_empty() || new.iter().any(is_header));
        Self {
            old,
            new: new.iter().filter(|line| !line.is_mark).rev().collect(),
            missing,
            wanted,
        }
    }

    /// Panics at the first line that should not be as it is.
    pub(crate) fn run(mut self) {
        for (at, line) in self.old.iter().enumerate() {
            if line.is_mark {
                continue;
            }
            // The block may stand in front of it.
            self.added();
            let about = |want: &&Wanted| match want.before {
                Last::Assigned(n) | Last::Excluded(n) => n == at,
                Last::Settled(_) | Last::Nothing => false,
            };
            match self.wanted.iter().find(about) {
                None => self.kept(line.bytes),
                Some(want) if matches!(want.before, Last::Assigned(_)) => self.changed(line, want),
                Some(want) => {
                    self.kept(line.bytes);
                    assert!(self.next().assignment(&want.key).is_some());
                }
            }
        }
        let blank = |line: &&Line| trimmed(line.bytes).is_empty();
        if !self.missing.is_empty() && self.new.last().is_some_and(blank) {
            self.new.pop();
        }
        self.added();
        assert!(self.missing.is_empty(), "a key was not added");
        assert!(self.new.is_empty(), "more than the changes was added");
    }

    fn next(&mut self) -> &'a Line<'a> {
        self.new.pop().expect("a line is missing")
    }

    /// Passes over the lines that are about keys which the old text does not know.
    fn added(&mut self) {
        while let Some(line) = self.new.last() {
            let assigned = |want: &&Wanted| line.assignment(&want.key).is_some();
            let Some(at) = self.missing.iter().position(assigned) else {
                return;
            };
            self.missing.remove(at);
            self.new.pop();
        }
    }

    /// The line is still there; one without a terminator may have got one.
    fn kept(&mut self, old: &[u8]) {
        let new = self.next().bytes;
        let ended =
            || !old.ends_with(b"\n") && matches!(new.strip_prefix(old), Some(b"\n" | b"\r\n"));
        assert!(
            new == old || ended(),
            "{} became {}",
            old.escape_ascii(),
            new.escape_ascii()
        );
    }

    /// Only the value of the line has changed, and a comment behind a text stands above it.
    fn changed(&mut self, old: &Line, want: &Wanted) {
        let before = old.assignment(&want.key).expect("it was one in `last`");
        if let Some(comment) = before.comment.filter(|_| !is_numbers(want.value))
            && !Line::new(comment).is_mark
        {
            assert_eq!(trimmed(self.next().bytes), comment);
        }
        let new = self.next();
        let after = new.assignment(&want.key).expect("the changed line");
        assert_eq!(after.ignore_errors, before.ignore_errors);
        if is_numbers(want.value) {
            assert_eq!(after.comment, before.comment);
        }
        let (old, new) = (old.bytes, new.bytes);
        let start = old.split_inclusive(|byte| *byte == b'=').next();
        let same_start = start.is_some_and(|start| new.starts_with(start));
        let same_end = !old.ends_with(b"\n") || breaks(old) == breaks(new);
        assert!(
            same_start && same_end,
            "{} became {}",
            old.escape_ascii(),
            new.escape_ascii()
        );
    }
}

/// How many carriage returns and line feeds the line ends with.
fn breaks(line: &[u8]) -> usize {
    let is_break = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    line.iter().rev().take_while(is_break).count()
}
