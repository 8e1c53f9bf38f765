//! Words and directives of nginx's files: quotes, comments, blocks, and blocks of Lua.

/// Words of a directive.
const MOST_WORDS: usize = 64;

/// What a directive ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is a simple one.
    Simple,
    /// A block begins.
    Begin,
    /// The block that it is in ends; it may have no words.
    Close,
}

/// A simple directive, the words before a block, or the end of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) words: Vec<String>,
    /// Of its first word, from 1.
    pub(super) line: usize,
    pub(super) end: End,
}

/// Splits a text into directives, one at a time. Blocks are flat: no
/// block but `server` knows the word `listen`.
pub(super) fn directives(text: &str) -> impl Iterator<Item = Directive> {
    let mut line = 1;
    let mut rest = text.chars().peekable();
    std::iter::from_fn(move || directive(&mut rest, &mut line))
}

/// The next directive that has a word, or the end of a block.
fn directive(rest: &mut Rest<'_>, line: &mut usize) -> Option<Directive> {
    let mut words: Vec<String> = Vec::new();
    let mut begin = *line;
    while let Some(c) = rest.next() {
        match c {
            '\n' => *line += 1,
            c if c.is_whitespace() => {}
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            ';' | '{' | '}' => {
                let lua = c == '{'
                    && words
                        .first()
                        .is_some_and(|word| word.ends_with("_by_lua_block"));
                if lua {
                    skip_block(rest, line);
                }
                let end = match c {
                    '{' if !lua => End::Begin,
                    '}' => End::Close,
                    _ => End::Simple,
                };
                if !words.is_empty() || end != End::Simple {
                    let line = begin;
                    return Some(Directive { words, line, end });
                }
            }
            c => {
                if words.is_empty() {
                    begin = *line;
                }
                let word = word(c, rest, line);
                // More of them than any directive here has are not kept.
                if words.len() < MOST_WORDS {
                    words.push(word);
                }
            }
        }
    }
    None
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// One word that begins with `first`, without quotes and backslashes.
fn word(first: char, rest: &mut Rest<'_>, line: &mut usize) -> String {
    let mut word = String::new();
    let quote = matches!(first, '"' | '\'').then_some(first);
    let mut next = quote.is_none().then_some(first);
    loop {
        let c = match next.take() {
            Some(c) => c,
            None => {
                let Some(c) = rest.peek().copied() else { break };
                if quote.is_none()
                    && (c.is_whitespace() || ";{".contains(c))
                    && !word.ends_with('$')
                {
                    break;
                }
                rest.next();
                c
            }
        };
        *line += usize::from(c == '\n');
        if quote == Some(c) {
            break;
        }
        match c {
            '\\' => word.extend(rest.next()),
            c => word.push(c),
        }
    }
    word
}

/// Skips a block of another language, whose braces pair, to its end.
fn skip_block(rest: &mut Rest<'_>, line: &mut usize) {
    let mut depth = 1;
    let mut quote = None;
    while let Some(c) = rest.next() {
        *line += usize::from(c == '\n');
        match (quote, c) {
            (Some(_), '\\') => {
                rest.next();
            }
            (Some(end), c) if c == end || c == '\n' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
        if depth == 0 {
            return;
        }
    }
}
