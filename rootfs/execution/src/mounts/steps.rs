//! From what lies where to the steps that make it so.

use std::ffi::CString;
use std::path::Path;

use keelson_units::model::ExecSettings;

use super::action::{MountAction, New};
use super::entries::{NO_EXECUTE, NO_SUID, READ_ONLY};
pub use super::entries::{Places, layout};
use super::{Content, Entry, Layout, Rights};
use crate::plan::{Action, Plan, Slot};
use crate::prepare::cstring;
use crate::spawn::SpawnError;
use crate::stage::Stage;

/// The nodes of a private /dev: name, major and minor.
const NODES: [(&std::ffi::CStr, u32, u32); 6] = [
    (c"null", 1, 3),
    (c"zero", 1, 5),
    (c"full", 1, 7),
    (c"random", 1, 8),
    (c"urandom", 1, 9),
    (c"tty", 5, 0),
];
/// Its links.
const LINKS: [(&std::ffi::CStr, &std::ffi::CStr); 7] = [
    (c"ptmx", c"pts/ptmx"),
    (c"fd", c"/proc/self/fd"),
    (c"stdin", c"/proc/self/fd/0"),
    (c"stdout", c"/proc/self/fd/1"),
    (c"stderr", c"/proc/self/fd/2"),
    (c"core", c"/proc/kcore"),
    (c"log", c"/run/systemd/journal/dev-log"),
];
/// Folders in it for mounts of their own.
const FOLDERS: [&std::ffi::CStr; 4] = [c"pts", c"shm", c"mqueue", c"hugepages"];
/// The nodes that hide a folder and a file; [`prepare_nodes`] makes them.
const HIDDEN: [&str; 2] = ["/run/systemd/inaccessible/dir", "/run/systemd/inaccessible/reg"];

const SLAVE: u64 = libc::MS_SLAVE | libc::MS_REC;

/// Makes the nodes that hide others, which nobody can open.
pub fn prepare_nodes() -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let [folder, file] = HIDDEN.map(Path::new);
    if file.exists() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create("/run/systemd/inaccessible")?;
    if !folder.exists() {
        std::fs::DirBuilder::new().mode(0o000).create(folder)?;
    }
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o000).open(file)?;
    Ok(())
}

/// Adds all steps of the namespace, which is entered already.
pub fn plan(plan: &mut Plan, exec: &ExecSettings, places: &Places) -> Result<(), SpawnError> {
    let layout = layout(exec, places);
    mount(plan, MountAction::Propagation { flags: SLAVE });
    let mut steps = Steps::begin(plan, places)?;
    steps.contents(&layout)?;
    steps.rights(&layout)?;
    let (root, inside) = (steps.root, places.root.is_some());
    if inside {
        mount(plan, MountAction::ChangeRoot { slot: root });
    }
    let flags = match exec.mount_flags {
        Some("shared") => libc::MS_SHARED,
        Some("private") => libc::MS_PRIVATE,
        _ => return Ok(()),
    };
    mount(plan, MountAction::Propagation { flags: flags | libc::MS_REC });
    Ok(())
}

fn mount(plan: &mut Plan, action: MountAction) {
    plan.step(Stage::Namespace, Action::Mount(action));
}

/// The plan with the folders that paths are looked up below.
struct Steps<'a> {
    plan: &'a mut Plan,
    /// The host's root.
    host: Slot,
    /// The root the process will have.
    root: Slot,
    /// The nodes that hide: folder and file.
    hidden: (Slot, Slot),
}

impl<'a> Steps<'a> {
    fn begin(plan: &'a mut Plan, places: &Places) -> Result<Self, SpawnError> {
        let host = plan.slot(-1);
        mount(plan, MountAction::OpenFolder { root: None, path: CString::from(c"/"), slot: host });
        let hidden = (plan.slot(-1), plan.slot(-1));
        let mut steps = Self { plan, host, root: host, hidden };
        if let Some(root) = &places.root {
            let path = cstring(root, Stage::Chroot)?;
            let tree = steps.clone_tree(host, &path, true, false);
            let attach = |path: CString| MountAction::Attach {
                slot: tree,
                root: host,
                path,
                may_miss: false,
                create: Vec::new(),
            };
            steps.push(attach(path.clone()));
            steps.root = steps.plan.slot(-1);
            let slot = steps.root;
            steps.push(MountAction::OpenFolder { root: Some(host), path, slot });
        }
        Ok(steps)
    }

    fn push(&mut self, action: MountAction) {
        mount(self.plan, action);
    }

    fn clone_tree(&mut self, root: Slot, path: &CString, recursive: bool, may_miss: bool) -> Slot {
        let slot = self.plan.slot(-1);
        self.push(MountAction::Clone { root, path: path.clone(), recursive, may_miss, slot });
        slot
    }

