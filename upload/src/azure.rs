//! Microsoft Azure: the VHD to a page blob, an image from it, the blob removed.

pub mod args;
pub mod arm;
pub mod auth;
pub mod blob;
pub mod shared_key;

use serde_json::Value;

use crate::call::{Call, Reply};
use crate::source::Source;
use crate::state::Made;
use crate::upload::{Job, Placed, Provider, Report, Seen, UploadError};
use args::AzureArgs;
use arm::{Definition, Version};
use auth::{Storage, Token};

const BLOB: &str = "blob";
const IMAGE: &str = "image";
const DEFINITION: &str = "definition";
/// Looks at most whether something is deleted.
const DELETING: u32 = 60;
/// The note that the blob was made.
const CREATED: &str = "created";

/// An upload to Azure.
pub struct Azure {
    /// The options.
    pub args: AzureArgs,
    /// How the blob service is called.
    pub storage: Storage,
    /// How the Resource Manager is called.
    pub manager: Token,
    /// Storage account.
    pub account: String,
    /// Endpoint of the blob service, without a slash at its end.
    pub blob_endpoint: String,
    /// Subscription.
    pub subscription: String,
    /// Resource group.
    pub group: String,
    /// Name of the image.
    pub name: String,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// `x64` or `Arm64`.
    pub architecture: &'static str,
    /// Version in a gallery.
    pub version: String,
    /// The VHD.
    pub source: Source,
}

impl Azure {
    fn blob_url(&self) -> String {
        format!("{}/{}/{}.vhd", self.blob_endpoint, self.args.container, self.name)
    }

