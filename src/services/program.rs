//! What an interpreter or a virtual machine runs: the name that tells `gunicorn` from `python3`.
//!
//! Follows python3(1), java(1), node(1), ruby(1), perl(1), php(1): options first, then the script,
//! module, main class or jar.

use super::host::file_name;

/// Interpreters, by the beginning of the name of their executable, with what follows it made of
/// digits and dots alone, and their options that take the next word with them.
const INTERPRETERS: [(&str, &[&str]); 12] = [
    ("python", &["-W", "-X", "-Q", "--check-hash-based-pycs"]),
    ("pypy", &["-W", "-X"]),
    (
        "java",
        &[
            "-cp",
            "-classpath",
            "--class-path",
            "-p",
            "--module-path",
            "--upgrade-module-path",
            "--add-modules",
            "--add-reads",
            "--add-exports",
            "--add-opens",
            "--patch-module",
            "--enable-native-access",
            "--limit-modules",
        ],
    ),
    (
        "node",
        &[
            "-r",
            "--require",
            "--import",
            "-C",
            "--conditions",
            "--loader",
            "--env-file",
            "--title",
        ],
    ),
    ("nodejs", &["-r", "--require", "--import"]),
    (
        "deno",
        &["-c", "--config", "--import-map", "--lock", "--location"],
    ),
    ("bun", &["-c", "--config", "--preload", "-r"]),
    ("ruby", &["-I", "-r", "-E", "-C", "-K"]),
    ("perl", &["-I"]),
    ("php", &["-c", "-d", "-z"]),
    (
        "dotnet",
        &[
            "--roll-forward",
            "--fx-version",
            "--additionalprobingpath",
            "--depsfile",
            "--runtimeconfig",
        ],
    ),
    ("beam.smp", &[]),
];

/// Whether an executable of this name runs other programs.
pub(super) fn is_interpreter(name: &str) -> bool {
    interpreter(name).is_some()
}

fn interpreter(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    INTERPRETERS.into_iter().find(|(interpreter, _)| {
        let rest = name.strip_prefix(interpreter);
        rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    })
}

/// What the interpreter `exe` (its file name) runs under this command line. Only what looks like
/// the name of a program: a command line may have code and passwords in it, and this is recorded.
pub(super) fn of(exe: &str, arguments: &[String]) -> Option<String> {
    behind(exe, arguments).filter(|program| is_name(program))
}

/// Bytes of a program's name.
const LONGEST: usize = 128;

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+@$/-".contains(c);
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(plain)
}

/// Whether an option has code behind it, alone or with flags before its letter: `-c`, `-ne`.
fn has_code(interpreter: &str, word: &str) -> bool {
    let (letters, flags) = match interpreter {
        "python" | "pypy" => ("c", "bBdEhiIOPqsSuvVx3"),
        "ruby" => ("e", "acdlnpsSvwWyL0123456789"),
        "perl" => ("eE", "acflnpsStTuUwWX0123456789"),
        "php" => ("rBREF", "aCHinqsvw"),
        "node" | "nodejs" => ("ep", "cipv"),
        "deno" | "bun" => ("ep", ""),
        _ => return false,
    };
    if matches!(word, "-" | "--eval" | "--print" | "eval") {
        return true;
    }
    let cluster = word.strip_prefix('-').unwrap_or_default();
    let code = cluster.find(|c: char| letters.contains(c));
    code.is_some_and(|at| cluster[..at].chars().all(|c| flags.contains(c)))
}

/// Whether a cluster of Python's flags ends in the one that names a module.
fn names_module(interpreter: &str, word: &str) -> bool {
    let flags = word
        .strip_prefix('-')
        .and_then(|flags| flags.strip_suffix('m'));
    let short = |flags: &str| flags.chars().all(|c| "bBdEiIOPqsSuvx3".contains(c));
    matches!(interpreter, "python" | "pypy") && flags.is_some_and(short)
}

