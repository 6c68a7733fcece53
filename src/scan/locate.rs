//! From byte offsets to lines and columns.

/// Counts lines and columns of ascending offsets without reading any byte twice.
pub struct Places<'a> {
    text: &'a [u8],
    line: u32,
    line_start: usize,
    counted: usize,
}

impl<'a> Places<'a> {
    /// Starts at the beginning of a text.
    pub fn new(text: &'a [u8]) -> Self {
        Places { text, line: 1, line_start: 0, counted: 0 }
    }

    /// Line and column of an offset, both from 1; the column counts characters.
    pub fn of(&mut self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        if offset < self.counted {
            *self = Places::new(self.text);
        }
        for (i, &byte) in self.text[self.counted..offset].iter().enumerate() {
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.line_start = self.counted + i + 1;
            }
        }
        self.counted = offset;
        (self.line, column(&self.text[self.line_start..offset]))
    }
}

fn column(before: &[u8]) -> u32 {
    // Quick for long lines: characters are the bytes that do not continue one.
    let characters = before.iter().filter(|&&b| b & 0xc0 != 0x80).count();
    u32::try_from(characters).unwrap_or(u32::MAX).saturating_add(1)
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
