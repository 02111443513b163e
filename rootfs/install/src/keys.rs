//! The release keys that an image must be signed by, and the sums that they sign.

use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use keelson_format::signature::{RELEASE_KEYS, key_fingerprint, trusted_keys_from_text};

/// What precedes the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410, section 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Keys, at least one.
#[derive(Debug, Clone)]
pub struct Keys(Vec<VerifyingKey>);

impl Keys {
    /// Reads a file of keys, by default those that this system trusts.
    pub fn read(file: Option<&Path>) -> Result<Self> {
        let path = file.unwrap_or(Path::new(RELEASE_KEYS));
        let text = std::fs::read_to_string(path);
        let text = match (text, file) {
            (Ok(text), _) => text,
            (Err(error), None) if error.kind() == std::io::ErrorKind::NotFound => {
                bail!(
                    "this system has no release keys of its own ({RELEASE_KEYS}): give the one to trust with --key FILE"
                )
            }
            (Err(error), _) => {
                return Err(error).with_context(|| format!("reading {}", path.display()));
            }
        };
        Self::parse(&text).with_context(|| format!("reading {}", path.display()))
    }

    /// Reads PEM, or lines `ed25519 HEX NAME`.
    fn parse(text: &str) -> Result<Self> {
        let pem = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----");
        let keys = match pem.and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----")) {
            Some(body) => {
                let body: String = body.split_whitespace().collect();
                let der = BASE64.decode(body).context("the key is not base64")?;
                let key = der.strip_prefix(&SPKI).and_then(|key| <&[u8; 32]>::try_from(key).ok());
                vec![VerifyingKey::from_bytes(key.context("it is no Ed25519 key")?)?]
            }
            None => trusted_keys_from_text(text).map_err(anyhow::Error::msg)?,
        };
        if keys.is_empty() {
            bail!("there is no key in it");
        }
        Ok(Self(keys))
    }

    /// Gives the fingerprint of the key that signed `message`; an error where none of them did.
    pub fn check(&self, message: &[u8], signature: &[u8]) -> Result<String> {
        let known = || self.0.iter().map(key_fingerprint).collect::<Vec<_>>().join(", ");
        let signed = Signature::from_slice(signature).ok().and_then(|signature| {
            self.0.iter().find(|key| key.verify_strict(message, &signature).is_ok())
        });
        signed.map(key_fingerprint).with_context(|| {
            format!("the signature does not match: none of these keys made it: {}", known())
        })
    }
}

/// The sum of a file in the text of `SHA256SUMS`.
pub fn sum_of<'a>(sums: &'a str, name: &str) -> Option<&'a str> {
    let line = |line: &'a str| {
        let (sum, file) = line.split_once("  ")?;
        let whole = sum.len() == 64
            && sum.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        (file == name && whole).then_some(sum)
    };
    sums.lines().find_map(line)
}

#[cfg(test)]
mod tests;
