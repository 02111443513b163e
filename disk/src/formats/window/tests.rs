use super::super::tests::disk;
use super::*;
use crate::platform::Overlay;

fn window(runs: Vec<Range<usize>>, bytes: usize) -> Window {
    Window { start: 0, bytes: vec![1; bytes].into(), runs }
}

#[test]
fn blocks_are_those_that_a_run_touches_each_once() {
    let window = window(vec![0..4096, 8192..12_288, 65_536..65_537, 200_000..200_704], 200_704);
    let starts: Vec<(usize, usize)> =
        window.blocks(65_536).into_iter().map(|(at, block)| (at, block.len())).collect();
    assert_eq!(starts, [(0, 65_536), (65_536, 65_536), (196_608, 4096)]);
}

#[test]
fn a_window_that_is_read_into_used_memory_has_nothing_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = 2 * WINDOW as u64 + 5;
    let pieces =
        [(0, vec![1; 100_000]), (WINDOW as u64 + 50_000, vec![2; 10]), (bytes - 1, vec![3])];
    let source = Source::open(&disk(folder.path(), bytes, &pieces), Overlay::nothing()).unwrap();
    let pieces = source.pieces().unwrap();
    let mut window = Window::default();
    for number in 0..3 {
        window = window.read(&source, &pieces, number).unwrap();
        let mut expected = vec![0; window.bytes.len()];
        source.read_at(&mut expected, window.start).unwrap();
        assert!(window.bytes == expected, "{number}");
        assert_eq!(window.runs, sparse::nonzero_runs(&expected, sparse::grain()));
    }
    assert_eq!(window.bytes.len(), 5);
}
