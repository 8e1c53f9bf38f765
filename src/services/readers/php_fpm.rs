//! PHP-FPM: `listen.backlog` of the pools, each for its own `listen`.
//!
//! Follows sapi/fpm/fpm/fpm_conf.c: every line is read by itself, a section is a pool and may be
//! opened again, names of sections and keys ignore case, the last value counts, `include` is a
//! pattern below the prefix. With `pm = ondemand` a number below the default becomes the default,
//! which is -1 since 8.2 and was 511 before. The master process has its main file in its title.

use std::collections::BTreeMap;

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{Host, join};
use crate::services::readers::generic;
use crate::services::versions;

/// Files inside of files that PHP-FPM allows.
const DEEPEST: usize = 5;
/// The default before 8.2.
const OLD_DEFAULT: i64 = 511;

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    let Some((path, text)) = context.files.first(&main_files(context)) else {
        return Reading::default();
    };
    let mut walk = Walk {
        prefix: prefix(context, &path),
        pools: Vec::new(),
        by_name: BTreeMap::new(),
        pool: None,
    };
    walk.file(context, &path, &text, 0);
    let lowest = lowest(context, &path);
    let mut settings = Vec::new();
    for pool in walk.pools {
        settings.extend(pool.setting(context, &walk.prefix, lowest));
    }
    Reading {
        settings,
        complete: !context.files.has_faults(),
    }
}

/// Where the main file may be, best first.
fn main_files(context: &Context<'_>) -> Vec<String> {
    let title = context
        .title
        .and_then(|title| title.trim_end().strip_prefix("php-fpm: master process ("))
        .and_then(|rest| rest.strip_suffix(')'));
    let option = || {
        let names = ["--fpm-config", "-y"].map(str::to_owned);
        generic::option_value(context.arguments, &names)
    };
    if let Some(path) = title.map(str::to_owned).or_else(option) {
        return vec![context.path(&path)];
    }
    let prefix = named_prefix(context).map(|prefix| join(&prefix, "etc/php-fpm.conf"));
    if let Some(path) = prefix {
        return vec![path];
    }
    let version = context.version.unwrap_or_default();
    vec![
        format!("/etc/php/{version}/fpm/php-fpm.conf"),
        format!("/etc/php{version}/php-fpm.conf"),
        "/usr/local/etc/php-fpm.conf".to_owned(),
        "/etc/php-fpm.conf".to_owned(),
        "/etc/php/php-fpm.conf".to_owned(),
    ]
}

fn named_prefix(context: &Context<'_>) -> Option<String> {
    let prefix = generic::option_value(context.arguments, &["--prefix", "-p"].map(str::to_owned))?;
    Some(context.path(&prefix))
}

/// What relative paths begin with. PHP was compiled with it; its main file is below it, or in /etc
/// where that is /usr.
fn prefix(context: &Context<'_>, main: &str) -> String {
    named_prefix(context).unwrap_or_else(|| match main.find("/etc/") {
        Some(0) | None => "/usr".to_owned(),
        Some(at) => main.get(..at).unwrap_or("/usr").to_owned(),
    })
}

