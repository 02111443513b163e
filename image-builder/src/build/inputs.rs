//! What a plan needs from outside: packages and compiled programs, through the SDK.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use keelson_sdk::cargo::{CrateProgram, WorkspaceProgram};
use keelson_sdk::{Lock, Package, Provided, Request, Sdk};

use super::BuildError;
use crate::plan::Plan;
use crate::recipe::DefaultFeatures;
pub(super) use crate::stage::Inputs;

/// Packages of the tools that every build runs.
pub const BUILD_TOOLS: [&str; 3] = ["erofs-utils", "grub-common", "grub-pc-bin"];

impl Inputs {
    pub(super) fn new(
        packages: Vec<Package>,
        programs: BTreeMap<String, PathBuf>,
        workspace: &Path,
    ) -> Self {
        Self { packages, programs, workspace: workspace.to_owned() }
    }
}

/// Held while a build writes below a board's folder.
pub(super) fn lock_folder(folder: &Path) -> Result<fs::File, BuildError> {
    let file = fs::OpenOptions::new().create(true).append(true).open(folder.join(".lock"))?;
    file.file().lock()?;
    Ok(file)
}

/// The request for the packages of a plan's image.
pub fn image_request(plan: &Plan) -> Request {
    let image = plan.debian_packages().into_iter().map(str::to_owned).collect();
    Request { image, tools: Vec::new() }
}

pub(super) fn packages(sdk: &Sdk, plan: &Plan, lock: &Lock) -> Result<Provided, BuildError> {
    Ok(sdk.provide(lock, &image_request(plan))?)
}

/// Compiles the programs of a plan; gives each binary's file by its name.
///
/// Each package is compiled alone, so that a program is the same bytes whichever others a board has.
pub(super) fn programs(
    sdk: &Sdk,
    plan: &Plan,
    workspace: &Path,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let mut programs = BTreeMap::new();
    for source in plan.workspace_programs() {
        let program = |binary: &String| WorkspaceProgram {
            package: source.package.clone(),
            binary: binary.clone(),
        };
        let wanted: Vec<_> = source.binaries.iter().map(program).collect();
        programs.extend(sdk.build_workspace(workspace, &wanted, &workspace.join("target"))?);
    }
    for source in plan.crates() {
        programs.extend(sdk.build_crate(&CrateProgram {
            name: source.name.clone(),
            version: source.version.clone(),
            features: source.features.clone(),
            default_features: source.default_features == DefaultFeatures::On,
            binaries: source.binaries.clone(),
        })?);
    }
    Ok(programs)
}
