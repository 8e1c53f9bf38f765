//! Bytes that come from the host (comm, unix paths, cgroup names, file text) may hold escape
//! sequences, and a process may choose its own name. Nothing of it reaches a terminal or a comment
//! in a configuration file before it went through [`clean`].

use std::borrow::Cow;

/// Makes every control character and every invisible or direction-changing character visible as
/// `\n`, `\t` or `\u{1b}`, so that one value stays one line and cannot speak to the terminal.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    Cow::Owned(out)
}

fn is_plain(c: char) -> bool {
    // Unicode's format characters: zero width, bidirectional controls, byte order mark, tags.
    let invisible = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !invisible
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(
            clean("nginx: master — ok"),
            std::borrow::Cow::Borrowed(_)
        ));
    }

    #[test]
    fn escape_sequences_and_newlines_become_visible() {
        assert_eq!(clean("a\x1b[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
        assert_eq!(clean("\u{202e}evil"), "\\u{202e}evil");
    }
}
