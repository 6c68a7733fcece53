//! Byte offsets: their lines and columns, and what overlaps.

use std::ops::Range;

/// Counts lines and columns of ascending offsets without reading any byte twice.
pub struct Places<'a> {
    text: &'a [u8],
    counted: usize,
    line: u32,
    column: u32,
}

impl<'a> Places<'a> {
    /// Starts at the beginning of a text.
    pub fn new(text: &'a [u8]) -> Self {
        Places { text, counted: 0, line: 1, column: 1 }
    }

    /// Line and column of an offset, both from 1; the column counts characters.
    pub fn of(&mut self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        if offset < self.counted {
            *self = Places::new(self.text);
        }
        let mut passed = &self.text[self.counted..offset];
        if let Some(last) = memchr::memrchr(b'\n', passed) {
            let lines = memchr::memchr_iter(b'\n', passed).count();
            self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            self.column = 1;
            passed = &passed[last + 1..];
        }
        // Characters are the bytes that do not continue one.
        let characters = passed.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        self.column = self.column.saturating_add(u32::try_from(characters).unwrap_or(u32::MAX));
        self.counted = offset;
        (self.line, self.column)
    }
}

/// Parts of a text, of which it is asked whether they overlap something.
pub struct Spans {
    sorted: Vec<Range<usize>>,
    longest: usize,
}

impl Spans {
    /// Takes them in any order.
    pub fn of(mut sorted: Vec<Range<usize>>) -> Self {
        sorted.sort_by_key(|span| span.start);
        let longest = sorted.iter().map(Range::len).max().unwrap_or(0);
        Spans { sorted, longest }
    }

    /// Whether one of them overlaps this place.
    pub fn meet(&self, place: &Range<usize>) -> bool {
        let first = self.sorted.partition_point(|span| span.start + self.longest <= place.start);
        self.sorted[first..].iter().take_while(|span| span.start < place.end).any(|span| span.end > place.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let mut places = Places::new("ab\ncä.x\n".as_bytes());
        assert_eq!(places.of(0), (1, 1));
        assert_eq!(places.of(2), (1, 3));
        assert_eq!(places.of(7), (2, 4));
        assert_eq!(places.of(3), (2, 1));
    }
}
