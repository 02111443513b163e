//! System V and POSIX IPC objects of a user, removed with its service (`RemoveIPC=`).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::run::raw::sys;

/// Where POSIX shared memory and semaphores are.
const SHARED_MEMORY: &str = "/dev/shm";
/// Where POSIX message queues are.
const QUEUES: &str = "/dev/mqueue";
/// `IPC_RMID`
const REMOVE: i32 = 0;

/// Removes all objects of a user. Gives what did not work.
pub fn remove(uid: u32) -> Vec<String> {
    let mut problems = Vec::new();
    for kind in ["shm", "sem", "msg"] {
        let text = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
        for id in ids(&text, uid) {
            if let Err(error) = remove_one(kind, id) {
                problems.push(format!("removing System V object {kind} {id}: {error}"));
            }
        }
    }
    for folder in [SHARED_MEMORY, QUEUES] {
        problems.extend(remove_files(Path::new(folder), uid));
    }
    problems
}

/// The numbers of the user's objects in the text of `/proc/sysvipc/...`.
fn ids(text: &str, uid: u32) -> Vec<i32> {
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| header.iter().position(|field| *field == name);
    let Some(owner) = column("uid") else { return Vec::new() };
    let own =
        lines.filter(|fields| fields.get(owner).and_then(|uid| uid.parse().ok()) == Some(uid));
    own.filter_map(|fields| fields.get(1)?.parse().ok()).collect()
}

#[expect(unsafe_code, reason = "System V IPC has no wrapper")]
fn remove_one(kind: &str, id: i32) -> Result<(), crate::errno::Errno> {
    // SAFETY: no pointers are read by a removal.
    unsafe {
        match kind {
            "shm" => sys!(SYS_shmctl, id, REMOVE, 0),
            "sem" => sys!(SYS_semctl, id, 0, REMOVE, 0),
            _ => sys!(SYS_msgctl, id, REMOVE, 0),
        }
        .map(drop)
    }
}

fn remove_files(folder: &Path, uid: u32) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let own = entries
        .filter(|entry| entry.metadata().is_ok_and(|found| found.uid() == uid && !found.is_dir()));
    own.filter_map(|entry| {
        let path = entry.path();
        fs::remove_file(&path).err().map(|error| format!("removing {}: {error}", path.display()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_by_their_owner() {
        let text = "       key      shmid perms  size  cpid  lpid nattch   uid   gid\n\
                    1  5  600  100  1  1  0  500  500\n\
                    2  9  600  100  1  1  0  501  500\n\
                    3 11  600  100  1  1  0  500  500\nbad\n";
        assert_eq!(ids(text, 500), [5, 11]);
        assert!(ids("", 500).is_empty());
    }

    #[test]
    fn files_of_others_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x");
        fs::write(&file, "").expect("a file");
        let uid = fs::metadata(&file).expect("it is there").uid();
        assert!(remove_files(folder.path(), uid + 1).is_empty());
        assert!(file.exists());
        assert!(remove_files(folder.path(), uid).is_empty());
        assert!(!file.exists());
    }
}
