//! fs, kernel and vm: of the machine, or of an IPC namespace (fs/, kernel/, mm/ and ipc/;
//! Documentation/admin-guide/sysctl/). Here for the files that set them beside the network's.

use super::entry::{
    ANY, I32, LONG, MEASURED, OLDEST, POSITIVE, READ_ONLY, SWITCH, Sysctl, Takes, U31, int, text,
};
use crate::kernel::version::Version;

const FILES: &str = "fs/file_table.c";
const INOTIFY: &str = "fs/notify/inotify/inotify_user.c";
const KERNEL: &str = "kernel/sysctl.c";
const IPC: &str = "ipc/ipc_sysctl.c";
const DIRTY: &str = "mm/page-writeback.c";
/// 0 to 2.
const THREE: &[(Version, Takes)] = &[(OLDEST, Takes::Number(0, 2))];
const PERCENT: &[(Version, Takes)] = &[(OLDEST, Takes::Number(0, 100))];

/// A sysctl of the machine, which every namespace shows.
const fn one(key: &'static str, source: &'static str, meaning: &'static str) -> Sysctl {
    int(key, source, meaning).shown(OLDEST)
}

/// A sysctl of an IPC namespace.
const fn ipc(key: &'static str, meaning: &'static str) -> Sysctl {
    int(key, IPC, meaning).own(OLDEST)
}

