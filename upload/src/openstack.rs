//! OpenStack: an image in Glance.

pub mod args;
pub mod clouds;
pub mod glance;
pub mod keystone;

use serde_json::Value;

use crate::call::{Call, Reply};
use crate::state::Made;
use crate::stream::Stream;
use crate::upload::{Job, Placed, Provider, Report, UploadError};
use args::OpenstackArgs;
use clouds::Cloud;
use glance::Create;
use keystone::Keystone;

const IMAGE: &str = "image";
/// The note of how many images were begun.
const CREATED: &str = "created";
/// The property by which an image is known as that of an unfinished upload whose answer was lost.
const TOKEN: &str = "keelson_upload";

/// An upload to OpenStack.
pub struct Openstack {
    /// The options.
    pub args: OpenstackArgs,
    /// Who calls.
    pub cloud: Cloud,
    /// What the state calls the cloud.
    pub place: String,
    /// Name of the image.
    pub name: String,
    /// Properties.
    pub properties: Vec<(String, String)>,
    /// Bytes of the disk that the image holds.
    pub disk: u64,
    /// The qcow2.
    pub file: Stream,
}

/// Calls with a session.
struct Session<'a> {
    job: &'a Job<'a>,
    keystone: Keystone<'a>,
    endpoint: String,
}

impl Session<'_> {
    fn call(&self, make: impl FnOnce(&str) -> Call) -> Result<Reply, UploadError> {
        Ok(self.job.client.send_with(&make(&self.endpoint), &self.keystone, &self.job.bar)?)
    }
}

