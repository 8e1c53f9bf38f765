//! Entrypoints as images have them, over files in memory.

use std::collections::BTreeMap;

use super::*;

mod before;
mod ways;

/// An image in memory: texts and programs by path.
#[derive(Default)]
struct Files(BTreeMap<&'static str, &'static str>);

impl Root for Files {
    fn text(&self, path: &str) -> Option<String> {
        let text = self.0.get(path).filter(|text| **text != "ELF")?;
        Some((*text).to_owned())
    }

    fn names(&self, path: &str) -> Vec<String> {
        let below = format!("{path}/");
        let all = self.0.keys().filter_map(|name| name.strip_prefix(&below));
        let mut names: Vec<String> = all
            .filter_map(|rest| rest.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }

    fn real(&self, path: &str) -> Option<String> {
        self.0.get(path).map(|text| match text.strip_prefix("-> ") {
            Some(target) => target.to_owned(),
            None => path.to_owned(),
        })
    }

    fn is_program(&self, path: &str) -> bool {
        let text = self.0.get(path);
        text.is_some_and(|text| *text == "ELF" || text.starts_with("#!") || text.starts_with("-> "))
    }
}

fn started(files: &[(&'static str, &'static str)], words: &[&str]) -> Started {
    let mut all = BTreeMap::from([
        ("/bin/sh", "-> /bin/dash"),
        ("/bin/dash", "ELF"),
        ("/bin/bash", "ELF"),
        ("/usr/bin/env", "ELF"),
        ("/usr/sbin/nginx", "ELF"),
        ("/usr/bin/redis-server", "ELF"),
        ("/usr/bin/tini", "ELF"),
        ("/usr/sbin/gosu", "ELF"),
        ("/usr/bin/python3", "-> /usr/bin/python3.11"),
        ("/usr/bin/python3.11", "ELF"),
    ]);
    all.extend(files.iter().copied());
    let command = Command {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Command::default()
    };
    let servers = ["nginx", "redis-server", "haproxy"];
    follow(&command, &Files(all), &|name| {
        servers.contains(&file_name(name))
    })
}

/// The programs in short: the command line, `?` where it is presumed, `+` where something prepares it.
fn short(files: &[(&'static str, &'static str)], words: &[&str]) -> Vec<String> {
    let started = started(files, words);
    let one = |program: &Program| {
        let mark = |is, mark| if is { mark } else { "" };
        format!(
            "{}{}{}",
            program.command.words.join(" "),
            mark(program.presumed, " ?"),
            mark(program.prepared, " +")
        )
    };
    let unclear = started
        .unclear
        .iter()
        .map(|(what, why)| format!("{what}: {why}"));
    let all = started.programs.iter().map(one);
    match started.programs.is_empty() {
        true => unclear.collect(),
        false => all.collect(),
    }
}

#[test]
fn wrappers_are_followed_to_the_program_behind_them() {
    for (words, wanted) in [
        (&["nginx", "-g", "daemon off;"][..], "nginx -g daemon off;"),
        (&["tini", "-g", "-p", "SIGTERM", "--", "nginx"], "nginx"),
        (&["tini", "gosu", "www", "nginx", "-t"], "nginx -t"),
        (
            &["/usr/bin/env", "-i", "A=b", "PATH=/usr/sbin", "nginx"],
            "nginx",
        ),
        (
            &["sh", "-c", "exec nginx -g 'daemon off;'"],
            "nginx -g daemon off;",
        ),
        (
            &["sh", "-ec", "nginx -g \"daemon off;\""],
            "nginx -g daemon off;",
        ),
        (
            &["sh", "-c", "exec \"$0\" \"$@\"", "nginx"],
            "sh -c exec \"$0\" \"$@\" nginx: what it starts is not told by its text",
        ),
        (&["sh", "-c", "exec \"$@\"", "_", "nginx", "-q"], "nginx -q"),
        (&["sh", "-c", "cd /srv && exec nginx"], "nginx"),
        (&["sh", "-c", "migrate && exec nginx"], "nginx +"),
        (&["sh", "-c", "[ -f /x ] && exec nginx"], "nginx ?"),
        (
            &["sh", "-c", "sed -i s/a/b/ /etc/nginx/nginx.conf; nginx"],
            "nginx +",
        ),
        (&["sh", "-c", "echo hello > /etc/x; exec nginx"], "nginx +"),
        (
            &["sh", "-c", "echo hello >&2; exec nginx 2>/dev/null"],
            "nginx",
        ),
        (&["sh", "-c", "exec ${SERVER:-nginx} -q"], "nginx -q"),
        (
            &["sh"],
            "sh: a shell that is told what to do by whoever starts it",
        ),
        (&["httpd"], "httpd: there is no such program in the image"),
        (
            &["sh", "-c", "$SERVER"],
            "sh -c $SERVER: which program it starts only a shell knows",
        ),
    ] {
        assert_eq!(short(&[], words), [wanted], "{words:?}");
    }
}

#[test]
fn a_background_server_and_what_the_script_becomes_both_run() {
    let text = "redis-server --port 1 &\nexec nginx";
    assert_eq!(
        short(&[], &["sh", "-c", text]),
        ["redis-server --port 1", "nginx"]
    );
    let text = "nginx &\nredis-server &\nwait";
    assert_eq!(short(&[], &["sh", "-c", text]), ["nginx", "redis-server"]);
    let text = "redis-server --daemonize yes\nnginx -g 'daemon off;'";
    let both = ["redis-server --daemonize yes", "nginx -g daemon off;"];
    assert_eq!(short(&[], &["sh", "-c", text]), both);
}

/// docker-library/redis, 7.2/debian/docker-entrypoint.sh in short.
const REDIS: &str = r#"#!/bin/sh
set -e
# first arg is `-f` or `--some-option`
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
	set -- redis-server "$@"
fi
if [ "$1" = 'redis-server' -a "$(id -u)" = '0' ]; then
	find . \! -user redis -exec chown redis '{}' +
	exec gosu redis "$0" "$@"
fi
um="$(umask)"
if [ "$um" = '0022' ]; then
	umask 0077
fi
exec "$@"
"#;

#[test]
fn entrypoints_of_well_known_images_come_to_the_command() {
    let redis = [("/e.sh", REDIS)];
    assert_eq!(short(&redis, &["/e.sh", "redis-server"]), ["redis-server"]);
    let nginx = r#"#!/bin/sh
# vim:sw=4:ts=4:et
set -e
log() { if [ -z "${QUIET:-}" ]; then echo "$@"; fi }
if [ "$1" = "nginx" ] || [ "$1" = "nginx-debug" ]; then
    if /usr/bin/find "/docker-entrypoint.d/" -mindepth 1 -print -quit 2>/dev/null | read v; then
        find "/docker-entrypoint.d/" -type f -print | sort -V | while read -r f; do
            case "$f" in
                *.envsh) if [ -x "$f" ]; then . "$f"; fi ;;
                *.sh) "$f" ;;
                *) log "ignoring $f";;
            esac
        done
    else
        log "none"
    fi
