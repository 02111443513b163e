//! Files of modprobe.d and the kernel command line: whatever they say, remarks name lines that are there, and names and
//! aliases that it says something of are found again.

#![no_main]

use std::path::Path;

use keelson_kernel_modules::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    // A zero byte ends the file; what follows is the command line.
    let (file, command_line) = text.split_once('\0').unwrap_or((&text, ""));
    let mut config = Config::default();
    config.take(file, Path::new("x"));
    let lines = file.lines().count();
    for remark in &config.remarks {
        let line = remark.strip_prefix("x:").and_then(|rest| rest.split(':').next());
        let line: usize = line.expect("a place").parse().expect("a number of a line");
        assert!((1..=lines).contains(&line), "{remark}");
    }
    config.take_command_line(command_line);
    for name in text.split_whitespace() {
        let module = name.replace('-', "_");
        let (before, after) = config.soft(&module);
        assert!(before.iter().chain(&after).all(|soft| text.contains(soft)), "{name}");
        let own = config.params(&module, "");
        assert!(config.params(&module, "given=1").starts_with(&own), "{name}");
        let refused = config.refused(&module).is_none_or(|place| place.starts_with("x:"));
        assert!(
            refused && config.aliased(name).is_none_or(|modules| !modules.is_empty()),
            "{name}"
        );
        let _ = config.blacklisted(&module);
    }
});
