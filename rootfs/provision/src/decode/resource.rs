//! Resources: a `data:` source, perhaps compressed, perhaps with a digest (Ignition specification, "contents").

use std::io::Read;

use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

use super::Findings;
use super::fields::Fields;
use crate::data_url;

/// More than this is no configuration but a mistake, or an attack by compression.
const LARGEST: u64 = 512 << 20;

/// What a resource holds; none where there is no source or it is wrong, which is an error then.
pub(super) fn resource(value: &Value, path: &str, findings: &mut Findings) -> Option<Vec<u8>> {
    let mut fields = Fields::open(value, path, findings)?;
    let source_at = fields.at("source");
    let source = fields.string("source", findings);
    let compression = fields.string("compression", findings).unwrap_or_default();
    let compression_at = fields.at("compression");
    let mut expected = None;
    if let Some(mut verification) = fields.object("verification", findings) {
        expected =
            verification.string("hash", findings).map(|hash| (verification.at("hash"), hash));
        verification.finish(findings);
    }
    fields.unsupported(&["httpHeaders"], findings);
    fields.finish(findings);
    let raw = match data_url::decode(&source?) {
        Ok(raw) => raw,
        Err(error) => {
            findings.error(source_at, error.to_string());
            return None;
        }
    };
    let bytes = match compression.as_str() {
        "" => raw,
        "gzip" => match decompress(&raw) {
            Ok(bytes) => bytes,
            Err(what) => {
                findings.error(source_at, what);
                return None;
            }
        },
        other => {
            findings
                .error(compression_at, format!("compression `{other}` is unknown; gzip is known"));
            return None;
        }
    };
    // The digest is that of the uncompressed bytes.
    if let Some((at, expected)) = expected.filter(|(_, hash)| !hash.is_empty()) {
        verify(&bytes, &expected, at, findings);
    }
    Some(bytes)
}

fn decompress(raw: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    match flate2::read::MultiGzDecoder::new(raw).take(LARGEST + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > LARGEST => {
            Err(format!("it is larger than {LARGEST} bytes uncompressed"))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("it is not gzip: {error}")),
    }
}

fn verify(bytes: &[u8], expected: &str, at: String, findings: &mut Findings) {
    let found = match expected.split_once('-') {
        Some(("sha256", _)) => format!("sha256-{}", hex::encode(Sha256::digest(bytes))),
        Some(("sha512", _)) => format!("sha512-{}", hex::encode(Sha512::digest(bytes))),
        _ => {
            return findings
                .error(at, format!("`{expected}` is neither sha256-HEX nor sha512-HEX"));
        }
    };
    if !found.eq_ignore_ascii_case(expected) {
        findings.error(at, format!("the contents have another digest: {found}"));
    }
}
