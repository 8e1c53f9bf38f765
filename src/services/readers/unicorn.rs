//! Unicorn: `listen ADDRESS, backlog: NUMBER` in the file that `-c` names.
//!
//! Follows lib/unicorn/configurator.rb (`listen`, `expand_addr`: options of one address are merged,
//! whatever `-l` says) and the option parser of bin/unicorn. The title that replaces the command line
//! has all of its words.

use std::collections::BTreeSet;

use super::ruby::{self, Call, Value};
use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;

/// The calls that say or decide where Unicorn listens.
const CALLS: [&str; 5] = ["listen", "listeners", "eval", "instance_eval", "load"];

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let Some(words) = words(context) else {
        return Reading::default();
    };
    let Some(path) = file(&words) else {
        return Reading {
            settings: Vec::new(),
            complete: true,
        };
    };
    let path = context.path(&path);
    let Some(text) = context.files.read(&path) else {
        return Reading::default();
    };
    let mut reading = Reading::default();
    let listens = ruby::calls(&text, &["listen"]).count();
    let only = listens == 1
        && !words
            .iter()
            .any(|word| word.starts_with("-l") || word.starts_with("--listen"));
    for call in ruby::calls(&text, &CALLS) {
        match listen(&call, only, context) {
            Ok(None) => {}
            Ok(Some((on, number))) => {
                let place = Place::Line(path.clone(), call.line);
                reading
                    .settings
                    .push(Setting::configured(on, number, place));
            }
            Err(why) => {
                let why = format!("line {} {why}", call.line);
                context.files.fault(&path, why);
            }
        }
    }
    // The options of one address are merged, the last one wins.
    let mut seen = BTreeSet::new();
    reading.settings.reverse();
    reading
        .settings
        .retain(|setting| seen.insert(format!("{:?}", setting.on)));
    reading.settings.reverse();
    reading.complete = !context.files.has_faults();
    reading
}

/// The words of the command line. `None`: they are not known.
fn words(context: &Context<'_>) -> Option<Vec<String>> {
    let words: Vec<String> = match context.title {
        // `unicorn master -c x`, `unicorn_rails worker[0] -c x`
        Some(title) => {
            let mut words = title.split_ascii_whitespace().map(str::to_owned);
            let told = words.next()?.starts_with("unicorn");
            let role = words.next()?;
            if !told || !(role == "master" || role.starts_with("worker[")) {
                return None;
            }
            words.collect()
        }
        None => context.arguments.to_vec(),
    };
    (context.title.is_some() || !words.is_empty()).then_some(words)
}

/// The file of `-c`.
fn file(words: &[String]) -> Option<String> {
    let mut found = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "-c" || word == "--config-file" {
            found = words.next().or(found);
        } else if let Some(path) = word.strip_prefix("--config-file=") {
            return Some(path.to_owned());
        } else if let Some(path) = word.strip_prefix("-c") {
            return Some(path.to_owned());
        }
    }
    found.cloned()
}

/// What a call asks for, where. `only`: nothing else says where to listen.
fn listen(
    call: &Call,
    only: bool,
    context: &Context<'_>,
) -> Result<Option<(Endpoint, i64)>, &'static str> {
    if call.name == "listeners" {
        return Ok(None);
    }
    if call.name != "listen" {
        return Err("runs code that is not read");
    }
    // Options that are computed as a whole.
    if call.arguments.len() > 1 {
        return Err("computes the options of a listener");
    }
    let backlog = call.options.iter().rev().find(|(key, _)| key == "backlog");
    let number = match backlog {
        None | Some((_, Value::Constant)) => return Ok(None),
        Some((_, Value::Number(number))) => *number,
        Some(_) => return Err("computes a backlog"),
    };
    if call.doubtful {
        return Err("sets a backlog under a condition");
    }
    let on = match call.arguments.first() {
        Some(Value::Number(port)) => u16::try_from(*port).ok().map(Endpoint::port_v4),
        Some(Value::Text(address)) => endpoint(address, context),
        _ => None,
    };
    match on {
        Some(on) => Ok(Some((on, number))),
        // `"#{directory}/unicorn.sock"` is wherever it listens.
        None if only => Ok(Some((Endpoint::Any, number))),
        None => Err("computes the address of a backlog"),
    }
}

