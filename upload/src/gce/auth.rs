//! Application default credentials: the file of GOOGLE_APPLICATION_CREDENTIALS or of gcloud, else the metadata server.

use std::path::PathBuf;
use std::sync::Mutex;

use google_cloud_auth::credentials::{Builder, CacheableResource, Credentials};
use http::Extensions;

use crate::block;
use crate::call::Call;
use crate::client::{Authorize, CredentialsError, causes};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const ADVICE: &str =
    "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS";

/// Who calls Google.
#[derive(Default)]
pub struct Google {
    found: Mutex<Option<Credentials>>,
}

impl Google {
    fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = &*found {
            return Ok(found.clone());
        }
        block::provider();
        // Their tokens are kept fresh by a task of the runtime.
        let built = block::on(async { Builder::default().with_scopes([SCOPE]).build() });
        let built = built.map_err(|error| failed(causes(&error)))?;
        Ok(found.insert(built).clone())
    }
}

impl Authorize for Google {
    fn authorize(&self, call: &mut Call, _: &[u8]) -> Result<(), CredentialsError> {
        let credentials = self.credentials()?;
        let headers = block::on(credentials.headers(Extensions::new()))
            .map_err(|error| failed(causes(&error)))?;
        let CacheableResource::New { data, .. } = headers else {
            return Err(failed("no token was given".to_owned()));
        };
        for (name, value) in &data {
            let value = value.to_str().map_err(|error| failed(error.to_string()))?;
            call.headers.push((name.as_str().to_owned(), value.to_owned()));
        }
        Ok(())
    }

    fn renew(&self) -> bool {
        self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take().is_some()
    }
}

fn failed(reason: String) -> CredentialsError {
    CredentialsError { provider: "Google Cloud", reason, advice: ADVICE }
}

/// The project of the environment, else of gcloud's active configuration.
pub fn project() -> Option<String> {
    let of = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    of("GOOGLE_CLOUD_PROJECT").or_else(|| of("CLOUDSDK_CORE_PROJECT")).or_else(|| {
        let folder = of("CLOUDSDK_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| Some(PathBuf::from(of("HOME")?).join(".config/gcloud")))?;
        let active = std::fs::read_to_string(folder.join("active_config"));
        let active = active.unwrap_or_else(|_| "default".to_owned());
        let file = folder.join("configurations").join(format!("config_{}", active.trim()));
        core_project(&std::fs::read_to_string(file).ok()?)
    })
}

/// `project` in the section `core` of gcloud's configuration.
fn core_project(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "[core]").skip(1);
    let pair = lines
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "project");
    pair.map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests;
