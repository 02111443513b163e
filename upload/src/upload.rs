//! One upload from begin to end, whichever provider it goes to: resume, failure, clean-up, what is said at the end.

mod asking;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use serde::Serialize;
use thiserror::Error;

use crate::client::{CallError, Client};
use crate::source::{Piece, Source, SourceError};
use crate::state::{Made, StateError, StateFile, listed};

pub use asking::TOKEN;

/// What is done with the rest where one place fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OnFailure {
    /// Remove everything that this upload made, everywhere
    Rollback,
    /// Keep what is finished, go on elsewhere, and remember what is missing for the next run
    Continue,
}

/// Sends one piece.
pub type SendPiece<'a> = dyn Fn(&Piece, Vec<u8>) -> Result<(), UploadError> + Sync + 'a;

/// What a provider works with.
pub struct Job<'a> {
    /// Sends or prints.
    pub client: &'a Client,
    /// What was made.
    pub state: &'a StateFile,
    /// Pieces in flight at once.
    pub parallel: usize,
    /// What to do where one place fails.
    pub on_failure: OnFailure,
    /// Moves with what arrives.
    pub bar: ProgressBar,
}

/// An image that is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placed {
    /// Region, project or account.
    pub place: String,
    /// What a machine is started from.
    pub image: String,
}

impl Placed {
    /// Whether this is it: some providers name an image by its whole path.
    fn is(&self, made: &Made) -> bool {
        self.image == made.id || self.image.ends_with(&format!("/{}", made.id))
    }
}

/// What came of it: the images that are ready, and the places that failed while others went on.
#[derive(Debug, Default)]
pub struct Report {
    /// Ready.
    pub placed: Vec<Placed>,
    /// Failed.
    pub failed: Vec<(String, UploadError)>,
}

/// Where images go.
pub trait Provider {
    /// Uploads, or goes on where an earlier run stopped.
    fn upload(&self, job: &Job<'_>) -> Result<Report, UploadError>;

    /// Notes what was made by calls whose answers were lost, so that it can be removed.
    fn settle(&self, _: &Job<'_>) -> Result<(), UploadError> {
        Ok(())
    }

    /// Removes something that [`Provider::upload`] made. What is gone already is no failure.
    fn remove(&self, job: &Job<'_>, made: &Made) -> Result<(), UploadError>;
}

/// Why an upload failed.
#[derive(Debug, Error)]
pub enum UploadError {
    /// A call.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The image.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The provider has other bytes than were sent.
    #[error("{name}: the provider has {found} of {what}, sent was {sent}")]
    Checksum {
        /// Name of the action.
        name: &'static str,
        /// Of what.
        what: String,
        /// What it says it has.
        found: String,
        /// What it should have.
        sent: String,
    },
    /// An answer lacks something.
    #[error("{name}: the answer has no {what}")]
    Answer {
        /// Name of the action.
        name: &'static str,
        /// What it lacks.
        what: &'static str,
    },
    /// What was waited for failed at the provider.
    #[error("{what} {id} is {status}: {reason}")]
    Failed {
        /// Kind.
        what: &'static str,
        /// Identifier.
        id: String,
        /// What it ended as.
        status: String,
        /// What the provider says of it.
        reason: String,
    },
    /// What was waited for did not come.
    #[error("{what} {id} is still {status}")]
    Slow {
        /// Kind.
        what: &'static str,
        /// Identifier.
        id: String,
        /// What it was at last.
        status: String,
    },
    /// An image with this name is there already.
    #[error("{place} has an image {name} already ({id}): remove it, or give another --name")]
    Taken {
        /// Where.
        place: String,
        /// The name.
        name: String,
        /// Its identifier.
        id: String,
    },
    /// What was asked for cannot be.
    #[error("{what}: {why}")]
    Unusable {
        /// An option or a setting.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl UploadError {
    /// Whether the same command may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Call(error) => error.is_passing(),
            Self::Slow { .. } => true,
            _ => false,
        }
    }

    /// Whether what was asked for may have been done all the same.
    pub fn is_uncertain(&self) -> bool {
        match self {
            Self::Call(error) => error.is_uncertain(),
            Self::Answer { .. } | Self::State(_) => true,
            _ => false,
        }
    }
}

/// How a failed upload ended.
#[derive(Debug, Error)]
#[error("{}", self.text())]
pub struct Failure {
    /// What failed, with the place where others went on.
    pub errors: Vec<(Option<String>, UploadError)>,
    /// What stands at the provider.
    pub standing: Vec<Made>,
    /// What could not be removed, and why.
    pub stuck: Vec<(Made, String)>,
    /// Kind and place of what may stand there: no answer came.
    pub unanswered: Vec<(String, String)>,
    /// Where the state was kept to go on; none where there is nothing to go on with.
    pub state: Option<PathBuf>,
}

impl Failure {
    fn text(&self) -> String {
        let errors: Vec<String> = self
            .errors
            .iter()
            .map(|(place, error)| match place {
                Some(place) => format!("{place}: {error}"),
                None => error.to_string(),
            })
            .collect();
        let mut text = errors.join("\nerror: ");
        for (made, why) in &self.stuck {
            let _ = write!(text, "\n  {} {} could not be removed: {why}", made.kind, made.id);
        }
        text.push_str(&doubtful(&self.unanswered));
        if self.standing.is_empty() && self.unanswered.is_empty() {
            text.push_str("\n  nothing is left at the provider");
        } else if !self.standing.is_empty() {
            text.push_str("\n  at the provider stands:");
            text.push_str(&listed(&self.standing));
        }
        if let Some(state) = &self.state {
            let state = state.display();
            let _ = write!(
                text,
                "\n  to go on: the same command again ({state} knows what is done)\n  to remove it all: the same command with --abandon"
            );
        }
        text
    }
}

/// What may stand, one a line.
pub fn doubtful(unanswered: &[(String, String)]) -> String {
    unanswered.iter().fold(String::new(), |text, (kind, place)| {
        format!("{text}\n  {kind} in {place}: it may stand at the provider, no answer came")
    })
}

/// Uploads with `provider`. After a failure that will not pass, removes what was made.
pub fn run(provider: &dyn Provider, job: &Job<'_>, state: &Path) -> Result<Report, Failure> {
    let result = provider.upload(job);
    let failed = |error| failure(provider, job, vec![(None, error)], state);
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            // What was sent is worth keeping where the next run can go on with it.
            if error.is_passing()
                && let Err(error) = job.state.save()
            {
                return Err(failed(error.into()));
            }
            return Err(failed(error));
        }
    };
    if report.failed.is_empty() {
        let standing = job.state.standing();
        let is_placed = |made: &Made| report.placed.iter().any(|placed| placed.is(made));
        let unanswered = job.state.unanswered();
        let forgotten = standing.iter().any(|made| made.kind == "image" && !is_placed(made));
        if forgotten || !unanswered.is_empty() {
            let what = "an earlier run of this upload".to_owned();
            let why = "it began images in other places than this command names: all of this one are ready, and the \
                       options of that one finish the rest"
                .to_owned();
            let errors = vec![(None, UploadError::Unusable { what, why })];
            let (stuck, state) = (Vec::new(), Some(state.to_owned()));
            return Err(Failure { errors, standing, stuck, unanswered, state });
        }
        return match job.state.close() {
            Ok(()) => Ok(report),
            Err(error) => Err(Failure {
                errors: vec![(None, error.into())],
                standing: job.state.standing(),
                stuck: Vec::new(),
                unanswered: Vec::new(),
                state: None,
            }),
        };
    }
    let errors = report.failed.into_iter().map(|(place, error)| (Some(place), error)).collect();
    Err(failure(provider, job, errors, state))
}

