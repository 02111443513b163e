//! The emulators: packages of Python's and Node's registries, at the versions and digests in `requirements.txt` and
//! `package-lock.json`, installed into the cache by pip and npm of this host.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// An emulator that runs until it is dropped.
pub struct Emulator {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// Its data, where it keeps any.
    _folder: tempfile::TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This folder.
pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn cache() -> PathBuf {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let folder = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    folder.expect("HOME is set").join("keelson/upload-tests")
}

fn succeed(command: &mut Command, missing: &str) {
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{command:?}: {}\n{}\n{missing}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("{command:?}: {error}\n{missing}"),
    }
}

/// A folder of the cache for this lock file, filled by `install` if it is not there.
fn installed(lock: &str, install: impl Fn(&Path)) -> PathBuf {
    let digest = Sha256::digest(fs::read(here().join(lock)).expect("a lock file"));
    let name: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = cache().join(format!("{lock}-{name}"));
    fs::create_dir_all(cache()).expect("a cache that can be written");
    // Tests of other processes wait here.
    let guard = File::create(cache().join(format!("{lock}.lock"))).expect("a lock");
    guard.lock().expect("a lock");
    if !folder.join("complete").exists() {
        // Left by an install that was interrupted.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        install(&folder);
        fs::write(folder.join("complete"), "").expect("a mark");
    }
    folder
}

/// The Python of an environment with moto, Glance and the storage emulator. An install that fails is not tried again by
/// the next test.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = installed("requirements.txt", |folder| {
        let missing = "the tests of uploads need Python 3.11 or newer with venv and pip (Debian: python3-venv)";
        succeed(Command::new("python3").args(["-m", "venv"]).arg(folder), missing);
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--no-input"]);
        // The one package that has no wheel.
        pip.arg("--no-binary=simplegeneric");
        pip.args(["--disable-pip-version-check", "-r"]).arg(here().join("requirements.txt"));
        succeed(
            &mut pip,
            "the packages could not be installed: is the registry of Python packages reachable?",
        );
    });
    folder.join("bin/python")
});

/// The folder of an install of Azurite.
static NODE: LazyLock<PathBuf> = LazyLock::new(|| {
    installed("package-lock.json", |folder| {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(here().join(name), folder.join(name)).expect("a copy");
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
        succeed(
            &mut npm,
            "the tests of uploads need Node.js 20 or newer with npm (Debian: npm), and its registry",
        );
    })
});

/// Starts a program, and waits for the line that says it is ready.
fn start(mut command: Command, port: u16, ready: &str) -> Emulator {
    let folder = tempfile::tempdir().expect("a folder");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    command.stdin(Stdio::null()).stdout(writer.try_clone().expect("a pipe")).stderr(writer);
    command.current_dir(folder.path()).env("PYTHONUNBUFFERED", "1").env("PYTHONWARNINGS", "ignore");
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let emulator = Emulator { child, address: format!("127.0.0.1:{port}"), _folder: folder };
    // The write ends of the pipe close with the program.
    drop(command);
    let mut lines = BufReader::new(reader).lines();
    let mut said = Vec::new();
    loop {
        match lines.next() {
            Some(Ok(line)) if line.contains(ready) => break,
            Some(Ok(line)) => said.push(line),
            _ => panic!("the emulator ended:\n{}", said.join("\n")),
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    emulator
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

fn program(path: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(arguments);
    command
}

/// moto: EC2 and EBS.
pub fn moto() -> Emulator {
    let port = free_port();
    let arguments = ["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()];
    let mut command = program(PYTHON.as_path(), &arguments);
    command.env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false");
    start(command, port, "Running on http")
}

/// The storage emulator with a bucket `images`.
pub fn storage() -> Emulator {
    let port = free_port();
    let number = port.to_string();
    let arguments =
        ["-m", "gcp_storage_emulator", "start", "--host", "127.0.0.1", "--port", &number];
    let mut command = program(PYTHON.as_path(), &arguments);
    command.args(["--in-memory", "--default-bucket", "images"]);
    start(command, port, "All services started")
}

/// Azurite's blob service.
pub fn azurite() -> Emulator {
    let port = free_port();
    let arguments =
        ["--inMemoryPersistence", "--disableTelemetry", "--blobPort", &port.to_string()];
    let command = program(NODE.join("node_modules/.bin/azurite-blob"), &arguments);
    start(command, port, "successfully listens")
}

/// Glance, without Keystone in front of it.
pub fn glance() -> Emulator {
    let port = free_port();
    let script = here().join("image_service.py");
    let mut command = Command::new(PYTHON.as_path());
    command.arg(script).arg(port.to_string());
    start(command, port, "glance is ready")
}

/// The output of a script of this folder.
pub fn script(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(PYTHON.as_path())
        .arg(here().join(name))
        .args(arguments)
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
