//! Telling how a program must be started.

use std::io::{self, Read};
use std::path::Path;

use fs_err as fs;
use object::elf::PT_INTERP;
use object::read::elf::{ElfFile64, ProgramHeader};

/// How a program is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An ELF program that names a dynamic loader.
    Dynamic,
    /// Anything else the kernel starts by itself.
    Static,
    /// A script; the interpreter by the last part of its name.
    Script { interpreter: String },
}

impl Kind {
    /// Looks at the beginning of a file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut start = [0; 256];
        let length = fs::File::open(path)?.read(&mut start)?;
        if let Some(line) = start[..length].strip_prefix(b"#!") {
            let line =
                String::from_utf8_lossy(line.split(|byte| *byte == b'\n').next().unwrap_or(line));
            return Ok(Self::Script { interpreter: interpreter(&line) });
        }
        Ok(if start.starts_with(b"\x7fELF") && has_loader(&fs::read(path)?) {
            Self::Dynamic
        } else {
            Self::Static
        })
    }
}

/// `/usr/bin/env -S python3 -x` and `/usr/bin/python3` are both `python3`.
fn interpreter(line: &str) -> String {
    let mut words = line.split_whitespace();
    let mut name = |first: &str| first.rsplit('/').next().unwrap_or(first).to_owned();
    let first = name(words.next().unwrap_or_default());
    if first != "env" {
        return first;
    }
    words.find(|word| !word.starts_with('-')).map(&mut name).unwrap_or_default()
}

fn has_loader(bytes: &[u8]) -> bool {
    let Ok(file) = ElfFile64::<object::Endianness>::parse(bytes) else {
        return false;
    };
    let endian = file.endian();
    file.elf_program_headers().iter().any(|header| header.p_type(endian) == PT_INTERP)
}

#[cfg(test)]
mod tests {
    use super::{Kind, interpreter};

    #[test]
    fn interpreters_are_named_by_their_last_part() {
        for (line, name) in [
            ("/usr/bin/python3", "python3"),
            (" /bin/sh -e", "sh"),
            ("/usr/bin/env python3", "python3"),
            ("/usr/bin/env -S perl -w", "perl"),
        ] {
            assert_eq!(interpreter(line), name, "{line}");
        }
    }

    #[test]
    fn this_program_is_told_from_a_script() {
        let own = std::env::current_exe().expect("has a path");
        assert_eq!(Kind::of(&own).expect("reads"), Kind::Dynamic);
        let file = tempfile::NamedTempFile::new().expect("makes");
        fs_err::write(file.path(), "#!/bin/sh\nexit 0\n").expect("writes");
        let script = Kind::Script { interpreter: "sh".to_owned() };
        assert_eq!(Kind::of(file.path()).expect("reads"), script);
    }
}