/// Ends a failed upload: keeps what the next run can go on with, or removes everything.
fn failure(
    provider: &dyn Provider,
    job: &Job<'_>,
    errors: Vec<(Option<String>, UploadError)>,
    state: &Path,
) -> Failure {
    let passes = errors.iter().all(|(_, error)| error.is_passing());
    // Only what others do not depend on is gone on without.
    let elsewhere = errors.iter().all(|(place, _)| place.is_some());
    let keep = passes || (elsewhere && job.on_failure == OnFailure::Continue);
    let stuck = if keep { Vec::new() } else { clean(provider, job) };
    let (standing, unanswered) = (job.state.standing(), job.state.unanswered());
    let is_over = standing.is_empty() && unanswered.is_empty();
    if is_over {
        // Nothing to remember; what could not be removed would be in the list.
        let _ = job.state.close();
    }
    let state = (!is_over).then(|| state.to_owned());
    Failure { errors, standing, stuck, unanswered, state }
}

/// Removes everything that stands, last made first; gives what could not be removed. What could not be found out stays
/// unanswered in the state.
pub fn clean(provider: &dyn Provider, job: &Job<'_>) -> Vec<(Made, String)> {
    let mut stuck = Vec::new();
    // Its failure shows in the state: what it was to find out is unanswered still.
    let _ = provider.settle(job);
    for made in job.state.standing().into_iter().rev() {
        let gone = provider.remove(job, &made).and_then(|()| Ok(job.state.removed(&made)?));
        if let Err(error) = gone {
            stuck.push((made, error.to_string()));
        }
    }
    stuck
}

impl Job<'_> {
    /// Sends every piece that has not arrived yet, several at once. The first failure stops the rest.
    pub fn pieces(&self, source: &Source, send: &SendPiece<'_>) -> Result<(), UploadError> {
        self.bar.set_length(source.data());
        self.bar.set_position(0);
        let next = AtomicUsize::new(0);
        let failed: Mutex<Option<UploadError>> = Mutex::new(None);
        let stopped = || failed.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let one = |index: usize, piece: &Piece| -> Result<(), UploadError> {
            if !self.state.is_done(index) {
                send(piece, source.read(piece)?)?;
                self.state.done(index)?;
            }
            self.bar.inc(piece.bytes);
            Ok(())
        };
        let work = || {
            while !stopped() {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(piece) = source.pieces.get(index) else { return };
                if let Err(error) = one(index, piece) {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        // A dry run prints in order.
        let threads = if self.client.is_dry() { 1 } else { self.parallel.max(1) };
        std::thread::scope(|scope| {
            (0..threads).for_each(|_| {
                scope.spawn(work);
            });
        });
        self.state.save()?;
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Looks until `look` says it is there.
    pub fn wait(
        &self,
        what: &'static str,
        id: &str,
        look: &mut dyn FnMut() -> Result<Seen, UploadError>,
    ) -> Result<(), UploadError> {
        let mut last = String::new();
        for _ in 0..self.client.patience.looks {
            match look()? {
                Seen::Ready => return Ok(()),
                Seen::Failed { status, reason } => {
                    return Err(UploadError::Failed { what, id: id.to_owned(), status, reason });
                }
                Seen::Pending(status) => {
                    self.bar.set_message(format!("{what} {id}: {status}"));
                    last = status;
                }
            }
            std::thread::sleep(self.client.patience.poll);
        }
        Err(UploadError::Slow { what, id: id.to_owned(), status: last })
    }
}

/// What a look found.
pub enum Seen {
    /// It is there.
    Ready,
    /// Not yet; the provider's word for where it is.
    Pending(String),
    /// It will not be.
    Failed {
        /// The provider's word.
        status: String,
        /// Why.
        reason: String,
    },
}
