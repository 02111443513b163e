//! Every directive of systemd 257 by section, and how it stands here.
//!
//! The manual's table is made from this one. A name that is not in it is a typo, or newer than systemd 257.

use std::fmt::Write as _;

mod exec;
mod mount;
mod resources;
mod service;
mod socket;
mod timer;
mod unit;

/// How a directive stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does what systemd's manual says.
    Implemented,
    /// It is known and changes nothing, for this reason.
    Ignored(&'static str),
    /// A unit that has it cannot be started, for this reason: without it, it would be something else.
    Refused(&'static str),
}

/// A directive in a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The section without brackets.
    pub section: &'static str,
    /// The name without `=`.
    pub name: &'static str,
    /// How it stands.
    pub standing: Standing,
}

/// Name and standing.
type Row = (&'static str, Standing);

const fn implemented(name: &'static str) -> Row {
    (name, Standing::Implemented)
}

const fn ignored(name: &'static str, reason: &'static str) -> Row {
    (name, Standing::Ignored(reason))
}

const fn refused(name: &'static str, reason: &'static str) -> Row {
    (name, Standing::Refused(reason))
}

/// The tables of each section.
const SECTIONS: &[(&str, &[&[Row]])] = &[
    ("Unit", &[unit::UNIT]),
    ("Install", &[unit::INSTALL]),
    ("Service", &[service::SERVICE, exec::EXEC, resources::KILL, resources::RESOURCES]),
    ("Socket", &[socket::SOCKET, exec::EXEC, resources::KILL, resources::RESOURCES]),
    ("Mount", &[mount::MOUNT, exec::EXEC, resources::KILL, resources::RESOURCES]),
    ("Automount", &[mount::AUTOMOUNT]),
    ("Swap", &[mount::SWAP, exec::EXEC, resources::KILL, resources::RESOURCES]),
    ("Timer", &[timer::TIMER]),
    ("Path", &[timer::PATH]),
    ("Slice", &[resources::RESOURCES]),
    ("Scope", &[mount::SCOPE, resources::KILL, resources::RESOURCES]),
];

/// How everything in `[Scope]` stands.
const NO_SCOPES: Standing = Standing::Ignored(
    "scopes are made by programs, not by files, and there is nobody to ask for one",
);

/// What the manual calls each table, and the section that stands for it.
const CHAPTERS: &[(&str, &[Row])] = &[
    ("`[Unit]`", unit::UNIT),
    ("`[Install]`", unit::INSTALL),
    ("`[Service]`", service::SERVICE),
    ("`[Socket]`", socket::SOCKET),
    ("`[Timer]`", timer::TIMER),
    ("`[Path]`", timer::PATH),
    ("`[Mount]`", mount::MOUNT),
    ("`[Automount]`", mount::AUTOMOUNT),
    ("`[Swap]`", mount::SWAP),
    ("`[Scope]`", mount::SCOPE),
    ("Execution, in `[Service]`, `[Socket]`, `[Mount]` and `[Swap]`", exec::EXEC),
    ("Killing, in the same sections", resources::KILL),
    ("Resource control, in the same sections and in `[Slice]`", resources::RESOURCES),
];

/// The directive of that name in that section.
pub fn find(section: &str, name: &str) -> Option<Directive> {
    all().find(|directive| directive.section == section && directive.name == name)
}

/// Every directive of every section.
pub fn all() -> impl Iterator<Item = Directive> {
    SECTIONS.iter().flat_map(|(section, tables)| {
        let rows = tables.iter().flat_map(|table| table.iter());
        rows.map(|&(name, standing)| {
            let standing = if *section == "Scope" { NO_SCOPES } else { standing };
            Directive { section, name, standing }
        })
    })
}

/// What may have been meant, as the end of a sentence; empty where nothing is near.
pub fn hint(section: &str, name: &str) -> String {
    let elsewhere = all().find(|directive| directive.name == name);
    if let Some(directive) = elsewhere {
        return format!("; it belongs in [{}]", directive.section);
    }
    // A third of the letters wrong is another word.
    let letters = name.chars().count();
    let most = letters.max(3) / 3;
    let lower = name.to_ascii_lowercase();
    let here = all().filter(|directive| directive.section == section);
    let near = here.filter(|directive| {
        directive.name.len().abs_diff(letters) <= most
            && least_distance(directive.name, name) <= most
    });
    let distance = |known: &str| strsim::damerau_levenshtein(&known.to_ascii_lowercase(), &lower);
    let nearest = near.map(|directive| (distance(directive.name), directive.name)).min();
    match nearest {
        Some((distance, nearest)) if distance <= most => format!("; did you mean {nearest}=?"),
        _ => String::new(),
    }
}

/// What the distance of two words is at least, case aside: the letters that one has more of than the other. Cheap where
/// the distance itself takes the product of the lengths, and hardly any two words are near.
fn least_distance(known: &str, name: &str) -> usize {
    let mut surplus = [0_i32; 128];
    // All letters that no directive has are one.
    let letter =
        |c: char| if c.is_ascii() { usize::from(c.to_ascii_lowercase() as u8) } else { 127 };
    known.chars().for_each(|c| surplus[letter(c)] += 1);
    name.chars().for_each(|c| surplus[letter(c)] -= 1);
    let sum = |sign: i32| surplus.iter().map(|count| (count * sign).max(0).unsigned_abs()).sum();
    let (more, less): (u32, u32) = (sum(1), sum(-1));
    usize::try_from(more.max(less)).unwrap_or(usize::MAX)
}

/// The manual's page.
pub fn markdown() -> String {
    let count = |wanted: fn(&Standing) -> bool| {
        CHAPTERS
            .iter()
            .flat_map(|(_, rows)| rows.iter())
            .filter(|(_, standing)| wanted(standing))
            .count()
    };
    let mut page = format!(
        "# Directives of unit files\n\n\
        Every directive of systemd 257, made from the code by `cargo run -p keelson-units --example directives`.\n\
        {} are implemented, {} are ignored and {} are refused. An ignored directive changes nothing and says nothing; \
        a unit with a refused one does not start and says why. Sections and keys that begin with `X-` are for others \
        and are passed over. Any other name is told with its file and line, and the nearest name there is.\n",
        count(|standing| matches!(standing, Standing::Implemented)),
        count(|standing| matches!(standing, Standing::Ignored(_))),
        count(|standing| matches!(standing, Standing::Refused(_))),
    );
    for (title, rows) in CHAPTERS {
        chapter(&mut page, title, rows);
    }
    page
}

fn chapter(page: &mut String, title: &str, rows: &[Row]) {
    let mut line = |text: String| writeln!(page, "{text}").expect("a string takes all");
    line(format!("\n## {title}\n\n| directive | standing | reason |\n| --- | --- | --- |"));
    for (name, standing) in rows {
        let (word, reason) = match standing {
            Standing::Implemented => ("implemented", ""),
            Standing::Ignored(reason) => ("ignored", *reason),
            Standing::Refused(reason) => ("refused", *reason),
        };
        line(format!("| `{name}=` | {word} | {reason} |"));
    }
}

#[cfg(test)]
mod tests;
