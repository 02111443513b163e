use keelson_format::platform::Platform;

use super::*;
use crate::keys::tests::test_keys;
use crate::uki::tests::image;

fn stub() -> Vec<u8> {
    image(0x400, &[(".text", b"code"), (".sdmagic", b"#### LoaderInfo ####")])
}

#[test]
fn every_platforms_add_on_has_one_size_and_its_own_words() {
    let keys = test_keys();
    let mut sizes: Vec<_> = Platform::ALL
        .into_iter()
        .map(|platform| {
            let words = platform.command_line();
            let addon = assemble(&stub(), &words, keys.db()).unwrap();
            assert_eq!(uki::section(&addon, ".cmdline").unwrap(), Some(words.as_bytes()));
            assert_eq!(uki::section(&addon, ".sbat").unwrap(), Some(SBAT.as_bytes()));
            assert_eq!(uki::section(&addon, ".uname").unwrap(), None);
            assert_eq!(authenticode::sign(&addon, keys.db()).unwrap(), addon, "it is signed");
            addon.len()
        })
        .collect();
    sizes.dedup();
    assert_eq!(sizes.len(), 1, "{sizes:?}");
    let longest = "x".repeat(WORDS_LIMIT);
    assert_eq!(assemble(&stub(), &longest, keys.db()).unwrap().len(), sizes[0]);
}

#[test]
fn other_words_give_what_they_would_have_given_at_once() {
    let keys = test_keys();
    let metal = assemble(&stub(), &Platform::Metal.command_line(), keys.db()).unwrap();
    for words in ["keelson.live", &"y".repeat(WORDS_LIMIT)] {
        let changed = with_words(&metal, words, keys.db()).unwrap();
        assert_eq!(changed, assemble(&stub(), words, keys.db()).unwrap());
    }
    let error = with_words(&stub(), "x", keys.db()).unwrap_err().to_string();
    assert_eq!(error, "assembling an add-on: section .cmdline: the image has none");
}

#[test]
fn words_that_the_stub_would_not_read_whole_are_refused() {
    let keys = test_keys();
    let long = "x".repeat(WORDS_LIMIT + 1);
    let error = assemble(&stub(), &long, keys.db()).unwrap_err();
    assert!(matches!(error, AddonError::TooLong { size: 449, .. }), "{error}");
    for words in ["a\nb", "a\0b", ""] {
        let error = assemble(&stub(), words, keys.db()).unwrap_err();
        assert!(matches!(error, AddonError::Image(_)), "{words:?}: {error}");
    }
    let signed = authenticode::sign(&stub(), keys.db()).unwrap();
    assert!(matches!(
        assemble(&signed, "x", keys.db()),
        Err(AddonError::Image(UkiError::StubSigned))
    ));
}
