//! Loads every unit file below a root folder and prints what is wrong: `cargo run -p keelson-units --example verify ROOT`.
//!
//! It ends with status 1 where there is any remark. Templates are loaded as an instance `x`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is run by hand")]

use std::path::Path;
use std::process::ExitCode;

use keelson_units::facts::Facts;
use keelson_units::loader::{Loaded, Loader};

fn main() -> ExitCode {
    let Some(root) = std::env::args().nth(1) else {
        eprintln!("usage: verify ROOT");
        return ExitCode::from(2);
    };
    let facts = Facts {
        machine_id: "0".repeat(32),
        boot_id: "0".repeat(32),
        hostname: "localhost".to_owned(),
        kernel_release: "0".to_owned(),
        architecture: "x86-64".to_owned(),
        ..Facts::default()
    };
    let mut loader = Loader::new(Path::new(&root), facts);
    let (mut units, mut remarks) = (0, 0);
    for file in loader.known_names() {
        let name =
            if file.name.is_template() { file.name.with_instance("x") } else { Ok(file.name) };
        let Ok(name) = name else { continue };
        if let Loaded::Unit(unit) = loader.load(&name) {
            units += 1;
            remarks += unit.remarks.len();
            unit.remarks.iter().for_each(|remark| println!("{remark}"));
            if let Some(bad) = unit.bad.filter(|bad| !unit.remarks.contains(bad)) {
                remarks += 1;
                println!("{}: {bad}", unit.name);
            }
        }
    }
    println!("{units} units, {remarks} remarks");
    if remarks == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