    fn compute_id(&self, rest: &str) -> String {
        let Self { subscription, group, .. } = self;
        format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/{rest}"
        )
    }

    fn account_id(&self) -> String {
        let Self { subscription, account, .. } = self;
        let group = self.args.storage_resource_group.as_ref().unwrap_or(&self.group);
        format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}"
        )
    }

    /// The definition in the gallery.
    fn definition_id(&self, gallery: &str) -> String {
        self.compute_id(&format!("galleries/{gallery}/images/{}", self.args.definition))
    }

    /// The image in the Resource Manager: what is made.
    pub fn image_id(&self) -> String {
        match &self.args.gallery {
            Some(gallery) => format!("{}/versions/{}", self.definition_id(gallery), self.version),
            None => self.compute_id(&format!("images/{}", self.name)),
        }
    }

    fn manage(&self, job: &Job<'_>, make: impl FnOnce(&str) -> Call) -> Result<Reply, UploadError> {
        let endpoint = self.args.management_endpoint.trim_end_matches('/');
        Ok(job.client.send(&make(endpoint), &self.manager)?)
    }

    fn made(&self, kind: &str, id: &str) -> Made {
        let (place, command) = if kind == BLOB {
            let (container, name) = (&self.args.container, id.rsplit('/').next().unwrap_or(id));
            let account = &self.account;
            (
                account,
                format!(
                    "az storage blob delete --account-name {account} --container-name {container} --name {name}"
                ),
            )
        } else {
            (&self.group, format!("az resource delete --ids {id}"))
        };
        let (kind, id, place) = (kind.to_owned(), id.to_owned(), place.clone());
        Made { kind, id, place, command, whole: false }
    }

    /// Makes the blob, which the state has already; it is taken from the state again where it was not made.
    fn create(&self, job: &Job<'_>, url: &str) -> Result<(), UploadError> {
        let owner = job.token()?;
        let call = blob::create(url, self.source.size, &owner);
        let Err(error) = job.client.send(&call, &self.storage) else { return Ok(()) };
        let exists = [Some(409), Some(412)].contains(&error.status());
        if exists && self.is_own(job, url)? {
            // Made by a call whose answer was lost.
            return Ok(());
        }
        if !error.is_uncertain() {
            job.state.removed(&self.made(BLOB, url))?;
        }
        if exists {
            let (place, name) = (self.account.clone(), self.name.clone());
            return Err(UploadError::Taken { place, name, id: url.to_owned() });
        }
        Err(error.into())
    }

    /// Whether a blob is there and this upload made it.
    fn is_own(&self, job: &Job<'_>, url: &str) -> Result<bool, UploadError> {
        let found = job.client.send(&blob::properties(url), &self.storage)?;
        Ok(found.status != 404 && blob::is_of(&found, &job.token()?))
    }

    /// The page blob, with all its pages.
    fn blob(&self, job: &Job<'_>) -> Result<String, UploadError> {
        let url = self.blob_url();
        let made = job.state.find(BLOB, &self.account);
        if made.as_ref().is_some_and(|made| made.whole) {
            return Ok(url);
        }
        if made.is_none() {
            // Noted first: an answer that is lost must not leave a blob that nobody knows of.
            job.state.made(self.made(BLOB, &url))?;
        }
        if job.state.noted(CREATED).is_none() {
            self.create(job, &url)?;
            job.state.note(CREATED, "")?;
        }
        job.bar.set_message(format!("blob {}.vhd", self.name));
        let sent = job.pieces(&self.source, &|piece, bytes| {
            job.client.send(&blob::put(&url, piece, bytes), &self.storage)?;
            Ok(())
        });
        match sent {
            // Somebody removed it: begin again next time.
            Err(UploadError::Call(error)) if error.has_code("BlobNotFound") => {
                job.state.removed(&self.made(BLOB, &url))?;
                job.state.restart(&[CREATED])?;
                return Err(error.into());
            }
            other => other?,
        }
        self.check_pages(job, &url)?;
        job.state.finished(BLOB, &self.account)?;
        Ok(url)
    }

    /// The blob has pages where the image has data, and nowhere else.
    fn check_pages(&self, job: &Job<'_>, url: &str) -> Result<(), UploadError> {
        let reply = job.client.send(&blob::ranges(url, &self.source.pieces), &self.storage)?;
        let missing = UploadError::Answer { name: "Get Page Ranges", what: "page ranges" };
        let found = blob::parse_ranges(&reply).ok_or(missing)?;
        let sent = blob::of_pieces(&self.source.pieces);
        if found == sent {
            return Ok(());
        }
        let differs = found.iter().zip(&sent).find(|(found, sent)| found != sent);
        Err(UploadError::Checksum {
            name: "Get Page Ranges",
            what: format!("the ranges with data of {url}"),
            found: differs
                .map_or(format!("{} ranges", found.len()), |(found, _)| format!("{found:?}")),
            sent: differs.map_or(format!("{} ranges", sent.len()), |(_, sent)| format!("{sent:?}")),
        })
    }

    /// Makes the image and waits for it.
    fn image(&self, job: &Job<'_>, blob: &str) -> Result<String, UploadError> {
        let id = self.image_id();
        let location = &self.args.location;
        let mark = arm::mark(&job.uuid(IMAGE)?);
        if let Some(gallery) = &self.args.gallery {
            let definition = self.definition_id(gallery);
            let there = self.manage(job, |endpoint| arm::get(endpoint, &definition, false))?;
            if there.status == 404 {
                let Self { architecture, .. } = self;
                let (publisher, name) = (&self.args.publisher, &self.args.definition);
                let tags = std::slice::from_ref(&mark);
                let made =
                    Definition { id: &definition, location, publisher, name, architecture, tags };
                // Noted first: an answer that is lost must not leave one that nobody knows of.
                if job.state.find(DEFINITION, &self.group).is_none() {
                    job.state.made(self.made(DEFINITION, &definition))?;
                }
                self.manage(job, |endpoint| arm::definition(endpoint, &made))?;
                self.wait(job, DEFINITION, &definition)?;
            }
        }
        // The blob took a while: somebody else may have made an image of that name.
        let there = self.manage(job, |endpoint| arm::get(endpoint, &id, false))?;
        if there.status != 404 && !arm::is_of(&there, &mark.1) {
            let (place, name) = (self.group.clone(), self.name.clone());
            return Err(UploadError::Taken { place, name, id });
        }
        if job.state.find(IMAGE, &self.group).is_none() {
            job.state.made(self.made(IMAGE, &id))?;
        }
        let mut tags = self.tags.clone();
        tags.push(mark);
        if self.args.gallery.is_some() {
            let mut regions = vec![location.clone()];
            regions.extend(self.args.copy_to.iter().filter(|region| *region != location).cloned());
            let account = self.account_id();
            let version = Version {
                id: &id,
                location,
                blob,
                account: &account,
                regions: &regions,
                tags: &tags,
            };
            self.manage(job, |endpoint| arm::gallery_version(endpoint, &version))?;
        } else {
            self.manage(job, |endpoint| arm::image(endpoint, &id, location, blob, &tags))?;
        }
        self.wait(job, IMAGE, &id)?;
        Ok(id)
    }

    /// Deletes what this upload made, and waits until it is gone: the Resource Manager takes the call and deletes later.
    fn delete(&self, job: &Job<'_>, id: &str) -> Result<(), UploadError> {
        let owner = job.uuid(IMAGE)?;
        for looks in (0..DELETING).rev() {
            let there = self.manage(job, |endpoint| arm::get(endpoint, id, false))?;
            // What was noted before it was made may be another's.
            if there.status == 404 || !arm::is_of(&there, &owner) {
                return Ok(());
            }
            match self.manage(job, |endpoint| arm::delete(endpoint, id)) {
                // It is being deleted, or what is in it is.
                Err(UploadError::Call(error)) if error.status() == Some(409) && looks > 0 => {}
                other => _ = other?,
            }
            std::thread::sleep(job.client.patience.poll);
        }
        let status = "being deleted".to_owned();
        Err(UploadError::Slow { what: "resource", id: id.to_owned(), status })
    }

    fn wait(&self, job: &Job<'_>, what: &'static str, id: &str) -> Result<(), UploadError> {
        job.wait(what, id, &mut || {
            let reply = self.manage(job, |endpoint| arm::get(endpoint, id, true))?;
            let value = reply.value();
            let text =
                |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            let status =
                text("/properties/provisioningState").unwrap_or_else(|| "unknown".to_owned());
            Ok(match status.as_str() {
                "Succeeded" => Seen::Ready,
                "Failed" | "Canceled" => {
                    let reason = text("/properties/error/message").unwrap_or_default();
                    Seen::Failed { status, reason }
                }
                _ => Seen::Pending(status),
            })
        })
    }
}

impl Provider for Azure {
    fn upload(&self, job: &Job<'_>) -> Result<Report, UploadError> {
        let id = self.image_id();
        if job.state.find(IMAGE, &self.group).is_none() {
            let there = self.manage(job, |endpoint| arm::get(endpoint, &id, false))?;
            if there.status != 404 {
                let (place, name) = (self.group.clone(), self.name.clone());
                return Err(UploadError::Taken { place, name, id });
            }
        }
        let blob = self.blob(job)?;
        let image = self.image(job, &blob)?;
        if !self.args.keep_blob {
            job.client.send(&blob::delete(&blob), &self.storage)?;
        }
        let placed = vec![Placed { place: self.args.location.clone(), image }];
        Ok(Report { placed, failed: Vec::new() })
    }

    fn remove(&self, job: &Job<'_>, made: &Made) -> Result<(), UploadError> {
        if made.kind == BLOB {
            // What was noted before it was made may be another's.
            if job.state.noted(CREATED).is_none() && !self.is_own(job, &made.id)? {
                return Ok(());
            }
            job.client.send(&blob::delete(&made.id), &self.storage)?;
            job.state.restart(&[CREATED])?;
        } else {
            self.delete(job, &made.id)?;
        }
        Ok(())
    }
}
