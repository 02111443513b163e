//! What makes a repeated call harmless: identifiers that are the same in every run of an upload, and the memory of what
//! was asked for and not answered.

use sha2::{Digest as _, Sha256};

use super::{Job, UploadError};
use crate::state::StateError;

/// The note of [`Job::token`].
pub const TOKEN: &str = "token";

impl Job<'_> {
    /// Sends a call that makes something whose identifier only the answer tells; `make` also notes it as made. What was
    /// asked for is remembered until there is an answer; that one of an earlier run was lost, whatever is said now.
    pub fn ask<T>(
        &self,
        kind: &str,
        place: &str,
        make: impl FnOnce() -> Result<T, UploadError>,
    ) -> Result<T, UploadError> {
        let before = self.state.is_asked(kind, place);
        self.state.ask(kind, place)?;
        let result = make();
        if !before && result.as_ref().is_err_and(|error| !error.is_uncertain()) {
            self.state.refused(kind, place)?;
        }
        result
    }

    /// A value of this upload alone, the same in every run that goes on with it: by it the provider tells a repeated
    /// call, and we what is ours.
    pub fn token(&self) -> Result<String, StateError> {
        if let Some(token) = self.state.noted(TOKEN) {
            return Ok(token);
        }
        if self.client.is_dry() {
            return Ok("DRYRUN".to_owned());
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_nanos());
        let token = format!("keelson-{now:x}-{:x}", std::process::id());
        self.state.note(TOKEN, &token)?;
        Ok(token)
    }

    /// An identifier of this upload for `what` (a UUID of version 8, RFC 9562).
    pub fn uuid(&self, what: &str) -> Result<String, StateError> {
        let digest = Sha256::digest(format!("{} {what}", self.token()?));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Ok(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
    }
}
