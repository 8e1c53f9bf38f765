//! In containers, and in the sandboxes that they are.

use super::{cap, listener, mode};
use crate::support::podman::Podman;
use crate::support::program::{Run, as_nobody, backlint, finish};
use crate::support::sandbox::refuse_call;

/// Docker's default profile forbids pidfd_getfd(2) to who may not trace: the sockets are found by inode.
#[test]
fn where_no_duplicate_can_be_taken_sockets_are_found_by_inode() {
    let cap = cap();
    for mut program in [backlint(), as_nobody()] {
        program.args([
            "trace",
            "--no-config",
            "--until-listening",
            "1",
            "--for",
            "10s",
            "--",
        ]);
        // More than a machine gives, and still no "as much as there is".
        program.args(mode("stay 1000000"));
        let run = finish(refuse_call(
            &mut program,
            libc::SYS_pidfd_getfd,
            libc::EPERM,
        ))
        .ended(1);
        let (err, out) = (&run.err, &run.out);
        assert!(
            err.contains(&format!("asked for 1000000, got {cap}")),
            "{run:#?}"
        );
        assert!(
            out.contains(&format!("asked for 1000000 and got {cap}")),
            "{run:#?}"
        );
    }
}

#[test]
fn a_sandbox_without_seccomp_is_told() {
    let mut program = backlint();
    program.args(["trace", "--no-config", "--", "true"]);
    let run = finish(refuse_call(&mut program, libc::SYS_seccomp, libc::EPERM)).ended(2);
    assert!(
        run.err.contains("true cannot be traced: a sandbox forbids"),
        "{run:#?}"
    );
    assert_eq!(run.out, "");
}

/// An image of backlint and the program alone, in a namespace of its own, which begins with the kernel's own 4096; run by podman with its default seccomp profile.
#[test]
fn as_the_first_process_of_a_container_from_scratch_it_gates_the_image() {
    let podman = Podman::new();
    let program = listener().to_str().unwrap();
    let backlint = env!("CARGO_BIN_EXE_backlint");
    podman.image(
        "scratch",
        &[(backlint, "/backlint"), (program, "/listener")],
        &["/listener", "stay", "70000"],
    );
    let run = |name: &str, words: &[&str]| -> Run {
        let trace = ["--", "/listener", "stay", "70000"];
        let words = [
            &["trace", "--until-listening", "1", "--for", "10s"],
            words,
            &trace,
        ]
        .concat();
        let start = [
            "--name",
            name,
            "--user",
            "1000:1000",
            "--entrypoint",
            "/backlint",
            "scratch",
        ];
        podman.run_to_end(&[&start[..], &words].concat().join(" "))
    };
    let gated = run("gated", &[]).ended(1);
    assert!(
        gated.err.contains("asked for 70000, got 4096"),
        "{gated:#?}"
    );
    assert!(
        gated.out.contains("asked for 70000 and got 4096"),
        "{gated:#?}"
    );
    run("passed", &["--fail-on", "critical"]).ended(0);
}

/// What Docker's default profile (moby, profiles/seccomp/default.json) refuses a container without
/// capabilities, of all that backlint may ask for. docker-seccomp.json has these rules.
#[test]
fn under_the_rules_of_dockers_default_profile_calls_are_seen_with_what_they_got() {
    let podman = Podman::new();
    let program = listener().to_str().unwrap();
    let backlint = env!("CARGO_BIN_EXE_backlint");
    podman.image(
        "scratch",
        &[(backlint, "/backlint"), (program, "/listener")],
        &["/listener", "stay", "70000"],
    );
    let profile = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/trace/docker-seccomp.json"
    );
    for user in ["0:0", "1000:1000"] {
        let words = format!(
            "--name u{} --user {user} --cap-drop all --security-opt seccomp={profile} \
             --entrypoint /backlint scratch trace --until-listening 1 --for 10s -- /listener stay 70000",
            user.split(':').next().unwrap()
        );
        let run = podman.run_to_end(&words).ended(1);
        assert!(run.err.contains("asked for 70000, got 4096"), "{run:#?}");
        assert!(run.out.contains("asked for 70000 and got 4096"), "{run:#?}");
    }
}
