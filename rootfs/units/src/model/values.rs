//! Values of systemd.exec(5) that are more than a number or a path.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::words::Word;

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a prefix of its own")]
pub struct Command {
    /// The program and its arguments, variables not yet put in.
    pub words: Vec<Word>,
    /// `-`: failure is no failure.
    pub may_fail: bool,
    /// `@`: the second word is `argv[0]`.
    pub own_argv0: bool,
    /// `+`: no user, no sandbox.
    pub privileged: bool,
    /// `!` and `!!`: the sandbox, but not the user.
    pub keep_user: bool,
    /// `:`: no variables are put in.
    pub literal: bool,
    /// `|`: run by a shell.
    pub shell: bool,
}

/// A file of `EnvironmentFile=`, which may be a glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// Where it is.
    pub path: PathBuf,
    /// `-`: it may be missing.
    pub may_miss: bool,
}

/// The five kinds of folders that are made for a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirectoryKind {
    /// `/run`
    Runtime,
    /// `/var/lib`
    State,
    /// `/var/cache`
    Cache,
    /// `/var/log`
    Logs,
    /// `/etc`
    Configuration,
}

/// A folder of `RuntimeDirectory=` and its sisters, relative to the base of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDirectory {
    /// Relative path.
    pub path: PathBuf,
    /// Symlinks to it, relative.
    pub links: Vec<PathBuf>,
    /// `:ro`
    pub read_only: bool,
}

/// Where standard input comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// `/dev/null`
    #[default]
    Null,
    /// `tty`: waits for the terminal, which becomes the controlling one.
    Tty,
    /// `tty-force`
    TtyForce,
    /// `tty-fail`
    TtyFail,
    /// `data`: `StandardInputText=` and `StandardInputData=`.
    Data,
    /// `file:`
    File(PathBuf),
    /// `socket`: the connection that activated it.
    Socket,
    /// `fd:NAME`
    Descriptor(String),
}

/// Where standard output and error go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// As standard input (output), or as standard output (error).
    Inherit,
    /// Nowhere.
    Null,
    /// The terminal of `TTYPath=`.
    Tty,
    /// The log.
    Journal,
    /// The log and the console.
    JournalAndConsole,
    /// The kernel's ring buffer.
    Kmsg,
    /// `kmsg+console`
    KmsgAndConsole,
    /// `file:`
    File(PathBuf),
    /// `append:`
    Append(PathBuf),
    /// `truncate:`
    Truncate(PathBuf),
    /// `socket`
    Socket,
    /// `fd:NAME`
    Descriptor(String),
}

/// A setting such as `ProtectSystem=` with more steps than yes and no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protect {
    /// `no`
    #[default]
    No,
    /// `yes`
    Yes,
    /// `full` of `ProtectSystem=`; `read-only` of `ProtectHome=`; `private` of `ProtectControlGroups=`.
    Full,
    /// `strict` of `ProtectSystem=` and `ProtectControlGroups=`; `tmpfs` of `ProtectHome=`.
    Strict,
}

/// A credential.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// `LoadCredential=ID:PATH`: a file, a folder, or a socket; a relative path is looked for among the system's.
    Load(PathBuf),
    /// `SetCredential=ID:VALUE`: used where `Load` finds nothing.
    Set(Vec<u8>),
}

/// Secrets are never shown.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Load(path) => f.debug_tuple("Load").field(path).finish(),
            Self::Set(value) => write!(f, "Set({} bytes)", value.len()),
        }
    }
}

/// A path that may be missing (`-`) or is taken below `RootDirectory=` (`+`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespacePath {
    /// The absolute path.
    pub path: PathBuf,
    /// `-`
    pub may_miss: bool,
    /// `+`
    pub below_root: bool,
}

/// `BindPaths=` and `BindReadOnlyPaths=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindMount {
    /// Outside.
    pub source: PathBuf,
    /// Inside.
    pub target: PathBuf,
    /// `-`
    pub may_miss: bool,
    /// `norbind`
    pub not_recursive: bool,
    /// `BindReadOnlyPaths=`
    pub read_only: bool,
}

/// `SystemCallFilter=` with sets resolved to names by whoever installs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Whether `names` are what is allowed (else what is refused).
    pub allow: bool,
    /// System calls and `@sets` in the order written: what is put into the list and what is taken out again. A set
    /// taken out may overlap one put in before it, so the order counts.
    pub steps: Vec<FilterStep>,
}

/// One name of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterStep {
    /// Whether it is put into the list (else taken out).
    pub add: bool,
    /// A system call or an `@set`.
    pub name: String,
    /// Its own errno; none is the filter's. `kill` is -1.
    pub errno: Option<i32>,
}

/// A list that is either what is allowed or what is refused (`~`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restriction<T: Ord> {
    /// Whether the members are what is allowed.
    pub allow: bool,
    /// The members.
    pub members: BTreeSet<T>,
}

/// Soft and hard limit; none is infinity.
pub type LimitPair = (Option<u64>, Option<u64>);
