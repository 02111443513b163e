//! Links the release form without C library and start files.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The development form is an ordinary program, so that checks and lints work on it.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        for argument in ["-nostartfiles", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"]
        {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
