//! Diagnostics as a compiler shows them: the line, the offending text underlined, the remedy.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::style::Look;
use crate::text::diagnostic::Diagnostic;
use crate::text::untrusted::clean;

/// Lines shown around the offending text.
const MARGIN: usize = 1;

/// Renders one diagnostic, ending in a newline.
pub fn render(diagnostic: &Diagnostic, look: Look) -> String {
    let renderer = if look.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let message = clean(&diagnostic.message);
    let (file, help) = (
        clean(&diagnostic.file),
        diagnostic.help.as_deref().map(clean),
    );
    let excerpt = diagnostic
        .span
        .clone()
        .and_then(|span| Excerpt::around(&diagnostic.text, span));
    let title = Level::ERROR.primary_title(&*message);
    let mut group = match &excerpt {
        Some(excerpt) => title.element(
            Snippet::source(&*excerpt.text)
                .path(&*file)
                .line_start(excerpt.first_line)
                .annotation(AnnotationKind::Primary.span(excerpt.span.clone())),
        ),
        None => title.element(Origin::path(&*file)),
    };
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(&**help));
    }
    renderer.render(&[group]) + "\n"
}

/// A few lines of a file, each made harmless, with the span inside them.
struct Excerpt {
    text: String,
    first_line: usize,
    span: std::ops::Range<usize>,
}

impl Excerpt {
    fn around(text: &str, span: std::ops::Range<usize>) -> Option<Self> {
        let line_of = |at: usize| text.get(..at).map(|before| before.matches('\n').count());
        let (first, last) = (line_of(span.start)?, line_of(span.end)?);
        let from = first.saturating_sub(MARGIN);
        let mut excerpt = Self {
            text: String::new(),
            first_line: from + 1,
            span: 0..0,
        };
        let mut at = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let here = at..at + line.len();
            at = here.end;
            if number < from || number > last + MARGIN {
                continue;
            }
            let body = line.trim_end_matches(['\n', '\r']);
            let offset = excerpt.text.len();
            // Where a byte of the line lands once the line was made harmless.
            let place = |byte: usize| {
                let within = byte.saturating_sub(here.start).min(body.len());
                offset + body.get(..within).map_or(0, |before| clean(before).len())
            };
            let stands_here =
                |byte: usize| here.contains(&byte) || (byte == here.end && here.end == text.len());
            if stands_here(span.start) {
                excerpt.span.start = place(span.start);
            }
            // A span that ends with its line ends before the line break.
            if stands_here(span.end) || (span.end == here.end && span.start < span.end) {
                excerpt.span.end = place(span.end).max(excerpt.span.start);
            }
            excerpt.text.push_str(&clean(body));
            excerpt.text.push('\n');
        }
        Some(excerpt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::WIDTH;

    const PLAIN: Look = Look {
        color: false,
        width: WIDTH,
    };

    #[test]
    fn the_offending_text_is_underlined_and_the_remedy_stands_below() {
        let text = "id: X1\nwhen: listener.drps > 0\nwhy: w\n";
        let start = text.find("listener").unwrap();
        let diagnostic = Diagnostic {
            file: "x.yaml".to_owned(),
            text: text.to_owned(),
            span: Some(start..start + 13),
            message: "there is no `listener.drps`".to_owned(),
            help: Some("did you mean `listener.drops`?".to_owned()),
        };
        let shown = render(&diagnostic, PLAIN);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "error: there is no `listener.drps`");
        assert!(lines[1].ends_with("--> x.yaml:2:7"), "{shown}");
        assert!(shown.contains("when: listener.drps > 0\n"), "{shown}");
        assert!(shown.contains(" ^^^^^^^^^^^^^\n"), "{shown}");
        assert!(shown.contains("did you mean `listener.drops`?"), "{shown}");
    }

    #[test]
    fn any_span_of_any_text_renders() {
        let text = "a\t\x1b[2J é\r\nb\n\n";
        for start in 0..=text.len() {
            for end in start..=text.len() {
                if text.is_char_boundary(start) && text.is_char_boundary(end) {
                    let diagnostic = Diagnostic {
                        span: Some(start..end),
                        text: text.to_owned(),
                        ..Diagnostic::whole_file("f", "m")
                    };
                    assert!(!render(&diagnostic, PLAIN).contains('\x1b'));
                }
            }
        }
    }
}
