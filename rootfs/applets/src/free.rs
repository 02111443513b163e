//! `free`: memory in KiB, or MiB with `-m`, from `/proc/meminfo`.

/// Writes how much memory there is.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let unit = match arguments.first().map(String::as_str) {
        None | Some("-k") => 1,
        Some("-m") => 1024,
        Some(other) => return Err(format!("unknown argument '{other}'; it takes -k or -m")),
    };
    let meminfo = std::fs::read_to_string("/proc/meminfo")
        .map_err(|error| format!("reading /proc/meminfo: {error}"))?;
    crate::print(&table(&meminfo, unit))
}

/// The two lines of procps' `free`. Used is what is neither free nor could be freed: total less available.
fn table(meminfo: &str, unit: u64) -> String {
    let field = |name: &str| -> u64 {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() / unit
    };
    let (total, available) = (field("MemTotal"), field("MemAvailable"));
    let cache = field("Buffers") + field("Cached") + field("SReclaimable");
    let (swap, swap_free) = (field("SwapTotal"), field("SwapFree"));
    let header = ["total", "used", "free", "shared", "buff/cache", "available"];
    let memory =
        [total, total - available.min(total), field("MemFree"), field("Shmem"), cache, available];
    let row = |label: &str, cells: &[String]| {
        let label = format!("{label:<7}");
        cells.iter().fold(label, |line, cell| format!("{line}{cell:>12}")) + "\n"
    };
    row("", &header.map(str::to_owned))
        + &row("Mem:", &memory.map(|value| value.to_string()))
        + &row(
            "Swap:",
            &[swap, swap - swap_free.min(swap), swap_free].map(|value| value.to_string()),
        )
}

#[cfg(test)]
mod tests;
