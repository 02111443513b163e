//! The signed root hash that fills a slot's signature partition.
//!
//! The JSON is that of the Discoverable Partitions Specification (`rootHash`, `signature`,
//! `certificateFingerprint`) with one member more, `ed25519`: a statement of what is signed, its
//! signature by the release key, and which key that is. The partition is padded with zero bytes.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::verity::RootHash;
use crate::version::Version;

/// Where a system has the release keys it trusts, as [`trusted_keys_to_text`] writes them.
pub const RELEASE_KEYS: &str = "/usr/share/keelson/release-keys";

/// First line of a statement. Changing it breaks installed systems.
const HEADER: &str = "keelson-usr 1";

/// What the release key signs: which `/usr` this is, and how large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Root hash of the verity tree.
    pub root_hash: RootHash,
    /// Version of the release.
    pub version: Version,
    /// Name of the board it was built for.
    pub board: String,
    /// Bytes of the EROFS image, a multiple of 4096.
    pub data_size: u64,
    /// Bytes of the superblock and hash tree.
    pub hash_size: u64,
}

/// Content of a signature partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotSignature {
    /// Root hash in lower-case hexadecimal.
    pub root_hash: RootHash,
    /// SHA-256 of the DER certificate whose key made `signature`, in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate_fingerprint: Option<String>,
    /// PKCS#7 signature (DER, base64) over the root hash's hexadecimal text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<String>,
    /// The release key's signature.
    pub ed25519: Ed25519,
}

/// The release key's signature over a [`Statement`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ed25519 {
    /// SHA-256 of the public key's 32 bytes, in lower-case hexadecimal.
    pub key_fingerprint: String,
    /// The signed text.
    pub statement: String,
    /// The signature's 64 bytes in base64.
    pub signature: String,
}

/// Why a signature partition was refused. Each variant says what was expected and found.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SignatureError {
    /// Nothing but zero bytes.
    #[error("the signature partition is empty")]
    Empty,
    /// Not the JSON of a signature.
    #[error("the signature partition does not hold a signature: {0}")]
    Json(String),
    /// The statement is not in the form this release reads.
    #[error("the signed statement is not understood: {0}")]
    Statement(String),
    /// No key of ours made it.
    #[error("signed by key {found}, which is not one of the release keys: {trusted}")]
    UnknownKey {
        /// Fingerprint in the partition.
        found: String,
        /// Fingerprints that are trusted, separated by commas.
        trusted: String,
    },
    /// The signature is not the key's over the statement.
    #[error("the signature by key {0} does not match the signed statement")]
    Mismatch(String),
    /// The statement is about something else.
    #[error("signed for {what} {found}, expected {expected}")]
    Other {
        /// Which member of the statement.
        what: &'static str,
        /// What it says.
        found: String,
        /// What it must say.
        expected: String,
    },
}

impl Statement {
    /// The text that is signed: a header and one `name value` line a member, in this order.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in [
            ("", HEADER.to_owned()),
            ("root-hash ", self.root_hash.to_string()),
            ("version ", self.version.to_string()),
            ("board ", self.board.clone()),
            ("data-size ", self.data_size.to_string()),
            ("hash-size ", self.hash_size.to_string()),
        ] {
            writeln!(text, "{name}{value}").expect("writing to a String cannot fail");
        }
        text
    }

    /// Reads what [`Statement::to_text`] wrote, and nothing else.
    pub fn from_text(text: &str) -> Result<Self, SignatureError> {
        let wrong = |what: String| SignatureError::Statement(what);
        let mut lines = text.lines();
        let header = lines.next().unwrap_or_default();
        if header != HEADER {
            return Err(wrong(format!("it begins with `{header}`, expected `{HEADER}`")));
        }
        let mut member = |name: &str| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(name)?.strip_prefix(' '))
                .map(str::to_owned)
                .ok_or_else(|| wrong(format!("`{name}` is missing")))
        };
        let statement = Self {
            root_hash: member("root-hash")?
                .parse()
                .map_err(|e| wrong(format!("root-hash: {e}")))?,
            version: member("version")?.parse().map_err(|e| wrong(format!("version: {e}")))?,
            board: member("board")?,
            data_size: member("data-size")?
                .parse()
                .map_err(|e| wrong(format!("data-size: {e}")))?,
            hash_size: member("hash-size")?
                .parse()
                .map_err(|e| wrong(format!("hash-size: {e}")))?,
        };
        if statement.to_text() == text {
            Ok(statement)
        } else {
            Err(wrong("it has more than the known lines".to_owned()))
        }
    }
}

