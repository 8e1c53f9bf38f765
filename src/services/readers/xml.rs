//! XML within bounds: what a parser makes of a text may be far larger than the text.

use roxmltree::{Document, ParsingOptions};

/// Elements and texts of a document.
const MOST_NODES: u32 = 50_000;
/// Namespaces of a document.
const MOST_NAMESPACES: usize = 64;
/// Bytes between `<` and `>`: each attribute is compared to all others of its element.
const LONGEST_TAG: usize = 16 << 10;

/// A document without external parts.
///
/// # Errors
///
/// Why it is none that is read, in words.
pub(super) fn parse(text: &str) -> Result<Document<'_>, String> {
    let tags = text.split('<').skip(1);
    let long = |tag: &str| tag.find('>').unwrap_or(tag.len()) > LONGEST_TAG;
    // A comment may be as long as it likes.
    if tags.filter(|tag| !tag.starts_with('!')).any(long) {
        return Err("it has an element that is too long".to_owned());
    }
    // Each element is compared to all namespaces of those around it.
    if text.matches("xmlns").count() > MOST_NAMESPACES {
        return Err("it has too many namespaces".to_owned());
    }
    let options = ParsingOptions {
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_a_usual_size_are_read() {
        let comment = "-".repeat(LONGEST_TAG).replace("--", "- ");
        assert!(parse(&format!("<a b='c'><!-- {comment} --></a>")).is_ok());
        assert!(parse("<a").is_err());
        assert!(parse("<!DOCTYPE a [<!ENTITY b SYSTEM '/etc/passwd'>]><a>&b;</a>").is_err());
        assert!(parse(&format!("<a{}/>", " b='c'".repeat(LONGEST_TAG))).is_err());
        assert!(parse(&format!("<a>{}</a>", "<b/>".repeat(MOST_NODES as usize))).is_err());
        assert!(parse(&"<a>".repeat(100_000)).is_err());
        let spaces = |n: usize| "<a xmlns:b='c'>".repeat(n) + &"</a>".repeat(n);
        assert!(parse(&spaces(3)).is_ok() && parse(&spaces(100)).is_err());
    }
}
