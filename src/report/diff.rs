//! A change to one file as a unified diff that both GNU patch (`patch -p1 -d ROOT`) and
//! `git apply` accept, byte for byte. Follows diff(1)'s output format and, for names, the quoting
//! of git (`quote.c`), which GNU patch has read since 2.7.
//!
//! The crate `similar` finds the differences; the lines are cut and written here, because `similar`
//! takes a lone carriage return for the end of a line, and neither program does.

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

/// Lines of context around a change, as diff(1) and git have by default.
const CONTEXT: usize = 3;

/// The diff from `old` to `new`; empty when there is nothing to change. `path` is relative to the
/// root; `None` is a file that does not exist, and a diff from it creates the file.
pub fn unified(path: &str, old: Option<&[u8]>, new: &[u8]) -> Vec<u8> {
    let old_lines = lines(old.unwrap_or_default());
    let new_lines = lines(new);
    let ops = capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines);
    let hunks: Vec<_> = group_diff_ops(ops, CONTEXT)
        .into_iter()
        .filter(|hunk| hunk.iter().any(|op| op.tag() != DiffTag::Equal))
        .collect();
    let mut out = Vec::new();
    if hunks.is_empty() {
        return out;
    }
    let path = path.trim_start_matches('/');
    let old_name = match old {
        Some(_) => name("a", path),
        None => "/dev/null".to_owned(),
    };
    out.extend_from_slice(format!("--- {old_name}\n+++ {}\n", name("b", path)).as_bytes());
    for hunk in &hunks {
        write_hunk(&mut out, hunk, &old_lines, &new_lines);
    }
    out
}

/// The lines of a text, each with its `\n`.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn write_hunk(out: &mut Vec<u8>, hunk: &[DiffOp], old: &[&[u8]], new: &[&[u8]]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
        return;
    };
    let old_range = range(first.old_range().start, last.old_range().end);
    let new_range = range(first.new_range().start, last.new_range().end);
    out.extend_from_slice(format!("@@ -{old_range} +{new_range} @@\n").as_bytes());
    for op in hunk {
        if op.tag() == DiffTag::Equal {
            write_lines(out, b' ', &old[op.old_range()]);
        } else {
            write_lines(out, b'-', &old[op.old_range()]);
            write_lines(out, b'+', &new[op.new_range()]);
        }
    }
}

/// A range of line indices in the notation of a hunk: first line and count. An empty range names
/// the line before it.
fn range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        count => format!("{},{count}", start + 1),
    }
}

fn write_lines(out: &mut Vec<u8>, sign: u8, lines: &[&[u8]]) {
    for line in lines {
        out.push(sign);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// A file name for the header. A tab ends a name that holds blanks; anything that is not printable
/// ASCII, a quote or a backslash puts the name into quotes, and so does a blank at the end, which
/// GNU patch drops even in front of the tab.
fn name(side: &str, path: &str) -> String {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    let mut name = format!("{side}/{path}");
    if !name.bytes().all(plain) || name.ends_with(' ') {
        name = quoted(&name);
    }
    if name.contains(' ') {
        name.push('\t');
    }
    name
}

fn quoted(name: &str) -> String {
    let mut out = String::from('"');
    for byte in name.bytes() {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b' '..=b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("\\{other:03o}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str, old: Option<&str>, new: &str) -> String {
        String::from_utf8(unified(path, old.map(str::as_bytes), new.as_bytes())).unwrap()
    }

    #[test]
    fn nothing_to_change_is_no_output() {
        assert_eq!(text("x", Some("a\nb"), "a\nb"), "");
        assert_eq!(text("x", None, ""), "");
    }

    #[test]
    fn a_change_has_three_lines_of_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(
            text("etc/sysctl.conf", Some(old), &old.replace('5', "five")),
            "--- a/etc/sysctl.conf\n+++ b/etc/sysctl.conf\n@@ -2,7 +2,7 @@\n \
             2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
        );
    }

    #[test]
    fn a_new_file_comes_from_nowhere() {
        assert_eq!(
            text("etc/sysctl.conf", None, "a\n"),
            "--- /dev/null\n+++ b/etc/sysctl.conf\n@@ -0,0 +1 @@\n+a\n"
        );
    }

    #[test]
    fn a_missing_final_newline_is_said() {
        assert_eq!(
            text("x", Some("a"), "a\nb\n"),
            "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n"
        );
    }

    #[test]
    fn a_carriage_return_ends_no_line() {
        assert_eq!(
            text("x", Some("a\rb\r\nc\r"), "a\rb\r\nd\r"),
            "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\rb\r\n-c\r\n\\ No newline at end of file\n\
             +d\r\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn names_are_quoted_as_git_quotes_them() {
        assert_eq!(name("a", "etc/sysctl.conf"), "a/etc/sysctl.conf");
        assert_eq!(name("a", "my conf"), "a/my conf\t");
        assert_eq!(name("b", "q\"\\\t"), r#""b/q\"\\\t""#);
        assert_eq!(name("b", "end "), "\"b/end \"\t");
        assert_eq!(name("b", "é x"), "\"b/\\303\\251 x\"\t");
    }
}
