//! Targets are reached after what they pull in (systemd.target(5), "Default Dependencies").

use super::{Loaded, Loader};
use crate::model::{Relation, Unit, UnitKind, UnitName};

/// Relations that a target waits for.
const PULLS: &[Relation] = &[
    Relation::Wants,
    Relation::Requires,
    Relation::Requisite,
    Relation::BindsTo,
    Relation::Upholds,
];

/// Orders a target after what it pulls in, unless that unit has `DefaultDependencies=no` or comes after the target.
pub(super) fn complete(loader: &mut Loader, target: &mut Unit) {
    if target.name.kind() != UnitKind::Target || !target.settings.default_dependencies {
        return;
    }
    let pulled: Vec<UnitName> =
        PULLS.iter().flat_map(|relation| target.dependencies.of(*relation)).cloned().collect();
    for name in pulled {
        if !loader.ready.contains_key(&name)
            && let Loaded::Unit(unit) = loader.load_alone(&name)
        {
            loader.ready.insert(name.clone(), unit);
        }
        if loader.ready.get(&name).is_some_and(|unit| waits(target, unit)) {
            target.dependencies.add(Relation::After, name);
        }
    }
}

fn waits(target: &Unit, pulled: &Unit) -> bool {
    let names = |unit: &Unit| -> Vec<UnitName> {
        std::iter::once(&unit.name).chain(&unit.aliases).cloned().collect()
    };
    let later = names(target).iter().any(|name| pulled.dependencies.has(Relation::After, name))
        || names(pulled).iter().any(|name| target.dependencies.has(Relation::Before, name));
    pulled.settings.default_dependencies && !later
}
