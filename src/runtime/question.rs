//! Since when a question has been on the terminal: whoever answers sooner has not read it.

use std::time::Duration;

use tokio::time::Instant;

/// Nobody reads a question and answers it sooner than this after it came to be on the screen.
const TO_READ: Duration = Duration::from_millis(300);

/// The question on the terminal, if there is one, by its number.
#[derive(Debug, Default)]
pub struct Question {
    /// Without a time the terminal has not taken it yet.
    asked: Option<(u64, Option<Instant>)>,
}

impl Question {
    /// A picture that asks this, or nothing, goes to the terminal.
    pub fn drawn(&mut self, asks: Option<u64>) {
        if self.asked.map(|(id, _)| id) != asks {
            self.asked = asks.map(|id| (id, None));
        }
    }

    /// The terminal has taken what was drawn.
    pub fn written(&mut self, now: Instant) {
        if let Some((_, since @ None)) = &mut self.asked {
            *since = Some(now);
        }
    }

    /// What the terminal shows is not known any more.
    pub fn forget(&mut self) {
        self.asked = None;
    }

    /// Whether a key read at `at` can be an answer to this question.
    #[must_use]
    pub fn is_answered(&self, id: u64, at: Instant) -> bool {
        self.asked.is_some_and(|(asked, since)| asked == id && since.is_some_and(|since| at >= since + TO_READ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B5, B9.
    #[test]
    fn only_a_question_that_has_been_on_the_terminal_for_a_while_is_answered() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut question = Question::default();
        assert!(!question.is_answered(1, at(0)), "it is not on the screen");
        question.drawn(Some(1));
        assert!(!question.is_answered(1, at(10_000)), "the terminal is stuck and has not taken it");
        question.written(at(1_000));
        assert!(!question.is_answered(1, at(1_299)) && question.is_answered(1, at(1_300)));
        assert!(!question.is_answered(2, at(9_000)), "that is another one");
        // Drawn again with other words it is still the same; its time does not begin anew.
        question.drawn(Some(1));
        question.written(at(5_000));
        assert!(question.is_answered(1, at(5_000)));
        question.drawn(Some(2));
        question.written(at(6_000));
        assert!(!question.is_answered(2, at(6_100)) && !question.is_answered(1, at(7_000)));
        question.forget();
        assert!(!question.is_answered(2, at(9_000)), "it is to be drawn anew");
        question.drawn(None);
        assert!(!question.is_answered(2, at(9_000)));
    }
}
