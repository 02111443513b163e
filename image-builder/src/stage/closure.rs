//! The closure of shared libraries: what the programs of the tree need, taken from the packages.

use std::collections::VecDeque;

use keelson_sdk::Package;

use super::{StageError, Staged, package_file};
use crate::elf::{self, Needs};
use crate::tree::{Kind, Node, Tree};
use keelson_disk::content::Content;

/// Where the dynamic loader of Debian looks, and where libraries are put.
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// Where packages may have libraries.
const FOLDERS: [&str; 3] = [LIBRARIES, "usr/lib", "usr/lib64"];

/// Adds every library that a program of the tree needs and that is not there.
pub(super) fn add_libraries(staged: &mut Staged, packages: &[Package]) -> Result<(), StageError> {
    let programs = staged.tree.iter().filter(|(path, node)| {
        matches!(node.kind, Kind::File(_)) && !path.starts_with("usr/lib/modules/")
    });
    let mut queue: VecDeque<String> = programs.map(|(path, _)| path.to_owned()).collect();
    while let Some(path) = queue.pop_front() {
        let node = staged.tree.get(&path).expect("the queue holds paths of the tree");
        let Kind::File(content) = &node.kind else { continue };
        let origin = node.origin.clone();
        let Some(needs) = read_needs(&path, content)? else { continue };
        let missing = |library: &str| StageError::MissingLibrary {
            library: library.to_owned(),
            path: path.clone(),
            recipe: origin.clone(),
        };
        if let Some(interpreter) = &needs.interpreter {
            let interpreter = interpreter.trim_start_matches('/');
            if staged.tree.resolve(interpreter).is_none() {
                let name = interpreter.rsplit('/').next().unwrap_or(interpreter);
                let added = add(staged, packages, name).ok_or_else(|| missing(name))??;
                let link = Kind::Link(format!("../{}", added.trim_start_matches("usr/")));
                let at = format!("usr/{interpreter}");
                staged.tree.insert(&at, Node::new(0o777, &origin, link))?;
                queue.push_back(added);
            }
        }
        for library in &needs.libraries {
            if !is_there(&staged.tree, &path, &needs, library) {
                queue.push_back(add(staged, packages, library).ok_or_else(|| missing(library))??);
            }
        }
    }
    Ok(())
}

fn read_needs(path: &str, content: &Content) -> Result<Option<Needs>, StageError> {
    let mut magic = [0; 4];
    let is_elf =
        std::io::Read::read_exact(&mut content.open()?, &mut magic).is_ok() && magic == *b"\x7fELF";
    if !is_elf {
        return Ok(None);
    }
    elf::needs(&content.read()?).map_err(|error| StageError::Elf { path: path.to_owned(), error })
}

fn is_there(tree: &Tree, path: &str, needs: &Needs, library: &str) -> bool {
    let origin = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let own = needs.search.iter().map(|folder| {
        folder.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", &format!("/{origin}"))
    });
    own.chain(FOLDERS.map(str::to_owned))
        .any(|folder| tree.resolve(&format!("{folder}/{library}")).is_some())
}

/// Adds a library by its name and says where; `None` if no package has it.
fn add(
    staged: &mut Staged,
    packages: &[Package],
    library: &str,
) -> Option<Result<String, StageError>> {
    let (package, file) =
        FOLDERS.iter().find_map(|folder| package_file(packages, &format!("{folder}/{library}")))?;
    let to = format!("{LIBRARIES}/{library}");
    let node = Node::new(0o755, &package.name, Kind::File(Content::File(file)));
    staged.packages.insert(package.name.clone());
    Some(staged.tree.insert(&to, node).map(|()| to).map_err(StageError::from))
}
