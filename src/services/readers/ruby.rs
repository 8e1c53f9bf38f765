//! Configuration files that are Ruby code: the calls of a few methods, as far as they are literal.
//!
//! Follows Ruby's lexical structure: comments, `=begin` blocks, `__END__`, strings, %-literals and
//! here-documents. Nothing is evaluated. Arguments that are no literals are [`Value::Computed`], and
//! a call inside of a block, method or condition says so: whether it is made is not known.

mod lexer;

use std::iter::Peekable;

use lexer::Lexer;

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A string or symbol.
    Text(String),
    Number(i64),
    /// A string of which only the pieces between `#{...}` are known.
    Pieces(Vec<String>),
    /// `true`, `false` or `nil`.
    Constant,
    /// Anything else.
    Computed,
}

/// A call of a method without a receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<Value>,
    /// `key: value`, `:key => value`, with or without braces.
    pub(super) options: Vec<(String, Value)>,
    /// Of its name, from 1.
    pub(super) line: usize,
    /// It stands in a block or behind a condition, or has a receiver.
    pub(super) doubtful: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `key:`
    Key(String),
    Value(Value),
    Sign(char),
    /// `=>`
    Arrow,
    /// The end of a line, or `;`.
    End,
}

/// Tokens and arguments of one call that are looked at; more of them are computed in any case.
const MOST_TOKENS: usize = 8;
const MOST_ARGUMENTS: usize = 64;

/// The calls of these methods, in their order.
pub(super) fn calls<'a>(text: &'a str, names: &'a [&'a str]) -> impl Iterator<Item = Call> + 'a {
    Calls {
        tokens: Lexer::new(text).peekable(),
        names,
        depth: 0,
        header: false,
        begins: true,
    }
}

struct Calls<'a> {
    tokens: Peekable<Lexer<'a>>,
    names: &'a [&'a str],
    /// Open blocks and braces.
    depth: usize,
    /// In the first line of a loop, whose `do` opens nothing more.
    header: bool,
    /// Nothing was read yet.
    begins: bool,
}

impl Iterator for Calls<'_> {
    type Item = Call;

    fn next(&mut self) -> Option<Call> {
        // What follows a call belongs to its statement.
        let mut starts = std::mem::take(&mut self.begins);
        let mut receiver = false;
        while let Some((token, line)) = self.tokens.next() {
            let (start, behind) = (starts, receiver);
            (starts, receiver) = (false, false);
            match token {
                Token::End => {
                    starts = true;
                    self.header = false;
                }
                Token::Sign('{') => {
                    self.depth += 1;
                    starts = true;
                }
                Token::Sign('}') => self.depth = self.depth.saturating_sub(1),
                Token::Sign('.') => receiver = true,
                // Behind a block's parameters a statement begins.
                Token::Sign('|') => starts = true,
                Token::Word(name) if self.names.contains(&&*name) && (start || behind) => {
                    let mut call = self.call();
                    call.name = name;
                    call.line = line;
                    call.doubtful |= self.depth > 0 || behind;
                    return Some(call);
                }
                Token::Word(word) if !behind => starts = self.keyword(&word, start),
                _ => {}
            }
        }
        None
    }
}

