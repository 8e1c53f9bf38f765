//! A unified diff, applied as strictly as can be: no line may be elsewhere, and every count in a
//! hunk's head must be right. Follows the description of the format in diff(1)'s manual.

/// Says that the line in front of it has no terminator.
const UNENDED: &[u8] = b"\\ No newline at end of file\n";

/// The text after the diff. Panics when the diff does not fit the text.
pub(crate) fn applied(old: &[u8], diff: &[u8]) -> Vec<u8> {
    let old: Vec<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let mut diff = diff.split_inclusive(|byte| *byte == b'\n').peekable();
    let mut new: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    if let Some(first) = diff.next() {
        assert!(first.starts_with(b"--- "));
        assert!(diff.next().is_some_and(|line| line.starts_with(b"+++ ")));
    }
    while let Some(head) = diff.next() {
        let ((old_start, mut minus), (new_start, mut plus)) = ranges(head);
        assert!(
            at <= old_start && minus + plus > 0,
            "hunks overlap or are empty"
        );
        new.extend_from_slice(&old[at..old_start]);
        at = old_start;
        assert_eq!(new.len(), new_start);
        while minus + plus > 0 {
            let line = diff.next().expect("a hunk is too short");
            let (sign, mut line) = line.split_first().expect("a line is not empty");
            if diff.next_if_eq(&UNENDED).is_some() {
                line = line
                    .strip_suffix(b"\n")
                    .expect("the diff itself has a line end there");
            }
            if matches!(sign, b' ' | b'-') {
                assert_eq!(old[at], line);
                at += 1;
                minus -= 1;
            }
            if matches!(sign, b' ' | b'+') {
                new.push(line);
                plus -= 1;
            }
            assert!(matches!(sign, b' ' | b'+' | b'-'));
        }
    }
    new.extend_from_slice(&old[at..]);
    new.concat()
}

/// Start, from 0, and length of both sides of a hunk.
fn ranges(head: &[u8]) -> ((usize, usize), (usize, usize)) {
    let head = std::str::from_utf8(head).expect("digits");
    let both = head
        .strip_prefix("@@ -")
        .and_then(|rest| rest.strip_suffix(" @@\n"));
    let (old, new) = both
        .and_then(|both| both.split_once(" +"))
        .expect("the head of a hunk");
    (range(old), range(new))
}

fn range(text: &str) -> (usize, usize) {
    let (start, len) = text.split_once(',').unwrap_or((text, "1"));
    let start: usize = start.parse().expect("a line number");
    let len = len.parse().expect("a number of lines");
    // An empty range names the line in front of it.
    (if len == 0 { start } else { start - 1 }, len)
}
