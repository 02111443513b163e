//! Key sets: the keys of one publisher, as a folder of PEM files.
//!
//! | file | holds |
//! | --- | --- |
//! | `keyset.toml` | schema, kind, name, owner GUID |
//! | `release.ed25519.key`, `.pub` | Ed25519 (PKCS#8, SPKI): root hashes, release manifests, checksums |
//! | `PK.key`, `.crt` and `KEK.key`, `.crt` | RSA-2048: the platform key and the key exchange key of Secure Boot |
//! | `db.key`, `.crt` | RSA-2048: signs systemd-boot, UKIs and add-ons |
//! | `verity.key`, `.crt` | RSA-2048, optional: the PKCS#7 signature of root hashes |
//! | `PK.auth`, `KEK.auth`, `db.auth`, and `.esl` | the variables that enrol the certificates |
//!
//! `PK.key` and `KEK.key` may be kept elsewhere: then the `.auth` files made with them serve.
//! Keys are drawn in [`KeySet::generate`], the only place of the builder that draws randomness.

mod certified;
mod enrolment;
mod error;
mod folder;
#[cfg(test)]
pub(crate) mod tests;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use keelson_format::signature::key_fingerprint;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use certified::{CertifiedKey, CertifiedKeyError, RSA_BITS};
pub use enrolment::{Enrolment, signature_list};
pub use error::KeyError;

pub(crate) use certified::{rsa_encryption, with_null};

/// The name of the development key set.
const DEV_NAME: &str = "Keelson dev";

/// What a key set is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// Made without asking, on the machine of one developer. What it signs says so.
    Dev,
    /// Kept with care. Its private keys must not be readable by others.
    Release,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dev => "dev",
            Self::Release => "release",
        })
    }
}

/// The opened keys of one publisher.
#[derive(Clone)]
pub struct KeySet {
    folder: PathBuf,
    kind: KeyKind,
    name: String,
    owner: Uuid,
    release: SigningKey,
    db: CertifiedKey,
    verity: Option<CertifiedKey>,
    enrolment: Option<Enrolment>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet")
            .field("folder", &self.folder)
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("owner", &self.owner)
            .field("release", &self.fingerprint())
            .field("db", &self.db)
            .field("verity", &self.verity)
            .finish_non_exhaustive()
    }
}

impl KeySet {
    /// Opens the development keys in `folder` and makes them where there are none.
    ///
    /// Safe when two builds do so at once: both end with the same set.
    pub fn dev(folder: &Path) -> Result<Self, KeyError> {
        if !folder::is_present(folder)? {
            match Self::generate(folder, KeyKind::Dev, DEV_NAME) {
                // Another build was faster: its set is as good.
                Ok(_) | Err(KeyError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let set = Self::open(folder)?;
        match set.kind {
            KeyKind::Dev => Ok(set),
            found @ KeyKind::Release => Err(KeyError::Kind {
                path: folder.join(folder::SETTINGS),
                found,
                wanted: KeyKind::Dev,
            }),
        }
    }

    /// Opens the key set in `folder` and checks that keys, certificates and variables belong together.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        folder::open(folder)
    }

    /// Draws a new set of keys and writes it to `folder`, which must not exist or be empty.
    ///
    /// The folder appears complete or not at all; it has mode 0700 and private keys have mode 0600 whatever
    /// the umask. Takes about a second.
    pub fn generate(folder: &Path, kind: KeyKind, name: &str) -> Result<Self, KeyError> {
        folder::generate(folder, kind, name)?;
        Self::open(folder)
    }

    /// Where the set is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the set is for.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Whether these are development keys.
    pub fn is_dev(&self) -> bool {
        self.kind == KeyKind::Dev
    }

    /// The publisher's name, as in the certificates.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `SignatureOwner` of the certificates in firmware.
    pub fn owner(&self) -> Uuid {
        self.owner
    }

    /// Signs `message` with the release key (Ed25519, RFC 8032).
    pub fn sign_release(&self, message: &[u8]) -> [u8; 64] {
        self.release.sign(message).to_bytes()
    }

    /// The public release key: what an image trusts.
    pub fn public(&self) -> VerifyingKey {
        self.release.verifying_key()
    }

    /// The fingerprint of the public release key, as signatures name it.
    pub fn fingerprint(&self) -> String {
        key_fingerprint(&self.public())
    }

    /// The key that signs UKIs and systemd-boot.
    pub fn db(&self) -> &CertifiedKey {
        &self.db
    }

    /// The key of the PKCS#7 signature over root hashes, where the set has one.
    pub fn verity(&self) -> Option<&CertifiedKey> {
        self.verity.as_ref()
    }

    /// What enrols the set in a firmware; `None` where neither the keys nor the prepared variables are there.
    pub fn enrolment(&self) -> Option<&Enrolment> {
        self.enrolment.as_ref()
    }
}

/// Where a user's development keys are: `$XDG_DATA_HOME/keelson/dev-keys`, by default
/// `~/.local/share/keelson/dev-keys`.
///
/// As the XDG Base Directory Specification says, a relative `XDG_DATA_HOME` is ignored.
pub fn dev_folder(
    xdg_data_home: Option<&OsStr>,
    home: Option<&OsStr>,
) -> Result<PathBuf, KeyError> {
    let absolute =
        |value: Option<&OsStr>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(xdg_data_home)
        .or_else(|| absolute(home).map(|home| home.join(".local/share")))
        .map(|data| data.join("keelson/dev-keys"))
        .ok_or(KeyError::NoDataFolder)
}
