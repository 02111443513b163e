//! Prints the manual's table of directives: `cargo run -p keelson-units --example directives > docs/directives.md`.

#![expect(clippy::print_stdout, reason = "it is run by hand")]

fn main() {
    print!("{}", keelson_units::directives::markdown());
}