impl SlotSignature {
    /// The JSON of the partition.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("strings always serialise");
        text.push('\n');
        text
    }

    /// Reads a signature partition: JSON followed by zero bytes.
    pub fn from_partition(bytes: &[u8]) -> Result<Self, SignatureError> {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        if end == 0 {
            return Err(SignatureError::Empty);
        }
        serde_json::from_slice(&bytes[..end]).map_err(|e| SignatureError::Json(e.to_string()))
    }

    /// Checks the release key's signature and gives what it signed.
    ///
    /// The statement's root hash is checked against `rootHash`; the caller checks it against the
    /// command line with [`Statement::expect`].
    pub fn verify(&self, trusted: &[VerifyingKey]) -> Result<Statement, SignatureError> {
        let found = &self.ed25519.key_fingerprint;
        let Some(key) = trusted.iter().find(|key| key_fingerprint(key) == *found) else {
            let trusted: Vec<_> = trusted.iter().map(key_fingerprint).collect();
            let trusted = trusted.join(", ");
            return Err(SignatureError::UnknownKey { found: found.clone(), trusted });
        };
        let mismatch = || SignatureError::Mismatch(found.clone());
        let bytes = BASE64.decode(&self.ed25519.signature).map_err(|_| mismatch())?;
        let signature = Signature::from_slice(&bytes).map_err(|_| mismatch())?;
        key.verify_strict(self.ed25519.statement.as_bytes(), &signature).map_err(|_| mismatch())?;
        let statement = Statement::from_text(&self.ed25519.statement)?;
        statement.expect("root hash", &statement.root_hash, &self.root_hash)?;
        Ok(statement)
    }
}

impl Statement {
    /// An error unless `found`, a member of this statement called `what`, is `expected`.
    pub fn expect<T: PartialEq + ToString>(
        &self,
        what: &'static str,
        found: &T,
        expected: &T,
    ) -> Result<(), SignatureError> {
        if found == expected {
            return Ok(());
        }
        Err(SignatureError::Other {
            what,
            found: found.to_string(),
            expected: expected.to_string(),
        })
    }
}

impl Ed25519 {
    /// The member made of a statement, the key's signature over its text, and the key.
    pub fn new(statement: &Statement, signature: &[u8; 64], key: &VerifyingKey) -> Self {
        Self {
            key_fingerprint: key_fingerprint(key),
            statement: statement.to_text(),
            signature: BASE64.encode(signature),
        }
    }
}

/// SHA-256 of the key's 32 bytes, in lower-case hexadecimal.
pub fn key_fingerprint(key: &VerifyingKey) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// The release keys that an initramfs trusts, as text: a line `ed25519 HEX NAME` each.
pub fn trusted_keys_to_text<'a>(
    keys: impl IntoIterator<Item = (&'a VerifyingKey, &'a str)>,
) -> String {
    let mut text = String::new();
    for (key, name) in keys {
        writeln!(text, "ed25519 {} {name}", hex::encode(key.as_bytes()))
            .expect("writing to a String cannot fail");
    }
    text
}

/// Reads what [`trusted_keys_to_text`] wrote. The error names the line.
pub fn trusted_keys_from_text(text: &str) -> Result<Vec<VerifyingKey>, String> {
    let key = |(index, line): (usize, &str)| {
        let wrong = || format!("line {}: not a release key", index + 1);
        let hex_key = line
            .strip_prefix("ed25519 ")
            .and_then(|rest| rest.split(' ').next())
            .ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex_key, &mut bytes).map_err(|_| wrong())?;
        VerifyingKey::from_bytes(&bytes).map_err(|_| wrong())
    };
    text.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(key).collect()
}

#[cfg(test)]
mod tests;
