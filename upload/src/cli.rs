//! The command line: options that all providers share, and what is run with them.

mod open;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::azure::args::AzureArgs;
use crate::client::{Client, Patience};
use crate::ec2::args::Ec2Args;
use crate::gce::args::GceArgs;
use crate::openstack::args::OpenstackArgs;
use crate::state::{ImageId, Made, StateFile, listed};
use crate::upload::{self, Job, OnFailure, Placed};
use open::Opened;

/// Puts a built image into a cloud.
///
/// What an upload has done is kept in a file of the board's folder until it has ended well: the same command again goes on
/// where it stopped, and --abandon removes what stands half-made.
#[derive(Parser, Debug)]
#[command(
    name = "cargo xtask upload",
    bin_name = "cargo xtask upload",
    version,
    max_term_width = 100
)]
#[command(after_help = "Exit status:
  0  the images are ready; standard output names them
  1  failed: the message says what stands at the provider and how to go on
  2  the command line is wrong")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Put disk.raw into Amazon EC2 as an image (AMI)
    ///
    /// Sends the blocks that are not zero straight into a snapshot (EBS direct API), registers it with UEFI and TPM 2.0,
    /// copies it to other regions, shares it. Credentials are found as the AWS command line finds them. The account needs
    /// ebs:StartSnapshot, ebs:PutSnapshotBlock, ebs:CompleteSnapshot and the EC2 actions that --dry-run lists.
    Ec2(With<Ec2Args>),
    /// Put gce.tar.gz into Google Compute Engine as an image
    ///
    /// Sends the archive to a bucket in a resumable upload, makes an image of it and removes the archive. Credentials are
    /// the application default credentials, as `gcloud auth application-default login` makes them. Needs
    /// storage.objects.create and .delete on the bucket, and compute.images.create.
    Gce(With<GceArgs>),
    /// Put disk.vhd into Microsoft Azure as a managed image or a version of a compute gallery's image
    ///
    /// Sends the pages that are not zero to a page blob, makes the image (Gen2: UEFI) of it and removes the blob.
    /// Credentials: for the blob AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, else the
    /// same as for the image: AZURE_CLIENT_ID with AZURE_TENANT_ID and AZURE_CLIENT_SECRET (or a federated token), a managed
    /// identity, or `az login`.
    Azure(With<AzureArgs>),
    /// Put disk.qcow2 into OpenStack's image service (Glance)
    ///
    /// Who calls is in clouds.yaml (--cloud or OS_CLOUD) or in the OS_* variables of an openrc file: password, application
    /// credential or token. A private certificate authority is trusted where SSL_CERT_FILE names it.
    Openstack(With<OpenstackArgs>),
}

// Options of a provider, with those that all have; a doc comment here would replace that of the subcommand.
#[derive(clap::Args, Debug)]
struct With<A: clap::Args> {
    #[command(flatten)]
    own: A,
    #[command(flatten)]
    common: Common,
}

/// What every upload is asked.
#[derive(clap::Args, Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option without a value")]
#[command(next_help_heading = "Every upload")]
pub struct Common {
    /// Folder of the build [default: build/BOARD/latest]
    #[arg(long, value_name = "DIR")]
    pub build: Option<PathBuf>,
    /// Board whose latest build is uploaded
    #[arg(long, default_value = "amd64-usr", conflicts_with = "build")]
    pub board: String,
    /// Name of the image [default: keelson-BOARD-VERSION]
    #[arg(long)]
    pub name: Option<String>,
    /// Description of the image
    #[arg(long)]
    pub description: Option<String>,
    /// A tag (label, property) of the image; may be given several times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub tags: Vec<(String, String)>,
    /// Print every call that would be made, and send none; needs no credentials
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Where one region fails
    #[arg(long, value_enum, default_value_t = OnFailure::Rollback)]
    pub on_failure: OnFailure,
    /// Remove what an unfinished upload left, and do nothing else
    #[arg(long, conflicts_with_all = ["dry_run", "restart"])]
    pub abandon: bool,
    /// Remove what an unfinished upload left, then begin anew
    #[arg(long, conflicts_with = "dry_run")]
    pub restart: bool,
    /// File that remembers what was done [default: in the board's folder]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Pieces in flight at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub parallel: u8,
    /// How often a call is tried
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub attempts: u32,
    /// Seconds between two looks at what takes the provider a while
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub poll: f64,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// `KEY=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("is not KEY=VALUE".to_owned()),
    }
}

