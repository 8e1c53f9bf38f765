//! The seccomp filter: classic BPF that asks the supervisor about listen(2) and lets everything else pass.
//! Pure: it makes instructions and installs nothing.
//!
//! Follows seccomp(2) and include/uapi/linux/seccomp.h (`struct seccomp_data`): number at 0, architecture at
//! 4, the low half of the first argument at 16 where the machine is little-endian, as all of these are.
//! The numbers are those of arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h and
//! arch/arm/tools/syscall.tbl. Apart from `socketcall` nothing looks at an argument, so that since Linux 5.11
//! the kernel keeps the answers in a bitmap and runs the filter for no other call.

/// One instruction of classic BPF, as `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) code: u16,
    pub(super) jump_true: u8,
    pub(super) jump_false: u8,
    pub(super) value: u32,
}

/// `BPF_LD | BPF_W | BPF_ABS`: load a word of `struct seccomp_data`.
const LOAD: u16 = 0x20;
/// `BPF_JMP | BPF_JEQ | BPF_K`: jump if the word is the value.
const JUMP_IF_EQUAL: u16 = 0x15;
/// `BPF_RET | BPF_K`: end with the value.
const RETURN: u16 = 0x06;

/// `SECCOMP_RET_ALLOW`.
const ALLOW: u32 = 0x7fff_0000;
/// `SECCOMP_RET_USER_NOTIF`.
const NOTIFY: u32 = 0x7fc0_0000;

/// Where `struct seccomp_data` has the call's number.
const NUMBER: u32 = 0;
/// Where it has the architecture.
const ARCHITECTURE: u32 = 4;
/// Where it has the low half of the first argument.
const FIRST_ARGUMENT: u32 = 16;

/// `SYS_LISTEN` of include/uapi/linux/net.h: the first argument of `socketcall`.
const SYS_LISTEN: u32 = 4;

/// How listen(2) is called in one architecture.
#[derive(Debug, PartialEq, Eq)]
struct Calls {
    /// `AUDIT_ARCH_…` of include/uapi/linux/audit.h.
    architecture: u32,
    /// Numbers of listen(2).
    listen: &'static [u32],
    /// Number of `socketcall`, which has all calls of sockets in one.
    socketcall: Option<u32>,
}

/// Every architecture whose programs run on x86-64 and aarch64 machines.
const ALL: [Calls; 4] = [
    // x86-64; with the bit of x32 too.
    Calls {
        architecture: 0xc000_003e,
        listen: &[50, 0x4000_0000 | 50],
        socketcall: None,
    },
    // aarch64.
    Calls {
        architecture: 0xc000_00b7,
        listen: &[201],
        socketcall: None,
    },
    // i386.
    Calls {
        architecture: 0x4000_0003,
        listen: &[363],
        socketcall: Some(102),
    },
    // arm, EABI.
    Calls {
        architecture: 0x4000_0028,
        listen: &[284],
        socketcall: None,
    },
];

/// Whether this build runs on a machine whose calls the filter knows.
pub(super) const KNOWN_MACHINE: bool =
    cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) && cfg!(target_endian = "little");

/// Whether a call that was seen is `socketcall`, whose arguments are in memory.
pub(super) fn is_socketcall(architecture: u32, number: u32) -> bool {
    let mut all = ALL.iter();
    all.any(|calls| calls.architecture == architecture && calls.socketcall == Some(number))
}

/// The filter.
pub(super) fn program() -> Vec<Instruction> {
    let mut program = vec![load(ARCHITECTURE)];
    for calls in &ALL {
        let block = block(calls);
        // Blocks are a dozen instructions long at most.
        let length = u8::try_from(block.len()).unwrap_or(u8::MAX);
        program.push(jump(calls.architecture, 0, length));
        program.extend(block);
    }
    program.push(end(ALLOW));
    program
}

