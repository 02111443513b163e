//! `Persistent=`: files whose time is when a timer last elapsed.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use keelson_units::model::UnitName;

/// The file of a timer, below a root that is `/` but for tests. Its place is systemd's: changing it would run every
/// persistent timer of installed systems once more.
pub fn path(root: &Path, timer: &UnitName) -> PathBuf {
    root.join("var/lib/systemd/timers").join(format!("stamp-{timer}"))
}

/// When the timer last elapsed, since 1970. None where it never did, or where the stamp is of the future, as it is when
/// the clock was wrong.
pub fn read(root: &Path, timer: &UnitName, now: Duration) -> io::Result<Option<Duration>> {
    match fs::metadata(path(root, timer)) {
        Ok(found) => {
            let time = found.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Ok(Some(time).filter(|&time| time <= now))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Records that it elapsed. Also done where a timer has no stamp when it is activated, so that the next boot counts
/// from there.
pub fn write(root: &Path, timer: &UnitName, now: Duration) -> io::Result<()> {
    let path = path(root, timer);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let file: File = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
    let time = SystemTime::UNIX_EPOCH + now;
    file.set_times(FileTimes::new().set_accessed(time).set_modified(time))
}

/// Forgets it (`systemctl clean`).
pub fn remove(root: &Path, timer: &UnitName) -> io::Result<()> {
    match fs::remove_file(path(root, timer)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
