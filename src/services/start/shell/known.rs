//! Commands that a script may run before its server without a change to what the server reads, and those
//! command lines of a server that start none: they test its configuration, or print something.
//!
//! Follows nginx(8), httpd(8), redis-server(1), haproxy(1), php-fpm(8), lighttpd(8), named(8), postgres(1)
//! and mysqld(8): the same letter means another thing to each (`-t` of gunicorn and `-h` of mysqld set
//! something).

use crate::services::host::file_name;

/// Commands that neither start a server nor write configuration.
pub(super) const HARMLESS: [&str; 43] = [
    "rm", "kill", "pwd", "which", "dirname", ":", "[", "[[", "test", "true", "false", "echo",
    "printf", "umask", "ulimit", "shopt", "trap", "local", "readonly", "declare", "typeset",
    "unset", "sleep", "id", "return", "wait", "mkdir", "chown", "chmod", "touch", "ls", "find",
    "hostname", "date", "tail", "cat", "set", "read", "command", "type", "hash", "break",
    "continue",
];

/// Words that start nothing, whichever server they are given to.
const ANY: [&str; 9] = [
    "--version",
    "--help",
    "configtest",
    "--check-config",
    "--print-config",
    "--validate-config",
    "--initialize",
    "--initialize-insecure",
    "--test-memory",
];

/// Options of some servers, by the beginnings of their names.
const OF: [(&[&str], &[&str]); 8] = [
    (
        &["nginx", "openresty", "angie", "tengine"],
        &["-t", "-T", "-tq", "-qt", "-v", "-V", "-h", "-?", "-s"],
    ),
    (
        &["apache2", "httpd", "apachectl"],
        &["-t", "-v", "-V", "-l", "-L", "-M", "-S", "-h"],
    ),
    (
        &["redis-server", "valkey-server", "keydb-server"],
        &["-v", "-h"],
    ),
    (&["haproxy"], &["-c", "-v", "-vv"]),
    (&["php-fpm"], &["-t", "-tt", "-v", "-i", "-m", "-h"]),
    (&["lighttpd"], &["-t", "-tt", "-p", "-v", "-V", "-h"]),
    (&["named"], &["-v", "-V", "-h"]),
    (
        &["postgres", "mysqld", "mariadbd", "memcached"],
        &["-V", "-?"],
    ),
];

/// Whether a command line that names a server only tests or prints: it starts nothing.
pub(super) fn only_asks(words: &[String], is_server: &dyn Fn(&str) -> bool) -> bool {
    let Some(at) = words.iter().take(4).position(|word| is_server(word)) else {
        return false;
    };
    let name = file_name(&words[at]);
    let own = OF
        .iter()
        .filter(|(names, _)| names.iter().any(|it| name.starts_with(it)));
    let own: Vec<&str> = own
        .flat_map(|(_, options)| options.iter().copied())
        .collect();
    let mut rest = words[at + 1..].iter().map(String::as_str);
    rest.any(|word| ANY.contains(&word) || own.contains(&word))
}

/// What a command does that may change what the server behind it reads. `None`: nothing.
pub(super) fn prepares(words: &[String]) -> Option<String> {
    let name = words.first().map_or("", String::as_str);
    let harmless = match name {
        "find" => {
            let mut run = words.windows(2).filter(|pair| pair[0].starts_with("-exec"));
            run.all(|pair| matches!(file_name(&pair[1]), "chown" | "chmod"))
        }
        name => HARMLESS.contains(&name),
    };
    let shown = match name {
        "" => "a program that only a shell knows".to_owned(),
        "." | "source" => format!(
            "what {} says",
            words.get(1).map_or("a file", String::as_str)
        ),
        name => name.to_owned(),
    };
    (!harmless).then(|| format!("runs {shown}"))
}
