//! Sends calls: tries again what may be tried again, and says of the rest what was answered.
//!
//! In a dry run nothing is sent: each call is printed and takes the answer it carries, so what is printed comes from
//! the same code that uploads.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::ProgressBar;
use thiserror::Error;

use crate::call::{Body, Call, Method, Reply, form};
use crate::refusal::{Refusal, refusal};

/// Puts credentials on calls.
pub trait Authorize: Send + Sync {
    /// Adds what proves who calls. `body` is what will be sent, where it is in memory.
    fn authorize(&self, call: &mut Call, body: &[u8]) -> Result<(), CredentialsError>;

    /// Forgets credentials that were refused, so that the next call asks for new ones. Says whether there may be any.
    fn renew(&self) -> bool {
        false
    }
}

/// For calls without credentials.
pub struct Anonymous;

impl Authorize for Anonymous {
    fn authorize(&self, _: &mut Call, _: &[u8]) -> Result<(), CredentialsError> {
        Ok(())
    }
}

/// There are no credentials, or they cannot be had.
#[derive(Debug, Error)]
#[error("no credentials for {provider}: {reason}\n  {advice}")]
pub struct CredentialsError {
    /// Whose.
    pub provider: &'static str,
    /// What the search for them ended with.
    pub reason: String,
    /// What to do.
    pub advice: &'static str,
}

/// Why a call failed.
#[derive(Debug, Error)]
pub enum CallError {
    /// The provider said no.
    #[error("{name}: {}: {status}{code} {message}", place)]
    Refused {
        /// Name of the action.
        name: &'static str,
        /// Address.
        place: String,
        /// HTTP status.
        status: u16,
        /// The provider's code for what is wrong, with a blank before it; or nothing.
        code: String,
        /// What it said.
        message: String,
        /// What kind of no it is.
        refusal: Refusal,
    },
    /// No answer came.
    #[error("{name}: {place}: no answer after {attempts} attempts: {reason}")]
    Lost {
        /// Name of the action.
        name: &'static str,
        /// Address.
        place: String,
        /// How often it was tried.
        attempts: u32,
        /// What happened to the last one.
        reason: String,
    },
    /// The body could not be read.
    #[error("{name}: reading what is to be sent: {source}")]
    Body {
        /// Name of the action.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// No credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The last attempt failed so, and it is not known what became of an earlier one.
    #[error("{0}; an earlier attempt had no clear answer")]
    Doubtful(Box<Self>),
}

impl CallError {
    /// Whether the same call may succeed later without anything being changed but the network or the credentials.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => *refusal != Refusal::Final,
            Self::Lost { .. } | Self::Credentials(_) => true,
            Self::Body { .. } => false,
            Self::Doubtful(error) => error.is_passing(),
        }
    }

    /// Whether it may have been done all the same: no answer came, or one that does not say.
    pub fn is_uncertain(&self) -> bool {
        match self {
            Self::Refused { status, .. } => says_nothing(*status),
            Self::Lost { .. } | Self::Doubtful(_) => true,
            Self::Body { .. } | Self::Credentials(_) => false,
        }
    }

    /// The status, where the provider answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Doubtful(error) => error.status(),
            _ => None,
        }
    }

    /// Whether the provider's code is this one.
    pub fn has_code(&self, wanted: &str) -> bool {
        match self {
            Self::Refused { code, .. } => code.trim() == wanted,
            Self::Doubtful(error) => error.has_code(wanted),
            _ => false,
        }
    }
}

/// How often and how fast a call is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts in all.
    pub attempts: u32,
    /// The first pause; it doubles each time, up to thirty seconds.
    pub pause: Duration,
    /// How long between two looks at something that takes a while.
    pub poll: Duration,
    /// Looks at most.
    pub looks: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 8,
            pause: Duration::from_millis(500),
            poll: Duration::from_secs(10),
            looks: 720,
        }
    }
}

/// A connection on which nothing arrives at the other end for this long is dead.
const STALL: Duration = Duration::from_mins(2);
/// Bytes a second below which a streamed file is given up.
const SLOWEST: u64 = 32 << 10;

/// Sends calls, or prints them.
pub struct Client {
    /// None in a dry run.
    http: Option<reqwest::blocking::Client>,
    /// How often to try.
    pub patience: Patience,
    printed: Mutex<Box<dyn io::Write + Send>>,
}

impl Client {
    /// One that sends. TLS trusts what the system trusts.
    pub fn new(patience: Patience) -> Result<Self, reqwest::Error> {
        crate::block::provider();
        let http = reqwest::blocking::Client::builder()
            .user_agent(concat!("keelson-upload/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(20))
            .timeout(None)
            // A line that is dead ends the call, also one that streams a file.
            .tcp_keepalive(STALL / 4)
            .tcp_user_timeout(STALL)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http: Some(http), patience, printed: Mutex::new(Box::new(io::sink())) })
    }

    /// One that prints calls to `out`.
    pub fn dry(out: Box<dyn io::Write + Send>) -> Self {
        let patience = Patience { poll: Duration::ZERO, ..Patience::default() };
        Self { http: None, patience, printed: Mutex::new(out) }
    }

    /// Whether nothing is sent.
    pub fn is_dry(&self) -> bool {
        self.http.is_none()
    }

