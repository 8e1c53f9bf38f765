//! Words of commands that are shown.

use std::borrow::Cow;

use super::untrusted::clean;

/// A text as one word for a shell, on one line. What is no plain text is made visible first; a word
/// of letters that mean nothing to any shell stays as it is, as `net.core.somaxconn=511` does.
pub fn word(text: &str) -> String {
    let text = clean(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-/:=@,+%".contains(c);
    if text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/') && text.chars().all(plain)
    {
        return text.into_owned();
    }
    shlex::try_quote(&text).map_or_else(|_| "''".to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_word_stays_one_word() {
        for text in [
            "a=b", "a b", "$(x)", "a;b", "~x", "=x", "-x", "a'b", "a\"b", "`x`", "*", "", "!x",
            "\\",
        ] {
            assert_eq!(
                shlex::split(&word(text)),
                Some(vec![text.to_owned()]),
                "{text}"
            );
        }
        assert_eq!(word("net.core.somaxconn=511"), "net.core.somaxconn=511");
        assert!(!word("a\nb").contains('\n'));
    }
}