/// Runs the command line.
pub fn main(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Ec2(with) => run(&with.common, |common| open::ec2(&with.own, common)),
        Command::Gce(with) => run(&with.common, |common| open::gce(&with.own, common)),
        Command::Azure(with) => run(&with.common, |common| open::azure(&with.own, common)),
        Command::Openstack(with) => run(&with.common, |common| open::openstack(&with.own, common)),
    }
}

impl Common {
    /// The folder of the build.
    pub fn folder(&self) -> PathBuf {
        let latest = || Path::new("build").join(&self.board).join("latest");
        self.build.clone().unwrap_or_else(latest)
    }

    fn patience(&self) -> Patience {
        // A pause for a retry is no longer than that between looks, so that a test of an emulator is quick.
        let poll = Duration::from_secs_f64(self.poll.clamp(0.0, 3600.0));
        let usual = Patience::default();
        Patience { attempts: self.attempts, poll, pause: usual.pause.min(poll), ..usual }
    }
}

fn run(common: &Common, open: impl FnOnce(&Common) -> Result<Opened>) -> Result<()> {
    let opened = open(common)?;
    let path = common.state.clone().unwrap_or_else(|| state_of(&opened.image, &opened.slug));
    let id = ImageId { digest: opened.digest.clone(), target: opened.target.clone() };
    let client = if common.dry_run {
        Client::dry(if common.json {
            Box::new(std::io::stderr())
        } else {
            Box::new(std::io::stdout())
        })
    } else {
        Client::new(common.patience()).context("preparing TLS")?
    };
    if (common.abandon || common.restart)
        && let Some(old) = StateFile::found(&path)?
    {
        let stuck = upload::clean(opened.provider.as_ref(), &job(&client, common, &old));
        let unanswered = upload::doubtful(&old.unanswered());
        if !stuck.is_empty() {
            let causes: Vec<&str> = stuck.iter().map(|(_, why)| why.as_str()).collect();
            let made: Vec<Made> = stuck.iter().map(|(made, _)| made.clone()).collect();
            let causes = causes.join("\nerror: ");
            bail!("{causes}{unanswered}\n  at the provider stands:{}", listed(&made));
        }
        if !unanswered.is_empty() {
            bail!("{} is kept:{unanswered}", path.display());
        }
        old.close()?;
    }
    if common.abandon {
        return Ok(());
    }
    let state = if common.dry_run { StateFile::dry(id) } else { StateFile::open(&path, id)? };
    let job = job(&client, common, &state);
    let result = upload::run(opened.provider.as_ref(), &job, &path);
    job.bar.finish_and_clear();
    let report = result?;
    if !common.dry_run || common.json {
        print(common, &opened, &report.placed)?;
    }
    Ok(())
}

fn job<'a>(client: &'a Client, common: &Common, state: &'a StateFile) -> Job<'a> {
    let (parallel, on_failure) = (common.parallel.into(), common.on_failure);
    Job { client, state, parallel, on_failure, bar: bar(common) }
}

fn print(common: &Common, opened: &Opened, placed: &[Placed]) -> Result<()> {
    let text = if common.json {
        let result = json!({
            "provider": opened.slug.split('-').next(),
            "name": opened.name,
            "images": placed,
            "dryRun": common.dry_run,
        });
        format!("{result:#}\n")
    } else {
        placed.iter().map(|Placed { place, image }| format!("{place} {image}\n")).collect()
    };
    let written = std::io::stdout().write_all(text.as_bytes());
    written.with_context(|| {
        format!("the upload is done, and its result could not be written:\n{text}")
    })
}

/// `build/amd64-usr/ec2-eu-central-1-0.1.0.upload.json`: not in the build's own folder, which the next build replaces.
fn state_of(image: &Path, slug: &str) -> PathBuf {
    let build = image.parent().unwrap_or(image);
    let name = build.file_name().unwrap_or_default().display();
    build.parent().unwrap_or(build).join(format!("{slug}-{name}.upload.json"))
}

fn bar(common: &Common) -> ProgressBar {
    if common.quiet || common.dry_run {
        return ProgressBar::hidden();
    }
    let style = "{bar:30} {binary_bytes:>10} of {binary_total_bytes} {binary_bytes_per_sec:>12} {eta:>4} {wide_msg}";
    let style = ProgressStyle::with_template(style).expect("the template is fixed");
    ProgressBar::new(0).with_style(style)
}

#[cfg(test)]
mod tests;
