use super::*;

#[test]
fn used_memory_is_total_less_available() {
    let meminfo =
        "MemTotal: 2048 kB\nMemFree: 512 kB\nMemAvailable: 1024 kB\nBuffers: 1 kB\nCached: 2 kB\n";
    let table = table(meminfo, 1);
    let cells: Vec<_> = table.lines().nth(1).unwrap_or_default().split_whitespace().collect();
    assert_eq!(cells, ["Mem:", "2048", "1024", "512", "0", "3", "1024"]);
}