/// The lowest number that `pm = ondemand` leaves alone; `None`: the version is not known.
fn lowest(context: &Context<'_>, main: &str) -> Option<i64> {
    let of_path = main
        .split('/')
        .map(|part| part.strip_prefix("php").unwrap_or(part))
        .find(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    let version = context.version.or(of_path)?;
    // Alpine writes 8.2 as 82.
    let version = match version.as_bytes() {
        [major, minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            format!("{}.{}", char::from(*major), char::from(*minor))
        }
        _ => version.to_owned(),
    };
    let new = versions::fits(&version, ">=8.2")?;
    Some(if new { -1 } else { OLD_DEFAULT })
}

#[derive(Default)]
struct Pool {
    name: String,
    prefix: Option<String>,
    listen: Option<String>,
    on_demand: bool,
    /// The number and the line that it stands on.
    backlog: Option<(i64, String, usize)>,
}

impl Pool {
    fn setting(
        self,
        context: &mut Context<'_>,
        main: &str,
        lowest: Option<i64>,
    ) -> Option<Setting> {
        let listen = self.listen?.replace("$pool", &self.name);
        let is_inet = listen.contains(':') || listen.bytes().all(|c| c.is_ascii_digit());
        let on = if is_inet {
            Endpoint::parse(&listen, None)?
        } else {
            let prefix = join(main, &self.prefix.unwrap_or_default());
            Endpoint::Path(join(&prefix, &listen))
        };
        context.listens.push(on.clone());
        let (mut number, path, line) = self.backlog?;
        if self.on_demand {
            match lowest {
                Some(lowest) => number = number.max(lowest),
                None if number >= OLD_DEFAULT => {}
                None => {
                    let why = format!("pm = ondemand changes line {line} by PHP's version");
                    context.files.fault(&path, why);
                    return None;
                }
            }
        }
        Some(Setting::configured(on, number, Place::Line(path, line)))
    }
}

struct Walk {
    prefix: String,
    pools: Vec<Pool>,
    by_name: BTreeMap<String, usize>,
    /// The pool whose section is open.
    pool: Option<usize>,
}

impl Walk {
    fn file(&mut self, context: &mut Context<'_>, path: &str, text: &str, depth: usize) {
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[') {
                if !context.files.expand(path, size_of::<Pool>()) {
                    return;
                }
                self.section(name.split(']').next().unwrap_or(name));
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            if line.starts_with(';') {
                continue;
            }
            let length = value.len();
            let value = value_of(value, context.host, context.pid);
            if !context
                .files
                .expand(path, value.len().saturating_sub(length))
            {
                return;
            }
            if key.trim() == "include" {
                self.include(context, path, number, &value, depth);
                continue;
            }
            let Some(pool) = self.pool.and_then(|pool| self.pools.get_mut(pool)) else {
                continue;
            };
            match key.trim().to_ascii_lowercase().as_str() {
                "prefix" => pool.prefix = Some(value),
                "listen" => pool.listen = Some(value),
                "pm" => pool.on_demand = value.eq_ignore_ascii_case("ondemand"),
                "listen.backlog" => match value.parse() {
                    Ok(backlog) => pool.backlog = Some((backlog, path.to_owned(), number)),
                    Err(_) => {
                        let why = format!("line {number} has no plain number");
                        context.files.fault(path, why);
                    }
                },
                _ => {}
            }
        }
    }

    fn section(&mut self, name: &str) {
        let name = name.trim();
        if name.eq_ignore_ascii_case("global") {
            self.pool = None;
            return;
        }
        let next = self.pools.len();
        let at = *self
            .by_name
            .entry(name.to_ascii_lowercase())
            .or_insert(next);
        if at == next {
            self.pools.push(Pool {
                name: name.to_owned(),
                ..Pool::default()
            });
        }
        self.pool = Some(at);
    }

    fn include(
        &mut self,
        context: &mut Context<'_>,
        path: &str,
        line: usize,
        pattern: &str,
        depth: usize,
    ) {
        for included in context.files.glob(&join(&self.prefix, pattern)) {
            if depth + 1 >= DEEPEST {
                let why = format!("line {line} includes without end");
                context.files.fault(path, why);
            } else if let Some(text) = context.files.included(&included, path) {
                self.file(context, &included, &text, depth + 1);
            }
        }
    }
}

/// A value without quotes and comment, with `${NAME}` and `${NAME:-DEFAULT}` replaced.
fn value_of(text: &str, host: &dyn Host, pid: u32) -> String {
    let text = text.trim();
    let quoted = ['"', '\''].iter().find_map(|quote| {
        let rest = text.strip_prefix(*quote)?;
        rest.split_once(*quote).map(|(value, _)| value)
    });
    let plain = || text.split(';').next().unwrap_or(text).trim_end();
    let mut rest = quoted.unwrap_or_else(plain);
    let mut value = String::new();
    while let Some((before, (name, behind))) = rest
        .split_once("${")
        .and_then(|(before, inside)| Some((before, inside.split_once('}')?)))
    {
        let (name, default) = name.split_once(":-").unwrap_or((name, ""));
        value.push_str(before);
        let found = host.variable(pid, name).filter(|found| !found.is_empty());
        value.push_str(found.as_deref().unwrap_or(default));
        rest = behind;
    }
    value + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    const MAIN: &str = "/etc/php/8.2/fpm/php-fpm.conf";

    fn settings(fake: &Fake, main: &str) -> (Vec<String>, bool) {
        let title = format!("php-fpm: master process ({main})   ");
        fake.settings(read, &[], Some(&title))
    }

    fn found(expected: &[&str]) -> (Vec<String>, bool) {
        (
            expected.iter().map(|text| (*text).to_owned()).collect(),
            true,
        )
    }

    #[test]
    fn debians_files_ask_for_nothing_and_are_complete() {
        assert_eq!(settings(&Fake::debian("php-fpm"), MAIN), found(&[]));
    }

    #[test]
    fn each_pool_has_its_own_number_through_includes() {
        let pools = "[A]\nlisten = 9001\nListen.Backlog = \"100\" ; x\n[b]\n;listen.backlog = 3\n\
            listen = 127.0.0.1:9002\nlisten.backlog = 5\nlisten.backlog = 0\n\
            [c]\nlisten = run/$pool.sock\nlisten.backlog=7\n[d]\nlisten = [::1]:9003\n\
            [a]\nlisten.backlog = 101\n";
        let fake = Fake::new(&[
            (
                MAIN,
                "[global]\nlisten.backlog = 1\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
            ),
            ("/etc/php/8.2/fpm/pool.d/a.conf", pools),
        ]);
        let expected = [
            "*:9001 = 101 at /etc/php/8.2/fpm/pool.d/a.conf:15",
            "127.0.0.1:9002 = 0 at /etc/php/8.2/fpm/pool.d/a.conf:8",
            "/usr/run/c.sock = 7 at /etc/php/8.2/fpm/pool.d/a.conf:11",
        ];
        assert_eq!(settings(&fake, MAIN), found(&expected));
    }

    #[test]
    fn ondemand_raises_what_is_below_the_default() {
        let text = "[b]\nlisten = /run/b\npm = ondemand\nlisten.backlog = -5\n\
            [c]\nlisten = /run/c\npm = OnDemand\nlisten.backlog = 7\n";
        let old = "/etc/php/7.4/fpm/php-fpm.conf";
        let unknown = "/etc/php-fpm.conf";
        let fake = Fake::new(&[(MAIN, text), (old, text), (unknown, text)]);
        let line = |path: &str, number: i64, number_c: i64| {
            found(&[
                &format!("/run/b = {number} at {path}:4"),
                &format!("/run/c = {number_c} at {path}:8"),
            ])
        };
        assert_eq!(settings(&fake, MAIN), line(MAIN, -1, 7));
        assert_eq!(settings(&fake, old), line(old, 511, 511));
        assert_eq!(settings(&fake, unknown), (vec![], false));
    }

    #[test]
    fn relative_paths_are_below_the_prefix_and_variables_are_replaced() {
        let mut fake = Fake::new(&[
            (
                "/usr/local/etc/php-fpm.conf",
                "include=etc/php-fpm.d/*.conf",
            ),
            (
                "/usr/local/etc/php-fpm.d/www.conf",
                "[www]\nlisten = 9000\nlisten.backlog = ${BACKLOG:-12}\n",
            ),
            (
                "/srv/p/etc/php-fpm.conf",
                "[www]\nprefix = x\nlisten = s\nlisten.backlog = 6\n",
            ),
        ]);
        let at = "at /usr/local/etc/php-fpm.d/www.conf:3";
        let default = format!("*:9000 = 12 {at}");
        let title = Some("php-fpm: master process (/usr/local/etc/php-fpm.conf)");
        assert_eq!(fake.settings(read, &[], title), found(&[&default]));
        fake.variables.insert("BACKLOG".to_owned(), "34".to_owned());
        let set = format!("*:9000 = 34 {at}");
        assert_eq!(fake.settings(read, &["php-fpm"], None), found(&[&set]));
        let prefix = ["php-fpm", "-p", "/srv/p"];
        let expected = ["/srv/p/x/s = 6 at /srv/p/etc/php-fpm.conf:4"];
        assert_eq!(fake.settings(read, &prefix, None), found(&expected));
        let none = fake.settings(read, &["php-fpm", "-y", "/none"], None);
        assert_eq!(none, (vec![], false));
    }

    #[test]
    fn includes_without_end_and_sums_are_faults() {
        for text in [
            format!("include={MAIN}"),
            "[a]\nlisten.backlog = 2|5".to_owned(),
        ] {
            let fake = Fake::new(&[(MAIN, &text)]);
            assert_eq!(settings(&fake, MAIN), (vec![], false));
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "[",
            "[]",
            "=",
            "[a]\n=",
            "[a]\nlisten=\"",
            "[a]\nlisten=${",
            "[a]\nlisten=${}",
            "include=",
            "include=[",
            "[a]\nlisten=:\nlisten.backlog=1",
            "[a]\nlisten.backlog=999999999999999999999",
        ] {
            let fake = Fake::new(&[(MAIN, text), ("/etc/x", text)]);
            settings(&fake, MAIN);
            settings(&fake, "/etc/x");
            fake.settings(read, &[], Some("php-fpm: master process ("));
        }
    }
}
