//! The lines of a text by position, for parsers that tell only the position.

/// Where the lines of a text end.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    /// Looks through a text once.
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_its_newline() {
        let lines = Lines::of("a\n\nb");
        assert_eq!([0, 1, 2, 3, 9].map(|at| lines.line(at)), [1, 1, 2, 3, 3]);
        assert_eq!(Lines::of("").line(0), 1);
    }
}