/// What is asked about a call of one architecture.
fn block(calls: &Calls) -> Vec<Instruction> {
    let mut block = vec![load(NUMBER)];
    for number in calls.listen {
        block.extend([jump(*number, 0, 1), end(NOTIFY)]);
    }
    if let Some(number) = calls.socketcall {
        let words = [
            jump(number, 0, 3),
            load(FIRST_ARGUMENT),
            jump(SYS_LISTEN, 0, 1),
            end(NOTIFY),
        ];
        block.extend(words);
    }
    block.push(end(ALLOW));
    block
}

fn load(at: u32) -> Instruction {
    Instruction {
        code: LOAD,
        jump_true: 0,
        jump_false: 0,
        value: at,
    }
}

fn jump(value: u32, jump_true: u8, jump_false: u8) -> Instruction {
    Instruction {
        code: JUMP_IF_EQUAL,
        jump_true,
        jump_false,
        value,
    }
}

fn end(value: u32) -> Instruction {
    Instruction {
        code: RETURN,
        jump_true: 0,
        jump_false: 0,
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter as the kernel does; `None`: it left its own code.
    fn run(program: &[Instruction], number: u32, architecture: u32, first: u64) -> Option<u32> {
        let mut word = 0;
        let mut at = 0;
        loop {
            let it = program.get(at)?;
            at += 1;
            match it.code {
                LOAD => {
                    word = match it.value {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        FIRST_ARGUMENT => u32::try_from(first & 0xffff_ffff).unwrap(),
                        _ => return None,
                    }
                }
                JUMP_IF_EQUAL if word == it.value => at += usize::from(it.jump_true),
                JUMP_IF_EQUAL => at += usize::from(it.jump_false),
                RETURN => return Some(it.value),
                _ => return None,
            }
        }
    }

    const ARCHITECTURES: [u32; 6] = [
        0xc000_003e,
        0xc000_00b7,
        0x4000_0003,
        0x4000_0028,
        0xc000_00f3,
        0,
    ];

    #[test]
    fn listen_is_asked_about_and_nothing_else() {
        let program = program();
        let asked = [
            (0xc000_003e, 50),
            (0xc000_003e, 0x4000_0000 | 50),
            (0xc000_00b7, 201),
            (0x4000_0003, 363),
            (0x4000_0028, 284),
        ];
        for architecture in ARCHITECTURES {
            let numbers = (0..1024).chain(0x4000_0000..0x4000_0400).chain([u32::MAX]);
            for number in numbers {
                let expected = match asked.contains(&(architecture, number)) {
                    true => NOTIFY,
                    false => ALLOW,
                };
                let answer = run(&program, number, architecture, 0);
                assert_eq!(answer, Some(expected), "{architecture:x} {number}");
            }
        }
    }

    #[test]
    fn socketcall_is_asked_about_where_it_listens() {
        let program = program();
        for first in 0..32 {
            let expected = if first == 4 { NOTIFY } else { ALLOW };
            assert_eq!(run(&program, 102, 0x4000_0003, first), Some(expected));
            assert_eq!(run(&program, 102, 0xc000_003e, first), Some(ALLOW));
        }
        // The high half of a 32-bit program's argument is no part of it.
        assert_eq!(run(&program, 102, 0x4000_0003, 1 << 32 | 4), Some(NOTIFY));
        assert!(is_socketcall(0x4000_0003, 102) && !is_socketcall(0xc000_003e, 102));
    }

    #[test]
    fn the_kernel_takes_it() {
        // The most that BPF_MAXINSNS allows, and every jump stays inside.
        let program = program();
        assert!(program.len() < 4096);
        for (at, it) in program.iter().enumerate() {
            let furthest = at + 1 + usize::from(it.jump_true.max(it.jump_false));
            assert!(it.code == RETURN || furthest < program.len());
        }
    }

    #[test]
    fn the_numbers_are_those_of_this_machine() {
        let listen = u32::try_from(libc::SYS_listen).unwrap();
        let answers = ARCHITECTURES.map(|it| run(&program(), listen, it, 0));
        assert!(answers.contains(&Some(NOTIFY)));
    }
}