impl Calls<'_> {
    /// Follows the blocks that words open and close; whether a statement begins behind the word.
    fn keyword(&mut self, word: &str, start: bool) -> bool {
        match word {
            "do" if self.header => self.header = false,
            "do" | "begin" | "def" | "class" | "module" | "case" => self.depth += 1,
            // Behind a statement they are modifiers, which open nothing.
            "while" | "until" | "for" if start => {
                self.depth += 1;
                self.header = true;
                return false;
            }
            "if" | "unless" if start => {
                self.depth += 1;
                return false;
            }
            "then" | "else" | "ensure" => {}
            "end" => {
                self.depth = self.depth.saturating_sub(1);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// The arguments that begin here.
    fn call(&mut self) -> Call {
        let mut call = Call::default();
        // Open brackets, and whether what is in them is part of one argument.
        let mut open: Vec<bool> = Vec::new();
        let mut piece: Vec<Token> = Vec::new();
        let mut first = true;
        while let Some((token, _)) = self.tokens.peek() {
            match token {
                // A line goes on behind a comma and in brackets.
                Token::End if open.is_empty() && (first || !piece.is_empty()) => break,
                Token::Word(word) if open.is_empty() && ENDS.contains(&&**word) => {
                    call.doubtful |= word != "do";
                    break;
                }
                Token::Sign(')' | ']' | '}') if open.is_empty() => break,
                _ => {}
            }
            let Some((token, _)) = self.tokens.next() else {
                break;
            };
            let inside = open.contains(&true);
            match token {
                Token::End => {}
                Token::Sign('(' | '[' | '{') => {
                    let call_itself = token == Token::Sign('(') && first;
                    let mapping = token == Token::Sign('{') && piece.is_empty();
                    open.push(!call_itself && !mapping);
                    if !call_itself && !mapping {
                        keep_token(&mut piece, token);
                    }
                }
                Token::Sign(')' | ']' | '}') => {
                    open.pop();
                    if inside {
                        keep_token(&mut piece, token);
                    } else if token == Token::Sign(')') && open.is_empty() {
                        // `listen(80) if x`
                        let next = self.tokens.peek().map(|(token, _)| token);
                        call.doubtful |= !matches!(next, None | Some(Token::End));
                        break;
                    }
                }
                Token::Sign(',') if !inside => keep(&mut call, &std::mem::take(&mut piece)),
                token => keep_token(&mut piece, token),
            }
            first = false;
        }
        keep(&mut call, &piece);
        call
    }
}

/// Words that end the arguments of a call.
const ENDS: [&str; 7] = ["if", "unless", "while", "until", "and", "or", "do"];

fn keep_token(piece: &mut Vec<Token>, token: Token) {
    if piece.len() < MOST_TOKENS {
        piece.push(token);
    }
}

/// Keeps an argument or an option.
fn keep(call: &mut Call, piece: &[Token]) {
    if call.arguments.len() + call.options.len() >= MOST_ARGUMENTS {
        call.doubtful = true;
        return;
    }
    match piece {
        [] => {}
        [Token::Key(key), value @ ..] => call.options.push((key.clone(), value_of(value))),
        [Token::Value(Value::Text(key)), Token::Arrow, value @ ..] => {
            call.options.push((key.clone(), value_of(value)));
        }
        value => call.arguments.push(value_of(value)),
    }
}

fn value_of(tokens: &[Token]) -> Value {
    match tokens {
        [Token::Value(value)] => value.clone(),
        [Token::Sign('-'), Token::Value(Value::Number(number))] => Value::Number(-number),
        [Token::Word(word)] if ["true", "false", "nil"].contains(&&**word) => Value::Constant,
        _ => Value::Computed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listens(text: &str) -> Vec<Call> {
        calls(text, &["listen"]).collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn options(call: &Call) -> Vec<(&str, &Value)> {
        call.options
            .iter()
            .map(|(key, value)| (&**key, value))
            .collect()
    }

    #[test]
    fn arguments_and_options_are_read_in_every_spelling() {
        for line in [
            "listen \"/a\", :backlog => 64",
            "listen '/a', backlog: 64",
            "listen('/a', backlog: 64)",
            "listen('/a', { :backlog => 64 })",
            "listen \"/a\",\n  # more\n  :backlog=>0x40",
            "listen '/a', { backlog: 64, }",
            "listen %q(/a), 'backlog' => 64 # x",
            "x; listen \\\n '/a', backlog: 6_4",
        ] {
            let found = listens(line);
            assert_eq!(found.len(), 1, "{line}");
            assert_eq!(found[0].arguments, [text("/a")], "{line}");
            assert_eq!(
                options(&found[0]),
                [("backlog", &Value::Number(64))],
                "{line}"
            );
            assert!(!found[0].doubtful, "{line}");
        }
        let found =
            &listens("listen 80, tcp_nopush: true, backlog: -1, x: [1, 2], y: z(1, 2), w: 3\n")[0];
        assert_eq!(found.arguments, [Value::Number(80)]);
        let expected = [
            ("tcp_nopush", &Value::Constant),
            ("backlog", &Value::Number(-1)),
            ("x", &Value::Computed),
            ("y", &Value::Computed),
            ("w", &Value::Number(3)),
        ];
        assert_eq!(options(found), expected);
    }

    #[test]
    fn comments_strings_and_what_follows_the_end_are_no_code() {
        for text in [
            "# listen 80",
            "=begin\nlisten 80\n=end",
            "__END__\nlisten 80",
            "x = \"\nlisten 80\n\"",
            "x = <<~EOS\nlisten 80\n  EOS\n",
            "x = 'a\\'\nlisten 80'",
            "x = %w[\nlisten 80\n]",
            "listener 80\nx.listens 80\n",
            "puts listen",
        ] {
            assert_eq!(listens(text), [], "{text}");
        }
        assert_eq!(
            listens("x = <<~EOS\nlisten 80\n  EOS\nlisten 81")[0].line,
            4
        );
    }

    #[test]
    fn what_may_not_happen_is_doubtful() {
        for text in [
            "listen 80 if x",
            "listen(80) unless x",
            "if x\n listen 80\nend",
            "after_fork do |server, worker|\n server.listen 80\nend",
            "before_fork { |a, b| listen 80 }",
            "def x\n listen 80\nend",
            "server.listen 80",
        ] {
            let found = listens(text);
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].doubtful, "{text}");
        }
        let text = "if x\n y if z\nend\nwhile x do\nend\nuntil x\nend\nlisten 80";
        assert!(listens("before_fork do |a|\n x.y(1) { |b| b }\nend\nlisten 80")[0].line == 4);
        assert!(!listens("x = y.end\nlisten 80")[0].doubtful);
        assert!(!listens("listen 80 if x\nlisten(80) if x\nlisten 81")[2].doubtful);
        assert!(!listens(text)[0].doubtful);
    }

    #[test]
    fn what_is_computed_says_so() {
        let found = listens("listen \"#{dir}/a.sock\", backlog: 2**10\nlisten ENV['A'], **options");
        let pieces = ["", "/a.sock"].map(str::to_owned).into();
        assert_eq!(found[0].arguments, [Value::Pieces(pieces)]);
        assert_eq!(options(&found[0]), [("backlog", &Value::Computed)]);
        assert_eq!(found[1].arguments, [Value::Computed, Value::Computed]);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "\"",
            "'",
            "listen",
            "listen(",
            "listen \"#{",
            "%",
            "%q",
            "%q(",
            "<<",
            "<<~",
            "<<~A",
            ":",
            "listen :",
            ":\"",
            "?",
            "/",
            "}",
            ")",
            "end end",
            "listen ,,,",
            "=begin",
            "é",
            "0x",
            "1__",
            "listen \\",
            "listen {",
            "99999999999999999999",
            "listen a: b: c:",
            "%\u{e9}a\u{e9}",
        ] {
            listens(text);
        }
    }
}
