//! Who a process runs as: `User=`, `Group=`, `SupplementaryGroups=`, `DynamicUser=`.

use keelson_units::model::ExecSettings;

use crate::accounts::{Accounts, User};
use crate::spawn::SpawnError;
use crate::stage::Stage;

pub mod dynamic;

/// User and groups. None is as the manager, root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user, where the unit has one.
    pub user: Option<User>,
    /// Its number.
    pub uid: Option<u32>,
    /// The group.
    pub gid: Option<u32>,
    /// All further groups.
    pub groups: Option<Vec<u32>>,
}

/// Looks the names of a unit up.
pub fn of(exec: &ExecSettings, unit: &str) -> Result<Identity, SpawnError> {
    let named = exec.user.is_some() || exec.group.is_some() || exec.dynamic_user;
    if !named && exec.supplementary_groups.is_empty() {
        return Ok(Identity::default());
    }
    let accounts = Accounts::read().map_err(SpawnError::at(Stage::User))?;
    let dynamic = if exec.dynamic_user { dynamic::allocate(exec, unit, &accounts)? } else { None };
    resolve(exec, &accounts, dynamic)
}

/// User and group of a unit, root where it names none: who a delegated group or a socket belongs to. A dynamic user is
/// given out.
pub fn owner(exec: &ExecSettings, unit: &str) -> Result<(u32, u32), SpawnError> {
    let identity = of(exec, unit)?;
    Ok((identity.uid.unwrap_or(0), identity.gid.unwrap_or(0)))
}

/// The same with all files read; `dynamic` is a user that is in no file.
fn resolve(
    exec: &ExecSettings,
    accounts: &Accounts,
    dynamic: Option<User>,
) -> Result<Identity, SpawnError> {
    let user = match (dynamic, &exec.user) {
        (Some(user), _) => Some(user),
        (None, Some(name)) => Some(accounts.user(name).map_err(SpawnError::at(Stage::User))?),
        (None, None) => None,
    };
    let group = |name: &String| accounts.group(name).map_err(SpawnError::at(Stage::Group));
    let gid = match &exec.group {
        Some(name) if !exec.dynamic_user || accounts.knows(name) => Some(group(name)?),
        _ => user.as_ref().map(|user| user.gid),
    };
    let mut groups: Vec<u32> = gid.into_iter().collect();
    if let Some(user) = &user {
        groups.extend(accounts.groups_of(&user.name));
    }
    for name in &exec.supplementary_groups {
        groups.push(group(name)?);
    }
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|gid| seen.insert(*gid));
    Ok(Identity { uid: user.as_ref().map(|user| user.uid), user, gid, groups: Some(groups) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts::from_text(
            "root:x:0:0::/root:/bin/sh\ncore:x:500:500::/home/core:/bin/sh\n",
            "core:x:500:\nwheel:x:10:core\ntty:x:5:\n",
        )
    }

    #[test]
    fn users_have_the_groups_of_the_files_and_of_the_unit() {
        let exec = ExecSettings {
            user: Some("core".to_owned()),
            supplementary_groups: vec!["tty".to_owned(), "wheel".to_owned()],
            ..ExecSettings::default()
        };
        let found = resolve(&exec, &accounts(), None).expect("all are there");
        assert_eq!((found.uid, found.gid), (Some(500), Some(500)));
        assert_eq!(found.groups, Some(vec![500, 10, 5]));
    }

    #[test]
    fn missing_users_and_groups_fail_at_their_stage() {
        let exec = ExecSettings { user: Some("nobody".to_owned()), ..ExecSettings::default() };
        let error = resolve(&exec, &accounts(), None).expect_err("no such user");
        assert_eq!(error.stage, Stage::User);
        let exec = ExecSettings { group: Some("disk".to_owned()), ..ExecSettings::default() };
        let error = resolve(&exec, &accounts(), None).expect_err("no such group");
        assert_eq!(error.stage, Stage::Group);
    }
}
