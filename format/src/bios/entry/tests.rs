use super::*;

const LINUX: Section = Section { offset: 93_696, bytes: 12_171_200 };
const INITRD: Section = Section { offset: 12_264_960, bytes: 3_631_576 };

#[test]
fn an_entry_names_the_blocks_and_every_word() {
    let text = entry(LINUX, INITRD, "usrhash=00 x=\"a b\" panic=10").expect("an entry");
    assert_eq!(
        text,
        "if linux (keelson)183+23772 'usrhash=00' 'x=a b' 'panic=10' $keelson_platform; then\n\
         \x20 if initrd (keelson)23955+7093; then set keelson_loaded=1; fi\n\
         fi\n"
    );
}

#[test]
fn what_grub_would_change_is_refused() {
    for (word, character) in [("x='y'", '\''), (r"x=\n", '\\')] {
        assert_eq!(
            entry(LINUX, INITRD, word),
            Err(EntryError::Word { word: word.to_owned(), character })
        );
    }
    let unaligned = Section { offset: 93_697, ..LINUX };
    assert_eq!(
        entry(unaligned, INITRD, ""),
        Err(EntryError::Unaligned { name: ".linux", offset: 93_697 })
    );
}
