//! Google Compute Engine: the archive to a bucket, an image from it, the archive removed.

pub mod args;
pub mod auth;
pub mod compute;
pub mod storage;

use serde_json::Value;

use crate::call::{Call, Reply};
use crate::client::{Anonymous, Authorize};
use crate::image::Architecture;
use crate::state::Made;
use crate::stream::Stream;
use crate::upload::{Job, Placed, Provider, Report, Seen, UploadError};
use args::GceArgs;
use auth::Google;
use compute::Insert;
use storage::Object;

const OBJECT: &str = "object";
const IMAGE: &str = "image";
const SESSION: &str = "session";
/// The note with the object's generation: which of all that had its name it is.
const GENERATION: &str = "generation";
/// The label by which an upload knows its image.
const OWNER: &str = "keelson-upload";

/// What every image can do: UEFI firmware, several queues of virtio-scsi, Google's own network card.
pub const FEATURES: [&str; 3] = ["UEFI_COMPATIBLE", "VIRTIO_SCSI_MULTIQUEUE", "GVNIC"];

/// An upload to Compute Engine.
pub struct Gce {
    /// The options.
    pub args: GceArgs,
    /// Who calls.
    pub google: Google,
    /// Endpoint of Cloud Storage, and whether it is an emulator that takes no credentials.
    pub storage: (String, bool),
    /// Project.
    pub project: String,
    /// Name of the image.
    pub name: String,
    /// Description.
    pub description: String,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// What the image runs on.
    pub architecture: Architecture,
    /// PK, KEK and db in Base64.
    pub keys: Option<[String; 3]>,
    /// The archive.
    pub archive: Stream,
}

impl Gce {
    fn object_name(&self) -> String {
        format!("{}.tar.gz", self.name)
    }

    fn storage(&self, job: &Job<'_>, call: &Call) -> Result<Reply, UploadError> {
        let auth: &dyn Authorize = if self.storage.1 { &Anonymous } else { &self.google };
        Ok(job.client.send(call, auth)?)
    }

    fn compute(
        &self,
        job: &Job<'_>,
        make: impl FnOnce(&str, &str) -> Call,
    ) -> Result<Reply, UploadError> {
        let endpoint = self.args.compute_endpoint.trim_end_matches('/');
        Ok(job.client.send(&make(endpoint, &self.project), &self.google)?)
    }

    fn object<'a>(&'a self, bucket: &'a str, name: &'a str) -> Object<'a> {
        Object { endpoint: &self.storage.0, bucket, name }
    }

    fn made(&self, kind: &str, id: &str) -> Made {
        let (place, command) = if kind == OBJECT {
            let bucket = &self.args.bucket;
            (bucket, format!("gcloud storage rm gs://{bucket}/{id}"))
        } else {
            let project = &self.project;
            (project, format!("gcloud compute images delete {id} --project {project}"))
        };
        let (kind, id, place) = (kind.to_owned(), id.to_owned(), place.clone());
        Made { kind, id, place, command, whole: false }
    }

    /// The session of the upload and how far it has come; `None` where the object is complete.
    fn session(&self, job: &Job<'_>) -> Result<Option<(String, u64)>, UploadError> {
        if let Some(session) = job.state.noted(SESSION) {
            let reply = self.storage(job, &storage::ask(&session, self.archive.bytes))?;
            match reply.status {
                308 => return Ok(Some((session, storage::arrived(&reply)))),
                // Sessions live for a week.
                404 | 410 => {}
                _ => {
                    self.check(job, &reply)?;
                    return Ok(None);
                }
            }
        }
        let name = self.object_name();
        let owner = job.token()?;
        let object = self.object(&self.args.bucket, &name);
        let call = storage::begin(&object, self.archive.bytes, &owner);
        let reply = self.storage(job, &call)?;
        let missing = UploadError::Answer { name: "objects.insert", what: "location" };
        let session = reply.header("location").ok_or(missing)?.to_owned();
        job.state.note(SESSION, &session)?;
        if job.state.find(OBJECT, &self.args.bucket).is_none() {
            job.state.made(self.made(OBJECT, &name))?;
        }
        Ok(Some((session, 0)))
    }

    /// The object's checksum must be the archive's.
    fn check(&self, job: &Job<'_>, reply: &Reply) -> Result<(), UploadError> {
        let value = reply.value();
        if let Some(generation) = value.get("generation").and_then(Value::as_str) {
            job.state.note(GENERATION, generation)?;
        }
        let found = value.get("crc32c").and_then(Value::as_str).unwrap_or_default();
        if found == self.archive.crc32c {
            return Ok(());
        }
        Err(UploadError::Checksum {
            name: "objects.insert",
            what: format!("the CRC-32C of {}", self.object_name()),
            found: found.to_owned(),
            sent: self.archive.crc32c.clone(),
        })
    }

    fn send(&self, job: &Job<'_>) -> Result<(), UploadError> {
        let Stream { bytes: total, crc32c, .. } = &self.archive;
        let total = *total;
        job.bar.set_length(total);
        job.bar.set_message(format!("gs://{}/{}", self.args.bucket, self.object_name()));
        let Some((session, mut at)) = self.session(job)? else { return Ok(()) };
        loop {
            job.bar.set_position(at);
            let bytes = self.archive.read(at, storage::CHUNK)?;
            let reply = self.storage(job, &storage::chunk(&session, at, total, bytes, crc32c))?;
            if reply.status != 308 {
                return self.check(job, &reply);
            }
            // As far as it got, which may be less than was sent.
            at = storage::arrived(&reply);
        }
    }

    fn insert(&self, job: &Job<'_>) -> Result<(), UploadError> {
        let archive =
            format!("https://storage.googleapis.com/{}/{}", self.args.bucket, self.object_name());
        let features: Vec<String> =
            FEATURES.map(str::to_owned).into_iter().chain(self.args.feature.clone()).collect();
        let request = job.uuid(IMAGE)?;
        let mut labels = self.labels.clone();
        labels.push((OWNER.to_owned(), request.clone()));
        let image = Insert {
            name: &self.name,
            description: &self.description,
            archive: &archive,
            family: self.args.family.as_deref(),
            labels: &labels,
            architecture: match self.architecture {
                Architecture::X86_64 => "X86_64",
                Architecture::Arm64 => "ARM64",
            },
            features: &features,
            locations: &self.args.location,
            keys: self.keys.as_ref(),
            request: &request,
        };
        if job.state.find(IMAGE, &self.project).is_none() {
            // Noted first: an answer that is lost must not leave an image that nobody knows of.
            job.state.made(self.made(IMAGE, &self.name))?;
        }
        let sent =
            self.compute(job, |endpoint, project| compute::insert(endpoint, project, &image));
        let reply = match sent {
            // Made by a call whose answer was lost longer ago than the identifier of the request is remembered.
            Err(UploadError::Call(error)) if error.status() == Some(409) => {
                if self.is_own(job, &self.project, &self.name)? {
                    return self.wait(job);
                }
                job.state.removed(&self.made(IMAGE, &self.name))?;
                let (place, name) = (self.project.clone(), self.name.clone());
                return Err(UploadError::Taken { place, id: name.clone(), name });
            }
            other => other?,
        };
        let missing = UploadError::Answer { name: "images.insert", what: "name" };
        let operation =
            reply.value().get("name").and_then(Value::as_str).ok_or(missing)?.to_owned();
        job.wait(IMAGE, &self.name, &mut || {
            let reply = self
                .compute(job, |endpoint, project| {
                    compute::operation(endpoint, project, &operation)
                })?
                .value();
            let status =
                reply.get("status").and_then(Value::as_str).unwrap_or("unknown").to_owned();
            Ok(match compute::error(&reply) {
                Some((code, message)) => Seen::Failed { status: code, reason: message },
                None if status == "DONE" => Seen::Ready,
                None => Seen::Pending(status),
            })
        })
    }
}