fi
exec "$@"
"#;
    let files = [("/docker-entrypoint.sh", nginx)];
    let words = ["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"];
    assert_eq!(short(&files, &words), ["nginx -g daemon off; +"]);
}

#[test]
fn an_if_that_sets_other_arguments_of_the_same_program_is_one_way() {
    let haproxy = "#!/bin/sh\nset -e\nif [ \"${1#-}\" != \"$1\" ]; then\n\tset -- haproxy \"$@\"\nfi\nif [ \"$1\" = 'haproxy' ]; then\n\tshift\n\tset -- haproxy -W -db \"$@\"\nfi\nexec \"$@\"\n";
    let files = [("/e", haproxy), ("/usr/sbin/haproxy", "ELF")];
    let found = short(&files, &["/e", "haproxy", "-f", "/x"]);
    assert_eq!(found, ["haproxy -f /x", "haproxy -W -db -f /x"]);
    let only_options = short(&files, &["/e", "-f", "/x"]);
    assert!(
        only_options.iter().all(|line| !line.contains('?')),
        "{only_options:?}"
    );
}

#[test]
fn a_script_that_starts_itself_in_many_ways_ends() {
    let ways = "if a; then exec /e \"$@\" a; fi\n".repeat(40);
    let text: &'static str = Box::leak(format!("#!/bin/sh\n{ways}exec nginx\n").into_boxed_str());
    let found = started(&[("/e", text)], &["/e"]);
    assert!(
        found
            .unclear
            .iter()
            .any(|(_, why)| why.starts_with("too many"))
    );
}

