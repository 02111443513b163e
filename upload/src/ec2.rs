//! Amazon EC2: a snapshot from the sparse image, an image registered from it, copies in other regions.

pub mod args;
pub mod auth;
pub mod ebs;
pub mod query;
mod unknown;

use serde_json::Value;

use crate::call::{Call, Reply};
use crate::image::Architecture;
use crate::source::Source;
use crate::state::Made;
use crate::upload::{Job, Placed, Provider, Report, Seen, TOKEN, UploadError};
use args::{Ec2Args, Share};
use auth::{Account, Signer};
use ebs::Start;
use query::Register;
use unknown::{LOOKS, gone, known};

const SNAPSHOT: &str = "snapshot";
const IMAGE: &str = "image";
/// The note of the name under which images are asked for.
const NAME: &str = "name";
const GIB: u64 = 1 << 30;

/// An upload to EC2.
pub struct Ec2 {
    /// The options.
    pub args: Ec2Args,
    /// Who calls.
    pub account: Account,
    /// Home region.
    pub region: String,
    /// Name of the image.
    pub name: String,
    /// Description.
    pub description: String,
    /// Tags of snapshots and images.
    pub tags: Vec<(String, String)>,
    /// What the image runs on.
    pub architecture: Architecture,
    /// UEFI variable store.
    pub uefi_data: Option<String>,
    /// The disk.
    pub source: Source,
}

impl Ec2 {
    fn endpoint(&self, service: &str, region: &str) -> String {
        let other = self.args.endpoint.as_deref().or(self.account.endpoint());
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        match other {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("https://{service}.{region}.{suffix}"),
        }
    }

    fn ec2(
        &self,
        job: &Job<'_>,
        region: &str,
        make: impl FnOnce(&str) -> Call,
    ) -> Result<Reply, UploadError> {
        let signer = Signer { account: &self.account, service: "ec2", region };
        Ok(job.client.send(&make(&self.endpoint("ec2", region)), &signer)?)
    }

    fn ebs(&self, job: &Job<'_>, make: impl FnOnce(&str) -> Call) -> Result<Reply, UploadError> {
        let signer = Signer { account: &self.account, service: "ebs", region: &self.region };
        Ok(job.client.send(&make(&self.endpoint("ebs", &self.region)), &signer)?)
    }

    fn gibibytes(&self) -> u64 {
        self.source.size.div_ceil(GIB)
    }

    /// No region may have an image of this name, but one that this upload made.
    fn check_names(&self, job: &Job<'_>) -> Result<(), UploadError> {
        for region in std::iter::once(&self.region).chain(&self.args.copy_to) {
            let reply = self.ec2(job, region, |endpoint| query::find(endpoint, &self.name))?;
            let own = job.state.find(IMAGE, region).map(|made| made.id);
            // CopyImage with the same token gives the image of the answer that was lost.
            if own.is_none() && *region != self.region && job.state.is_asked(IMAGE, region) {
                continue;
            }
            if let Some(image) =
                query::images(&reply).into_iter().find(|image| Some(&image.id) != own.as_ref())
            {
                let (place, name) = (region.clone(), self.name.clone());
                // Registered by this upload, whose answer was lost.
                let snapshot = job.state.find(SNAPSHOT, region).map(|made| made.id);
                if own.is_none() && snapshot.is_some_and(|id| image.snapshots.contains(&id)) {
                    job.state.made(self.made(IMAGE, &image.id, region))?;
                    continue;
                }
                return Err(UploadError::Taken { place, name, id: image.id });
            }
        }
        Ok(())
    }

    fn made(&self, kind: &str, id: &str, region: &str) -> Made {
        let profile =
            self.args.profile.as_ref().map_or(String::new(), |name| format!(" --profile {name}"));
        let command = match kind {
            SNAPSHOT => {
                format!("aws ec2 delete-snapshot{profile} --region {region} --snapshot-id {id}")
            }
            _ => format!(
                "aws ec2 deregister-image{profile} --region {region} --image-id {id} --delete-associated-snapshots"
            ),
        };
        Made {
            kind: kind.to_owned(),
            id: id.to_owned(),
            place: region.to_owned(),
            command,
            whole: false,
        }
    }

    /// The snapshot, begun. The same token gives the same one again.
    fn start(&self, job: &Job<'_>) -> Result<Made, UploadError> {
        let region = &self.region;
        if let Some(made) = job.state.find(SNAPSHOT, region) {
            Ok(made)
        } else {
            let token = format!("{}-{SNAPSHOT}", job.token()?);
            let key = self.args.kms_key.as_deref().or(self.args.encrypted.then_some(""));
            let start = Start {
                gibibytes: self.gibibytes(),
                description: &self.name,
                tags: &self.tags,
                token: &token,
                key,
            };
            job.ask(SNAPSHOT, region, || {
                let value = self.ebs(job, |endpoint| ebs::start(endpoint, &start))?.value();
                let missing = UploadError::Answer { name: "StartSnapshot", what: "SnapshotId" };
                let id = value.get("SnapshotId").and_then(Value::as_str).ok_or(missing)?;
                let made = self.made(SNAPSHOT, id, region);
                job.state.made(made.clone())?;
                Ok(made)
            })
        }
    }

