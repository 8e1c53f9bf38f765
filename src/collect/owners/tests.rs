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
fn a_proc_that_is_not_there_is_an_error() {
    assert!(find(Path::new("/nonexistent"), &BTreeSet::from([1])).is_err());
    assert_eq!(namespaces(Path::new("/nonexistent")), []);
}

#[test]
fn namespaces_that_descriptors_hold_are_met_on_the_way() {
    let proc = fake(&[(1, &[(3, 50)]), (7, &[])]);
    let link = |pid: u32, number: u32, target: &str| {
        let path = proc.path().join(format!("{pid}/fd/{number}"));
        std::os::unix::fs::symlink(target, path).unwrap();
    };
    link(7, 4, "net:[4026532200]");
    link(7, 5, "mnt:[4026532201]");
    let held = [(4_026_532_200, 7, 4)];
    assert_eq!(
        find(proc.path(), &BTreeSet::new()).unwrap().namespaces,
        held
    );
    assert_eq!(
        find(proc.path(), &BTreeSet::from([50])).unwrap().namespaces,
        held
    );
    assert_eq!(namespaces(proc.path()), held);
}

/// Many processes with two descriptors each; `place` says where a process has its listener, whose
/// inode is 10,000 more than its pid.
fn many(place: impl Fn(u32) -> u32) -> (tempfile::TempDir, BTreeSet<u64>) {
    let tables: Vec<(u32, [(u32, u64); 2])> = (1..=300)
        .map(|pid| (pid, [(0, 5), (place(pid), u64::from(pid) + 10_000)]))
        .collect();
    let tables: Vec<(u32, &[(u32, u64)])> = tables
        .iter()
        .map(|(pid, table)| (*pid, table.as_slice()))
        .collect();
    (fake(&tables), (10_001..=10_300).collect())
}

/// A search as far as what it learns.
fn learned(proc: &Path, wanted: &BTreeSet<u64>) -> (bool, usize) {
    let directory = File::open(proc).unwrap();
    let mut search = Search::new(directory.as_fd(), wanted).unwrap();
    (search.learn(), search.unowned)
}

fn all_are_found(proc: &Path, wanted: &BTreeSet<u64>, place: impl Fn(u32) -> u32) {
    let mut owners = find(proc, wanted).unwrap();
    for pid in 1..=300 {
        let found = pids(&owners.take(u64::from(pid) + 10_000));
        assert_eq!(found, [(Some(pid), Some(place(pid)))]);
    }
}

#[test]
fn a_sample_teaches_where_listeners_are() {
    let place = |pid| 3 + pid % 2;
    let (proc, wanted) = many(place);
    assert_eq!(learned(proc.path(), &wanted), (true, 0));
    all_are_found(proc.path(), &wanted, place);
}

#[test]
fn listeners_at_any_number_teach_nothing() {
    let place = |pid| 3 + pid;
    let (proc, wanted) = many(place);
    let (all, unowned) = learned(proc.path(), &wanted);
    assert!(!all && unowned > 200, "{unowned}");
    all_are_found(proc.path(), &wanted, place);
}

#[test]
fn a_listener_elsewhere_is_found_by_the_slices() {
    // Not in the sample: its pids are 1, 12, 23 and so on.
    let place = |pid| if pid == 8 { 77 } else { 3 };
    let (proc, wanted) = many(place);
    assert_eq!(learned(proc.path(), &wanted), (false, 1));
    all_are_found(proc.path(), &wanted, place);
}

#[test]
fn an_inherited_listener_is_found_in_every_process() {
    let (proc, mut wanted) = many(|_| 3);
    for pid in 200..=300 {
        let link = proc.path().join(pid.to_string()).join("fd/4");
        symlink("socket:[77]", link).unwrap();
    }
    wanted.insert(77);
    assert_eq!(learned(proc.path(), &wanted), (true, 0));
    let owners = find(proc.path(), &wanted).unwrap().take(77);
    assert_eq!(owners.len(), 101);
}
