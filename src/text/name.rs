//! Names that stand in commands and files as they are: of letters that mean nothing there.

/// Whether a text begins with a letter or digit and goes on with such or these.
fn is_of(text: &str, more: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

/// Whether a text can be the name of a container, a Compose service or a unit without its ending.
pub fn is_name(text: &str) -> bool {
    is_of(text, "_.-")
}

/// Whether a text can stand in a command as it is: a name, also one with a colon or an at sign.
pub fn is_plain(text: &str) -> bool {
    is_of(text, ":_.@-")
}

/// Whether a text can be a reference to an image: one that began like a flag would be taken for one.
pub fn is_image(text: &str) -> bool {
    is_of(text, "_.-/:@")
}

/// Whether a text is a plain name of a unit of a kind: one that can stand in a command and in a path.
pub fn is_unit(text: &str, ending: &str) -> bool {
    let stem = text.strip_suffix(ending).unwrap_or_default();
    is_plain(stem.strip_prefix('_').unwrap_or(stem))
}

/// A few names, and how many more there are.
pub fn some<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_no_flag_and_ends_no_word() {
        for odd in ["", "-a", "--all", "a b", "a;b", "$(x)", "a\n", "é", "../a"] {
            assert!(!is_name(odd) && !is_plain(odd) && !is_image(odd), "{odd:?}");
            assert!(!is_unit(&format!("{odd}.service"), ".service"), "{odd:?}");
        }
        assert!(is_name("web_1.x-y") && !is_name("a@b") && !is_name("web~0123"));
        assert!(is_plain("getty@tty1.service") && is_image("quay.io/a/b:1@sha256:0"));
        assert!(is_unit("_a@b.service", ".service") && !is_unit("a.socket", ".service"));
    }

    #[test]
    fn many_names_are_counted() {
        let names = ["a", "b", "c", "d"];
        assert_eq!(some(&names, 2), "a, b and 2 more");
        assert_eq!(some(&names, 4), "a, b, c, d");
    }
}
