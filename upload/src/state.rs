//! The state file of an upload: what an upload has made so far and which pieces have arrived.
//!
//! It is there to resume and to clean up; an upload that ends well removes it. Deleting it is safe for the image, but
//! then nobody remembers what stands half-made at the provider. It holds no credentials; a resumable session of Cloud
//! Storage is as good as one, so only its owner may read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of the file's form.
const SCHEMA: u32 = 1;
/// The file is written after this many pieces; a piece that was sent and not noted is sent again.
const EVERY: usize = 16;

/// Begins the names of notes on what was asked for and not answered yet.
const ASKED: &str = "asked ";

/// Something that stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Made {
    /// `snapshot`, `image`, `blob`, `object`, ...
    pub kind: String,
    /// The provider's identifier.
    pub id: String,
    /// Region, project or account.
    pub place: String,
    /// The provider's own command that removes it.
    pub command: String,
    /// Whether it is finished.
    pub whole: bool,
}

/// Which image it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageId {
    /// Digest of the content.
    pub digest: String,
    /// Where it goes and under which name.
    pub target: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct State {
    schema: u32,
    image: ImageId,
    made: Vec<Made>,
    notes: BTreeMap<String, String>,
    done: BTreeSet<usize>,
}

/// The state of an upload, on disk.
#[derive(Debug)]
pub struct StateFile {
    /// None in a dry run.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

/// Why there is no state.
#[derive(Debug, Error)]
pub enum StateError {
    /// The file could not be read or written.
    #[error("{doing} {}: {source}\n  --state FILE names another place", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not one.
    #[error("{}: {source}\n  it is safe to delete; what an earlier upload left at the provider is then yours to find", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The file is of another upload.
    #[error(
        "{} is of an upload of another {what}:{}\n  --restart removes what that one made and begins anew, --abandon only removes it",
        path.display(), listed(made)
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// `image` (the file was changed or rebuilt since) or `target`.
        what: &'static str,
        /// What that upload made.
        made: Vec<Made>,
    },
}

/// Things that stand, one a line.
pub fn listed(made: &[Made]) -> String {
    made.iter().fold(String::new(), |text, made| {
        let Made { kind, id, place, command, whole } = made;
        let part = if *whole { "" } else { ", not finished" };
        format!("{text}\n    {kind} {id} in {place}{part}; remove it by hand with: {command}")
    })
}

impl StateFile {
    /// Nothing made yet, nothing written: for dry runs.
    pub fn dry(image: ImageId) -> Self {
        Self { path: None, state: Mutex::new(State::new(image)) }
    }

    /// The state at `path`, or a new one.
    pub fn open(path: &Path, image: ImageId) -> Result<Self, StateError> {
        let state = match read(path)? {
            None => State::new(image),
            Some(state) if state.image == image => state,
            Some(state) => {
                let what = if state.image.target == image.target { "image" } else { "target" };
                let path = path.to_owned();
                return Err(StateError::Other { path, what, made: state.made });
            }
        };
        Ok(Self { path: Some(path.to_owned()), state: Mutex::new(state) })
    }

