//! `lsmod`: the loaded kernel modules, their sizes and who uses them.

/// Writes the list of modules.
pub fn run(_arguments: &[String]) -> Result<(), String> {
    let modules = std::fs::read_to_string("/proc/modules")
        .map_err(|error| format!("reading /proc/modules: {error}"))?;
    let head = format!("{:<24} {:>8}  Used by\n", "Module", "Size");
    crate::print(&modules.lines().fold(head, |text, line| text + &row(line) + "\n"))
}

/// `name size uses users, state address`; a module without users has `-` for them.
fn row(line: &str) -> String {
    let mut fields = line.split_whitespace();
    let mut next = || fields.next().unwrap_or_default();
    let (name, size, count, users) = (next(), next(), next(), next());
    let users = users.trim_end_matches(',').trim_start_matches('-');
    format!("{name:<24} {size:>8}  {count} {users}").trim_end().to_owned()
}

#[cfg(test)]
mod tests;
