//! The rules that question files are held to: their names, and what each means.

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A question has no id.
    IdMissing,
    /// An id has letters that it may not have.
    IdForm,
    /// Two questions have the same id.
    IdDuplicate,
    /// Nothing says what topic a question belongs to.
    TopicMissing,
    /// A question has too few choices.
    FewChoices,
    /// A question has too many choices.
    ManyChoices,
    /// No choice is right.
    NoRight,
    /// All choices are right.
    AllRight,
    /// A choice has no words.
    ChoiceEmpty,
    /// Two choices have the same words.
    ChoiceDuplicate,
    /// A question has no explanation.
    NoExplanation,
    /// The explanation names no section of the notes.
    NoLink,
    /// A link leads to a section that is not there.
    BrokenLink,
    /// The stem asks for another number of choices than are right.
    StemKey,
    /// The difficulty is missing, or none that is known.
    Difficulty,
    /// A setting is unknown, or cannot mean what it says.
    Setting,
    /// A text is longer than can be shown.
    TooLong,
    /// A line belongs to nothing.
    Stray,
    /// Two stems say nearly the same.
    NearDuplicate,
    /// Two choices overlap.
    ChoiceOverlap,
    /// A choice refers to others by their place.
    Above,
    /// The right letter is not spread evenly.
    PositionBias,
    /// The right choice is the longest or the shortest too often.
    LengthTell,
    /// A number stands in the answer and not in the section that holds it.
    Number,
    /// A question is past the day until which it was known to hold.
    Dated,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::IdMissing,
        Self::IdForm,
        Self::IdDuplicate,
        Self::TopicMissing,
        Self::FewChoices,
        Self::ManyChoices,
        Self::NoRight,
        Self::AllRight,
        Self::ChoiceEmpty,
        Self::ChoiceDuplicate,
        Self::NoExplanation,
        Self::NoLink,
        Self::BrokenLink,
        Self::StemKey,
        Self::Difficulty,
        Self::Setting,
        Self::TooLong,
        Self::Stray,
        Self::NearDuplicate,
        Self::ChoiceOverlap,
        Self::Above,
        Self::PositionBias,
        Self::LengthTell,
        Self::Number,
        Self::Dated,
    ];

    /// Whether a question that breaks this rule cannot be asked.
    #[must_use]
    pub fn is_error(self) -> bool {
        self < Self::NearDuplicate
    }

    /// Its name, which never changes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IdMissing => "quiz-id-missing",
            Self::IdForm => "quiz-id-form",
            Self::IdDuplicate => "quiz-id-duplicate",
            Self::TopicMissing => "quiz-topic-missing",
            Self::FewChoices => "quiz-few-choices",
            Self::ManyChoices => "quiz-many-choices",
            Self::NoRight => "quiz-no-right",
            Self::AllRight => "quiz-all-right",
            Self::ChoiceEmpty => "quiz-choice-empty",
            Self::ChoiceDuplicate => "quiz-choice-duplicate",
            Self::NoExplanation => "quiz-no-explanation",
            Self::NoLink => "quiz-no-link",
            Self::BrokenLink => "quiz-broken-link",
            Self::StemKey => "quiz-stem-key",
            Self::Difficulty => "quiz-difficulty",
            Self::Setting => "quiz-setting",
            Self::TooLong => "quiz-too-long",
            Self::Stray => "quiz-stray",
            Self::NearDuplicate => "quiz-near-duplicate",
            Self::ChoiceOverlap => "quiz-choice-overlap",
            Self::Above => "quiz-above",
            Self::PositionBias => "quiz-position-bias",
            Self::LengthTell => "quiz-length-tell",
            Self::Number => "quiz-number",
            Self::Dated => "quiz-dated",
        }
    }

    /// What the rule asks for, and why.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::IdMissing => {
                "Every question has an id in braces behind its heading. Scores refer to it for life, so \
                 that the question can be reworded.\n\n\
                 wrong:  ## What does S3 stand for?\n\
                 right:  ## What does S3 stand for? {#s3-name}"
            }
            Self::IdForm => {
                "An id has 3 to 64 small letters, digits and hyphens, so that it can stand in a button.\n\n\
                 wrong:  {#S3 Name}\nright:  {#s3-name}"
            }
            Self::IdDuplicate => {
                "Two questions have the same id. The first keeps it, for scores may refer to it; give the \
                 other a new one."
            }
            Self::TopicMissing => {
                "A file of questions begins with front matter that names its topic. A single question may \
                 name another behind its explanation.\n\n\
                 right:  ---\n        topic: s3\n        ---"
            }
            Self::FewChoices => {
                "A question offers at least two choices: list items with a box, the right ones ticked.\n\n\
                 right:  - [ ] One day\n        - [x] Four days"
            }
            Self::ManyChoices => "A question offers at most ten choices; four read best.",
            Self::NoRight => {
                "No choice is ticked, so no answer would be right.\n\n\
                 wrong:  - [ ] Four days\nright:  - [x] Four days"
            }
            Self::AllRight => "All choices are ticked. Add wrong ones, or ask for something else.",
            Self::ChoiceEmpty => "A choice has a box and no words. Write them, or remove the line.",
            Self::ChoiceDuplicate => {
                "Two choices have the same words, so nobody can tell which is meant. Capitals, spaces and \
                 the full stop at the end make no difference."
            }
            Self::NoExplanation => {
                "A question explains its answer in a quote below the choices: people learn from it.\n\n\
                 right:  > Messages are kept four days unless the queue says otherwise. See\n\
                 \x20       > [retention](../sqs.md#retention)."
            }
            Self::NoLink => {
                "The explanation links to the section of the notes that holds the answer, by a path that is \
                 relative to the question file. The first such link is the section that is opened from \
                 the answer.\n\n\
                 right:  [retention](../sqs.md#retention)"
            }
            Self::BrokenLink => {
                "A link leads to a note or section that is not there. An anchor is the heading in small \
                 letters, blanks as hyphens, without other marks."
            }
            Self::StemKey => {
                "Where several choices are right the stem says how many, as \"(Choose two.)\" or \"Which two \
                 …\", and where one is right it asks for no more. The number agrees with the ticks.\n\n\
                 wrong:  ## Which are regional? {#x}      with two ticks\n\
                 right:  ## Which two are regional? {#x}  with two ticks"
            }
            Self::Difficulty => {
                "Every question says how hard it is, for its points.\n\n\
                 right:  difficulty: easy\n\nThe words are easy (10 points), medium (20) and hard (30)."
            }
            Self::Setting => {
                "Lines of the form `key: value` behind the explanation are settings. There are difficulty, \
                 topic, and until (a date as 2027-05-31: the last day on which the answer is known to \
                 hold). Front matter has topic alone. Each is said once."
            }
            Self::TooLong => {
                "A text is longer than a post can show: 1,000 characters of stem, 300 a choice, 500 about a \
                 choice, 2,000 of explanation; or the bank has more than 20,000 questions."
            }
            Self::Stray => {
                "A line stands where nothing can take it in, so nobody would see it. A question is: the \
                 heading, the rest of the stem, the choices (below each its quote, indented), the \
                 explanation as a quote, the settings; in this order."
            }
            Self::NearDuplicate => {
                "Two stems have nearly the same words. Whoever meets both thinks the bot repeats itself: \
                 drop one, or make them ask for different things."
            }
            Self::ChoiceOverlap => {
                "Two choices say the same in another order, or are ranges of one unit that overlap, so that \
                 both can be argued for.\n\nwrong:  1 to 5 days / 4 to 14 days\nright:  1 to 4 days / 5 to 14 days"
            }
            Self::Above => {
                "A choice speaks of others (\"all of the above\", \"both A and B\"). Choices may be shown in \
                 another order, and it gives the answer away. Make a choose-all question of it."
            }
            Self::PositionBias => {
                "In questions with one right choice the right letter is far from evenly spread over the \
                 whole bank (chi-square test at 0.1 %, from 40 questions on): whoever guesses the common \
                 letter gains. Move some right choices."
            }
            Self::LengthTell => {
                "In questions with one right choice that choice is the longest in more than 30 %, or the \
                 shortest in more than 40 % (counted from 40 questions on): whoever goes by the length \
                 gains. Shorten right ones, or say more in wrong ones; or the other way round."
            }
            Self::Number => {
                "A number in a right choice or in the explanation does not stand in the section that the \
                 question links to: one of them is wrong, or the link is. 3,000 and 3000 are the same, and \
                 so are 12 and twelve. Numbers in the stem are the story's own and are not looked for; \
                 neither are years, nor digits inside names such as S3."
            }
            Self::Dated => {
                "The day until which the answer was known to hold has passed. Look it up again, mend the \
                 question if need be, and name a new day, or drop the line if it no longer dates."
            }
        }
    }
}