#[test]
fn ways_that_differ_are_all_possible() {
    let text = "#!/bin/sh\nif [ -n \"$CACHE\" ]; then exec redis-server; fi\nexec nginx\n";
    let found = started(&[("/e", text)], &["/e"]);
    assert!(found.programs.iter().all(|program| program.presumed));
    assert_eq!(found.programs.len(), 2);
    assert_eq!(found.unclear[0].0, "/e:2");
    let text = "#!/bin/bash\nmain() {\n  exec nginx\n}\nmain \"$@\"\n";
    assert_eq!(short(&[("/e", text)], &["/e"]), ["nginx ?"]);
    let text = "#!/bin/sh\ncase $1 in\n web) exec nginx;;\n *) exec \"$@\";;\nesac\n";
    assert_eq!(
        short(&[("/e", text)], &["/e", "redis-server"]),
        ["nginx ?", "redis-server ?"]
    );
}

#[test]
fn a_script_of_an_interpreter_is_its_process() {
    let files = [("/usr/bin/gunicorn", "#!/usr/bin/python3\nimport x\n")];
    let found = started(&files, &["gunicorn", "-b", ":80", "app"]);
    assert_eq!(found.programs[0].executable, "/usr/bin/python3.11");
    assert_eq!(
        found.programs[0].command.words.join(" "),
        "/usr/bin/python3 /usr/bin/gunicorn -b :80 app"
    );
    let files = [("/app/run", "#!/usr/bin/env -S python3 -u\nimport x\n")];
    assert_eq!(short(&files, &["/app/run", "a"]), ["python3 -u /app/run a"]);
}

#[test]
fn supervisors_start_what_their_configuration_says() {
    let files = [
        ("/usr/bin/supervisord", "#!/usr/bin/python3\n"),
        (
            "/etc/supervisor/supervisord.conf",
            "[supervisord]\nnodaemon=true\n[program:web]\ncommand=nginx -g \"daemon off;\" ; web\n[program:off]\ncommand=haproxy\nautostart=false\n[include]\nfiles = /etc/supervisor/conf.d/*.conf\n",
        ),
        (
            "/etc/supervisor/conf.d/r.conf",
            "[program:r]\ncommand = redis-server\ndirectory=/data\n",
        ),
        (
            "/etc/service/a/run",
            "#!/bin/sh\nexec 2>&1\nexec chpst -u x redis-server\n",
        ),
        ("/usr/bin/runsvdir", "ELF"),
        ("/usr/bin/chpst", "ELF"),
    ];
    assert_eq!(
        short(&files, &["supervisord", "-n"]),
        ["nginx -g daemon off;", "redis-server"]
    );
    assert_eq!(
        short(&files, &["runsvdir", "-P", "/etc/service"]),
        ["redis-server"]
    );
}

#[test]
fn an_init_is_told_and_no_program() {
    let files = [
        ("/sbin/init", "-> /lib/systemd/systemd"),
        ("/lib/systemd/systemd", "ELF"),
    ];
    let found = started(&files, &["/sbin/init"]);
    assert_eq!((found.init, found.programs.len()), (Some(Init::Systemd), 0));
}

#[test]
fn no_text_makes_it_panic_or_go_on_for_ever() {
    for text in [
        "exec",
        "\"",
        "$(",
        "${",
        "if",
        "case x in",
        "<<EOF",
        "a() {",
        "((((",
        ")))",
        "exec \"$0\" \"$@\"",
        "/e",
        ". /e; /e",
        "$((1",
        "`",
        "[[ a",
        "a=(b",
        "> >(",
        "A=$A$A\nA=$A$A$A$A$A$A$A$A",
        "set -- \"$@\" \"$@\" a\n/e \"$@\"",
        "export A=b$A$A\nexec \"$0\" \"$A\" \"$A\"",
    ] {
        let leaked: &'static str =
            Box::leak(format!("#!/bin/sh\n{text}\nexec /e\n").into_boxed_str());
        let _ = started(&[("/e", leaked)], &["/e"]);
        let _ = short(&[], &["sh", "-c", text]);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_of_a_shells_letters_is_read_to_its_end(
        text in "[a-z$(){}|&;<>'\"` \\n#=/.*-]{0,80}(exec|if|then|fi|case|esac|set --|shift|nginx)?[ -~]{0,40}"
    ) {
        let script: &'static str = Box::leak(format!("#!/bin/sh\n{text}\nexec nginx\n").into_boxed_str());
        let found = started(&[("/e", script)], &["/e"]);
        proptest::prop_assert!(found.programs.len() <= MOST);
    }
}
