//! Whether a unit is enabled (systemctl(1), `is-enabled`).

use std::collections::BTreeSet;
use std::path::Path;

use super::{Installer, PERSISTENT};
use crate::loader::index::Entry;
use crate::model::UnitName;

/// What `systemctl is-enabled` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the state of its name in systemctl(1)")]
pub enum State {
    Enabled,
    EnabledRuntime,
    Linked,
    LinkedRuntime,
    Alias,
    Masked,
    MaskedRuntime,
    Static,
    Indirect,
    Disabled,
    Generated,
    Transient,
    NotFound,
}

impl State {
    /// All that a unit file may have.
    pub const OF_FILES: [Self; 12] = [
        Self::Enabled,
        Self::EnabledRuntime,
        Self::Linked,
        Self::LinkedRuntime,
        Self::Alias,
        Self::Masked,
        Self::MaskedRuntime,
        Self::Static,
        Self::Disabled,
        Self::Indirect,
        Self::Generated,
        Self::Transient,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::EnabledRuntime => "enabled-runtime",
            Self::Linked => "linked",
            Self::LinkedRuntime => "linked-runtime",
            Self::Alias => "alias",
            Self::Masked => "masked",
            Self::MaskedRuntime => "masked-runtime",
            Self::Static => "static",
            Self::Indirect => "indirect",
            Self::Disabled => "disabled",
            Self::Generated => "generated",
            Self::Transient => "transient",
            Self::NotFound => "not-found",
        }
    }

    /// The exit status of `is-enabled`.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Enabled
            | Self::EnabledRuntime
            | Self::Alias
            | Self::Static
            | Self::Indirect
            | Self::Generated
            | Self::Transient => 0,
            Self::NotFound => 4,
            Self::Linked
            | Self::LinkedRuntime
            | Self::Masked
            | Self::MaskedRuntime
            | Self::Disabled => 1,
        }
    }

    /// Whether presets have a say, as `list-unit-files` shows it.
    pub fn has_preset(self) -> bool {
        matches!(
            self,
            Self::Enabled
                | Self::EnabledRuntime
                | Self::Linked
                | Self::LinkedRuntime
                | Self::Masked
                | Self::MaskedRuntime
                | Self::Indirect
                | Self::Disabled
        )
    }
}

impl Installer {
    /// The state of a unit file.
    pub fn state(&self, name: &UnitName) -> State {
        let own = self.index.entries.get(name);
        let template = name.template();
        let entry = own.or_else(|| self.index.entries.get(template.as_ref()?));
        let path = match entry {
            None => return State::NotFound,
            Some(Entry::Mask(path)) => return self.masked(path),
            Some(Entry::Alias { .. }) => return State::Alias,
            Some(Entry::File(path)) => path,
        };
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0) {
            return self.masked(path);
        }
        let shown = self.shown(path);
        if shown.starts_with("/run/systemd/transient") {
            return State::Transient;
        }
        if ["/run/systemd/generator", "/run/systemd/generator.early", "/run/systemd/generator.late"]
            .iter()
            .any(|folder| shown.starts_with(folder))
        {
            return State::Generated;
        }
        let install = self.install(name, path);
        if let Some(state) = self.linked_state(name, &shown, install.default_instance.as_deref()) {
            return state;
        }
        let rules =
            [&install.aliases, &install.wanted_by, &install.required_by, &install.upheld_by];
        if rules.iter().any(|names| !names.is_empty()) {
            return State::Disabled;
        }
        if install.also.is_empty() { State::Static } else { State::Indirect }
    }

    fn masked(&self, path: &Path) -> State {
        let runtime = self.shown(path).starts_with("/run");
        if runtime { State::MaskedRuntime } else { State::Masked }
    }

    /// What links in `/etc` and `/run` make of a unit whose file is `file`.
    fn linked_state(
        &self,
        name: &UnitName,
        file: &Path,
        default_instance: Option<&str>,
    ) -> Option<State> {
        let default = default_instance.and_then(|instance| name.with_instance(instance).ok());
        let names = BTreeSet::from([name.clone()]);
        let mut best = None;
        for folder in self.folders_of_links() {
            let top = folder == self.real(Path::new(PERSISTENT))
                || folder == self.real(Path::new(super::RUNTIME));
            let persistent = self.shown(&folder).starts_with(PERSISTENT);
            let pick = |lasting, runtime| if persistent { lasting } else { runtime };
            for link in self.links(&folder).iter().filter(|link| self.leads_to(link, &names)) {
                let linked: Option<UnitName> =
                    link.file_name().and_then(|own| own.to_str()?.parse().ok());
                let same = linked.as_ref() == Some(name);
                let state = if top && same {
                    // The file itself, from outside of the search path.
                    if file.starts_with("/usr") {
                        continue;
                    }
                    pick(State::Linked, State::LinkedRuntime)
                } else if same || top || (name.is_template() && linked == default) {
                    pick(State::Enabled, State::EnabledRuntime)
                } else if name.is_template() {
                    State::Indirect
                } else {
                    continue;
                };
                best = Some(best.map_or(state, |known: State| known.min(state)));
            }
        }
        best
    }
}