    /// The state at `path`, whatever it is of; none where no file is.
    pub fn found(path: &Path) -> Result<Option<Self>, StateError> {
        let state = read(path)?;
        Ok(state.map(|state| Self { path: Some(path.to_owned()), state: Mutex::new(state) }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Notes that something stands at the provider. Written before this returns.
    pub fn made(&self, made: Made) -> Result<(), StateError> {
        let mut state = self.lock();
        state.notes.remove(&asked(&made.kind, &made.place));
        state.made.push(made);
        self.write(&state)
    }

    /// Notes that something of this kind is about to be made in this place, under an identifier the provider will give.
    pub fn ask(&self, kind: &str, place: &str) -> Result<(), StateError> {
        self.note(&asked(kind, place), "")
    }

    /// Whether it was asked for and no answer came.
    pub fn is_asked(&self, kind: &str, place: &str) -> bool {
        self.noted(&asked(kind, place)).is_some()
    }

    /// Notes that what was asked for was not made.
    pub fn refused(&self, kind: &str, place: &str) -> Result<(), StateError> {
        self.forget(&asked(kind, place))
    }

    /// Kind and place of everything that may have been made: no answer came.
    pub fn unanswered(&self) -> Vec<(String, String)> {
        let state = self.lock();
        let asked = state.notes.keys().filter_map(|name| name.strip_prefix(ASKED)?.split_once(' '));
        asked.map(|(kind, place)| (kind.to_owned(), place.to_owned())).collect()
    }

    /// Notes that something is finished.
    pub fn finished(&self, kind: &str, place: &str) -> Result<(), StateError> {
        let mut state = self.lock();
        for made in state.made.iter_mut().filter(|made| made.kind == kind && made.place == place) {
            made.whole = true;
        }
        self.write(&state)
    }

    /// Notes that something is gone.
    pub fn removed(&self, gone: &Made) -> Result<(), StateError> {
        let mut state = self.lock();
        state.made.retain(|made| (&made.kind, &made.id) != (&gone.kind, &gone.id));
        self.write(&state)
    }

    /// What was made of this kind in this place.
    pub fn find(&self, kind: &str, place: &str) -> Option<Made> {
        self.lock().made.iter().find(|made| made.kind == kind && made.place == place).cloned()
    }

    /// Everything that stands, oldest first.
    pub fn standing(&self) -> Vec<Made> {
        self.lock().made.clone()
    }

    /// Keeps a value, as the address of a resumable session.
    pub fn note(&self, name: &str, value: &str) -> Result<(), StateError> {
        let mut state = self.lock();
        state.notes.insert(name.to_owned(), value.to_owned());
        self.write(&state)
    }

    /// Forgets a value.
    pub fn forget(&self, name: &str) -> Result<(), StateError> {
        let mut state = self.lock();
        state.notes.remove(name);
        self.write(&state)
    }

    /// A value that was kept.
    pub fn noted(&self, name: &str) -> Option<String> {
        self.lock().notes.get(name).cloned()
    }

    /// Whether a piece has arrived.
    pub fn is_done(&self, piece: usize) -> bool {
        self.lock().done.contains(&piece)
    }

    /// Notes that a piece has arrived; written now and then.
    pub fn done(&self, piece: usize) -> Result<(), StateError> {
        let mut state = self.lock();
        state.done.insert(piece);
        if state.done.len().is_multiple_of(EVERY) { self.write(&state) } else { Ok(()) }
    }

    /// Forgets which pieces have arrived, and these notes: what held them is gone.
    pub fn restart(&self, notes: &[&str]) -> Result<(), StateError> {
        let mut state = self.lock();
        state.done.clear();
        state.notes.retain(|name, _| !notes.contains(&name.as_str()));
        self.write(&state)
    }

    /// Writes what was not written yet.
    pub fn save(&self) -> Result<(), StateError> {
        self.write(&self.lock())
    }

    /// Removes the file: nothing is left to resume or to remove.
    pub fn close(&self) -> Result<(), StateError> {
        let Some(path) = &self.path else { return Ok(()) };
        match std::fs::remove_file(path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StateError::Io { doing: "removing", path: path.clone(), source })
            }
            _ => Ok(()),
        }
    }

    fn write(&self, state: &State) -> Result<(), StateError> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |source| StateError::Io { doing: "writing", path: path.clone(), source };
        let text = serde_json::to_string_pretty(state).expect("strings and numbers");
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)
            .map_err(failed)?;
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)
    }
}

impl State {
    fn new(image: ImageId) -> Self {
        Self {
            schema: SCHEMA,
            image,
            made: Vec::new(),
            notes: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }
}

fn asked(kind: &str, place: &str) -> String {
    format!("{ASKED}{kind} {place}")
}

fn read(path: &Path) -> Result<Option<State>, StateError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(StateError::Io { doing: "reading", path: path.to_owned(), source });
        }
    };
    let form = |source| StateError::Form { path: path.to_owned(), source };
    let state: State = serde_json::from_slice(&text).map_err(form)?;
    if state.schema != SCHEMA {
        let wrong = format!("schema {} is not {SCHEMA}", state.schema);
        return Err(form(serde::de::Error::custom(wrong)));
    }
    Ok(Some(state))
}

#[cfg(test)]
mod tests;
