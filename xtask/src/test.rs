//! `cargo xtask test`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use keelson_qemu_tests::tools::{JUDGE_PACKAGES, MACHINE_PACKAGES, SERVICE_PACKAGES};

use crate::build_image::{self, BoardArgs};
use crate::sdk::SdkArgs;
use crate::{upload, workspace};

/// Build the image, then run all tests, boot tests included
///
/// Everything the tests need is fetched and built first. The boot tests boot the production image
/// of amd64-usr, signed with the development keys, in QEMU; their serial logs are kept in
/// target/qemu-tests/.
#[derive(clap::Args, Default)]
pub struct Args {
    /// Run only the tests whose names contain this
    filter: Option<String>,
    /// Leave out the tests that boot machines
    #[arg(long, conflicts_with = "boot")]
    unit: bool,
    /// Run only the tests that boot machines
    #[arg(long)]
    boot: bool,
    #[command(flatten)]
    sdk: SdkArgs,
}

/// The package whose tests boot machines.
const BOOT_TESTS: &str = "keelson-qemu-tests";
/// Machines take turns by themselves. Several tests look at one boot: there must be more threads than such tests, or
/// those that wait for it would keep all others from starting.
const BOOT_THREADS: usize = 12;

pub fn main(args: &Args) -> Result<ExitCode> {
    let root = workspace::root()?;
    let runs = runs(args);
    if !args.unit {
        std::thread::scope(|scope| {
            // Linking the programs of the image keeps one processor busy.
            for run in runs.iter().filter(|run| run.is_apart()) {
                scope.spawn(|| compile(&root, run));
            }
            prepare(args, &root)
        })?;
    }
    let mut failed = Vec::new();
    for run in &runs {
        failed.extend(cargo_test(&root, run, args.filter.as_deref())?);
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!("tests failed; consoles of machines are in target/qemu-tests\n  {}", failed.join("\n  "))
}

/// Builds the image and fetches what else the boot tests need.
fn prepare(args: &Args, root: &Path) -> Result<()> {
    let mut build = build_image::Args::of(BoardArgs::standard(), &args.sdk);
    build.all_formats = true;
    build_image::run(&build)?;
    let manifests = build.board.load(root)?;
    let sdk = args.sdk.open()?;
    sdk.tools(&manifests.lock, &judges())?;
    sdk.tools(&manifests.lock, &SERVICE_PACKAGES.map(str::to_owned))?;
    Ok(())
}

/// One run of `cargo test`.
struct Run {
    /// Which packages.
    packages: Vec<&'static str>,
    /// How many tests run at once; the harness's own number is one per processor.
    threads: Option<usize>,
}

fn runs(args: &Args) -> Vec<Run> {
    let mut runs = Vec::new();
    if !args.boot {
        // The core utilities are two hundred crates, and the probe and the fuzz targets have no test harness.
        let without = [
            "keelson-coreutils",
            "keelson-container-probe",
            "keelson-fuzz",
            BOOT_TESTS,
            upload::PACKAGE,
        ];
        let packages = std::iter::once("--workspace")
            .chain(without.into_iter().flat_map(|name| ["--exclude", name]));
        runs.push(Run { packages: packages.collect(), threads: None });
        let packages = vec!["--package", upload::PACKAGE, "--profile", upload::PROFILE];
        runs.push(Run { packages, threads: None });
    }
    if !args.unit {
        runs.push(Run { packages: vec!["--package", BOOT_TESTS], threads: Some(BOOT_THREADS) });
    }
    runs
}

impl Run {
    /// Whether cargo compiles it into a folder of its own. The others may replace this program, by which the builder
    /// knows what it built with.
    fn is_apart(&self) -> bool {
        self.packages.contains(&"--profile")
    }

    fn command(&self, root: &Path) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // All targets: no documentation has code that runs.
        cargo.args(["test", "--locked", "--no-fail-fast", "--all-targets"]).args(&self.packages);
        cargo.current_dir(root);
        cargo
    }
}

/// Compiles tests ahead of their run, which tells what is wrong with them.
fn compile(root: &Path, run: &Run) {
    let _told_later =
        run.command(root).args(["--no-run", "--quiet"]).stderr(Stdio::null()).status();
}

/// Runs tests, all of them whatever fails, and shows what they say. Gives the names of those that failed.
fn cargo_test(root: &Path, run: &Run, filter: Option<&str>) -> Result<Vec<String>> {
    let mut cargo = run.command(root);
    cargo.args(filter).stdout(Stdio::piped());
    if let Some(threads) = run.threads {
        cargo.args(["--", "--test-threads", &threads.to_string()]);
    }
    let mut child = cargo.spawn().context("running cargo test")?;
    let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
    let (mut line, mut failed) = (Vec::new(), Vec::new());
    while output.read_until(b'\n', &mut line).context("reading what cargo test says")? > 0 {
        std::io::stdout().write_all(&line).context("showing what cargo test says")?;
        failed.extend(failed_test(&String::from_utf8_lossy(&line)).map(str::to_owned));
        line.clear();
    }
    let status = child.wait().context("running cargo test")?;
    if !status.success() && failed.is_empty() {
        failed.push(format!("cargo test {}: {status}", run.packages.join(" ")));
    }
    Ok(failed)
}

/// The test that a line of the harness says has failed.
fn failed_test(line: &str) -> Option<&str> {
    line.trim_end().strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// Names of the Debian packages of every program that the tests run.
fn judges() -> Vec<String> {
    MACHINE_PACKAGES.iter().chain(&JUDGE_PACKAGES).map(|&name| name.to_owned()).collect()
}

/// Names of all Debian packages that the tests need.
pub fn tools() -> Vec<String> {
    let services = SERVICE_PACKAGES.map(str::to_owned);
    judges().into_iter().chain(services).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_told_by_the_lines_of_the_harness() {
        for (line, name) in [
            ("test bios::it_boots ... FAILED\n", Some("bios::it_boots")),
            ("test bios::it_boots ... ok\n", None),
            ("test result: FAILED. 1 passed; 1 failed;\n", None),
            ("a guest says: test x ... FAILED\n", None),
        ] {
            assert_eq!(failed_test(line), name, "{line}");
        }
    }

    #[test]
    fn everything_is_tested_unless_a_part_is_asked_for() {
        let packages = |unit, boot| -> Vec<_> {
            let args = Args { unit, boot, ..Args::default() };
            runs(&args).into_iter().map(|run| run.packages[..2].join(" ")).collect()
        };
        let all =
            ["--workspace --exclude", "--package keelson-upload", "--package keelson-qemu-tests"];
        assert_eq!(packages(false, false), all);
        assert_eq!(packages(true, false), all[..2]);
        assert_eq!(packages(false, true), all[2..]);
    }
}
