use std::process::Command;

use object::read::elf::{FileHeader as _, Sym as _};

use super::*;

/// A program of the host's C compiler that exports a name and imports one.
fn program(folder: &std::path::Path, flags: &[&str]) -> std::path::PathBuf {
    let (source, program) = (folder.join("x.c"), folder.join("x"));
    let text = "#include <stdio.h>\nint exported_by_program(void) { return 7; }\n\
                int main(void) { return puts(\"runs\") < 0 ? 1 : exported_by_program(); }\n";
    std::fs::write(&source, text).expect("a file");
    let status = Command::new("cc")
        .args(["-rdynamic", "-O1", "-Wl,--hash-style=gnu", "-o"])
        .arg(&program)
        .arg(&source)
        .args(flags)
        .status();
    assert!(status.expect("the C compiler that rustc links with").success());
    program
}

/// The names of all dynamic symbols.
fn names(bytes: &[u8]) -> Vec<String> {
    let header = FileHeader64::<Endianness>::parse(bytes).expect("a header");
    let endian = header.endian().expect("an order of bytes");
    let sections = header.sections(endian, bytes).expect("sections");
    let symbols = sections.symbols(endian, bytes, SHT_DYNSYM).expect("symbols");
    let name = |symbol: &object::elf::Sym64<Endianness>| {
        let name = symbol.name(endian, symbols.strings()).expect("a name");
        String::from_utf8_lossy(name).into_owned()
    };
    symbols.iter().map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn a_program_without_its_exports_runs_as_before() {
    for flags in [&["-no-pie"], &["-pie"]] {
        let folder = tempfile::tempdir().expect("a folder");
        let program = program(folder.path(), flags);
        let whole = std::fs::read(&program).expect("a program");
        assert!(names(&whole).contains(&"exported_by_program".to_owned()));
        let dropped = drop(whole.clone()).expect("a program that can be edited");
        assert_eq!(dropped.len(), whole.len());
        let left = names(&dropped);
        assert!(left.contains(&"puts".to_owned()), "{left:?}");
        assert!(!left.contains(&"exported_by_program".to_owned()), "{left:?}");
        std::fs::write(&program, &dropped).expect("a file");
        let output = Command::new(&program).output().expect("a program that starts");
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(7), &b"runs\n"[..]));
    }
}

#[test]
fn dropping_twice_changes_nothing_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(program(folder.path(), &["-no-pie"])).expect("a program");
    let once = drop(whole).expect("once");
    assert!(drop(once.clone()).expect("twice") == once);
}

#[test]
fn what_cannot_be_edited_is_refused() {
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF"] {
        assert!(drop(bytes.to_vec()).is_err());
    }
}
