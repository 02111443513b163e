//! What a person sees while the build works: bars on a terminal, plain lines elsewhere, nothing but
//! warnings when a program reads the output. It prints to standard error only and decides nothing.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where steps, bars and warnings go. Clones share one output.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    style: Style,
    bars: MultiProgress,
    warnings: Mutex<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Bars,
    Lines,
    Quiet,
}

/// Steps shorter than this leave no line behind on a terminal.
const WORTH_A_LINE: Duration = Duration::from_millis(300);

/// How often a long transfer says how far it is where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

impl Progress {
    /// Bars if standard error is a terminal, plain lines otherwise.
    pub fn auto() -> Self {
        Self::new(if std::io::stderr().is_terminal() { Style::Bars } else { Style::Lines })
    }

    /// Plain lines, one at the start of each step.
    pub fn plain() -> Self {
        Self::new(Style::Lines)
    }

    /// Warnings alone: for `--json` and tests.
    pub fn quiet() -> Self {
        Self::new(Style::Quiet)
    }

    fn new(style: Style) -> Self {
        Self(Arc::new(Inner {
            style,
            bars: MultiProgress::new(),
            warnings: Mutex::new(Vec::new()),
        }))
    }

    /// Begins a step of unknown length. It ends when the guard is dropped.
    pub fn step(&self, label: impl Into<String>) -> Step {
        let label = label.into();
        let bar = match self.0.style {
            Style::Bars => {
                let bar = self.0.bars.add(ProgressBar::new_spinner());
                bar.set_style(template("{spinner} {prefix} {wide_msg:.dim}"));
                bar.set_prefix(label.clone());
                bar.enable_steady_tick(Duration::from_millis(120));
                Some(bar)
            }
            Style::Lines => {
                self.line(&label);
                None
            }
            Style::Quiet => None,
        };
        Step { progress: self.clone(), label, bar, started: Instant::now() }
    }

    /// Begins a step that will handle `total` bytes.
    pub fn bytes(&self, label: impl Into<String>, total: u64) -> Meter {
        self.meter(
            label.into(),
            total,
            "{spinner} {prefix} [{bar:30}] {bytes}/{total_bytes} {eta}",
            Unit::Bytes,
        )
    }

    /// Begins a step that will handle `total` things.
    pub fn items(&self, label: impl Into<String>, total: u64) -> Meter {
        self.meter(label.into(), total, "{spinner} {prefix} [{bar:30}] {pos}/{len}", Unit::Items)
    }

    fn meter(&self, label: String, total: u64, style: &str, unit: Unit) -> Meter {
        let step = match self.0.style {
            Style::Bars => {
                let bar = self.0.bars.add(ProgressBar::new(total));
                bar.set_style(template(style).progress_chars("=> "));
                bar.set_prefix(label.clone());
                bar.enable_steady_tick(Duration::from_millis(120));
                Step { progress: self.clone(), label, bar: Some(bar), started: Instant::now() }
            }
            Style::Lines | Style::Quiet => self.step(label),
        };
        Meter { step, total, unit, done: AtomicU64::new(0), told: Mutex::new(Instant::now()) }
    }

    /// Says something the user should know and act on; the build goes on.
    pub fn warn(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        self.line(&format!("warning: {text}"));
    }

    /// Says something worth a line; silent where only warnings are wanted.
    pub fn note(&self, text: impl AsRef<str>) {
        if self.0.style != Style::Quiet {
            self.line(text.as_ref());
        }
    }

    /// Every warning so far, in order: programs with machine-readable output repeat them there.
    pub fn warnings(&self) -> Vec<String> {
        self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn line(&self, text: &str) {
        // A closed standard error must not end the build.
        self.0.bars.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }
}

/// The template is a constant of this file.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).expect("the template is well formed")
}

/// A step in progress; dropping it ends the step.
#[derive(Debug)]
#[must_use = "the step ends when this is dropped"]
pub struct Step {
    progress: Progress,
    label: String,
    bar: Option<ProgressBar>,
    started: Instant,
}

impl Step {
    /// Shows what the step is at now, for example the crate being compiled.
    pub fn detail(&self, text: &str) {
        match (&self.bar, self.progress.0.style) {
            (Some(bar), _) => bar.set_message(text.to_owned()),
            (None, Style::Lines) => self.progress.line(&format!("  {text}")),
            (None, _) => {}
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            if took >= WORTH_A_LINE {
                self.progress.line(&format!("{} ({:.1} s)", self.label, took.as_secs_f64()));
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    Bytes,
    Items,
}

/// A step of known length; dropping it ends the step. It may be shared by threads.
#[derive(Debug)]
#[must_use = "the step ends when this is dropped"]
pub struct Meter {
    step: Step,
    total: u64,
    unit: Unit,
    done: AtomicU64,
    told: Mutex<Instant>,
}

impl Meter {
    /// Adds to what is done.
    pub fn add(&self, amount: u64) {
        let before = self.done.fetch_add(amount, Ordering::Relaxed);
        self.show(before + amount);
    }

    /// Sets what is done.
    pub fn set(&self, amount: u64) {
        self.done.store(amount, Ordering::Relaxed);
        self.show(amount);
    }

    fn show(&self, done: u64) {
        if let Some(bar) = &self.step.bar {
            bar.set_position(done);
            return;
        }
        if self.step.progress.0.style == Style::Quiet || done >= self.total {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= LINE_INTERVAL {
            *told = Instant::now();
            let text = match self.unit {
                Unit::Bytes => {
                    format!("  {:.1} of {:.1} MB", megabytes(done), megabytes(self.total))
                }
                Unit::Items => format!("  {done} of {}", self.total),
            };
            self.step.progress.line(&text);
        }
    }
}

/// Bytes as the megabytes (10^6) that people read.
#[expect(
    clippy::cast_precision_loss,
    reason = "one decimal is shown, far fewer digits than an f64 has"
)]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
