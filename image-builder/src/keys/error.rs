//! What can be wrong with a key set, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::{CertifiedKeyError, KeyKind};
use crate::pkcs7::Pkcs7Error;

/// Why a key set cannot be made or used. No message repeats key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The folder does not exist.
    #[error("there is no key set at {folder}: `cargo xtask keys generate` makes one")]
    NoSet {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of the set is not there.
    #[error(
        "the key set is incomplete: {path} is missing; restore it from a copy (only of development keys: or remove the folder, and the next build makes new ones)"
    )]
    Missing {
        /// The missing file.
        path: PathBuf,
    },
    /// A set is never overwritten.
    #[error("{folder} exists already; key sets are not overwritten")]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be read or written. The message names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// `keyset.toml` is not what it should be.
    #[error("{path}: {source}")]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// `keyset.toml` is of another version.
    #[error("{path}: schema {found} is not known; this version reads schema 1")]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
    },
    /// A folder that should hold development keys holds others.
    #[error("{path}: the set is of kind \"{found}\", and one of kind \"{wanted}\" is needed here")]
    Kind {
        /// The file that says so.
        path: PathBuf,
        /// What the set is.
        found: KeyKind,
        /// What it should be.
        wanted: KeyKind,
    },
    /// A private release key can be read by other users.
    #[error(
        "the private key {path} can be read or written by others (mode {mode:04o}): chmod 600 {path}"
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// An RSA key or its certificate is not usable.
    #[error("{path}: {source}")]
    Certified {
        /// The private key or the certificate.
        path: PathBuf,
        /// What is wrong with it.
        source: CertifiedKeyError,
    },
    /// The release key cannot be read. What it holds is not repeated.
    #[error(
        "{path}: not an Ed25519 private key in PKCS#8 PEM form (`openssl genpkey -algorithm ed25519`)"
    )]
    ReleaseKey {
        /// The file.
        path: PathBuf,
    },
    /// The public release key cannot be read.
    #[error("{path}: not an Ed25519 public key in PEM form (`BEGIN PUBLIC KEY`)")]
    ReleasePublicKey {
        /// The file.
        path: PathBuf,
    },
    /// The public release key is that of another private key.
    #[error("{public} is not the public key of {private}")]
    ReleaseMismatch {
        /// The public key's file.
        public: PathBuf,
        /// The private key's file.
        private: PathBuf,
    },
    /// A prepared variable enrols another certificate than the set has.
    #[error("{auth} does not hold the certificate {certificate}; make it again")]
    EnrolmentMismatch {
        /// The authenticated variable.
        auth: PathBuf,
        /// The certificate.
        certificate: PathBuf,
    },
    /// The name cannot stand in a certificate's subject.
    #[error(
        "the name \"{name}\" of a key set has 1 to 32 letters, digits, spaces, dots and hyphens, and begins and ends with a letter or digit"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// There is no place for data of the user.
    #[error(
        "neither XDG_DATA_HOME nor HOME is an absolute path, so there is no place for development keys; give a key set by --keys"
    )]
    NoDataFolder,
    /// The keys cannot be drawn or certified.
    #[error("making the {role} key: {source}")]
    Generate {
        /// Which key.
        role: &'static str,
        /// Why.
        source: CertifiedKeyError,
    },
    /// The release key cannot be encoded.
    #[error("encoding the release key")]
    EncodeRelease,
    /// The variables for enrolment cannot be made.
    #[error("making the variables for enrolment: {0}")]
    Enrolment(#[from] Pkcs7Error),
}