    /// The snapshot, complete.
    fn snapshot(&self, job: &Job<'_>) -> Result<String, UploadError> {
        let region = &self.region;
        let made = self.start(job)?;
        let id = made.id;
        if made.whole {
            return Ok(id);
        }
        job.bar.set_message(format!("snapshot {id}"));
        job.pieces(&self.source, &|piece, bytes| {
            let call = ebs::put(&self.endpoint("ebs", region), &id, piece, bytes);
            let signer = Signer { account: &self.account, service: "ebs", region };
            let reply = job.client.send(&call, &signer)?;
            let sent = call.assumed.header("x-amz-checksum").unwrap_or_default();
            match reply.header("x-amz-checksum") {
                Some(found) if found != sent => Err(UploadError::Checksum {
                    name: ebs::PUT_BLOCK,
                    what: format!("block {} of {id}", piece.at / ebs::BLOCK),
                    found: found.to_owned(),
                    sent: sent.to_owned(),
                }),
                _ => Ok(()),
            }
        })?;
        self.ebs(job, |endpoint| ebs::complete(endpoint, &id, &self.source.pieces))?;
        let mut unknown = LOOKS;
        job.wait(SNAPSHOT, &id, &mut || {
            let found = self.ec2(job, region, |endpoint| query::snapshot(endpoint, &id));
            let Some(reply) = known(found, &mut unknown)? else {
                return Ok(Seen::Pending("unknown".to_owned()));
            };
            Ok(match query::text(&reply, "status").as_deref() {
                Some("completed") => Seen::Ready,
                Some("error") => Seen::Failed {
                    status: "error".to_owned(),
                    reason: query::text(&reply, "statusMessage").unwrap_or_default(),
                },
                other => Seen::Pending(other.unwrap_or("unknown").to_owned()),
            })
        })?;
        job.state.finished(SNAPSHOT, region)?;
        Ok(id)
    }

    /// The image of the home region.
    fn home(&self, job: &Job<'_>) -> Result<String, UploadError> {
        let region = &self.region;
        let snapshot = self.snapshot(job)?;
        let id = if let Some(made) = job.state.find(IMAGE, region) {
            made.id
        } else {
            let image = Register {
                name: &self.name,
                description: &self.description,
                architecture: match self.architecture {
                    Architecture::X86_64 => "x86_64",
                    Architecture::Arm64 => "arm64",
                },
                snapshot: &snapshot,
                gibibytes: self.args.volume_size.unwrap_or(0).max(self.gibibytes()),
                tags: &self.tags,
                uefi_data: self.uefi_data.as_deref(),
            };
            self.image(job, region, "RegisterImage", |endpoint| {
                query::register(endpoint, &self.args, &image)
            })?
        };
        self.finish(job, region, &id)?;
        Ok(id)
    }

    /// Makes an image by the call `name`.
    fn image(
        &self,
        job: &Job<'_>,
        region: &str,
        name: &'static str,
        make: impl FnOnce(&str) -> Call,
    ) -> Result<String, UploadError> {
        job.state.note(NAME, &self.name)?;
        job.ask(IMAGE, region, || {
            let reply = self.ec2(job, region, make)?;
            let missing = UploadError::Answer { name, what: "imageId" };
            let id = query::text(&reply, "imageId").ok_or(missing)?;
            job.state.made(self.made(IMAGE, &id, region))?;
            Ok(id)
        })
    }

    /// Starts the copy in a region; waits for nothing.
    fn begin_copy(&self, job: &Job<'_>, region: &str, home: &str) -> Result<String, UploadError> {
        if let Some(made) = job.state.find(IMAGE, region) {
            return Ok(made.id);
        }
        // The token gives the same image again, so one that failed counts.
        let failed = job.state.noted(&format!("failed {region}")).unwrap_or_default();
        let token = format!("{}-{region}{failed}", job.token()?);
        let from = (self.region.as_str(), home);
        self.image(job, region, "CopyImage", |endpoint| {
            query::copy(endpoint, from, &self.name, &self.args, &token)
        })
    }

    /// Removes an image that will never be whole; where that fails it stays in the state.
    fn give_up(&self, job: &Job<'_>, made: &Made) -> Result<(), UploadError> {
        let note = format!("failed {}", made.place);
        let failed = job.state.noted(&note).unwrap_or_default();
        job.state.note(&note, &format!("{failed}-"))?;
        self.remove(job, made)?;
        Ok(job.state.removed(made)?)
    }