    /// Sources are cloned before anything covers them, then attached from the top down.
    fn contents(&mut self, layout: &Layout) -> Result<(), SpawnError> {
        let contents: Vec<(&Path, &Entry, &Content)> = layout
            .entries
            .iter()
            .filter_map(|(path, entry)| Some((path.as_path(), entry, entry.content.as_ref()?)))
            .collect();
        let mut sources = Vec::new();
        for (_, entry, content) in &contents {
            sources.push(match content {
                Content::Bind { source, recursive } => {
                    let source = cstring(source, Stage::Namespace)?;
                    Some(self.clone_tree(self.host, &source, *recursive, entry.may_miss))
                }
                Content::Devices => Some(self.devices()),
                Content::New(_) | Content::Hidden => None,
            });
        }
        if contents.iter().any(|(_, _, content)| **content == Content::Hidden) {
            let [folder, file] = HIDDEN.map(|path| CString::new(path).unwrap_or_default());
            let slots = [self.hidden.0, self.hidden.1];
            for (path, slot) in [folder, file].into_iter().zip(slots) {
                self.push(MountAction::OpenFolder { root: Some(self.host), path, slot });
            }
        }
        for ((path, entry, content), source) in contents.into_iter().zip(sources) {
            match (content, source) {
                (_, Some(slot)) => self.attach(slot, path, entry.may_miss, true)?,
                (Content::New(new), None) => {
                    let slot = self.plan.slot(-1);
                    self.push(MountAction::Make { new: new.clone(), slot });
                    self.attach(slot, path, entry.may_miss, !entry.may_miss)?;
                }
                _ => {
                    let (root, (folder, file)) = (self.root, self.hidden);
                    let (path, may_miss) = (cstring(path, Stage::Namespace)?, entry.may_miss);
                    self.push(MountAction::Hide { root, path, may_miss, folder, file });
                }
            }
        }
        Ok(())
    }

    /// Every path with rights of its own is cloned first, then all are attached: a clone has the rights of before.
    fn rights(&mut self, layout: &Layout) -> Result<(), SpawnError> {
        let mut trees = Vec::new();
        for (path, entry, rights) in layout.own_rights() {
            let path_text = cstring(path, Stage::Namespace)?;
            let slot = self.clone_tree(self.root, &path_text, true, entry.may_miss);
            self.attributes(slot, rights);
            trees.push((path, slot));
        }
        // The root cannot be covered; its own mounts are changed.
        let whole = layout.rights(Path::new("/"));
        if whole != Rights::default() {
            self.attributes(self.root, whole);
        }
        trees.into_iter().try_for_each(|(path, slot)| self.attach(slot, path, false, false))
    }

    fn attributes(&mut self, slot: Slot, rights: Rights) {
        let read_only = if rights.read_only { READ_ONLY } else { 0 };
        let set = read_only | if rights.no_execute { NO_EXECUTE } else { 0 };
        if set != 0 {
            self.push(MountAction::Attributes { slot, set, clear: 0, recursive: true });
        }
    }

    fn attach(
        &mut self,
        slot: Slot,
        path: &Path,
        may_miss: bool,
        create: bool,
    ) -> Result<(), SpawnError> {
        let create = if create { folders_of(path)? } else { Vec::new() };
        let (root, path) = (self.root, cstring(path, Stage::Namespace)?);
        self.push(MountAction::Attach { slot, root, path, may_miss, create });
        Ok(())
    }

    /// A /dev with pseudo devices only.
    fn devices(&mut self) -> Slot {
        let slot = self.plan.slot(-1);
        let value = |text: &std::ffi::CStr| Some(CString::from(text));
        let options =
            vec![(CString::from(c"mode"), value(c"0755")), (CString::from(c"size"), value(c"4m"))];
        let kind = CString::from(c"tmpfs");
        let new = New { kind, options, attributes: NO_SUID | NO_EXECUTE, optional: false };
        self.push(MountAction::Make { new, slot });
        for (name, major, minor) in NODES {
            let (name, device) = (CString::from(name), libc::makedev(major, minor));
            self.push(MountAction::Node { slot, name, mode: libc::S_IFCHR | 0o666, device });
        }
        for (name, target) in LINKS {
            let (name, target) = (CString::from(name), CString::from(target));
            self.push(MountAction::Link { slot, name, target });
        }
        for name in FOLDERS {
            self.push(MountAction::Folder { slot, name: CString::from(name) });
        }
        slot
    }
}

/// Every folder on the way to a path with the name in it.
fn folders_of(path: &Path) -> Result<Vec<(CString, CString)>, SpawnError> {
    let mut pairs = Vec::new();
    for path in path.ancestors() {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            let parent = cstring(parent, Stage::Namespace)?;
            pairs.push((parent, cstring(Path::new(name), Stage::Namespace)?));
        }
    }
    pairs.reverse();
    Ok(pairs)
}
