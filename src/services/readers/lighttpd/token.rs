//! Tokens of lighttpd's configuration, after `config_tokenizer` in src/configfile.c.

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A key, a number or a variable.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// Any other character; a line's end is `\n`.
    Symbol(char),
}

/// The tokens of a text with their lines, from 1.
pub(super) fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    let mut line = 1;
    while let Some(c) = rest.next() {
        let token = match c {
            '#' => {
                while rest.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            '"' => {
                let mut text = String::new();
                while let Some(c) = rest.next_if(|c| *c != '"') {
                    match c {
                        '\\' => text.extend(rest.next()),
                        c => text.push(c),
                    }
                }
                rest.next();
                found.push((Token::Text(text.clone()), line));
                line += text.matches('\n').count();
                continue;
            }
            c if is_word(c) => {
                let mut word = c.to_string();
                while let Some(c) = rest.next_if(|c| is_word(*c)) {
                    word.push(c);
                }
                Token::Word(word)
            }
            '\n' => Token::Symbol('\n'),
            c if c.is_whitespace() => continue,
            c => Token::Symbol(c),
        };
        found.push((token, line));
        line += usize::from(c == '\n');
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// How many tokens a statement still has: to the end of its line, outside of parentheses, or of its
/// block.
pub(super) fn end(rest: &[(Token, usize)]) -> usize {
    let mut depth = 0_usize;
    for (at, (token, _)) in rest.iter().enumerate() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            Token::Symbol('\n' | '}') if depth == 0 => return at,
            _ => {}
        }
    }
    rest.len()
}