    /// Waits for an image, then shares it.
    fn finish(&self, job: &Job<'_>, region: &str, id: &str) -> Result<(), UploadError> {
        if job.state.find(IMAGE, region).is_some_and(|made| made.whole) {
            return Ok(());
        }
        let mut snapshots = Vec::new();
        let mut unknown = LOOKS;
        job.wait(IMAGE, id, &mut || {
            let found = self.ec2(job, region, |endpoint| query::describe(endpoint, id));
            let found = known(found, &mut unknown)?;
            let Some(image) = found.and_then(|reply| query::images(&reply).into_iter().next())
            else {
                return Ok(Seen::Pending("unknown".to_owned()));
            };
            snapshots = image.snapshots;
            Ok(match image.state.as_str() {
                "available" => Seen::Ready,
                "pending" | "transient" => Seen::Pending(image.state),
                _ => Seen::Failed { status: image.state, reason: image.reason },
            })
        })?;
        // A copy takes the image's tags along, not the snapshot's.
        for snapshot in snapshots.iter().filter(|_| region != self.region) {
            self.ec2(job, region, |endpoint| query::create_tags(endpoint, snapshot, &self.tags))?;
        }
        let shares = self.args.shares();
        if !shares.is_empty() {
            self.ec2(job, region, |endpoint| query::share(endpoint, id, &shares))?;
        }
        if self.args.share_snapshot {
            let accounts: Vec<String> = shares
                .iter()
                .filter_map(|share| match share {
                    Share::Account(id) => Some(id.clone()),
                    _ => None,
                })
                .collect();
            for snapshot in &snapshots {
                self.ec2(job, region, |endpoint| {
                    query::share_snapshot(endpoint, snapshot, &accounts)
                })?;
            }
        }
        job.state.finished(IMAGE, region)?;
        Ok(())
    }
}

impl Provider for Ec2 {
    fn upload(&self, job: &Job<'_>) -> Result<Report, UploadError> {
        self.check_names(job)?;
        let home = self.home(job)?;
        let mut report = Report::default();
        report.placed.push(Placed { place: self.region.clone(), image: home.clone() });
        // All regions copy at once; then each is waited for.
        let begun: Vec<_> = self
            .args
            .copy_to
            .iter()
            .map(|region| (region, self.begin_copy(job, region, &home)))
            .collect();
        for (region, image) in begun {
            let done = image.and_then(|id| self.finish(job, region, &id).map(|()| id));
            match done {
                Ok(image) => report.placed.push(Placed { place: region.clone(), image }),
                Err(error) => {
                    // What will never be whole does not stay registered; what went wrong first is what is said.
                    if !error.is_passing()
                        && let Some(made) = job.state.find(IMAGE, region)
                    {
                        let _ = self.give_up(job, &made);
                    }
                    report.failed.push((region.clone(), error));
                }
            }
        }
        Ok(report)
    }

    fn settle(&self, job: &Job<'_>) -> Result<(), UploadError> {
        let unanswered = job.state.unanswered();
        // This command may have another name than that which asked.
        let name = job.state.noted(NAME).unwrap_or_else(|| self.name.clone());
        for (_, region) in unanswered.iter().filter(|(kind, _)| kind == IMAGE) {
            let snapshot = job.state.find(SNAPSHOT, region).map(|made| made.id);
            let reply = self.ec2(job, region, |endpoint| query::find(endpoint, &name))?;
            let images = query::images(&reply);
            // The name was free; in the home region, which alone has a snapshot, the image is of that.
            let own = images
                .into_iter()
                .find(|image| snapshot.as_ref().is_none_or(|id| image.snapshots.contains(id)));
            match own {
                Some(image) => job.state.made(self.made(IMAGE, &image.id, region))?,
                None => job.state.refused(IMAGE, region)?,
            }
        }
        if job.state.is_asked(SNAPSHOT, &self.region) {
            self.start(job)?;
        }
        Ok(())
    }

    fn remove(&self, job: &Job<'_>, made: &Made) -> Result<(), UploadError> {
        let region = &made.place;
        let id = &made.id;
        // What was finished was seen, so it is gone where it is unknown.
        let mut unknown = if made.whole { 0 } else { LOOKS };
        let mut call = |make: &dyn Fn(&str) -> Call| loop {
            if let Some(reply) = known(self.ec2(job, region, make), &mut unknown)? {
                return Ok::<_, UploadError>(reply);
            }
            std::thread::sleep(job.client.patience.poll);
        };
        if made.kind == SNAPSHOT {
            gone(call(&|endpoint| query::delete_snapshot(endpoint, id)))?;
            // The same token would give the same snapshot again, which is no more.
            return Ok(job.state.restart(&[TOKEN])?);
        }
        let snapshots = match call(&|endpoint| query::describe(endpoint, id)) {
            Ok(reply) => {
                query::images(&reply).into_iter().flat_map(|image| image.snapshots).collect()
            }
            Err(error) => {
                gone(Err(error))?;
                Vec::new()
            }
        };
        gone(call(&|endpoint| query::deregister(endpoint, id)))?;
        // A copy has a snapshot of its own; that of the home region is listed by itself.
        for snapshot in snapshots.iter().filter(|_| *region != self.region) {
            gone(self.ec2(job, region, |endpoint| query::delete_snapshot(endpoint, snapshot)))?;
        }
        Ok(())
    }
}