impl Gce {
    /// Waits for an image whose operation is not known.
    fn wait(&self, job: &Job<'_>) -> Result<(), UploadError> {
        job.wait(IMAGE, &self.name, &mut || {
            let reply =
                self.compute(job, |endpoint, project| compute::get(endpoint, project, &self.name))?;
            let status = reply.value().get("status").and_then(Value::as_str).map(str::to_owned);
            Ok(match status.unwrap_or_else(|| "unknown".to_owned()) {
                status if status == "READY" => Seen::Ready,
                status if status == "FAILED" => {
                    let reason = "Compute Engine could not make it".to_owned();
                    Seen::Failed { status, reason }
                }
                status => Seen::Pending(status),
            })
        })
    }

    /// Whether an image is there and this upload made it.
    fn is_own(&self, job: &Job<'_>, project: &str, name: &str) -> Result<bool, UploadError> {
        let found = self.compute(job, |endpoint, _| compute::get(endpoint, project, name))?;
        let value = found.value();
        let owner = value.get("labels").and_then(|labels| labels.get(OWNER)?.as_str());
        Ok(found.status != 404 && owner == Some(job.uuid(IMAGE)?.as_str()))
    }

    /// Deletes the object, if it is the one that was sent.
    fn delete_object(&self, job: &Job<'_>, object: &Object<'_>) -> Result<(), UploadError> {
        let mut generation = job.state.noted(GENERATION);
        if generation.is_none() {
            // Sent in part, which makes no object; or in whole, and the answer was lost. Or somebody else was faster.
            let there = self.storage(job, &storage::get(object))?;
            let value = there.value();
            if there.status == 404 || !storage::is_of(&value, &job.token()?) {
                return Ok(());
            }
            generation = value.get("generation").and_then(Value::as_str).map(str::to_owned);
        }
        self.storage(job, &storage::delete(object, generation.as_deref()))?;
        Ok(())
    }
}

impl Provider for Gce {
    fn upload(&self, job: &Job<'_>) -> Result<Report, UploadError> {
        let own = job.state.find(IMAGE, &self.project);
        if own.is_none() {
            let reply =
                self.compute(job, |endpoint, project| compute::get(endpoint, project, &self.name))?;
            if reply.status != 404 {
                let (place, name) = (self.project.clone(), self.name.clone());
                return Err(UploadError::Taken { place, id: name.clone(), name });
            }
        }
        self.send(job)?;
        self.insert(job)?;
        if !self.args.share_with.is_empty() {
            let members = &self.args.share_with;
            self.compute(job, |endpoint, project| {
                compute::share(endpoint, project, &self.name, members)
            })?;
        }
        if !self.args.keep_object {
            self.delete_object(job, &self.object(&self.args.bucket, &self.object_name()))?;
        }
        let image = format!("projects/{}/global/images/{}", self.project, self.name);
        let placed = vec![Placed { place: self.project.clone(), image }];
        Ok(Report { placed, failed: Vec::new() })
    }

    fn remove(&self, job: &Job<'_>, made: &Made) -> Result<(), UploadError> {
        // The state may be of a command with another bucket, project or name.
        let Made { place, id, .. } = made;
        if made.kind == OBJECT {
            self.delete_object(job, &self.object(place, id))?;
            job.state.restart(&[SESSION, GENERATION])?;
        } else if self.is_own(job, place, id)? {
            self.compute(job, |endpoint, _| compute::delete(endpoint, place, id))?;
        }
        Ok(())
    }
}
