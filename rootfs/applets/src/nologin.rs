//! `nologin`: the login shell of accounts that are not for people.

/// Refuses.
pub fn run(_arguments: &[String]) -> Result<(), String> {
    Err("this account is not for logins".to_owned())
}
