//! What `systemctl --type=help` and `--state=help` list.

use keelson_control::{ActiveState, LoadState, SUB_STATES};
use keelson_units::install::State;
use keelson_units::model::UnitKind;

/// Of which option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// `--type=`
    Types,
    /// `--state=`
    States,
}

impl Values {
    /// One to a line. States come in groups, which only the legend tells apart.
    pub fn text(self, legend: bool) -> String {
        match self {
            Self::Types => group("unit types", UnitKind::ALL.map(UnitKind::suffix), legend),
            Self::States => {
                let mut groups = vec![
                    group(
                        "unit load states",
                        LoadState::ALL.iter().map(|state| state.as_str()),
                        legend,
                    ),
                    group(
                        "unit active states",
                        ActiveState::ALL.iter().map(|state| state.as_str()),
                        legend,
                    ),
                    group("unit file states", State::OF_FILES.map(State::as_str), legend),
                ];
                for (kind, words) in SUB_STATES {
                    let title = format!("{kind} unit substates");
                    groups.push(group(&title, words.iter().copied(), legend));
                }
                groups.join(if legend { "\n" } else { "" })
            }
        }
    }
}

fn group<'a>(title: &str, words: impl IntoIterator<Item = &'a str>, legend: bool) -> String {
    let title = if legend { format!("Available {title}:\n") } else { String::new() };
    words.into_iter().fold(title, |text, word| text + word + "\n")
}

#[cfg(test)]
mod tests;
