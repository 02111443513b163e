//! Files from a server or from this machine. A connection that is lost is taken up again where it broke.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, http};

/// Where distributions keep the certificates they trust.
const CERTIFICATES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// How often a server is asked again without a byte in between, and the wait before the first time.
const TRIES: u32 = 5;
const WAIT: Duration = Duration::from_secs(1);
/// A server that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Whether a place is a URL and not a path.
pub fn is_url(place: &str) -> bool {
    place.starts_with("http://") || place.starts_with("https://")
}

/// Whether a place looks like a URL and is none that can be fetched.
pub fn is_foreign_url(place: &str) -> bool {
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    !is_url(place) && place.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// The place of a neighbour: what stands after the last `/` is replaced.
pub fn beside(place: &str, name: &str) -> String {
    match place.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}

/// All of a file, at most `limit` bytes.
pub fn small(place: &str, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = if is_url(place) {
        Box::new(Download::begin(place)?)
    } else {
        Box::new(File::open(Path::new(place)).with_context(|| format!("opening {place}"))?)
    };
    reader.take(limit + 1).read_to_end(&mut bytes).with_context(|| format!("reading {place}"))?;
    if bytes.len() as u64 > limit {
        bail!("{place} has more than {limit} bytes");
    }
    Ok(bytes)
}

/// A file of a server, read from its start to its end.
pub struct Download {
    agent: Agent,
    url: String,
    body: Option<Box<dyn Read>>,
    at: u64,
    /// Its length, as far as the server says it.
    pub bytes: Option<u64>,
    /// What the server calls this version of it.
    tag: Option<String>,
    wait: Duration,
    /// How often it was asked for since the last byte came.
    tries: u32,
}

impl Download {
    /// Asks for a file; tries again while the server cannot be reached or says that it is busy.
    pub fn begin(url: &str) -> Result<Self> {
        Self::with_wait(url, WAIT)
    }

    fn with_wait(url: &str, wait: Duration) -> Result<Self> {
        let mut download = Self {
            agent: agent(url)?,
            url: url.to_owned(),
            body: None,
            at: 0,
            bytes: None,
            tag: None,
            wait,
            tries: 0,
        };
        download.again(None).with_context(|| format!("fetching {url}"))?;
        Ok(download)
    }

    /// Asks from where it is on, after `before` happened.
    fn again(&mut self, before: Option<io::Error>) -> Result<()> {
        let mut last = before.map(anyhow::Error::from);
        while self.tries < TRIES {
            if last.is_some() {
                thread::sleep(self.wait * 2_u32.pow(self.tries));
            }
            self.tries += 1;
            match self.ask() {
                Ok(body) => {
                    self.body = Some(body);
                    return Ok(());
                }
                Err(Refused::Final(error)) => return Err(error),
                Err(Refused::Passing(error)) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| anyhow::anyhow!("no answer"));
        Err(error.context(format!("giving up after {TRIES} attempts at byte {}", self.at)))
    }

    fn ask(&mut self) -> Result<Box<dyn Read>, Refused> {
        let mut request = self.agent.get(&self.url);
        if self.at > 0 {
            request = request.header("range", format!("bytes={}-", self.at));
            if let Some(tag) = &self.tag {
                request = request.header("if-range", tag);
            }
        }
        let response = request.call().map_err(refusal)?;
        let status = response.status().as_u16();
        let header = |name: &str| header(&response, name);
        let length: Option<u64> = header("content-length").and_then(|text| text.parse().ok());
        match status {
            200 => {
                let tag = header("etag")
                    .filter(|tag| !tag.starts_with("W/"))
                    .or_else(|| header("last-modified"));
                if self.at > 0 && (self.bytes != length || self.tag != tag) {
                    return Err(Refused::Final(anyhow::anyhow!(
                        "the file changed on the server while it was read"
                    )));
                }
                (self.bytes, self.tag) = (length, tag);
                let mut body = response.into_body().into_reader();
                // A server without ranges begins anew.
                let skipped = io::copy(&mut body.by_ref().take(self.at), &mut io::sink());
                match skipped {
                    Ok(skipped) if skipped == self.at => Ok(Box::new(body)),
                    _ => Err(Refused::Passing(anyhow::anyhow!("the connection was lost"))),
                }
            }
            206 if self.at > 0 => Ok(Box::new(response.into_body().into_reader())),
            408 | 429 | 500..=599 => {
                Err(Refused::Passing(anyhow::anyhow!("the server answers {status}")))
            }
            _ => Err(Refused::Final(anyhow::anyhow!("the server answers {status}"))),
        }
    }
}

enum Refused {
    /// Asking again is of no use.
    Final(anyhow::Error),
    Passing(anyhow::Error),
}

/// Certificates and addresses are as wrong at the next attempt.
fn refusal(error: ureq::Error) -> Refused {
    let last = match &error {
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::InvalidData,
        ureq::Error::BadUri(_) | ureq::Error::Tls(_) | ureq::Error::TooManyRedirects => true,
        _ => false,
    };
    if last { Refused::Final(error.into()) } else { Refused::Passing(error.into()) }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(body) = &mut self.body else { return Ok(0) };
            let lost = match body.read(buffer) {
                Ok(0) if self.bytes.is_some_and(|bytes| self.at < bytes) && !buffer.is_empty() => {
                    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was lost")
                }
                Ok(read) => {
                    self.at += read as u64;
                    if read > 0 {
                        self.tries = 0;
                    }
                    return Ok(read);
                }
                Err(error) => error,
            };
            self.body = None;
            let context =
                format!("fetching {}: the connection was lost at byte {}", self.url, self.at);
            self.again(Some(lost))
                .map_err(|error| io::Error::other(format!("{:#}", error.context(context))))?;
        }
    }
}

fn header(response: &http::Response<Body>, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn agent(url: &str) -> Result<Agent> {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .user_agent(concat!("keelson-install/", env!("CARGO_PKG_VERSION")));
    if url.starts_with("https://") {
        let mut roots = Vec::new();
        let pem = CERTIFICATES.iter().find_map(|path| std::fs::read(path).ok());
        let pem = pem.context("no certificates are here that a server could be checked with (/etc/ssl/certs/ca-certificates.crt)")?;
        for item in parse_pem(&pem) {
            if let PemItem::Certificate(certificate) =
                item.context("reading the certificates of this system")?
            {
                roots.push(certificate);
            }
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        config = config.tls_config(tls);
    }
    Ok(config.build().new_agent())
}

#[cfg(test)]
mod tests;
