//! Which lines of a text are new against an older one: git's own answer (Myers with git's
//! indentation heuristic).

use imara_diff::{Algorithm, Diff, InternedInput, sources::byte_lines};

/// The lines of a text that are new, as line numbers from 1.
#[derive(Debug)]
pub struct AddedLines {
    diff: Diff,
    count: u32,
}

impl AddedLines {
    /// Compares two texts line by line.
    pub fn between(old: &[u8], new: &[u8]) -> Self {
        let input = InternedInput::new(byte_lines(old), byte_lines(new));
        let mut diff = Diff::compute(Algorithm::Myers, &input);
        diff.postprocess_lines(&input);
        let count = u32::try_from(input.after.len()).unwrap_or(u32::MAX);
        AddedLines { diff, count }
    }

    /// Whether any line from `first` to `last` (both from 1, inclusive) is new.
    pub fn any(&self, first: u32, last: u32) -> bool {
        (first..=last).any(|line| line > 0 && line <= self.count && self.diff.is_added(line - 1))
    }

    /// All new lines.
    pub fn lines(&self) -> Vec<u32> {
        (1..=self.count).filter(|&line| self.any(line, line)).collect()
    }

    /// How many lines are new.
    pub fn count(&self) -> u64 {
        u64::from(self.diff.count_additions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_lines_are_added() {
        let added = AddedLines::between(b"a\nb\nc\n", b"a\nx\nb\nc\ny");
        assert_eq!(added.lines(), [2, 5]);
        assert_eq!(added.count(), 2);
    }
}
