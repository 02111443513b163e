//! In which order a module, what it needs and what is softly bound to it are loaded.

use std::collections::BTreeSet;

use keelson_format::modules::{MissingModule, Module};

use crate::Modules;

/// A list that grows.
#[derive(Default)]
struct Order<'a> {
    /// Each with whether it is needed.
    modules: Vec<(&'a Module, bool)>,
    /// Names that are in the list, or for which something is being added: soft dependencies may be
    /// a cycle.
    seen: BTreeSet<&'a str>,
}

impl Modules {
    /// A module and all that goes with it, each with whether it is needed: what is not may be missing
    /// or fail.
    pub(crate) fn order<'a>(
        &'a self,
        wanted: &'a Module,
    ) -> Result<Vec<(&'a Module, bool)>, MissingModule> {
        let mut order = Order::default();
        self.add(self.index.closure(wanted)?, true, &mut order);
        Ok(order.modules)
    }

    fn add<'a>(&'a self, closure: Vec<&'a Module>, needed: bool, order: &mut Order<'a>) {
        for module in closure {
            if !order.seen.insert(&module.name) {
                continue;
            }
            let (before, after) = self.config.soft(&module.name);
            // Those of its own that are names are in the closure; the others are aliases (`crc32c`).
            let own = module.soft_before.iter().map(String::as_str);
            let own = own.filter(|soft| self.index.get(soft).is_none());
            for soft in own.chain(before) {
                self.add_soft(soft, order);
            }
            order.modules.push((module, needed));
            for soft in after {
                self.add_soft(soft, order);
            }
        }
    }

    fn add_soft<'a>(&'a self, name_or_alias: &str, order: &mut Order<'a>) {
        for provider in self.index.matching(name_or_alias) {
            if let Ok(closure) = self.index.closure(provider) {
                self.add(closure, false, order);
            }
        }
    }
}
