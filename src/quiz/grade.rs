//! What an answer is worth.

use super::{Difficulty, Question};

/// A set of a question's choices, by their place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Choices(u16);

impl Choices {
    /// The set with these bits: the lowest stands for the first choice.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Its bits, as in [`Choices::from_bits`].
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// The set of these places. Places that no question has are left out.
    #[must_use]
    pub fn of(places: impl IntoIterator<Item = usize>) -> Self {
        let bit = |place: usize| {
            u32::try_from(place)
                .ok()
                .and_then(|at| 1_u16.checked_shl(at))
        };
        Self(
            places
                .into_iter()
                .filter_map(bit)
                .fold(0, |all, bit| all | bit),
        )
    }

    /// The right choices of a question.
    #[must_use]
    pub fn right_of(question: &Question) -> Self {
        let choices = question.choices.iter().enumerate();
        Self::of(
            choices
                .filter(|(_, choice)| choice.is_right)
                .map(|(at, _)| at),
        )
    }

    /// Whether the choice at this place is in the set.
    #[must_use]
    pub fn has(self, place: usize) -> bool {
        !self.both(Self::of([place])).is_empty()
    }

    /// How many choices are in the set.
    #[must_use]
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether no choice is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in this set and in that.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// How an answer to a question with several right choices is graded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grading {
    /// All points for exactly the right choices, else none.
    #[default]
    AllOrNothing,
    /// The right ones chosen, less the wrong ones, of all right ones; never below nothing.
    Balanced,
    /// All points for any of the right choices. No setting: so a question is graded that takes one
    /// choice, once it was regraded.
    Any,
}

impl Grading {
    /// The word for it in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AllOrNothing => "all",
            Self::Balanced => "balanced",
            Self::Any => "any",
        }
    }

    /// The grading of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::AllOrNothing, Self::Balanced, Self::Any]
            .into_iter()
            .find(|grading| grading.name() == name)
    }
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grade {
    /// Points.
    pub points: u32,
    /// Whether exactly the right choices were chosen, or one of them where any is right.
    pub is_right: bool,
}

/// Points for a right answer.
#[must_use]
pub fn points(difficulty: Difficulty) -> u32 {
    match difficulty {
        Difficulty::Easy => 10,
        Difficulty::Medium => 20,
        Difficulty::Hard => 30,
    }
}

/// Grades what was chosen. Parts of a point are dropped. Speed is worth nothing.
#[must_use]
pub fn grade(right: Choices, chosen: Choices, difficulty: Difficulty, grading: Grading) -> Grade {
    let is_right = match grading {
        Grading::AllOrNothing | Grading::Balanced => chosen == right,
        Grading::Any => !chosen.is_empty() && chosen.both(right) == chosen,
    };
    let all = points(difficulty);
    let points = match grading {
        _ if is_right => all,
        Grading::AllOrNothing | Grading::Any => 0,
        Grading::Balanced => {
            let n_right = chosen.both(right).len();
            let n_wrong = chosen.len() - n_right;
            all * n_right.saturating_sub(n_wrong) / right.len().max(1)
        }
    };
    Grade { points, is_right }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(right: &[usize], chosen: &[usize], grading: Grading, points: u32) {
        let set = |places: &[usize]| Choices::of(places.iter().copied());
        let graded = grade(set(right), set(chosen), Difficulty::Hard, grading);
        assert_eq!(graded.points, points);
        assert_eq!(graded.is_right, right == chosen);
    }

    #[test]
    fn one_right_choice_is_all_or_nothing_either_way() {
        for grading in [Grading::AllOrNothing, Grading::Balanced] {
            check(&[2], &[2], grading, 30);
            check(&[2], &[1], grading, 0);
        }
    }

    #[test]
    fn several_right_choices_are_graded_as_the_organiser_says() {
        check(&[0, 3], &[0, 3], Grading::AllOrNothing, 30);
        check(&[0, 3], &[0], Grading::AllOrNothing, 0);
        check(&[0, 3], &[0], Grading::Balanced, 15);
        check(&[0, 3], &[0, 1], Grading::Balanced, 0);
        check(&[0, 3], &[1, 2], Grading::Balanced, 0);
        check(&[0, 1, 2], &[0, 1, 3], Grading::Balanced, 10);
        check(&[0, 1], &[0, 1, 2], Grading::Balanced, 15);
    }

    #[test]
    fn any_of_the_right_choices_is_right_where_one_is_to_be_chosen() {
        let right = Choices::of([0, 3]);
        for (chosen, points) in [(0, 20), (3, 20), (1, 0)] {
            let chosen = Choices::of([chosen]);
            let graded = grade(right, chosen, Difficulty::Medium, Grading::Any);
            assert_eq!((graded.points, graded.is_right), (points, points > 0));
        }
        let both = grade(right, Choices::of([0, 1]), Difficulty::Medium, Grading::Any);
        assert!(!both.is_right);
    }

    #[test]
    fn a_place_that_no_question_has_is_left_out() {
        assert_eq!(Choices::of([0, 15, 16, 400]).bits(), 0x8001);
        assert!(!Choices::of([1]).has(70_000));
    }
}
