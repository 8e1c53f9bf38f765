//! Lists, directories and values of scripts: where another way exists, nothing is sure.

use super::*;

/// In short, without the marks of what prepares a program.
fn bare(files: &[(&'static str, &'static str)], words: &[&str]) -> Vec<String> {
    let found = short(files, words).into_iter();
    found
        .map(|it| it.trim_end_matches(" +").to_owned())
        .collect()
}

#[test]
fn a_condition_at_the_head_of_a_list_holds_for_all_of_it() {
    for head in [
        "[ \"$MODE\" = cache ] && mkdir -p /data && exec redis-server",
        "[[ -n \"$A\" && -n \"$X\" ]] && exec redis-server",
        "[[ $A =~ ^(a|b)$ || -z $B ]] && mkdir x && exec redis-server",
        "[ \"$A\" ] &&\n  mkdir -p /data &&\n  exec redis-server",
        "[ -z \"$A\" ] || [ -z \"$B\" ] || exec redis-server",
        "! grep -q x /etc/y && exec redis-server",
        "migrate && exec redis-server",
        "grep -q x /etc/y | grep z && : && exec redis-server",
        "{ a; b; } && exec redis-server",
        "(( A > 1 && B < 2 )) && exec redis-server",
        "if a; then b; fi && exec redis-server",
        "case \"$A\" in x|y) exec redis-server;; esac",
        "while a; do exec redis-server; done",
        "start() {\n  args=(a b)\n  exec redis-server\n}\n[ -n \"$A\" ] && start",
    ] {
        let found = short(&[], &["sh", "-c", &format!("{head}\nexec nginx")]);
        let mut found: Vec<&str> = found.iter().map(|it| it.trim_end_matches(" +")).collect();
        found.sort_unstable();
        assert_eq!(found, ["nginx ?", "redis-server ?"], "{head}");
    }
}

#[test]
fn what_cannot_go_another_way_stays_sure() {
    for (text, wanted) in [
        ("set -e && cd /srv && exec nginx", "nginx"),
        ("true && exec nginx\nexec redis-server", "nginx"),
        ("cd /srv || exit 1\nexec /usr/sbin/nginx", "/usr/sbin/nginx"),
        ("(cd /srv && make)\nexec nginx", "nginx"),
        ("[ -z \"$A\" ] || export B=1\nexec nginx", "nginx"),
        ("exec > >(tee /dev/null) 2>&1\nexec nginx", "nginx"),
        ("a=(redis-server x)\nexec nginx", "nginx"),
        ("exec -a web nginx -q", "nginx -q"),
        ("exec gosu redis nginx 2>&1", "nginx"),
        (
            "cat <<EOF >/dev/null\nexec redis-server\nEOF\nexec nginx",
            "nginx",
        ),
        ("echo \"$(echo \")\")\"; exec nginx", "nginx"),
        ("trap 'exec redis-server' TERM\nnginx", "nginx"),
        ("nginx | tee -a /dev/null", "nginx"),
    ] {
        assert_eq!(bare(&[], &["bash", "-c", text]), [wanted], "{text}");
    }
    let text = "cd /srv && exec redis-server &\nexec nginx";
    let found = started(&[], &["sh", "-c", text]);
    let directories = found
        .programs
        .iter()
        .map(|it| it.command.directory.as_str());
    assert_eq!(directories.collect::<Vec<_>>(), ["/srv", ""]);
}

#[test]
fn a_last_command_in_a_construct_takes_the_certainty_from_those_before_it() {
    for text in [
        "migrate\nif [ \"$A\" ]; then runserver; else other; fi",
        "redis-server &\nmain() { java -jar x; }\nmain",
        "redis-server &\n[ -n \"$A\" ] && java -jar x",
        "redis-server &\njava -jar x | tee log",
        "redis-server &\necho 'x",
    ] {
        let found = started(&[], &["sh", "-c", text]);
        assert!(!found.unclear.is_empty(), "{text}: {found:#?}");
    }
}

#[test]
fn a_directory_that_is_not_known_is_not_the_root() {
    for text in [
        "cd \"$X\"; exec redis-server redis.conf",
        "[ -d /y ] && cd /y; exec redis-server redis.conf",
        "mkdir /y && cd /y; exec redis-server redis.conf",
        "if a; then cd /y; fi; exec redis-server redis.conf",
        "cd; exec redis-server redis.conf",
    ] {
        let found = started(&[], &["sh", "-c", text]);
        let program = &found.programs[0];
        assert_eq!(
            (program.command.directory.as_str(), program.presumed),
            (NOWHERE, true)
        );
        assert_eq!(found.unclear.len(), 1, "{text}");
    }
    let text = "cd \"$X\"; cd /srv/a; exec redis-server redis.conf";
    let found = started(&[], &["sh", "-c", text]);
    let program = &found.programs[0];
    assert_eq!(
        (program.command.directory.as_str(), program.presumed),
        ("/srv/a", false)
    );
}

#[test]
fn values_that_double_are_not_known_and_take_no_room() {
    let double = "A=$A$A\n".repeat(60);
    let exported = "export A=\"$A$A\"\n".repeat(60);
    let words = "set -- \"$@\" \"$@\"\n".repeat(60);
    for text in [
        format!("A=aaaaaaaa\n{double}exec nginx $A"),
        format!("A='a b c d'\n{exported}exec nginx \"$A\""),
        format!("set -- a b\n{words}exec nginx \"$@\""),
        format!("set -- a b\n{words}A=\"$*\"\n{double}exec nginx \"$A\""),
    ] {
        let found = started(&[], &["sh", "-c", &text]);
        let why = "they become more text than is followed";
        assert!(
            found.unclear.iter().any(|it| it.1 == why),
            "{:?}",
            found.unclear
        );
        assert!(found.programs.iter().all(|program| program.presumed));
        let kept = found.programs.iter().flat_map(|it| &it.command.words);
        assert!(kept.map(String::len).sum::<usize>() < 8 << 20);
    }
}