impl Openstack {
    fn open<'a>(&'a self, job: &'a Job<'a>) -> Result<Session<'a>, UploadError> {
        let keystone =
            Keystone::new(job.client, &self.cloud, self.args.region.as_deref()).map_err(
                |error| UploadError::Unusable { what: "cloud".to_owned(), why: error.to_string() },
            )?;
        let endpoint = keystone.image()?;
        Ok(Session { job, keystone, endpoint })
    }

    fn made(&self, id: &str) -> Made {
        let cloud =
            self.args.cloud.as_ref().map_or(String::new(), |name| format!(" --os-cloud {name}"));
        Made {
            kind: IMAGE.to_owned(),
            id: id.to_owned(),
            place: self.place.clone(),
            command: format!("openstack{cloud} image delete {id}"),
            whole: false,
        }
    }

    fn show(&self, session: &Session<'_>, id: &str) -> Result<Option<Value>, UploadError> {
        let Stream { bytes, sha512, .. } = &self.file;
        let reply = session.call(|endpoint| glance::show(endpoint, id, *bytes, sha512))?;
        Ok((reply.status != 404).then(|| reply.value()))
    }

    /// An image without data: that of the state, that of a lost answer, or a new one.
    fn queued(&self, session: &Session<'_>) -> Result<String, UploadError> {
        let state = session.job.state;
        if let Some(made) = state.find(IMAGE, &self.place) {
            let status = self.show(session, &made.id)?.map(|image| glance::text(&image, "status"));
            match status.as_deref() {
                Some("queued" | "active") => return Ok(made.id),
                // Data that was cut off cannot be gone on with.
                Some(_) => _ = session.call(|endpoint| glance::delete(endpoint, &made.id))?,
                None => {}
            }
            state.removed(&made)?;
        }
        let found = session.call(|endpoint| glance::find(endpoint, &self.name))?.value();
        let first = found.pointer("/images/0");
        if let Some(image) = first {
            let id = glance::text(image, "id");
            let unfinished = glance::text(image, "status") == "queued";
            if unfinished && glance::text(image, TOKEN) == self.file.sha256[..32] {
                state.made(self.made(&id))?;
                return Ok(id);
            }
            let (place, name) = (self.place.clone(), self.name.clone());
            return Err(UploadError::Taken { place, name, id });
        }
        let mut properties = self.properties.clone();
        properties.push((TOKEN.to_owned(), self.file.sha256[..32].to_owned()));
        // Noted first, and the identifier is ours: an answer that is lost leaves nothing that nobody knows of.
        let id = self.new_id(session.job)?;
        state.made(self.made(&id))?;
        let create = Create {
            id: &id,
            name: &self.name,
            visibility: self.args.visibility.as_str(),
            min_disk: self.disk.div_ceil(1 << 30),
            min_ram: self.args.min_ram,
            properties: &properties,
        };
        match session.call(|endpoint| glance::create(endpoint, &create)) {
            Err(error) if !error.is_uncertain() => {
                state.removed(&self.made(&id))?;
                Err(error)
            }
            Err(error) => Err(error),
            Ok(_) => Ok(id),
        }
    }

    /// An identifier that no image had before, also none that was deleted.
    fn new_id(&self, job: &Job<'_>) -> Result<String, UploadError> {
        let number = job.state.noted(CREATED).and_then(|text| text.parse::<u32>().ok());
        let number = number.map_or(1, |number| number + 1);
        job.state.note(CREATED, &number.to_string())?;
        Ok(job.uuid(&format!("{} {number}", self.place))?)
    }

    /// Sends the data; what was cut off begins anew, a few times.
    fn send(&self, session: &Session<'_>) -> Result<String, UploadError> {
        let job = session.job;
        job.bar.set_length(self.file.bytes);
        let mut attempt = 1;
        loop {
            let id = self.queued(session)?;
            job.bar.set_message(format!("image {id}"));
            let is_there = !job.client.is_dry()
                && self
                    .show(session, &id)?
                    .is_some_and(|image| glance::text(&image, "status") == "active");
            if is_there {
                return Ok(id);
            }
            let Stream { path, bytes, .. } = &self.file;
            match session.call(|endpoint| glance::upload(endpoint, &id, path, *bytes)) {
                Ok(_) => return Ok(id),
                Err(error) if error.is_passing() && attempt < job.client.patience.attempts => {
                    attempt += 1;
                    std::thread::sleep(job.client.patience.pause);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What Glance has must be what was sent.
    fn check(&self, session: &Session<'_>, id: &str) -> Result<(), UploadError> {
        let image = self.show(session, id)?.unwrap_or_default();
        let size = image.get("size").and_then(Value::as_u64).unwrap_or(0);
        let (algorithm, hash) =
            (glance::text(&image, "os_hash_algo"), glance::text(&image, "os_hash_value"));
        let status = glance::text(&image, "status");
        if status != "active" {
            let reason = "its data did not make it active".to_owned();
            return Err(UploadError::Failed { what: IMAGE, id: id.to_owned(), status, reason });
        }
        let wrong = |what: &str, found: String, sent: String| UploadError::Checksum {
            name: "Show image",
            what: format!("the {what} of {id}"),
            found,
            sent,
        };
        if size != self.file.bytes {
            return Err(wrong("size", size.to_string(), self.file.bytes.to_string()));
        }
        if algorithm == "sha512" && hash != self.file.sha512 {
            return Err(wrong("SHA-512", hash, self.file.sha512.clone()));
        }
        Ok(())
    }
}

impl Provider for Openstack {
    fn upload(&self, job: &Job<'_>) -> Result<Report, UploadError> {
        let session = self.open(job)?;
        let id = self.send(&session)?;
        self.check(&session, &id)?;
        for project in &self.args.share_project {
            session.call(|endpoint| glance::share(endpoint, &id, project))?;
        }
        Ok(Report {
            placed: vec![Placed { place: self.place.clone(), image: id }],
            failed: Vec::new(),
        })
    }

    fn remove(&self, job: &Job<'_>, made: &Made) -> Result<(), UploadError> {
        // Another cloud does not know the image, which does not mean that it is gone.
        if made.place != self.place {
            let (what, why) = ("cloud".to_owned(), format!("the image is in {}", made.place));
            return Err(UploadError::Unusable { what, why });
        }
        self.open(job)?.call(|endpoint| glance::delete(endpoint, &made.id))?;
        Ok(())
    }
}

/// Properties by which Nova gives a machine what the image needs.
pub fn properties(architecture: &str, version: &str, secure_boot: &str) -> Vec<(String, String)> {
    [
        ("architecture", architecture),
        ("hw_firmware_type", "uefi"),
        ("hw_machine_type", if architecture == "x86_64" { "q35" } else { "virt" }),
        ("hw_disk_bus", "virtio"),
        ("hw_vif_model", "virtio"),
        ("hw_rng_model", "virtio"),
        ("os_type", "linux"),
        ("os_distro", "keelson"),
        ("os_version", version),
        ("os_secure_boot", secure_boot),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}
