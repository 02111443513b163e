//! The private apt root: the host's `apt-get` with its own lists, an empty status and our own sources,
//! run as an ordinary user. It authenticates the archive and fetches packages; nothing is installed.

mod config;
mod run;

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::cache::{self, Cache};
use crate::digest::Digest;
use crate::index::Index;
use crate::progress::{Progress, megabytes};
use crate::sources::{self, Mirror};

/// Where Debian's archive keyring is, by the names of its versions.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// What can go wrong between the host's apt and the archive.
#[derive(Debug, thiserror::Error)]
pub enum AptError {
    /// The host has no apt.
    #[error(
        "{program} was not found: the build fetches Debian packages with the host's apt\n  on Debian or Ubuntu install the package apt; elsewhere build on a Debian 12 or newer machine or container"
    )]
    Missing {
        /// The program looked for.
        program: &'static str,
    },
    /// The host has no keyring to authenticate the archive with.
    #[error(
        "Debian's archive keyring is missing: none of {0} is there\n  install the package debian-archive-keyring; without it nothing that is downloaded can be trusted"
    )]
    Keyring(String),
    /// The host's sources name no Debian mirror.
    #[error(
        "no Debian mirror is configured in {0}\n  name one: --mirror URL (http://, https:// or file://)"
    )]
    NoMirror(String),
    /// The archive's lists could not be fetched or authenticated.
    #[error(
        "the package lists of {mirror} could not be fetched or authenticated\n{output}\n  {advice}"
    )]
    Update {
        /// The mirror.
        mirror: String,
        /// What apt said.
        output: String,
        /// What to do.
        advice: &'static str,
    },
    /// apt finds no set of packages.
    #[error("apt cannot provide the packages asked for\n{0}")]
    Solve(String),
    /// A package could not be fetched.
    #[error("packages could not be fetched from {mirror}\n{output}\n  {advice}")]
    Fetch {
        /// The mirror.
        mirror: String,
        /// What apt said.
        output: String,
        /// What to do.
        advice: &'static str,
    },
    /// A value cannot be written into apt's configuration.
    #[error("{0:?} holds a character that apt's configuration cannot: a quote or a line end")]
    Quote(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A private root that is ready to use.
#[derive(Debug)]
pub(crate) struct Apt {
    root: PathBuf,
    suite: String,
    keyring: String,
    mirror: Mirror,
}

impl Apt {
    /// Makes the root of the chosen mirror in the cache. Roots of different mirrors do not mix.
    pub(crate) fn open(cache: &Cache, suite: &str, mirror: Option<&str>) -> Result<Self, AptError> {
        let host = run::HostConfig::read()?;
        let keyring = KEYRINGS
            .into_iter()
            .find(|path| Path::new(path).exists())
            .ok_or_else(|| AptError::Keyring(KEYRINGS.join(", ")))?
            .to_owned();
        let mirror = match mirror {
            Some(url) => sources::from_url(url),
            None => sources::choose(&host.sources)
                .ok_or_else(|| AptError::NoMirror(host.places.clone()))?,
        };
        let key = Digest::of(format!("{suite} {} {}", mirror.main, mirror.security)).to_string();
        let apt = Self {
            root: cache.path("apt").join(&key[..16]),
            suite: suite.to_owned(),
            keyring,
            mirror,
        };
        for folder in ["state/lists/partial", "cache/archives/partial", "sources", "log"] {
            fs::create_dir_all(apt.root.join(folder))?;
        }
        cache::replace(&apt.root.join("status"), b"")?;
        let conf = config::write(&apt.root, &host.acquire)?;
        cache::replace(&apt.config(), conf.as_bytes())?;
        Ok(apt)
    }

    fn config(&self) -> PathBuf {
        self.root.join("apt.conf")
    }

    fn write_sources(&self, whole: bool) -> Result<(), AptError> {
        let text = sources::write(&self.mirror, &self.suite, &self.keyring, whole);
        Ok(cache::replace(&self.root.join("sources/debian.sources"), text.as_bytes())?)
    }

    /// Fetches and authenticates the archive's lists.
    pub(crate) fn update(&self, progress: &Progress) -> Result<(), AptError> {
        let _step = progress.step(format!("updating the package lists of {}", self.mirror.main));
        let update = || run::apt_get(&self.config(), None, &["--error-on=any", "-q", "update"]);
        self.write_sources(true)?;
        let mut last = update()?;
        if last.success {
            return Ok(());
        }
        if self.mirror.partial {
            self.write_sources(false)?;
            last = update()?;
            if last.success {
                progress.warn(format!(
                    "{} has no {suite}-updates or no {suite}-security beside it; going on with {suite} alone",
                    self.mirror.main,
                    suite = self.suite
                ));
                return Ok(());
            }
        }
        Err(AptError::Update {
            mirror: self.mirror.main.clone(),
            advice: advice(&last.output),
            output: last.output,
        })
    }

    /// Reads the lists that were fetched.
    pub(crate) fn index(&self) -> Result<Index, AptError> {
        let mut index = Index::default();
        let lists = run::apt_get(
            &self.config(),
            None,
            &["indextargets", "--format", "$(FILENAME)", "Identifier: Packages"],
        )?;
        for path in lists.stdout.lines() {
            // A list that is not there belongs to a suite without packages for this architecture.
            if Path::new(path).exists() {
                index.add(&fs::read_to_string(path)?);
            }
        }
        if index.len() == 0 {
            return Err(AptError::Update {
                mirror: self.mirror.main.clone(),
                output: "the lists hold no package for amd64".to_owned(),
                advice: "check that the mirror is complete",
            });
        }
        Ok(index)
    }

    /// The names and versions apt would install on an empty system for these packages.
    pub(crate) fn solve(&self, names: &[String]) -> Result<Vec<(String, String)>, AptError> {
        let mut arguments = vec!["-s", "-q", "install", "--no-install-recommends", "--"];
        arguments.extend(names.iter().map(String::as_str));
        let output = run::apt_get(&self.config(), None, &arguments)?;
        if !output.success {
            return Err(AptError::Solve(output.output));
        }
        Ok(output
            .stdout
            .lines()
            .filter_map(|line| {
                let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
                let version = rest.split_whitespace().next()?;
                Some((name.trim().to_owned(), version.to_owned()))
            })
            .collect())
    }

    /// Fetches packages (name, version) of `total` bytes into an empty folder. apt checks each against the
    /// signed lists; the names of the files are apt's own.
    pub(crate) fn download(
        &self,
        packages: &[(String, String)],
        total: u64,
        folder: &Path,
        progress: &Progress,
    ) -> Result<(), AptError> {
        let names: Vec<String> =
            packages.iter().map(|(name, version)| format!("{name}={version}")).collect();
        let mut arguments = vec!["-q", "download", "--"];
        arguments.extend(names.iter().map(String::as_str));
        let meter = progress.bytes(
            format!("downloading {} Debian packages, {:.1} MB", packages.len(), megabytes(total)),
            total,
        );
        let output = run::apt_get(&self.config(), Some((folder, &meter)), &arguments)?;
        if output.success {
            return Ok(());
        }
        Err(AptError::Fetch {
            mirror: self.mirror.main.clone(),
            advice: advice(&output.output),
            output: output.output,
        })
    }
}

/// What a user can do about an error of apt.
fn advice(output: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| output.contains(word));
    if has(&["No space left on device", "enough free space"]) {
        "the disk is full: free some space, or set XDG_CACHE_HOME to a folder on a larger one"
    } else if has(&["NO_PUBKEY", "not signed", "invalid signature", "BADSIG", "EXPKEYSIG"]) {
        "the archive's signature is not good: update the package debian-archive-keyring, or choose another mirror with --mirror URL"
    } else if has(&["Hash Sum mismatch", "unexpected size", "File has unexpected"]) {
        "the mirror gives other bytes than it signs for: it is being updated (try again in some minutes), a proxy alters them, or it must not be trusted (--mirror URL names another)"
    } else if has(&[
        "Could not resolve",
        "Temporary failure",
        "Could not connect",
        "Connection",
        "timed out",
        "Unable to connect",
    ]) {
        "the mirror does not answer: check the network and the proxy (Acquire::http::Proxy in apt's configuration), name another with --mirror URL, or build from a full cache with --offline"
    } else if has(&["is expired", "is not valid yet", "Valid-Until"]) {
        "the lists are out of date for this machine's clock: check the clock, or choose a mirror that is kept up to date"
    } else if has(&["404", "Not Found", "does not have a Release file", "File not found"]) {
        "the mirror does not hold this suite: check the address, or name another with --mirror URL"
    } else {
        "see apt's messages above; --mirror URL names another mirror"
    }
}

#[cfg(test)]
mod tests;
