//! From options and a build to a provider that is ready to upload.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keelson_disk::platform::Overlay;
use keelson_format::platform::Platform;

use super::Common;
use crate::azure::args::AzureArgs;
use crate::azure::auth::{Account as StorageAccount, Storage, Token};
use crate::azure::shared_key::SharedKey;
use crate::azure::{Azure, blob};
use crate::ec2::args::Ec2Args;
use crate::ec2::{Ec2, auth::Account, ebs};
use crate::gce::args::GceArgs;
use crate::gce::{Gce, auth as google, auth::Google};
use crate::image::{Architecture, Build};
use crate::openstack::args::OpenstackArgs;
use crate::openstack::clouds::{Cloud, CloudError};
use crate::openstack::{self, Openstack};
use crate::places::{amazon_region, google_project};
use crate::source::Source;
use crate::stream::Stream;
use crate::upload::Provider;

/// A provider with its image.
pub struct Opened {
    /// Who uploads.
    pub provider: Box<dyn Provider>,
    /// The file that is uploaded.
    pub image: PathBuf,
    /// Digest of what is uploaded.
    pub digest: String,
    /// Part of the state file's name: two places at once do not meet.
    pub slug: String,
    /// Where it goes and under which name.
    pub target: String,
    /// Name of the image.
    pub name: String,
}

/// Name, description and tags from options and build.
struct Labels {
    name: String,
    description: String,
    tags: Vec<(String, String)>,
}

fn labels(build: &Build, common: &Common) -> Labels {
    let Build { release, .. } = build;
    let usual =
        format!("Keelson {} for {}, kernel {}", release.version, release.board, release.kernel);
    let mut tags = build.tags();
    for (key, value) in &common.tags {
        tags.retain(|(known, _)| known != key);
        tags.push((key.clone(), value.clone()));
    }
    Labels {
        name: common.name.clone().unwrap_or_else(|| build.name()),
        description: common.description.clone().unwrap_or(usual),
        tags,
    }
}

