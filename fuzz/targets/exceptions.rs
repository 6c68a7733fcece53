//! Exceptions: the file, what is typed, and what a message carries.

#![no_main]

use leakwarden::exception::book::{Book, merge};
use leakwarden::exception::{once, parse_end, reason_fault};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for own in once::in_message(data) {
        assert_eq!(once::in_message(own.trailer().as_bytes()), [own], "a trailer says what it was read as");
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    once::parse(text).ok();
    reason_fault(text, 10);
    parse_end(text, jiff::civil::date(2026, 1, 1)).ok();
    let Ok(book) = Book::parse(text) else { return };
    let again = Book::parse(&book.render()).expect("what is written can be read");
    assert_eq!(again.render(), book.render(), "a book says what it was read as");
    assert_eq!(merge(&book, &again, &book).0.render(), book.render(), "nothing was changed");
});