fn endpoint(address: &str, context: &Context<'_>) -> Option<Endpoint> {
    if let Some(path) = address.strip_prefix("unix:") {
        return Some(Endpoint::Path(context.path(path)));
    }
    if let Some(path) = address.strip_prefix("~/") {
        let home = context.host.variable(context.pid, "HOME")?;
        return Some(Endpoint::Path(format!("{home}/{path}")));
    }
    let port = address.strip_prefix("*:").unwrap_or(address).parse();
    if let Ok(port) = port {
        return Some(Endpoint::port_v4(port));
    }
    Endpoint::parse(address, Some(80))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    /// What Unicorn 6.0.0 passed to listen(2) under strace for the literal ones of these.
    const FILE: &str = "\
worker_processes 4
listen \"/tmp/n/x.sock\", :backlog => 64
listen 8083, backlog: 65, tcp_nopush: true
listen \"127.0.0.1:8084\"
listen 8083, tcp_nopush: true
listen \"*:8086\", :backlog => 1_000
listen \"~/x\", :backlog => 0x100
listen \"localhost:8087\", :backlog => 72
listen \"[::1]:8088\", :backlog => 73
listen \"unix:/tmp/n/../z.sock\", :backlog => 74
listen(\":8089\", :backlog => 75)
listen \"8090\", :backlog => 1
listen \"8090\", :backlog => 76
";

    fn asked(text: &str, title: &str) -> (Vec<String>, bool) {
        let mut fake = Fake::new(&[("/u.rb", text)]);
        fake.variables = [("HOME".to_owned(), "/home/u".to_owned())].into();
        fake.settings(read, &[], Some(title))
    }

    const TITLE: &str = "unicorn master -c u.rb -D";

    #[test]
    fn each_address_has_its_number() {
        let expected = [
            "/tmp/n/x.sock = 64 at /u.rb:2",
            "0.0.0.0:8083 = 65 at /u.rb:3",
            "0.0.0.0:8086 = 1000 at /u.rb:6",
            "/home/u/x = 256 at /u.rb:7",
            "localhost:8087 = 72 at /u.rb:8",
            "[::1]:8088 = 73 at /u.rb:9",
            "/tmp/z.sock = 74 at /u.rb:10",
            "*:8089 = 75 at /u.rb:11",
            "0.0.0.0:8090 = 76 at /u.rb:13",
        ];
        let expected: (Vec<String>, bool) = (expected.map(str::to_owned).into(), true);
        assert_eq!(asked(FILE, TITLE), expected);
        assert_eq!(
            asked(FILE, "unicorn_rails master --config-file=/u.rb"),
            expected
        );
    }

    #[test]
    fn the_command_line_says_which_file_if_any() {
        assert_eq!(asked(FILE, "unicorn master -l0.0.0.0:8080"), (vec![], true));
        assert_eq!(asked(FILE, "unicorn master -c /no.rb"), (vec![], false));
        assert_eq!(asked(FILE, "something else"), (vec![], false));
        let fake = Fake::new(&[("/u.rb", "listen 1, backlog: 2")]);
        let words = ["/usr/bin/ruby", "/usr/bin/unicorn", "-cu.rb"];
        let (found, complete) = fake.settings(read, &words, None);
        assert_eq!((found.len(), complete), (1, true));
        assert_eq!(fake.settings(read, &[], None), (vec![], false));
    }

    #[test]
    fn a_computed_address_is_that_of_the_only_listener() {
        let text = "app = File.expand_path('..', __dir__)\nlisten \"#{app}/u.sock\", backlog: 64\n";
        assert_eq!(
            asked(text, TITLE),
            (vec!["any = 64 at /u.rb:2".to_owned()], true)
        );
        assert_eq!(asked(text, "unicorn master -c u.rb -l 80"), (vec![], false));
        assert_eq!(asked(&format!("{text}listen 80\n"), TITLE), (vec![], false));
        // Without a number the default holds wherever it is.
        assert_eq!(
            asked("listen \"#{app}/u.sock\"\nlisten ENV['PORT']", TITLE),
            (vec![], true)
        );
    }

    #[test]
    fn what_is_computed_or_conditional_is_not_known() {
        for text in [
            "listen 80, backlog: 2**10",
            "listen 80, backlog: ENV['B'].to_i",
            "listen 80, options",
            "listen 80, **options",
            "listen 80, backlog: 5 if x",
            "after_fork do |server, worker|\n server.listen 80, backlog: 5\nend",
            "instance_eval(File.read('x'))",
        ] {
            assert_eq!(asked(text, TITLE), (vec![], false), "{text}");
        }
        let text = "after_fork do |server, worker|\n server.listen(\"127.0.0.1:#{1 + worker.nr}\", tries: -1)\nend";
        assert_eq!(asked(text, TITLE), (vec![], true));
    }

    #[test]
    fn long_texts_are_no_trap() {
        let lines = (1..50_000).map(|port| format!("listen {port}, backlog: 1\n"));
        assert_eq!(asked(&lines.collect::<String>(), TITLE).0.len(), 49_999);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "listen",
            "listen 99999",
            "listen 'a",
            "listen , backlog:",
            "listen backlog: 1",
        ] {
            asked(text, TITLE);
        }
        for title in [
            "",
            "unicorn",
            "unicorn master",
            "unicorn master -c",
            "unicorn master -c ",
        ] {
            asked(FILE, title);
        }
    }
}
