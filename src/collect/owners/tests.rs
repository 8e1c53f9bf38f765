//! The search against descriptors that the test itself opens.

use std::os::unix::fs::symlink;

use super::*;

/// A fake /proc: processes, each with descriptors that are links to `socket:[inode]`. The order of
/// a real directory differs, so only whole tables are read from it.
fn fake(processes: &[(u32, &[(u32, u64)])]) -> tempfile::TempDir {
    let proc = tempfile::tempdir().unwrap();
    for (pid, descriptors) in processes {
        let directory = proc.path().join(pid.to_string());
        std::fs::create_dir_all(directory.join("fd")).unwrap();
        std::fs::write(directory.join("comm"), format!("p{pid}\n")).unwrap();
        for (number, inode) in *descriptors {
            let link = directory.join("fd").join(number.to_string());
            symlink(format!("socket:[{inode}]"), link).unwrap();
        }
    }
    proc
}

fn pids(owners: &[Owner]) -> Vec<(Option<u32>, Option<u32>)> {
    owners.iter().map(|owner| (owner.pid, owner.fd)).collect()
}

#[test]
fn every_holder_is_an_owner_once_with_its_lowest_descriptor() {
    let proc = fake(&[
        (1, &[(3, 50)]),
        (7, &[(3, 50), (4, 50), (5, 60)]),
        (8, &[(3, 70)]),
    ]);
    let mut owners = find(proc.path(), &BTreeSet::from([50, 60])).unwrap();
    assert_eq!(
        pids(&owners.take(50)),
        [(Some(1), Some(3)), (Some(7), Some(3))]
    );
    assert_eq!(pids(&owners.take(70)), []);
    let owner = &owners.take(60)[0];
    assert_eq!((owner.pid, owner.fd), (Some(7), Some(5)));
    assert_eq!(owner.comm.as_deref(), Some("p7"));
    assert!(owners.complete && !owners.denied);
}

#[test]
fn a_hidden_init_makes_the_answer_incomplete() {
    let proc = fake(&[(7, &[(3, 50)])]);
    let mut owners = find(proc.path(), &BTreeSet::from([50])).unwrap();
    assert_eq!(owners.take(50).len(), 1);
    assert!(!owners.complete && owners.denied);
}

#[test]
fn nothing_wanted_is_nothing_read() {
    let owners = find(Path::new("/nonexistent"), &BTreeSet::new()).unwrap();
    assert!(owners.complete);
    assert!(find(Path::new("/nonexistent"), &BTreeSet::from([1])).is_err());
}
