//! "Authorize with Shared Key", version 2009-09-19 and later: an HMAC over the call with the account's key.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use sha2::Sha256;

use crate::call::Call;
use crate::client::{Authorize, CredentialsError};

/// Headers whose values are signed by place, in the order of the specification.
const SIGNED: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// The key of a storage account.
pub struct SharedKey {
    /// Name of the account.
    pub account: String,
    /// The key in Base64.
    pub key: String,
}

impl Authorize for SharedKey {
    fn authorize(&self, call: &mut Call, body: &[u8]) -> Result<(), CredentialsError> {
        let failed = |reason: String| CredentialsError {
            provider: "Azure storage",
            reason,
            advice: "see AZURE_STORAGE_KEY or AZURE_STORAGE_CONNECTION_STRING",
        };
        let now = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now());
        let now = now.map_err(|error| failed(error.to_string()))?;
        call.headers.push(("x-ms-date".to_owned(), now));
        let text = string_to_sign(call, &self.account, body.len());
        let key = STANDARD
            .decode(&self.key)
            .map_err(|error| failed(format!("the key of the account is not Base64: {error}")))?;
        let mac =
            Hmac::<Sha256>::new_from_slice(&key).map_err(|error| failed(error.to_string()))?;
        let signature = STANDARD.encode(mac.chain_update(text).finalize().into_bytes());
        let value = format!("SharedKey {}:{signature}", self.account);
        call.headers.push(("Authorization".to_owned(), value));
        Ok(())
    }
}

/// What is signed.
pub fn string_to_sign(call: &Call, account: &str, body: usize) -> String {
    let of = |wanted: &str| {
        let mut found = call.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map_or("", |(_, value)| value.as_str())
    };
    let length = if body == 0 { String::new() } else { body.to_string() };
    let mut text = call.method.as_str().to_owned();
    for name in SIGNED {
        text.push('\n');
        text.push_str(if name == "content-length" { &length } else { of(name) });
    }
    text.push('\n');
    let mut own: Vec<(String, &str)> = call
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .filter(|(name, _)| name.starts_with("x-ms-"))
        .collect();
    own.sort();
    for (name, value) in own {
        let _ = writeln!(text, "{name}:{value}");
    }
    let (address, query) = call.url.split_once('?').unwrap_or((&call.url, ""));
    let after_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("/", |slash| &after_scheme[slash..]);
    let _ = write!(text, "/{account}{path}");
    let mut pairs: Vec<(String, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    pairs.sort();
    for (name, value) in pairs {
        let _ = write!(text, "\n{name}:{value}");
    }
    text
}
