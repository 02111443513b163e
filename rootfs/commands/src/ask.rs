//! Asking PID 1, and the words for what it refuses.

use anyhow::{Result, anyhow, bail};
use keelson_control::{
    Answer, Client, ClientError, Refusal, RefusalKind, Request, UnitLine, UnitStatus,
};

/// At most so many units are asked for in full at once.
const AT_ONCE: usize = 64;

/// Asks on a connection of its own.
pub fn ask(request: &Request) -> Result<Answer> {
    Client::connect().and_then(|mut client| client.ask(request)).map_err(|error| match error {
        ClientError::Refused(refusal) => anyhow!(refused(&refusal)),
        // Its words have those of its cause already.
        other => anyhow!("{other}"),
    })
}

/// Asks for something that has no answer but yes.
pub fn ask_done(request: &Request) -> Result<()> {
    match ask(request)? {
        Answer::Done => Ok(()),
        _ => bail!(ClientError::Unexpected),
    }
}

/// All units in memory, sorted as `systemctl` lists them: by type, then by name.
pub fn units() -> Result<Vec<UnitLine>> {
    let Answer::Units(mut units) = ask(&Request::ListUnits)? else {
        bail!(ClientError::Unexpected);
    };
    units.sort_by(|a, b| sort_key(&a.name).cmp(&sort_key(&b.name)));
    Ok(units)
}

fn sort_key(name: &str) -> (&str, &str) {
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    (suffix, name)
}

/// Units in full, in the order asked.
pub fn statuses(names: &[String]) -> Result<Vec<UnitStatus>> {
    let mut client = Client::connect().map_err(|error| anyhow!("{error}"))?;
    let mut all = Vec::new();
    for chunk in names.chunks(AT_ONCE) {
        let answer = client.ask(&Request::Show { units: chunk.to_vec() });
        match answer.map_err(|error| anyhow!("{error}"))? {
            Answer::Status(units) if units.len() == chunk.len() => all.extend(units),
            _ => bail!(ClientError::Unexpected),
        }
    }
    Ok(all)
}

/// A refusal in words, with what helps.
pub fn refused(refusal: &Refusal) -> String {
    let hint = match refusal.kind {
        RefusalKind::AccessDenied => " (an ordinary user may only look; use sudo)",
        _ => "",
    };
    format!("{}{hint}", refusal.message)
}
