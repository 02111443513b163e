//! What the kernel command line says about modules: `modprobe.blacklist=A,B` and
//! `MODULE.OPTION=VALUE`, which the kernel itself applies only to what is built in.

use std::collections::BTreeSet;

use keelson_format::modules::module_name;

/// Module options of a command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    blacklist: BTreeSet<String>,
    /// Module and `OPTION[=VALUE]`, in the order of the command line.
    params: Vec<(String, String)>,
}

impl Options {
    pub(crate) fn parse(cmdline: &str) -> Self {
        let mut options = Self::default();
        let mut quoted = false;
        let at_space = |c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        };
        for word in cmdline.split(at_space) {
            if let Some(names) = word.strip_prefix("modprobe.blacklist=") {
                options.blacklist.extend(names.split(',').map(module_name));
                continue;
            }
            let name = word.split('=').next().unwrap_or(word);
            if let Some((module, option)) = name.split_once('.') {
                let value = &word[module.len() + 1..];
                if !module.is_empty() && !option.is_empty() && !value.contains('"') {
                    options.params.push((module.replace('-', "_"), value.to_owned()));
                }
            }
        }
        options
    }

    pub(crate) fn blacklisted(&self, module: &str) -> bool {
        self.blacklist.contains(module)
    }

    /// The parameters of a module: those of the command line, then those given.
    pub(crate) fn params(&self, module: &str, given: &str) -> String {
        let own = self.params.iter().filter(|(name, _)| name == module).map(|(_, text)| &**text);
        own.chain((!given.is_empty()).then_some(given)).collect::<Vec<_>>().join(" ")
    }
}
