//! Prints the manual's table of directives: `cargo run -p keelson-units --example directives > docs/directives.md`.

fn main() {
    print!("{}", keelson_units::directives::markdown());
}
