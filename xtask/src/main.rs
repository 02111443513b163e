//! The command line of the builder.

fn main() {}
