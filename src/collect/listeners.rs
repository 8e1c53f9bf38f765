//! The listeners of the calling thread's network namespace: one table a family, through sock_diag
//! where the kernel allows it, else from below /proc.
//!
//! NOTE: a dump is not atomic. The kernel releases its locks between two pieces and goes on by
//! position in a hash bucket, so a listener that closes meanwhile can hide another one, and one that
//! opens can make another appear twice; no flag tells (inet_diag sets no `NLM_F_DUMP_INTR`). What
//! betrays it is a cookie seen twice, or several pieces while the number of sockets changed. Only
//! then is the table read a second time, so a quiet host pays for one pass; the second answer wins,
//! what only the first saw is kept, and when the two still differ the snapshot says so.

use std::collections::BTreeMap;
use std::io;
use std::thread;

use super::inet::{self, Devices};
use super::netlink::{Diag, Dump};
use super::row::{Family, Place, Raw, Requests, Row};
use super::sockstat::{self, Sockets};
use super::{Sources, proc_net, protocols, sctp, unix, vsock};
use crate::snapshot::Gap;

/// Everything that could be read of the namespace's listeners.
pub(super) struct Tables {
    /// The listeners, in no particular order.
    pub(super) rows: Vec<Row>,
    /// Connections in SYN_RECV that came along with tables from /proc.
    pub(super) requests: Requests,
    /// The sock_diag socket, where there is one.
    pub(super) diag: Option<Diag>,
    /// How each family was read.
    pub(super) ways: BTreeMap<Family, Way>,
    /// Sockets counted before the dumps.
    pub(super) sockets: Sockets,
    /// What could not be read.
    pub(super) gaps: Vec<Gap>,
}

/// How a family's table was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Through sock_diag.
    Diag,
    /// From /proc.
    Proc,
    /// The kernel has no such family, or no queue of it: there is nothing to read.
    Absent,
    /// Not at all, and why not.
    Unread(String),
}

/// Reads all families that may have listeners.
pub(super) fn read(sources: &Sources) -> Tables {
    let mut diag = match sources.netlink {
        true => Diag::open(),
        false => Err(io::Error::from_raw_os_error(libc::EPROTONOSUPPORT)),
    };
    let mut sockets = sockstat::read(&sources.proc);
    let mut helper = match &diag {
        Ok(_) if sockets.crowded() => Diag::open().ok(),
        _ => None,
    };
    if helper.is_some() {
        // Counted after both sockets were opened, which are counted too.
        sockets = sockstat::read(&sources.proc);
    }
    let mut tables = Tables {
        rows: Vec::new(),
        requests: Requests::new(),
        diag: None,
        ways: BTreeMap::new(),
        sockets,
        gaps: Vec::new(),
    };
    let optional = protocols::read(&sources.proc);
    let families: Vec<Family> = Family::ALWAYS
        .into_iter()
        .chain(optional.iter().map(|(family, _)| *family))
        .collect();
    let mut refusals: Vec<(Family, io::Error)> = Vec::new();
    let mut devices = Devices::default();
    let mut first = match &mut diag {
        Ok(diag) => first_passes(diag, helper.as_mut(), &families),
        Err(_) => BTreeMap::new(),
    };
    for family in families {
        let answer = match (&mut diag, first.remove(&family)) {
            (Ok(diag), Some(Ok(seen))) => {
                read_diag(diag, family, seen, sources, &mut devices, &mut tables);
                Ok(())
            }
            (_, Some(Err(error))) => Err(error),
            (Ok(_), None) => Err(io::Error::from_raw_os_error(libc::EPROTONOSUPPORT)),
            (Err(error), _) => Err(copy(error)),
        };
        if let Err(refusal) = answer {
            match optional.iter().find(|(name, _)| *name == family) {
                Some((_, count)) => read_optional(sources, family, *count, &refusal, &mut tables),
                None => read_proc(sources, family, &refusal, &mut tables),
            }
            refusals.push((family, refusal));
        }
    }
    refusal_gap(&refusals, &mut tables);
    tables.diag = diag.ok();
    tables
}

/// io::Error cannot be cloned; the error number is what matters.
fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// One reading of one family.
#[derive(Default)]
struct Pass {
    rows: Vec<Raw>,
    /// Sorted.
    cookies: Vec<u64>,
    repeated: bool,
    dump: Dump,
}

fn pass(diag: &mut Diag, family: Family) -> io::Result<Pass> {
    let (rows, dump) = dump(diag, family)?;
    Ok(Pass::of(rows, dump))
}