    /// Sends a call and gives the answer, if it is a success or expected.
    pub fn send(&self, call: &Call, auth: &dyn Authorize) -> Result<Reply, CallError> {
        self.send_with(call, auth, &ProgressBar::hidden())
    }

    /// As [`Client::send`]; a streamed file moves `bar`.
    pub fn send_with(
        &self,
        call: &Call,
        auth: &dyn Authorize,
        bar: &ProgressBar,
    ) -> Result<Reply, CallError> {
        let Some(http) = &self.http else {
            let mut out = self.printed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // Nobody reads on where the pipe is closed.
            let _ = out.write_all(call.shown().as_bytes());
            return Ok(call.assumed.clone());
        };
        let mut attempt = 1;
        let mut renewed = false;
        // Whoever streams a file looks first at what became of it.
        let is_file = matches!(call.body, Body::File { .. });
        let attempts = if is_file { 1 } else { self.patience.attempts };
        let is_over = |attempt, uncertain| attempt >= attempts || (call.once && uncertain);
        let mut doubt = false;
        let last = |error: CallError, doubt| {
            if doubt && !error.is_uncertain() {
                CallError::Doubtful(Box::new(error))
            } else {
                error
            }
        };
        loop {
            let failure = match try_once(http, call, auth, bar) {
                Ok(reply) if is_answer(call, &reply) => return Ok(reply),
                Ok(reply) => {
                    let (refusal, code, message) = refusal(&reply);
                    if refusal == Refusal::Expired && !renewed && !is_file && auth.renew() {
                        renewed = true;
                        continue;
                    }
                    let error = CallError::Refused {
                        name: call.name,
                        place: call.place().to_owned(),
                        status: reply.status,
                        code,
                        message,
                        refusal,
                    };
                    let uncertain = error.is_uncertain();
                    if refusal != Refusal::Passing || is_over(attempt, uncertain) {
                        return Err(last(error, doubt));
                    }
                    doubt |= uncertain;
                    reply.header("retry-after").and_then(|value| value.parse().ok())
                }
                Err(Attempt::Lost(reason)) => {
                    if is_over(attempt, true) {
                        let place = call.place().to_owned();
                        let lost =
                            CallError::Lost { name: call.name, place, attempts: attempt, reason };
                        return Err(lost);
                    }
                    doubt = true;
                    None
                }
                Err(Attempt::Final(error)) => return Err(last(error, doubt)),
            };
            self.wait(attempt, failure);
            attempt += 1;
        }
    }

    fn wait(&self, attempt: u32, told: Option<u64>) {
        let most = Duration::from_secs(30);
        let own = self.patience.pause.saturating_mul(1 << (attempt - 1).min(10)).min(most);
        std::thread::sleep(told.map_or(own, |seconds| Duration::from_secs(seconds).min(most * 4)));
    }
}

/// Whether a status leaves open what was done. 503 turns a call away before it begins.
fn says_nothing(status: u16) -> bool {
    status >= 500 && status != 503
}

fn is_answer(call: &Call, reply: &Reply) -> bool {
    (200..300).contains(&reply.status) || call.expected.contains(&reply.status)
}

/// Why one attempt came to nothing.
enum Attempt {
    Lost(String),
    Final(CallError),
}

fn try_once(
    http: &reqwest::blocking::Client,
    call: &Call,
    auth: &dyn Authorize,
    bar: &ProgressBar,
) -> Result<Reply, Attempt> {
    let mut call = call.clone();
    let body = in_memory(&mut call);
    auth.authorize(&mut call, &body).map_err(|error| Attempt::Final(error.into()))?;
    let method = match call.method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut request = http.request(method, &call.url);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    // A piece takes seconds; a whole image takes as long as the line does, within reason.
    request = match &call.body {
        Body::File { path, bytes } => {
            let failed = |source| Attempt::Final(CallError::Body { name: call.name, source });
            let file = File::open(path).map_err(failed)?;
            bar.set_position(0);
            request
                .timeout(Duration::from_mins(30) + Duration::from_secs(bytes / SLOWEST))
                .body(reqwest::blocking::Body::sized(bar.wrap_read(file), *bytes))
        }
        Body::Empty if matches!(call.method, Method::Get | Method::Head) => {
            request.timeout(Duration::from_mins(2))
        }
        _ => request.timeout(Duration::from_mins(5)).body(body),
    };
    let lost = |error: reqwest::Error| Attempt::Lost(causes(&error.without_url()));
    let response = request.send().map_err(lost)?;
    let status = response.status().as_u16();
    let text = |value: &reqwest::header::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect();
    let body = response.bytes().map_err(lost)?.to_vec();
    Ok(Reply { status, headers, body })
}

/// The body as bytes, with its content type added to the headers.
fn in_memory(call: &mut Call) -> Vec<u8> {
    let (bytes, kind) = match &call.body {
        Body::Empty | Body::File { .. } => return Vec::new(),
        Body::Form(fields) => {
            (form(fields).into_bytes(), "application/x-www-form-urlencoded; charset=utf-8")
        }
        Body::Json(value) | Body::Secret(value) => {
            (value.to_string().into_bytes(), "application/json")
        }
        Body::Bytes(bytes) => (bytes.to_vec(), "application/octet-stream"),
    };
    let is_set = call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !is_set {
        call.headers.push(("Content-Type".to_owned(), kind.to_owned()));
    }
    bytes
}

/// An error and what caused it, on one line.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
