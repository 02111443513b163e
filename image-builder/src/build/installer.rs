//! `keelson-install`: the installer as one static program, for a Linux that is not Keelson.

use fs_err as fs;
use keelson_sdk::cargo::WorkspaceProgram;

use super::formats::Source;
use super::{BuildError, Format};

const PACKAGE: &str = "keelson-install";

/// Compiles the installer and puts it into the build's folder.
pub(super) fn write(source: &Source<'_>) -> Result<(), BuildError> {
    let binary = Format::Installer.artifact();
    let program = WorkspaceProgram { package: PACKAGE.to_owned(), binary: binary.to_owned() };
    let target = source.workspace.join("target");
    let built = source.sdk.build_workspace(source.workspace, &[program], &target)?;
    // A copy, not a link: cargo writes into its own file again.
    fs::copy(&built[binary], source.folder.join(binary))?;
    Ok(())
}