/// An upload to EC2.
pub fn ec2(args: &Ec2Args, common: &Common) -> Result<Opened> {
    let build = Build::open(&common.folder())?;
    let labels = labels(&build, common);
    let account = Account::find(args.region.as_deref(), args.profile.as_deref());
    let Some(region) = account.region() else {
        bail!("no region: give --region, set AWS_REGION, or have one in the profile");
    };
    // Those of the command line were looked at when it was read.
    if let Err(what) = amazon_region(&region) {
        bail!("region {region} of the environment or the profile: {what}");
    }
    if args.copy_to.contains(&region) {
        bail!("--copy-to {region}: the image is made there already");
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || " ()./-'@_[]".contains(c);
    if !(3..=128).contains(&labels.name.len()) || !labels.name.chars().all(legal) {
        bail!("--name {}: EC2 takes 3 to 128 letters, digits and ( ) . / - ' @ _ [ ]", labels.name);
    }
    let uefi_data = args
        .uefi_data
        .as_ref()
        .map(|path| {
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
        })
        .transpose()?
        .map(|text| text.trim().to_owned());
    let image = build.artifact("disk.raw", "raw")?;
    let source = Source::open(&image, build.overlay(Platform::Ec2)?, ebs::CUT)?;
    let mut tags = labels.tags;
    tags.insert(0, ("Name".to_owned(), labels.name.clone()));
    Ok(Opened {
        digest: source.digest.clone(),
        slug: format!("ec2-{region}"),
        target: format!("{region} {}", labels.name),
        name: labels.name.clone(),
        image,
        provider: Box::new(Ec2 {
            args: args.clone(),
            account,
            region,
            name: labels.name,
            description: labels.description,
            tags,
            architecture: build.architecture,
            uefi_data,
            source,
        }),
    })
}

/// An upload to Compute Engine.
pub fn gce(args: &GceArgs, common: &Common) -> Result<Opened> {
    let build = Build::open(&common.folder())?;
    let Labels { name, description, tags } = labels(&build, common);
    let Some(project) = args.project.clone().or_else(google::project) else {
        bail!(
            "no project: give --project, set GOOGLE_CLOUD_PROJECT, or run `gcloud config set project ID`"
        );
    };
    if let Err(what) = google_project(&project) {
        bail!("project {project} of the environment or of gcloud: {what}");
    }
    let name = if common.name.is_some() { name } else { Build::label(&name) };
    if name != Build::label(&name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        bail!(
            "--name {name}: Compute Engine takes 1 to 63 small letters, digits and hyphens, a letter first"
        );
    }
    let file = |path: &Option<PathBuf>| -> Result<Option<String>> {
        let Some(path) = path else { return Ok(None) };
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        Ok(Some(STANDARD.encode(bytes)))
    };
    let keys = match (file(&args.pk)?, file(&args.kek)?, file(&args.db)?) {
        (Some(pk), Some(kek), Some(db)) => Some([pk, kek, db]),
        _ => None,
    };
    let emulator = std::env::var("STORAGE_EMULATOR_HOST").ok().filter(|host| !host.is_empty());
    let storage = match (&args.storage_endpoint, emulator) {
        (Some(url), _) => (url.trim_end_matches('/').to_owned(), false),
        (None, Some(host)) if host.contains("://") => (host.trim_end_matches('/').to_owned(), true),
        (None, Some(host)) => (format!("http://{host}"), true),
        (None, None) => ("https://storage.googleapis.com".to_owned(), false),
    };
    let image = build.artifact("gce.tar.gz", "gce")?;
    let archive = Stream::open(&image)?;
    let labels = tags.iter().map(|(key, value)| (Build::label(key), Build::label(value))).collect();
    Ok(Opened {
        digest: archive.sha256.clone(),
        slug: format!("gce-{project}"),
        target: format!("{project} {} {name}", args.bucket),
        name: name.clone(),
        image,
        provider: Box::new(Gce {
            args: args.clone(),
            google: Google::default(),
            storage,
            project,
            name,
            description,
            labels,
            architecture: build.architecture,
            keys,
            archive,
        }),
    })
}

/// An upload to Azure.
pub fn azure(args: &AzureArgs, common: &Common) -> Result<Opened> {
    let build = Build::open(&common.folder())?;
    let Labels { name, tags, .. } = labels(&build, common);
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let found = StorageAccount::from_environment();
    let Some(account) = args.storage_account.clone().or(found.name) else {
        bail!("no storage account: give --storage-account or set AZURE_STORAGE_ACCOUNT");
    };
    let Some(subscription) =
        args.subscription.clone().or_else(|| set("AZURE_SUBSCRIPTION_ID")).or_else(az_subscription)
    else {
        bail!("no subscription: give --subscription, set AZURE_SUBSCRIPTION_ID, or run `az login`");
    };
    let Some(group) = args.resource_group.clone().or_else(|| set("AZURE_DEFAULTS_GROUP")) else {
        bail!("no resource group: give --resource-group or set AZURE_DEFAULTS_GROUP");
    };
    let version = args.gallery_version.clone().unwrap_or_else(|| build.release.version.to_string());
    let is_number = |part: &str| part.parse::<u32>().is_ok();
    if args.gallery.is_some()
        && (version.split('.').count() != 3 || !version.split('.').all(is_number))
    {
        bail!(
            "a gallery takes versions as MAJOR.MINOR.PATCH, and {version} is none: give --gallery-version"
        );
    }
    let endpoint = args.blob_endpoint.clone().or(found.endpoint);
    let endpoint = endpoint.unwrap_or_else(|| format!("https://{account}.blob.core.windows.net"));
    let storage = match (found.key, found.signature) {
        (Some(key), _) => Storage::Key(SharedKey { account: account.clone(), key }),
        (None, Some(signature)) => Storage::Signature(signature),
        (None, None) => Storage::Token(Token::new("https://storage.azure.com/.default")),
    };
    let manager =
        Token::new(&format!("{}/.default", args.management_endpoint.trim_end_matches('/')));
    let image = build.artifact("disk.vhd", "vhd")?;
    let source = Source::open(&image, Overlay::nothing(), blob::CUT)?;
    let azure = Azure {
        args: args.clone(),
        storage,
        manager,
        account,
        blob_endpoint: endpoint.trim_end_matches('/').to_owned(),
        subscription,
        group,
        name,
        tags,
        architecture: match build.architecture {
            Architecture::X86_64 => "x64",
            Architecture::Arm64 => "Arm64",
        },
        version,
        source,
    };
    Ok(Opened {
        digest: azure.source.digest.clone(),
        slug: format!("azure-{}", azure.group),
        target: format!("{} {} {} {}", azure.account, args.container, azure.name, azure.image_id()),
        name: azure.name.clone(),
        image,
        provider: Box::new(azure),
    })
}

/// The default subscription of `az`.
fn az_subscription() -> Option<String> {
    let folder = std::env::var_os("AZURE_CONFIG_DIR").map(PathBuf::from);
    let folder =
        folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".azure")))?;
    let text = std::fs::read_to_string(folder.join("azureProfile.json")).ok()?;
    let profile: serde_json::Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let mut all = profile.get("subscriptions")?.as_array()?.iter();
    let chosen = all.find(|one| one.get("isDefault").is_some_and(|value| value == true))?;
    Some(chosen.get("id")?.as_str()?.to_owned())
}

/// An upload to OpenStack.
pub fn openstack(args: &OpenstackArgs, common: &Common) -> Result<Opened> {
    let build = Build::open(&common.folder())?;
    let Labels { name, description, tags } = labels(&build, common);
    let cloud = match Cloud::find(args.cloud.as_deref()) {
        Err(CloudError::None) if common.dry_run => Cloud::placeholder(),
        other => other?,
    };
    let architecture = match build.architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "aarch64",
    };
    let version = build.release.version.to_string();
    let mut properties = openstack::properties(architecture, &version, args.secure_boot.as_str());
    let own = tags.into_iter().map(|(key, value)| (key.replace('-', "_"), value));
    let described = std::iter::once(("description".to_owned(), description));
    for (key, value) in own.chain(described).chain(args.properties.iter().cloned()) {
        properties.retain(|(known, _)| *known != key);
        properties.push((key, value));
    }
    let image = build.artifact("disk-openstack.qcow2", "qcow2 --platform openstack")?;
    let file = Stream::open(&image)?;
    let host = cloud.get("auth_url").unwrap_or_default();
    let host =
        host.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    let region = args.region.as_deref().or_else(|| cloud.get("region_name"));
    let place = region.map_or_else(|| host.to_owned(), |region| format!("{host} {region}"));
    Ok(Opened {
        digest: file.sha256.clone(),
        slug: format!("openstack-{}", Build::label(&place)),
        target: format!("{place} {name}"),
        name: name.clone(),
        image,
        provider: Box::new(Openstack {
            args: args.clone(),
            place,
            disk: build.release.disk.size,
            cloud,
            name,
            properties,
            file,
        }),
    })
}