/// The pass over the listeners of TCP, over IPv4 and IPv6.
fn both(diag: &mut Diag) -> io::Result<(Pass, Pass)> {
    let mut rows: Vec<Raw> = Vec::new();
    let dump = diag.dump(&inet::BothFamilies::LISTENERS, |bytes| {
        let row = inet::parse_listener(bytes);
        let understood = row.is_some();
        rows.extend(row);
        understood
    })?;
    let of_four =
        |row: &Raw| matches!(&row.place, Place::Internet(local) if local.family == Family::Inet);
    let (four, six) = rows.into_iter().partition(of_four);
    // Which of them a row that nobody understood belongs to is not known.
    let rest = Dump { odd: 0, ..dump };
    Ok((Pass::of(four, dump), Pass::of(six, rest)))
}

impl Pass {
    fn of(rows: Vec<Raw>, dump: Dump) -> Self {
        let mut cookies: Vec<_> = rows.iter().map(|row| row.cookie).collect();
        cookies.sort_unstable();
        let repeated = cookies.windows(2).any(|pair| pair.first() == pair.last());
        Self {
            rows,
            cookies,
            repeated,
            dump,
        }
    }
}

/// The first pass over every family. Where there are many sockets, the kernel's walk over all unix
/// sockets takes as long as the others, and runs beside them on a socket and a thread of its own.
fn first_passes(
    diag: &mut Diag,
    helper: Option<&mut Diag>,
    families: &[Family],
) -> BTreeMap<Family, io::Result<Pass>> {
    let passes = |diag: &mut Diag, but: Option<Family>| -> BTreeMap<_, _> {
        let mut passes: BTreeMap<Family, io::Result<Pass>> = BTreeMap::new();
        let wanted = families.iter().filter(|family| Some(**family) != but);
        for family in wanted {
            // One walk for TCP over both, where the kernel can do that.
            if *family == Family::Inet
                && let Ok((four, six)) = both(diag)
            {
                passes.insert(Family::Inet, Ok(four));
                passes.insert(Family::Inet6, Ok(six));
            }
            passes.entry(*family).or_insert_with(|| pass(diag, *family));
        }
        passes
    };
    let Some(helper) = helper else {
        return passes(diag, None);
    };
    thread::scope(|scope| {
        let run = || pass(helper, Family::Unix);
        let unix = thread::Builder::new().spawn_scoped(scope, run);
        let mut passes = passes(diag, Some(Family::Unix));
        let unix = match unix.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(pass)) => pass,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No thread to be had: one after the other then.
            Err(_) => pass(diag, Family::Unix),
        };
        passes.insert(Family::Unix, unix);
        passes
    })
}

/// The rows of one family's dump.
pub(super) fn dump(diag: &mut Diag, family: Family) -> io::Result<(Vec<Raw>, Dump)> {
    let mut rows = Vec::new();
    let mut take = |row: Option<Raw>| {
        let understood = row.is_some();
        rows.extend(row);
        understood
    };
    let dump = match family {
        Family::Unix => diag.dump(&unix::listeners(), |bytes| {
            take(unix::parse_listener(bytes))
        })?,
        Family::Inet | Family::Inet6 => diag.dump(&inet::listeners(family), |bytes| {
            take(inet::parse_listener(bytes))
        })?,
        Family::Sctp => {
            let mut both = Dump::default();
            for request in sctp::listeners() {
                let one = diag.dump(&request, |bytes| {
                    sctp::is_idle(bytes) || take(sctp::parse_listener(bytes))
                })?;
                both.pieces = both.pieces.max(one.pieces);
                both.odd = both.odd.saturating_add(one.odd);
            }
            both
        }
        Family::Vsock => diag.dump(&vsock::Listeners, |bytes| {
            take(vsock::parse_listener(bytes))
        })?,
    };
    Ok((rows, dump))
}

fn read_diag(
    diag: &mut Diag,
    family: Family,
    mut seen: Pass,
    sources: &Sources,
    devices: &mut Devices,
    tables: &mut Tables,
) {
    let name = format!("sock_diag ({})", family.name());
    let several = seen.dump.pieces > 1;
    if seen.repeated || (several && sockstat::read(&sources.proc).moved(&tables.sockets, family)) {
        // A second look that fails does not take back the first.
        let second = pass(diag, family).ok();
        let agrees = |second: &Pass| !second.repeated && seen.cookies == second.cookies;
        if !second.as_ref().is_some_and(agrees) {
            tables.gaps.push(Gap::new(
                name.as_str(),
                "listeners came or went while the table was read",
                "listeners that may be missing, or may be gone already",
            ));
        }
        seen = union(seen, second.unwrap_or_default());
    }
    odd_gap(&name, seen.dump.odd, &mut tables.gaps);
    let rows = seen.rows.into_iter().map(|row| row.spell(devices));
    tables.rows.extend(rows);
    tables.ways.insert(family, Way::Diag);
}