/// The entries.
pub(super) static ENTRIES: [Sysctl; 59] = [
    one(
        "fs.aio-max-nr",
        "fs/aio.c",
        "asynchronous I/O requests of all processes",
    )
    .starts("65536")
    .takes(LONG),
    one(
        "fs.aio-nr",
        "fs/aio.c",
        "asynchronous I/O requests that are reserved",
    )
    .takes(READ_ONLY),
    one(
        "fs.epoll.max_user_watches",
        "fs/eventpoll.c",
        "files that a user's epolls watch",
    ),
    one(
        "fs.file-max",
        FILES,
        "open files of the machine; systemd raises it to the most",
    )
    .takes(LONG),
    text("fs.file-nr", FILES, "open files, unused ones, and file-max")
        .shown(OLDEST)
        .takes(READ_ONLY),
    one(
        "fs.inotify.max_queued_events",
        INOTIFY,
        "events that wait in one inotify instance",
    )
    .starts("16384")
    .takes(POSITIVE),
    one(
        "fs.inotify.max_user_instances",
        INOTIFY,
        "inotify instances of a user",
    )
    .starts("128")
    .takes(POSITIVE),
    one(
        "fs.inotify.max_user_watches",
        INOTIFY,
        "files that a user's inotify instances watch",
    )
    .starts_by(&[(OLDEST, Some("8192")), (Version::new(5, 11), None)])
    .takes(POSITIVE),
    int(
        "fs.mqueue.msg_max",
        "ipc/mq_sysctl.c",
        "messages that a POSIX queue may ask for",
    )
    .own(OLDEST)
    .starts("10"),
    int(
        "fs.mqueue.msgsize_max",
        "ipc/mq_sysctl.c",
        "bytes of a message that a POSIX queue may ask for",
    )
    .own(OLDEST)
    .starts("8192"),
    int(
        "fs.mqueue.queues_max",
        "ipc/mq_sysctl.c",
        "POSIX message queues",
    )
    .own(OLDEST)
    .starts("256"),
    one(
        "fs.nr_open",
        FILES,
        "open files that a process may ask for; systemd raises it",
    )
    .starts("1048576")
    .takes(ANY),
    one(
        "fs.pipe-max-size",
        "fs/pipe.c",
        "bytes of a pipe that ordinary users may ask for",
    )
    .starts("1048576"),
    one(
        "fs.protected_fifos",
        "fs/namei.c",
        "1, 2: who may open others' FIFOs in sticky directories",
    )
    .since(4, 19)
    .starts("0")
    .takes(THREE),
    one(
        "fs.protected_hardlinks",
        "fs/namei.c",
        "1: link only to files one may write; systemd sets it",
    )
    .since(3, 6)
    .takes(SWITCH),
    one(
        "fs.protected_regular",
        "fs/namei.c",
        "1, 2: who may open others' files in sticky directories",
    )
    .since(4, 19)
    .starts("0")
    .takes(THREE),
    one(
        "fs.protected_symlinks",
        "fs/namei.c",
        "1: follow no symlinks of others in sticky directories",
    )
    .since(3, 6)
    .takes(SWITCH),
    one(
        "fs.suid_dumpable",
        "fs/exec.c",
        "whether programs with other rights leave a core",
    )
    .starts("0")
    .takes(THREE),
    text(
        "kernel.core_pattern",
        "fs/coredump.c",
        "name of cores, or the program that takes them",
    )
    .shown(OLDEST)
    .starts("core"),
    one(
        "kernel.core_uses_pid",
        "fs/coredump.c",
        "1: the name of a core ends with the pid",
    )
    .starts("0")
    .takes(ANY),
    one(
        "kernel.dmesg_restrict",
        "kernel/printk/sysctl.c",
        "1: the log is for the privileged",
    )
    .takes(SWITCH),
    text(
        "kernel.domainname",
        "kernel/utsname_sysctl.c",
        "NIS domain name",
    )
    .starts("(none)"),
    text(
        "kernel.hostname",
        "kernel/utsname_sysctl.c",
        "name of the host",
    ),
    one(
        "kernel.kptr_restrict",
        "kernel/printk/sysctl.c",
        "1, 2: hide the kernel's addresses",
    )
    .takes(THREE),
    ipc("kernel.msgmax", "bytes of a System V message")
        .starts("8192")
        .takes(POSITIVE),
    ipc("kernel.msgmnb", "bytes of a System V message queue")
        .starts("16384")
        .takes(POSITIVE),
    ipc("kernel.msgmni", "System V message queues")
        .starts_by(&[(MEASURED, Some("32000"))])
        .takes(POSITIVE),
    one(
        "kernel.panic",
        "kernel/panic.c",
        "seconds from a panic to the restart; 0: none",
    )
    .takes(ANY),
    one(
        "kernel.panic_on_oops",
        "kernel/panic.c",
        "1: an oops is a panic",
    )
    .takes(ANY),
    one(
        "kernel.perf_event_paranoid",
        "kernel/events/core.c",
        "what ordinary users may measure",
    )
    .takes(ANY),
    one(
        "kernel.pid_max",
        "kernel/pid.c",
        "first pid that is not given; systemd raises it",
    )
    .takes(&[(OLDEST, Takes::Number(301, 1 << 22))]),
    text(
        "kernel.printk",
        "kernel/printk/sysctl.c",
        "levels of messages on the console",
    )
    .shown(OLDEST),
    one(
        "kernel.randomize_va_space",
        "mm/memory.c",
        "0 off, 1 without, 2 with the heap: random addresses",
    )
    .takes(ANY),
    one(
        "kernel.sched_rt_runtime_us",
        "kernel/sched/rt.c",
        "microseconds of a period for real-time tasks",
    )
    .starts("950000")
    .takes(ANY),
    text(
        "kernel.sem",
        IPC,
        "System V semaphores: of a set, of all, of one call, sets",
    )
    .own(OLDEST)
    .starts_by(&[(MEASURED, Some("32000 1024000000 500 32000"))])
    .takes(&[(OLDEST, Takes::Numbers(4, 0, i32::MAX as i64))]),
    ipc(
        "kernel.shm_rmid_forced",
        "1: shared memory ends with its last user",
    )
    .since(3, 1)
    .starts("0")
    .takes(SWITCH),
    text("kernel.shmall", IPC, "pages of System V shared memory").own(OLDEST),
    text(
        "kernel.shmmax",
        IPC,
        "bytes of a System V shared memory segment",
    )
    .own(OLDEST),
    ipc("kernel.shmmni", "System V shared memory segments")
        .starts("4096")
        .takes(ANY),
    one(
        "kernel.sysrq",
        KERNEL,
        "bit mask of what the SysRq key may do",
    )
    .takes(ANY),
    one(
        "kernel.threads-max",
        "kernel/fork.c",
        "threads of the machine",
    )
    .takes(&[(OLDEST, I32)]),
    one(
        "vm.dirty_background_bytes",
        DIRTY,
        "bytes of dirty memory above which writing begins; 0: the ratio",
    )
    .starts("0")
    .takes(LONG),
    one(
        "vm.dirty_background_ratio",
        DIRTY,
        "percent of memory that is dirty above which writing begins",
    )
    .starts("10")
    .takes(PERCENT),
    one(
        "vm.dirty_bytes",
        DIRTY,
        "bytes of dirty memory above which writers wait; 0: the ratio",
    )
    .starts("0")
    .takes(LONG),
    one(
        "vm.dirty_expire_centisecs",
        DIRTY,
        "hundredths of a second after which dirty memory is written",
    )
    .starts("3000")
    .takes(POSITIVE),
    one(
        "vm.dirty_ratio",
        DIRTY,
        "percent of memory that is dirty above which writers wait",
    )
    .starts("20")
    .takes(PERCENT),
    one(
        "vm.dirty_writeback_centisecs",
        DIRTY,
        "hundredths of a second between rounds of writing",
    )
    .starts("500")
    .takes(ANY),
    one(
        "vm.drop_caches",
        "fs/drop_caches.c",
        "1, 2, 3: caches that are dropped now",
    )
    .takes(&[(OLDEST, Takes::Number(1, 4))]),
    one("vm.max_map_count", "mm/mmap.c", "memory maps of a process")
        .starts("65530")
        .takes(POSITIVE),
    one(
        "vm.min_free_kbytes",
        "mm/page_alloc.c",
        "KiB of memory that stay free",
    )
    .takes(POSITIVE),
    one(
        "vm.mmap_min_addr",
        "mm/util.c",
        "lowest address that ordinary users may map",
    ),
    one(
        "vm.nr_hugepages",
        "mm/hugetlb.c",
        "huge pages that are kept",
    ),
    one(
        "vm.overcommit_memory",
        "mm/util.c",
        "0 guesses, 1 grants all, 2 counts: memory asked for",
    )
    .starts("0")
    .takes(THREE),
    one(
        "vm.overcommit_ratio",
        "mm/util.c",
        "percent of memory granted where overcommit_memory is 2",
    )
    .starts("50")
    .takes(&[(OLDEST, I32)]),
    one(
        "vm.panic_on_oom",
        "mm/oom_kill.c",
        "1, 2: no memory left is a panic",
    )
    .starts("0")
    .takes(THREE),
    one(
        "vm.swappiness",
        "mm/vmscan.c",
        "how readily memory is swapped out rather than files dropped",
    )
    .starts("60")
    .takes(&[
        (OLDEST, Takes::Number(0, 100)),
        (Version::new(5, 8), Takes::Number(0, 200)),
    ]),
    one(
        "vm.vfs_cache_pressure",
        "fs/dcache.c",
        "percent: how readily names and inodes are dropped",
    )
    .starts("100")
    .takes(&[(OLDEST, U31)]),
    one(
        "vm.watermark_scale_factor",
        "mm/page_alloc.c",
        "ten thousandths of memory between watermarks",
    )
    .since(4, 6)
    .starts("10"),
    one(
        "vm.zone_reclaim_mode",
        "mm/vmscan.c",
        "bit mask: reclaim on this NUMA node first",
    )
    .takes(&[(OLDEST, I32)]),
];
