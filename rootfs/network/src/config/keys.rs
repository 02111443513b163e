//! Every section and key systemd 257 knows in these files, so that a typo is told apart from what is not implemented.

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `.network`.
    Network,
    /// `.netdev`.
    Netdev,
    /// `.link`.
    Link,
}

impl Kind {
    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Netdev => "netdev",
            Self::Link => "link",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Network => include_str!("keys/network.txt"),
            Self::Netdev => include_str!("keys/netdev.txt"),
            Self::Link => include_str!("keys/link.txt"),
        }
    }

    fn sections(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.table().lines().filter_map(|line| line.split_once(": "))
    }
}

/// What is to be said of a key that was not used.
pub fn remark(kind: Kind, section: &str, key: &str) -> String {
    // `X-` is for other programs (systemd.syntax(7)); the caller does not ask about it.
    let Some((_, keys)) = kind.sections().find(|(name, _)| *name == section) else {
        let names = kind.sections().map(|(name, _)| name);
        return format!("unknown section [{section}]{}", hint(section, names));
    };
    if section == "Match" && keys.split(' ').any(|known| known == key) {
        return format!("{key}= in [Match] is not implemented, so the file fits nothing");
    }
    if keys.split(' ').any(|known| known == key) {
        return format!("{key}= in [{section}] is not implemented; passed over");
    }
    format!("unknown key {key}= in [{section}]{}", hint(key, keys.split(' ')))
}

fn hint(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let distance =
        |known: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase());
    let nearest = known.map(|known| (distance(known), known)).min();
    match nearest {
        Some((distance, nearest)) if distance <= 1 + name.len() / 4 => {
            format!("; did you mean {nearest}?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
