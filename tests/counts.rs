//! The counts of instructions: how they are kept and compared. What counts them is `benches/counts`.
#![allow(clippy::unwrap_used)]

#[path = "../benches/counts/book.rs"]
mod book;

use book::{Book, compare, instructions};

fn a_book(counts: &[(&str, f64)]) -> Book {
    let counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    Book { made_with: "rustc 1, glibc 2, valgrind-3".into(), counts }
}

#[test]
fn a_book_comes_back() {
    let kept = a_book(&[("settle", 1234.5), ("chunk-read", 7.0)]);
    assert_eq!(Book::read(&kept.show()).unwrap(), kept);
}

#[test]
fn the_book_that_is_kept_can_be_read() {
    let kept = include_str!("../benches/counts.txt");
    assert_eq!(Book::read(kept).unwrap().show(), kept, "nobody has written into it by hand");
}

#[test]
fn a_line_that_is_none_is_named() {
    for line in ["settle", "settle many", "settle -1", "settle nan", "settle 0", "a 1\na 2"] {
        let error = Book::read(line).unwrap_err().to_string();
        assert!(error.contains(line.lines().last().unwrap()), "{error}");
    }
}

#[test]
fn five_percent_is_let_pass_and_more_is_not_either_way() {
    let kept = a_book(&[("a", 1000.0)]);
    for (now, word) in
        [(1000.0, None), (1049.9, None), (950.1, None), (1050.1, Some("MORE")), (949.9, Some("LESS"))]
    {
        let (shown, is_true) = compare(&kept, &a_book(&[("a", now)]));
        assert_eq!(is_true, word.is_none(), "{shown}");
        assert!(shown.contains(word.unwrap_or("1000.0")), "{shown}");
        assert_eq!(shown.contains("counts-write"), !is_true);
    }
}

#[test]
fn a_piece_that_is_new_or_gone_is_to_be_written_down() {
    let (shown, is_true) = compare(&a_book(&[("old", 1.0)]), &a_book(&[("new", 2.0)]));
    assert!(!is_true && shown.contains("NEW") && shown.contains("GONE"), "{shown}");
}

#[test]
fn another_compiler_is_named_where_it_may_be_the_cause() {
    let kept = a_book(&[("a", 1000.0)]);
    let other = |count| Book { made_with: "rustc 9".into(), ..a_book(&[("a", count)]) };
    assert!(compare(&kept, &other(2000.0)).0.contains("counted with rustc 9, kept from rustc 1"));
    assert!(!compare(&kept, &other(1000.0)).0.contains("rustc"));
}

#[test]
fn nothing_counted_is_no_count() {
    assert_eq!(instructions("events: Ir\nfn=x\n1 2\ntotals: 1234\n").unwrap(), 1234);
    assert!(instructions("events: Ir\n").is_err());
    assert!(instructions("totals: 0\n").unwrap_err().to_string().contains("no instruction"));
}