/// Each socket once; where both passes saw it, as the second did.
fn union(first: Pass, second: Pass) -> Pass {
    let all = first.rows.into_iter().chain(second.rows);
    let by_cookie: BTreeMap<_, _> = all.map(|row| (row.cookie, row)).collect();
    Pass {
        rows: by_cookie.into_values().collect(),
        cookies: second.cookies,
        repeated: second.repeated,
        dump: second.dump,
    }
}

fn read_proc(sources: &Sources, family: Family, refusal: &io::Error, tables: &mut Tables) {
    let way = match proc_net::read(&sources.proc, family) {
        Ok(table) => {
            let name = format!("/proc/net/{}", family.file());
            odd_gap(&name, table.odd, &mut tables.gaps);
            tables.rows.extend(table.rows);
            tables.requests.extend(table.requests);
            Way::Proc
        }
        // Both say that it does not exist: IPv6 switched off, no unix sockets in this kernel.
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                && refusal.kind() == io::ErrorKind::NotFound =>
        {
            Way::Absent
        }
        Err(error) => Way::Unread(error.to_string()),
    };
    tables.ways.insert(family, way);
}

/// As `read_proc`, for a family that the kernel need not have: what does not exist is a gap only
/// where there are sockets of it.
fn read_optional(
    sources: &Sources,
    family: Family,
    count: Option<u64>,
    refusal: &io::Error,
    tables: &mut Tables,
) {
    let before = tables.rows.len();
    // There is no table of vsock below /proc.
    if family != Family::Vsock {
        read_proc(sources, family, refusal, tables);
    }
    let queues = |row: &Row| row.listener.protocol.tells_queue();
    let way = match (tables.ways.get(&family), count) {
        (Some(Way::Proc), _) if tables.rows.iter().skip(before).any(queues) => return,
        // None of its sockets has a queue, so that no maximum is unknown.
        (Some(Way::Proc), _) => Way::Absent,
        (_, Some(count)) => Way::Unread(format!("there are {count} sockets; sock_diag: {refusal}")),
        (_, None) if is_absence(refusal) => Way::Absent,
        (_, None) => Way::Unread(format!("sock_diag: {refusal}")),
    };
    tables.ways.insert(family, way);
}

/// Whether an answer says that this kernel has no means to list a family.
fn is_absence(refusal: &io::Error) -> bool {
    matches!(
        refusal.raw_os_error(),
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::EINVAL | libc::EPROTONOSUPPORT)
    )
}

fn odd_gap(table: &str, odd: u32, gaps: &mut Vec<Gap>) {
    if odd > 0 {
        gaps.push(Gap::new(
            table,
            format!("{odd} rows were not understood"),
            format!("up to {odd} listeners"),
        ));
    }
}

/// One gap for all families that came from /proc, and one for each that could not be read at all.
fn refusal_gap(refusals: &[(Family, io::Error)], tables: &mut Tables) {
    let fallen_back: Vec<_> = refusals
        .iter()
        .filter(|(family, _)| tables.ways.get(family) == Some(&Way::Proc))
        .collect();
    if let Some((_, why)) = fallen_back.first() {
        let fell = |family: &Family| fallen_back.iter().any(|(other, _)| other == family);
        let all = Family::ALWAYS.iter().all(fell);
        let names: Vec<_> = fallen_back
            .iter()
            .map(|(family, _)| family.name())
            .collect();
        let blinds = match all {
            true => "the maximum of every accept queue".to_owned(),
            false => format!("the maximum of every accept queue of {}", names.join(", ")),
        };
        tables
            .gaps
            .push(Gap::new("sock_diag", why.to_string(), blinds));
    }
    for (family, way) in &tables.ways {
        if let Way::Unread(why) = way {
            let what = match Family::ALWAYS.contains(family) {
                true => format!("/proc/thread-self/net/{}", family.file()),
                false => family.name().to_owned(),
            };
            tables.gaps.push(Gap::new(
                what,
                why.clone(),
                format!("every listener of {}", family.name()),
            ));
        }
    }
}
