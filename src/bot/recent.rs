//! Answers that were given last: where many ask the same, it is searched for once.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use studyhall_index::{Index, IndexError, State};

use crate::chat::{Audience, Message};

/// Answers that are kept, at most: some two megabytes.
const ANSWERS_MAX: usize = 512;
/// Bytes of a question whose answer is kept, at most: nobody types the same page twice.
const QUESTION_MAX: usize = 300;

/// A question, to the letter, for the answer repeats it; and what else decides the answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Query {
    pub(super) question: String,
    pub(super) topic: Option<String>,
    pub(super) audience: Audience,
}

/// What a question led to.
pub(super) enum Told {
    /// An answer that holds as long as the notes stay as they are.
    Answer(Message),
    /// What is to be looked into each time.
    Once(Message),
}

/// The answers that were given last. They go when the notes change.
pub struct Recent(Mutex<Kept>);

struct Kept {
    /// What the notes held when these were given.
    state: Option<State>,
    answers: LruCache<Query, Message>,
}

impl Default for Recent {
    fn default() -> Self {
        Self(Mutex::new(Kept {
            state: None,
            answers: LruCache::unbounded(),
        }))
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What people asked stays out of every log.
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

impl Recent {
    /// The answer that was given to this; found by `tell` where there is none.
    pub(super) fn answer(
        &self,
        index: &Index,
        query: Query,
        tell: impl FnOnce() -> Result<Told, IndexError>,
    ) -> Result<Message, IndexError> {
        let state = index.state()?;
        if let Some(answer) = self.with(state.as_ref(), |answers| answers.get(&query).cloned()) {
            return Ok(answer);
        }
        let answer = match tell()? {
            Told::Answer(answer) => answer,
            Told::Once(message) => return Ok(message),
        };
        // Where the notes changed on the way, it is kept under a state that nobody asks for any more.
        if query.question.len() <= QUESTION_MAX {
            self.with(state.as_ref(), |answers| {
                answers.put(query, answer.clone());
                if answers.len() > ANSWERS_MAX {
                    answers.pop_lru();
                }
            });
        }
        Ok(answer)
    }

    /// Does something with the answers that were given from this state of the notes.
    fn with<T>(
        &self,
        state: Option<&State>,
        work: impl FnOnce(&mut LruCache<Query, Message>) -> T,
    ) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.state.as_ref() != state {
            kept.state = state.cloned();
            kept.answers.clear();
        }
        work(&mut kept.answers)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::wording;

    fn query(question: &str) -> Query {
        Query {
            question: question.to_owned(),
            topic: None,
            audience: Audience::Channel,
        }
    }

    fn index(folder: &Path) -> Index {
        let index = Index::open(&folder.join("index")).unwrap();
        write(&index, folder, "one");
        index
    }

    fn write(index: &Index, folder: &Path, text: &str) {
        let notes = folder.join("notes");
        fs::create_dir_all(&notes).unwrap();
        fs::write(notes.join("a.md"), text).unwrap();
        index.sync(&notes, &|_| ()).unwrap();
    }

    /// Asks, and says whether that was looked into.
    fn is_told(recent: &Recent, index: &Index, question: &str, told: fn(Message) -> Told) -> bool {
        let mut is_told = false;
        let tell = || {
            is_told = true;
            Ok(told(wording::fault(question)))
        };
        let answer = recent.answer(index, query(question), tell).unwrap();
        assert_eq!(answer, wording::fault(question));
        is_told
    }

    #[test]
    fn an_answer_is_looked_for_once_as_long_as_the_notes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (index, recent) = (index(folder.path()), Recent::default());
        assert!(is_told(&recent, &index, "a", Told::Answer));
        assert!(!is_told(&recent, &index, "a", Told::Answer));
        write(&index, folder.path(), "one");
        assert!(!is_told(&recent, &index, "a", Told::Answer));
        write(&index, folder.path(), "two");
        assert!(is_told(&recent, &index, "a", Told::Answer));
        assert!(is_told(&recent, &index, "b", Told::Once));
        assert!(is_told(&recent, &index, "b", Told::Once));
    }

    #[test]
    fn an_answer_that_was_overtaken_by_an_edit_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let (index, recent) = (index(folder.path()), Recent::default());
        let tell = || {
            write(&index, folder.path(), "two");
            Ok(Told::Answer(wording::fault("a")))
        };
        recent.answer(&index, query("a"), tell).unwrap();
        assert!(is_told(&recent, &index, "a", Told::Answer));
    }

    #[test]
    fn the_ones_that_were_asked_last_are_kept_and_no_long_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (index, recent) = (index(folder.path()), Recent::default());
        for n in 0..=ANSWERS_MAX {
            assert!(is_told(&recent, &index, &n.to_string(), Told::Answer));
            assert!(!is_told(&recent, &index, "0", Told::Answer), "{n}");
        }
        assert_eq!(recent.0.lock().unwrap().answers.len(), ANSWERS_MAX);
        assert!(is_told(&recent, &index, "1", Told::Answer));
        let long = "x".repeat(QUESTION_MAX + 1);
        assert!(is_told(&recent, &index, &long, Told::Answer));
        assert!(is_told(&recent, &index, &long, Told::Answer));
    }

    #[test]
    fn nothing_of_what_was_asked_is_printed() {
        let folder = tempfile::tempdir().unwrap();
        let (index, recent) = (index(folder.path()), Recent::default());
        is_told(&recent, &index, "canary", Told::Answer);
        assert!(!format!("{recent:?}").contains("canary"));
    }
}
