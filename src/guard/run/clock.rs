//! The clocks: whether the machine slept, and what day it is.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;

/// A difference between the two clocks that is no correction of one of them.
const JUMP: i64 = 30;

/// The wall's clock beside one that only counts.
#[derive(Debug)]
pub(super) struct Clock {
    begun: Instant,
    /// Both at the same moment.
    pair: (Instant, Timestamp),
}

impl Clock {
    /// Begins to compare them.
    pub fn new() -> Self {
        let now = Instant::now();
        Clock { begun: now, pair: (now, Timestamp::now()) }
    }

    /// How long it runs.
    pub fn running(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Whether the machine slept since it was last asked, or somebody set the clock.
    pub fn jumped(&mut self, now: Instant) -> bool {
        self.jumped_at(now, Timestamp::now())
    }

    fn jumped_at(&mut self, now: Instant, wall: Timestamp) -> bool {
        let counted = now.saturating_duration_since(self.pair.0).as_secs();
        let passed = wall.as_second() - self.pair.1.as_second();
        self.pair = (now, wall);
        (passed - i64::try_from(counted).unwrap_or(i64::MAX)).abs() > JUMP
    }
}

/// Today, in UTC, as everywhere.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_is_noticed() {
        let mut clock = Clock::new();
        let (now, wall) = clock.pair;
        let at = |seconds: i64| Timestamp::from_second(wall.as_second() + seconds).expect("a time");
        assert!(!clock.jumped_at(now + Duration::from_secs(600), at(610)));
        assert!(clock.jumped_at(now + Duration::from_secs(601), at(700)));
        assert!(!clock.jumped_at(now + Duration::from_secs(602), at(701)));
        assert!(clock.jumped_at(now + Duration::from_secs(603), at(10)));
    }
}
