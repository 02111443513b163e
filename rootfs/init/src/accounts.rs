//! Users and groups of `/etc/passwd` and `/etc/group`, read anew for each start.

use std::path::PathBuf;
use std::{fs, io};

use rustix::process::{Gid, Uid};

use crate::process::Credentials;

/// Why `User=` or `Group=` cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: &'static str,
        /// Why.
        source: io::Error,
    },
    /// No such user.
    #[error("no user `{0}` in /etc/passwd")]
    User(String),
    /// No such group.
    #[error("no group `{0}` in /etc/group")]
    Group(String),
}

/// The credentials of `User=` and `Group=`; `None` where neither is given, which is root.
pub fn credentials(
    user: Option<&str>,
    group: Option<&str>,
) -> Result<Option<Credentials>, AccountError> {
    if user.is_none() && group.is_none() {
        return Ok(None);
    }
    look_up(user.unwrap_or("root"), group, &read("/etc/passwd")?, &read("/etc/group")?).map(Some)
}

fn read(file: &'static str) -> Result<String, AccountError> {
    fs::read_to_string(file).map_err(|source| AccountError::Read { file, source })
}

fn look_up(
    user: &str,
    group: Option<&str>,
    passwd: &str,
    groups: &str,
) -> Result<Credentials, AccountError> {
    let unknown = || AccountError::User(user.to_owned());
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.len() >= 6 && (fields[0] == user || fields[2] == user))
        .ok_or_else(unknown)?;
    let uid = fields[2].parse().map_err(|_| unknown())?;
    let rows: Vec<Vec<&str>> = groups
        .lines()
        .map(|line| line.split(':').collect())
        .filter(|row: &Vec<_>| row.len() >= 4)
        .collect();
    let gid = match group {
        None => fields[3].parse().map_err(|_| unknown())?,
        Some(group) => rows
            .iter()
            .find(|row| row[0] == group || row[2] == group)
            .and_then(|row| row[2].parse().ok())
            .ok_or_else(|| AccountError::Group(group.to_owned()))?,
    };
    let further = rows
        .iter()
        .filter(|row| row[3].split(',').any(|member| member == fields[0]))
        .filter_map(|row| row[2].parse().ok());
    Ok(Credentials {
        uid: Uid::from_raw(uid),
        gid: Gid::from_raw(gid),
        groups: std::iter::once(gid).chain(further).map(Gid::from_raw).collect(),
        home: PathBuf::from(fields[5]),
        name: fields[0].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\ncore:x:500:500::/home/core:/bin/sh\nbad\n";
    const GROUP: &str = "root:x:0:\ncore:x:500:\nwheel:x:10:core,other\ntty:x:5:\n";

    #[test]
    fn users_are_found_by_name_and_number_with_their_groups() {
        for user in ["core", "500"] {
            let found = look_up(user, None, PASSWD, GROUP).expect("core is there");
            assert_eq!((found.uid.as_raw(), found.gid.as_raw()), (500, 500));
            assert_eq!(
                found.groups.iter().map(|group| group.as_raw()).collect::<Vec<_>>(),
                [500, 10]
            );
            assert_eq!(found.home, PathBuf::from("/home/core"));
        }
        assert_eq!(
            look_up("core", Some("tty"), PASSWD, GROUP).expect("tty is there").gid.as_raw(),
            5
        );
    }

    #[test]
    fn unknown_names_are_named() {
        let error = look_up("nobody", None, PASSWD, GROUP).expect_err("nobody is not there");
        assert_eq!(error.to_string(), "no user `nobody` in /etc/passwd");
        let error = look_up("core", Some("disk"), PASSWD, GROUP).expect_err("disk is not there");
        assert_eq!(error.to_string(), "no group `disk` in /etc/group");
    }
}
