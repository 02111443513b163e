//! Options of `upload gce`.

use crate::places::{google_location, google_project};

/// Options of `upload gce`.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct GceArgs {
    /// Project [default: GOOGLE_CLOUD_PROJECT, else gcloud's]
    #[arg(long, value_parser = google_project)]
    pub project: Option<String>,
    /// Bucket of Cloud Storage for the archive
    #[arg(long)]
    pub bucket: String,
    /// Family, whose newest image machines are started from
    #[arg(long)]
    pub family: Option<String>,
    /// Location of the image, as `eu` or `europe-west3`; may be given several times [default: nearest the bucket]
    #[arg(long, value_name = "LOCATION", value_parser = google_location)]
    pub location: Vec<String>,
    /// One more guest OS feature; may be given several times
    #[arg(long, value_name = "FEATURE")]
    pub feature: Vec<String>,
    /// Secure Boot: platform key, an X.509 certificate in DER
    #[arg(long, value_name = "FILE", requires = "kek", requires = "db")]
    pub pk: Option<std::path::PathBuf>,
    /// Secure Boot: key exchange key, an X.509 certificate in DER
    #[arg(long, value_name = "FILE", requires = "pk")]
    pub kek: Option<std::path::PathBuf>,
    /// Secure Boot: certificate in DER of what may boot
    #[arg(long, value_name = "FILE", requires = "pk")]
    pub db: Option<std::path::PathBuf>,
    /// Let this member use the image, as `user:NAME`, `group:NAME`, `allAuthenticatedUsers`; may be given several times
    #[arg(long, value_name = "MEMBER")]
    pub share_with: Vec<String>,
    /// Leave the archive in the bucket
    #[arg(long)]
    pub keep_object: bool,
    /// Another endpoint of Cloud Storage [default: STORAGE_EMULATOR_HOST, without credentials, else Google's]
    #[arg(long, value_name = "URL")]
    pub storage_endpoint: Option<String>,
    /// Another endpoint of Compute Engine
    #[arg(long, value_name = "URL", default_value = "https://compute.googleapis.com/compute/v1")]
    pub compute_endpoint: String,
}
