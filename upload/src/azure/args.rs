//! Options of `upload azure`.

use crate::places::azure_region;

/// Options of `upload azure`.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct AzureArgs {
    /// Storage account [default: AZURE_STORAGE_ACCOUNT or the connection string's]
    #[arg(long, value_name = "ACCOUNT")]
    pub storage_account: Option<String>,
    /// Container of the blob; it must exist
    #[arg(long, default_value = "vhds")]
    pub container: String,
    /// Subscription [default: AZURE_SUBSCRIPTION_ID, else that of `az`]
    #[arg(long, value_name = "ID")]
    pub subscription: Option<String>,
    /// Resource group of the image [default: AZURE_DEFAULTS_GROUP]
    #[arg(long, value_name = "NAME")]
    pub resource_group: Option<String>,
    /// Resource group of the storage account, which a gallery asks for [default: that of the image]
    #[arg(long, value_name = "NAME", requires = "gallery")]
    pub storage_resource_group: Option<String>,
    /// Region of the image
    #[arg(long, value_parser = azure_region)]
    pub location: String,
    /// Make a version of an image of this compute gallery, not a managed image
    #[arg(long, value_name = "NAME")]
    pub gallery: Option<String>,
    /// Image definition in the gallery; made if it is not there
    #[arg(long, value_name = "NAME", default_value = "keelson", requires = "gallery")]
    pub definition: String,
    /// Publisher of a definition that is made
    #[arg(long, value_name = "NAME", default_value = "keelson", requires = "gallery")]
    pub publisher: String,
    /// Version in the gallery, MAJOR.MINOR.PATCH [default: the release's]
    #[arg(long, value_name = "VERSION", requires = "gallery")]
    pub gallery_version: Option<String>,
    /// Region that the gallery copies the version to; may be given several times
    #[arg(long, value_name = "REGION", requires = "gallery", value_parser = azure_region)]
    pub copy_to: Vec<String>,
    /// Leave the blob in the container
    #[arg(long)]
    pub keep_blob: bool,
    /// Another endpoint of the blob service, with the account in it [default: of the connection string, else Azure's]
    #[arg(long, value_name = "URL")]
    pub blob_endpoint: Option<String>,
    /// Another endpoint of the Resource Manager, as in national clouds
    #[arg(long, value_name = "URL", default_value = "https://management.azure.com")]
    pub management_endpoint: String,
}
