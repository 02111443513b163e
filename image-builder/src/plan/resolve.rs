//! From board, recipes and version to the plan.

use std::collections::BTreeMap;

use keelson_format::guid;
use keelson_format::platform::WORDS_LIMIT;
use keelson_format::verity::{RootHash, Salt};
use keelson_format::version::Version;

use super::{BootPlan, BuildFile, Plan, PlanError, UsrPlan, VerityPlan, layout, os_release, tree};
use crate::board::{Board, Firmware, uki_share};
use crate::manifest::{Checker, ManifestError};
use crate::recipe::{KernelSource, Recipe, Source};

/// The longest command line of x86, `COMMAND_LINE_SIZE` without the byte that ends it, less the words
/// of a platform and the space before them.
const COMMAND_LINE_MOST: usize = 2047 - 1 - WORDS_LIMIT;

/// Resolves a board. `recipes` are all there are (see [`crate::recipe::by_name`]); the board picks.
pub fn resolve(
    board: &Board,
    recipes: &BTreeMap<String, Recipe>,
    version: &Version,
) -> Result<Plan, ManifestError> {
    let mut checker = Checker::new(&board.origin);
    let c = &mut checker;
    let components = components(c, board, recipes);
    let whole = c.noted() == 0;
    let kernel = kernel(c, board, &components);
    // Without one of its recipes a board lacks files too; saying so would only hide the cause.
    let mut build_file = |file, purpose, recipe| {
        let found = build_file(&components, file);
        if found.is_none() && whole {
            c.note(board.recipes_span.clone(), PlanError::NoFile { file, purpose, recipe });
        }
        found.unwrap_or(BuildFile { recipe: String::new(), path: String::new() })
    };
    let loader = build_file("systemd-bootx64.efi", "the boot loader", "systemd-boot");
    let stub =
        build_file("linuxx64.efi.stub", "which a unified kernel image begins with", "systemd-boot");
    let addon_stub =
        build_file("addonx64.efi.stub", "which a platform's add-on begins with", "systemd-boot");
    let bios = (board.boot.firmware == Firmware::UefiAndBios)
        .then(|| build_file("boot.img", "GRUB's boot block for `bios = true`", "grub"));
    let init = build_file("keelson-initramfs", "the `/init` of the initramfs", "initramfs");

    let derived = |name: &str| guid::derived(&[name, &board.name, version.as_str()]);
    let share = uki_share(board.disk.esp);
    let plan = Plan {
        board: board.name.clone(),
        description: board.description.clone(),
        version: version.clone(),
        architecture: board.architecture,
        os_release: os_release::text(&board.name, version),
        usr: UsrPlan {
            format: board.usr.clone(),
            uuid: derived("erofs"),
            limit: board.budgets.usr.unwrap_or(board.disk.usr),
        },
        verity: VerityPlan {
            uuid: derived("verity"),
            salt: Salt::derived(&board.name, version.as_str()),
            on_corruption: board.verity.on_corruption,
        },
        boot: BootPlan {
            menu_timeout: board.boot.menu_timeout,
            debug: board.boot.debug,
            enroll: board.boot.enroll,
            command_line: board.kernel.command_line.clone(),
            loader,
            stub,
            addon_stub,
            bios,
            init,
            uki_limit: board.budgets.uki.unwrap_or(share).min(share),
        },
        disk: layout::disk(board, version.as_str()),
        kernel,
        components,
    };
    let length = plan.cmdline(RootHash::from_bytes([0; 32])).to_string().len();
    if length > COMMAND_LINE_MOST {
        let most = COMMAND_LINE_MOST;
        c.note(board.command_line_span.clone(), PlanError::CommandLineTooLong { length, most });
    }
    for contradiction in tree::contradictions(&plan.components) {
        c.note_in(&contradiction.recipe.origin, contradiction.span, contradiction.mistake);
    }
    checker.finish(plan)
}

/// The recipes that the board names.
fn components(c: &mut Checker, board: &Board, recipes: &BTreeMap<String, Recipe>) -> Vec<Recipe> {
    let mut components = Vec::new();
    for name in &board.recipes {
        if let Some(recipe) = recipes.get(name.get_ref()) {
            components.push(recipe.clone());
        } else {
            let (span, name) = (name.span(), name.get_ref().clone());
            let known = recipes.keys().cloned().collect();
            c.note(span, PlanError::UnknownRecipe { name, known });
        }
    }
    components
}

/// The one kernel among the components.
fn kernel(c: &mut Checker, board: &Board, components: &[Recipe]) -> KernelSource {
    let mut kernels = components.iter().filter_map(|recipe| match &recipe.source {
        Source::Kernel(source) => Some((recipe, source)),
        _ => None,
    });
    match (kernels.next(), kernels.next()) {
        (Some((_, kernel)), None) => return kernel.clone(),
        (Some((first, _)), Some((second, _))) => {
            let named = board.recipes.iter().find(|name| name.get_ref() == &second.name);
            let span = named.map_or(board.recipes_span.clone(), toml::Spanned::span);
            let (first, second) = (first.name.clone(), second.name.clone());
            c.note(span, PlanError::TwoKernels { first, second });
        }
        (None, _) if c.noted() == 0 => c.note(board.recipes_span.clone(), PlanError::NoKernel),
        (None, _) => {}
    }
    KernelSource { package: String::new(), modules: Vec::new(), initramfs_modules: Vec::new() }
}

/// The file with this name that a component takes or keeps for the builder.
fn build_file(components: &[Recipe], file: &str) -> Option<BuildFile> {
    components.iter().find_map(|recipe| {
        let path = recipe.wanted().find(|path| path.rsplit('/').next() == Some(file))?;
        Some(BuildFile { recipe: recipe.name.clone(), path: path.to_owned() })
    })
}