#[test]
fn values_that_hold_others_are_replaced_once() {
    let conf = "[program:a]\ncommand=nginx %(ENV_A00)s\n";
    let files = Files(BTreeMap::from([
        ("/usr/bin/supervisord", "ELF"),
        ("/etc/supervisord.conf", conf),
    ]));
    let one = |n: usize| {
        (
            format!("A{n:02}"),
            format!("%(ENV_A{:02})s", n + 1).repeat(2),
        )
    };
    let command = Command {
        words: vec!["supervisord".to_owned()],
        variables: (0..60).map(one).collect(),
        ..Command::default()
    };
    let found = follow(&command, &files, &|_| false);
    let why = "which program it is only supervisord knows";
    assert!(found.unclear.iter().any(|it| it.1 == why), "{found:#?}");
}

/// docker-library/postgres and mysql, docker-entrypoint.sh in short.
const MAIN: &str = r#"#!/usr/bin/env bash
set -Eeo pipefail
file_env() {
	local var="$1"
	if [ "${!var:-}" ]; then export "$var"="${!var}"; fi
}
_is_sourced() {
	[ "${#FUNCNAME[@]}" -ge 2 ] \
		&& [ "${FUNCNAME[0]}" = '_is_sourced' ]
}
_main() {
	# if first arg looks like a flag, assume we want to run postgres server
	if [ "${1:0:1}" = '-' ]; then
		set -- postgres "$@"
	fi
	if [ "$1" = 'postgres' ] && ! _pg_want_help "$@"; then
		if [ "$(id -u)" = '0' ]; then
			exec gosu postgres "$BASH_SOURCE" "$@"
		fi
		cat <<-'EOM'
			PostgreSQL init process complete; ready for start up.
		EOM
	fi
	exec "$@"
}
if ! _is_sourced; then
	_main "$@"
fi
"#;

#[test]
fn entrypoints_that_exec_in_a_function_come_to_the_command_and_say_so() {
    let files = [("/e", MAIN), ("/usr/bin/postgres", "ELF")];
    let found = bare(&files, &["/e", "postgres", "-c", "x=1"]);
    assert!(found.contains(&"postgres -c x=1 ?".to_owned()), "{found:?}");
    let rabbit = "#!/bin/bash\nset -euo pipefail\nif [[ \"$1\" == rabbitmq* ]] && [ \"$(id -u)\" = '0' ]; then\n\tif [ \"$1\" = 'rabbitmq-server' ]; then\n\t\tfind /var/lib -exec chown rabbitmq '{}' +\n\tfi\n\texec gosu rabbitmq \"$BASH_SOURCE\" \"$@\"\nfi\nexec \"$@\"\n";
    let files = [("/e", rabbit), ("/usr/bin/rabbitmq-server", "ELF")];
    let found = bare(&files, &["/e", "rabbitmq-server"]);
    assert!(found.contains(&"rabbitmq-server ?".to_owned()), "{found:?}");
    let node = "#!/bin/sh\nset -e\nif [ \"${1#-}\" != \"${1}\" ] || [ -z \"$(command -v \"${1}\")\" ] || { [ -f \"${1}\" ] && ! [ -x \"${1}\" ]; }; then\n  set -- node \"$@\"\nfi\nexec \"$@\"\n";
    let files = [("/e", node), ("/usr/bin/node", "ELF")];
    assert_eq!(bare(&files, &["/e", "node", "app.js"]), ["node app.js"]);
    let grafana = "#!/bin/bash -e\nPERMISSIONS_OK=0\nif [ ! -r \"$C\" ]; then\n  echo x\nfi\nexport HOME=\"$GF\"\nexec grafana server \\\n  --homepath=\"$H\" \\\n  --packaging=docker \\\n  \"$@\"\n";
    let files = [("/run.sh", grafana), ("/usr/bin/grafana", "ELF")];
    let found = started(&files, &["/run.sh"]);
    assert_eq!(found.programs[0].name, "grafana");
    let apache = "#!/bin/bash\nset -e\n: \"${A:=/x}\"\nfor e in \"${!APACHE_@}\"; do\n\tif [ \"$e\" ]; then\n\t\texport \"$e\"\n\tfi\ndone\nexec apache2 -DFOREGROUND \"$@\"\n";
    let files = [
        ("/usr/local/bin/apache2-foreground", apache),
        ("/usr/sbin/apache2", "ELF"),
    ];
    assert_eq!(
        bare(&files, &["apache2-foreground"]),
        ["apache2 -DFOREGROUND"]
    );
    let traefik = "#!/bin/sh\nset -e\nif [ \"${1#-}\" != \"$1\" ]; then\n    set -- traefik \"$@\"\nfi\nif traefik \"$1\" --help >/dev/null 2>&1\nthen\n    set -- traefik \"$@\"\nelse\n    echo \"= '$1' is not a Traefik command\"\nfi\nexec \"$@\"\n";
    let files = [("/e", traefik), ("/usr/bin/traefik", "ELF")];
    let found = bare(&files, &["/e", "traefik"]);
    assert!(found[0].starts_with("traefik"), "{found:?}");
}