fn behind(exe: &str, arguments: &[String]) -> Option<String> {
    let (name, with_value) = interpreter(exe)?;
    let (first, rest) = arguments.split_first()?;
    if rest.is_empty()
        && let Some(title) = of_title(first)
    {
        return Some(title);
    }
    let mut rest = rest.iter().map(String::as_str).peekable();
    while let Some(word) = rest.next() {
        match (name, word) {
            _ if names_module(name, word) => return rest.next().map(str::to_owned),
            _ if has_code(name, word) => return None,
            ("java", "-jar") => return rest.next().map(|jar| file_name(jar).to_owned()),
            ("java", "-m" | "--module") => return rest.next().map(str::to_owned),
            ("java", _) if word.starts_with('@') => {}
            ("ruby", "-S") => {}
            ("beam.smp", _) => return None,
            _ if with_value.contains(&word) => {
                rest.next();
            }
            _ if word.starts_with('-') => {}
            ("deno" | "bun", "run" | "serve" | "exec") | ("dotnet", "exec" | "run") => {}
            ("ruby", _) if file_name(word) == "bundle" && rest.peek() == Some(&"exec") => {
                rest.next();
            }
            ("java", _) => return Some(word.to_owned()),
            _ => return Some(file_name(word).to_owned()),
        }
    }
    None
}

/// The program in a title that replaced the command line: `puma 6.0.0 (tcp://…) [app]`,
/// `gunicorn: master [app]`, `unicorn master -c x`.
pub(super) fn of_title(title: &str) -> Option<String> {
    let (first, rest) = title.split_once([' ', ':'])?;
    let told = !rest.is_empty() && !first.is_empty() && !is_interpreter(file_name(first));
    told.then(|| file_name(first).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(exe: &str, line: &str) -> Option<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        of(exe, &words)
    }

    #[test]
    fn scripts_modules_classes_and_jars_are_found_behind_options() {
        for (exe, line, wanted) in [
            (
                "python3.11",
                "/usr/bin/python3 /usr/bin/gunicorn -b :8000 app",
                Some("gunicorn"),
            ),
            (
                "python3.11",
                "python3 -u -W ignore -m http.server 80",
                Some("http.server"),
            ),
            ("python3.11", "python3 -c x", None),
            ("python3.11", "python3 -uc x", None),
            ("python3.11", "python3 -um http.server", Some("http.server")),
            ("python3.11", "python3 - x", None),
            ("perl", "perl -E x", None),
            ("perl", "perl -lne x", None),
            (
                "ruby3.1",
                "ruby -rbundler/setup /usr/bin/puma",
                Some("puma"),
            ),
            ("ruby3.1", "ruby -ne x", None),
            ("node", "node -pe x", None),
            ("php8.2", "php -B x", None),
            ("node", "node --inspect-port 1 a.js", None),
            ("java", "java -cp x my$password=hunter2;", None),
            (
                "java",
                "java -Xmx1g -cp a:b -Dx=y org.apache.catalina.startup.Bootstrap start",
                Some("org.apache.catalina.startup.Bootstrap"),
            ),
            ("java", "java -jar /srv/app.jar --x", Some("app.jar")),
            ("node", "node -r dotenv /srv/server.js", Some("server.js")),
            ("node", "node -e x", None),
            (
                "ruby3.1",
                "ruby /usr/bin/bundle exec puma -p 1",
                Some("puma"),
            ),
            ("perl", "/usr/bin/perl -w /usr/sbin/tool", Some("tool")),
            ("dotnet", "dotnet /app/web.dll", Some("web.dll")),
            ("nginx", "nginx -c x", None),
            ("pythonista", "pythonista x", None),
        ] {
            assert_eq!(program(exe, line).as_deref(), wanted, "{line}");
        }
    }

    #[test]
    fn a_title_in_place_of_the_command_line_is_understood() {
        let title = |text: &str| of("ruby", &[text.to_owned()]);
        assert_eq!(
            title("puma 6.0.0 (tcp://0.0.0.0:1) [app]").as_deref(),
            Some("puma")
        );
        assert_eq!(title("unicorn master -c x").as_deref(), Some("unicorn"));
        assert_eq!(title("ruby").as_deref(), None);
    }
}
