//! A question as typed becomes the concepts that it asks for.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::lexicon::{Kind, Lexicon, is_english};
use crate::lists::LISTS;
use crate::search::Correction;
use crate::synonyms::synonyms;
use crate::words::{Stems, surface, words};

/// Words of a question that are read; a longer one is cut.
const WORDS_MAX: usize = 400;
/// Concepts of a question that are looked for, the weightiest first.
const CONCEPTS_MAX: usize = 40;
/// Words of a long form, at most.
const PHRASE_MAX: usize = 6;

/// In how many sections a word of [`LISTS`] counts as standing, when spelling is mended.
const ASKED: u64 = 5;
/// What a word counts that says how something is asked rather than what about.
const WEAK: f32 = 0.25;
/// The same where `of` follows: `types of volumes` asks for the types.
const WEAK_OF: f32 = 0.5;
/// What a word counts that stands before everything in these notes, such as a maker's name.
const THEME: f32 = 0.3;
/// How sure a form is that was only read into the question.
const GUESSED: f32 = 0.5;

/// One thing that a question asks about, in every form in which the notes may name it.
#[derive(Clone, Debug)]
pub(crate) struct Concept {
    /// Each form as stems; all of a form's stems must be there for it to count in full.
    pub(crate) forms: Vec<Vec<String>>,
    /// How many of the forms are its own; those behind them are synonyms.
    pub(crate) n_own: usize,
    /// What the concept counts, from 0 to 1.
    pub(crate) share: f32,
    /// What it weighs by its rarity.
    pub(crate) rarity: f32,
    /// Whether the notes hold it at all.
    pub(crate) known: bool,
    /// Whether it only says which side of a thing is asked for.
    pub(crate) weak: bool,
    /// Whether it was read into the question: a corrected name, a stem that is only related.
    pub(crate) guessed: bool,
}

/// A question, understood.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// What it asks about.
    pub(crate) concepts: Vec<Concept>,
    /// Its stems in order, question words included.
    pub(crate) stems: Vec<String>,
    /// The names that it may be: its stems in order, with and without question words.
    pub(crate) names: Vec<String>,
    /// Whether two things are to be compared.
    pub(crate) compares: bool,
    /// Whether a figure is asked for.
    pub(crate) wants_figure: bool,
    /// Whether it asks for the most or the least of something.
    pub(crate) wants_limit: bool,
    /// What was read differently from how it was typed.
    pub(crate) corrections: Vec<Correction>,
}

/// A word of the question.
struct Typed {
    small: String,
    stem: String,
    /// Whether a capitalised word was read as another: it may have been a name that the notes lack.
    guessed: bool,
    /// Whether `of` follows.
    of: bool,
}

/// The forms of a concept on their way into the question.
struct Forms {
    forms: Vec<Vec<String>>,
    synonyms: &'static [String],
    /// What it counts if it only says how something is asked.
    weak: Option<f32>,
    guessed: bool,
}

impl Question {
    /// Reads a question in the light of what the notes hold.
    pub(crate) fn read(
        text: &str,
        lexicon: &Lexicon<'_>,
        stems: &mut Stems,
    ) -> tantivy::Result<Self> {
        let mut question = Self::default();
        let mut typed: Vec<Typed> = Vec::new();
        let mut small = String::new();
        for word in words(text).take(WORDS_MAX) {
            surface(word.text, &mut small);
            if let Some(before) = typed.last_mut().filter(|_| small == "of") {
                before.of = true;
            }
            let mut guessed = false;
            if let Some(right) = corrected(word.text, &small, lexicon, stems)? {
                question.note_correction(word.text, &right);
                guessed = word.text.starts_with(char::is_uppercase);
                small = right;
            }
            typed.push(Typed {
                stem: stems.stem(&small).to_owned(),
                small: small.clone(),
                guessed,
                of: false,
            });
        }
        question.stems = typed.iter().map(|word| word.stem.clone()).collect();
        let content = typed.iter().filter(|word| is_content(word));
        let content: Vec<&str> = content.map(|word| word.stem.as_str()).collect();
        question.compares = typed
            .iter()
            .any(|word| LISTS.compare.contains(word.small.as_str()));
        question.names = vec![joined(&typed)];
        if !question.compares {
            // "S3 vs Glacier" does not mean S3 Glacier.
            question.names.push(content.join(" "));
            question.names.dedup();
        }
        question.wants_figure = typed
            .iter()
            .any(|word| LISTS.figure.contains(word.small.as_str()));
        question.wants_limit = typed
            .iter()
            .any(|word| LISTS.most.contains(word.small.as_str()));
        question.find_concepts(&typed, lexicon, stems)?;
        Ok(question)
    }

    /// How many concepts the notes lack altogether.
    pub(crate) fn n_unknown(&self) -> usize {
        let unknown = |concept: &&Concept| !concept.weak && !concept.known;
        self.concepts.iter().filter(unknown).count()
    }

    /// What all concepts weigh together.
    pub(crate) fn weight(&self) -> f32 {
        self.concepts
            .iter()
            .map(Concept::weight)
            .sum::<f32>()
            .max(f32::EPSILON)
    }

    /// Concepts that say what is asked about.
    pub(crate) fn n_strong(&self) -> usize {
        self.concepts
            .iter()
            .filter(|concept| !concept.weak)
            .count()
            .max(1)
    }

    fn note_correction(&mut self, typed: &str, read_as: &str) {
        let correction = Correction {
            typed: typed.to_owned(),
            read_as: read_as.to_owned(),
        };
        if !self.corrections.contains(&correction) {
            self.corrections.push(correction);
        }
    }

    fn find_concepts(
        &mut self,
        typed: &[Typed],
        lexicon: &Lexicon<'_>,
        stems: &mut Stems,
    ) -> tantivy::Result<()> {
        let mut taken = vec![false; typed.len()];
        self.find_long_forms(typed, &mut taken, lexicon, stems)?;
        let content: Vec<usize> = (0..typed.len())
            .filter(|at| !taken[*at] && is_content(&typed[*at]))
            .collect();
        for (place, &at) in content.iter().enumerate() {
            if taken[at] {
                continue;
            }
            let follower = content.get(place + 1).filter(|next| **next == at + 1);
            let follower = follower.map(|next| &typed[*next]);
            let (forms, takes_follower) = forms_of(&typed[at], follower, lexicon, stems)?;
            if takes_follower {
                taken[at + 1] = true;
            }
            self.add(forms, lexicon)?;
        }
        if self.concepts.is_empty() {
            for word in typed {
                let forms = Forms {
                    forms: vec![vec![word.stem.clone()]],
                    synonyms: &[],
                    weak: Some(WEAK),
                    guessed: false,
                };
                self.add(forms, lexicon)?;
            }
        }
        self.concepts
            .sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        self.concepts.truncate(CONCEPTS_MAX);
        Ok(())
    }

    /// Long forms that the notes abbreviate: `dead letter queue` is `DLQ`.
    fn find_long_forms(
        &mut self,
        typed: &[Typed],
        taken: &mut [bool],
        lexicon: &Lexicon<'_>,
        stems: &mut Stems,
    ) -> tantivy::Result<()> {
        let content: Vec<usize> = (0..typed.len())
            .filter(|at| is_content(&typed[*at]))
            .collect();
        let whole = content
            .first()
            .zip(content.last())
            .map(|(first, last)| (*first, last + 1));
        let opens = |word: &Typed| lexicon.opens_long_form(&word.stem);
        let opens: Vec<bool> = typed.iter().map(opens).collect::<Result<_, _>>()?;
        for len in (2..=PHRASE_MAX).rev() {
            for start in 0..(typed.len() + 1).saturating_sub(len) {
                let end = start + len;
                let run = &typed[start..end];
                let opens_small = LISTS.small.contains(run[0].small.as_str());
                let ends_small = LISTS.small.contains(run[len - 1].small.as_str());
                if opens_small || ends_small || taken[start..end].contains(&true) {
                    continue;
                }
                let is_whole = whole == Some((start, end));
                let mut shorts = match opens[start] {
                    true => lexicon.look_up(Kind::Long, &joined(run))?,
                    false => Vec::new(),
                };
                if shorts.is_empty() && is_whole && !has_halves(run, lexicon, stems)? {
                    shorts = shorts_by_initials(run, lexicon)?;
                }
                if shorts.is_empty() {
                    continue;
                }
                taken[start..end].fill(true);
                let mut forms: Vec<Vec<String>> =
                    shorts.into_iter().map(|short| vec![short]).collect();
                let is_stop = |word: &&Typed| !LISTS.stop.contains(word.small.as_str());
                forms.push(
                    run.iter()
                        .filter(is_stop)
                        .map(|word| word.stem.clone())
                        .collect(),
                );
                let guessed = run.iter().any(|word| word.guessed);
                let forms = Forms {
                    forms,
                    synonyms: &[],
                    weak: None,
                    guessed,
                };
                self.add(forms, lexicon)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, forms: Forms, lexicon: &Lexicon<'_>) -> tantivy::Result<()> {
        let Forms {
            mut forms,
            synonyms,
            weak,
            guessed,
        } = forms;
        let mut seen = HashSet::new();
        forms.retain(|form| !form.is_empty() && seen.insert(form.clone()));
        let n_own = forms.len();
        let known = synonyms.iter().filter(|stem| lexicon.n_with(stem) > 0);
        forms.extend(known.map(|stem| vec![stem.clone()]));
        let Some(first) = forms.first() else {
            return Ok(());
        };
        if self
            .concepts
            .iter()
            .any(|concept| concept.forms.first() == Some(first))
        {
            return Ok(());
        }
        let share = match (weak, &first[..]) {
            (Some(share), _) => share,
            (None, [stem]) if lexicon.is_theme(stem)? => THEME,
            _ => 1.0,
        };
        let is_known = |form: &&Vec<String>| form.iter().all(|stem| lexicon.n_with(stem) > 0);
        let known = forms.iter().find(is_known).cloned();
        let weights = |form: &[String]| {
            let weights = form.iter().map(|stem| lexicon.weight(stem));
            weights.fold(0.0, f32::max)
        };
        self.concepts.push(Concept {
            share,
            rarity: known
                .as_deref()
                .map_or_else(|| lexicon.weight_max(), weights),
            known: known.is_some(),
            weak: weak.is_some(),
            guessed,
            forms,
            n_own,
        });
        Ok(())
    }
}

impl Concept {
    /// Whether it says what is asked about: no weak word, and no theme.
    pub(crate) fn counts(&self) -> bool {
        self.share >= 1.0
    }

    /// How surely the concept is meant where the form at this place was found, from 0 to 1.
    pub(crate) fn sureness(&self, found: Option<usize>) -> f32 {
        let own = if self.guessed { GUESSED } else { 1.0 };
        match found {
            Some(at) if at < self.n_own => own,
            Some(_) => own * GUESSED,
            None => 0.0,
        }
    }

    /// What the concept counts among the others of its question.
    pub(crate) fn weight(&self) -> f32 {
        self.share * self.rarity
    }
}

#[cfg(test)]
impl Concept {
    /// A concept with these forms, of which no more is known.
    pub(crate) fn with_forms(forms: Vec<Vec<String>>) -> Self {
        Self {
            n_own: forms.len(),
            forms,
            share: 1.0,
            rarity: 1.0,
            known: true,
            weak: false,
            guessed: false,
        }
    }
}

fn is_content(word: &Typed) -> bool {
    let small = word.small.as_str();
    !LISTS.stop.contains(small) && !LISTS.compare.contains(small)
}

fn joined(run: &[Typed]) -> String {
    let stems: Vec<&str> = run.iter().map(|word| word.stem.as_str()).collect();
    stems.join(" ")
}

/// Words in capitals that the whole question may spell out: `elastic kubernetes service`.
fn shorts_by_initials(run: &[Typed], lexicon: &Lexicon<'_>) -> tantivy::Result<Vec<String>> {
    let is_other = |word: &&Typed| {
        let small = word.small.as_str();
        LISTS.stop.contains(small) && !LISTS.small.contains(small)
    };
    let initials = |run: &mut dyn Iterator<Item = &Typed>| -> String {
        run.filter_map(|word| word.small.chars().next()).collect()
    };
    let of_all = initials(&mut run.iter());
    let of_big = initials(
        &mut run
            .iter()
            .filter(|word| !LISTS.small.contains(word.small.as_str())),
    );
    if run.iter().any(|word| is_other(&word)) || of_big.chars().count() < 3 {
        return Ok(Vec::new());
    }
    let mut shorts = lexicon.look_up(Kind::Capitals, &of_all)?;
    shorts.extend(lexicon.look_up(Kind::Capitals, &of_big)?);
    shorts.retain(|short| run.iter().all(|word| word.stem != *short));
    Ok(shorts)
}

/// The forms in which the notes may name a word of the question, and whether the word behind it
/// is part of them (`dynamo db`).
fn forms_of(
    word: &Typed,
    follower: Option<&Typed>,
    lexicon: &Lexicon<'_>,
    stems: &mut Stems,
) -> tantivy::Result<(Forms, bool)> {
    let split = |phrase: String| phrase.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut found = Forms {
        forms: vec![vec![word.stem.clone()]],
        synonyms: &[],
        weak: LISTS
            .weak
            .contains(word.small.as_str())
            .then_some(if word.of { WEAK_OF } else { WEAK }),
        guessed: word.guessed,
    };
    if let Some(next) = follower {
        let together = format!("{}{}", word.small, next.small);
        let together = stems.stem(&together).to_owned();
        if together.len() >= 4 && lexicon.n_with(&together) > 0 {
            if !lexicon.share_a_heading(&word.stem, &next.stem)? {
                let apart = vec![word.stem.clone(), next.stem.clone()];
                found.forms = vec![vec![together], apart];
                return Ok((found, true));
            }
            found.forms.push(vec![together]);
        }
    }
    let longs = lexicon.look_up(Kind::Short, &word.stem)?;
    let is_spelt_out = !longs.is_empty();
    found.forms.extend(longs.into_iter().map(split));
    let is_short = (3..=PHRASE_MAX).contains(&word.small.len());
    if is_short && !is_spelt_out && lexicon.n_headings_with(&word.stem) == 0 {
        found.forms.extend(lexicon.phrases(&word.small, stems)?);
    }
    found.forms.extend(halves(word, lexicon, stems)?);
    if found.weak.is_none() {
        found.synonyms = synonyms(&word.stem);
    }
    if found.forms.len() == 1 && lexicon.n_with(&word.stem) == 0 {
        let related = lexicon.related(&word.stem)?;
        found.guessed |= !related.is_empty();
        found
            .forms
            .extend(related.into_iter().map(|stem| vec![stem]));
    }
    Ok((found, false))
}

/// Whether one of the words is one that headings write as two, so that initials mislead.
fn has_halves(run: &[Typed], lexicon: &Lexicon<'_>, stems: &mut Stems) -> tantivy::Result<bool> {
    for word in run {
        if lexicon.n_with(&word.stem) == 0 && !halves(word, lexicon, stems)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A word that headings write as two: `autoscaling`, `route53`.
fn halves(
    word: &Typed,
    lexicon: &Lexicon<'_>,
    stems: &mut Stems,
) -> tantivy::Result<Vec<Vec<String>>> {
    let small = word.small.as_str();
    lexicon.halves(small, || find_halves(small, lexicon, stems))
}

fn find_halves(
    small: &str,
    lexicon: &Lexicon<'_>,
    stems: &mut Stems,
) -> tantivy::Result<Vec<Vec<String>>> {
    let digits = small.find(|letter: char| letter.is_ascii_digit());
    let cuts: Vec<usize> = match digits {
        Some(at) if at >= 3 && small[at..].bytes().all(|byte| byte.is_ascii_digit()) => vec![at],
        Some(_) => return Ok(Vec::new()),
        None if small.len() >= 7 && small.is_ascii() && !is_english(small) => {
            (3..small.len() - 2).collect()
        }
        None => return Ok(Vec::new()),
    };
    let mut halves = Vec::new();
    for cut in cuts {
        let (left, right) = small.split_at(cut);
        let left = stems.stem(left).to_owned();
        let right = stems.stem(right).to_owned();
        if lexicon.share_a_heading(&left, &right)? {
            halves.push(vec![left, right]);
        }
    }
    Ok(halves)
}

/// What a word was meant to be: the nearest word of the notes, where they lack it as typed, one
/// edit away from five letters on and two from nine. Codes, acronyms and English words stay.
fn corrected(
    typed: &str,
    small: &str,
    lexicon: &Lexicon<'_>,
    stems: &mut Stems,
) -> tantivy::Result<Option<String>> {
    let capitals = typed.chars().all(char::is_uppercase) && small.chars().count() <= 8;
    if capitals {
        return Ok(None);
    }
    lexicon.corrected(small, || find_correction(small, lexicon, stems))
}

fn find_correction(
    small: &str,
    lexicon: &Lexicon<'_>,
    stems: &mut Stems,
) -> tantivy::Result<Option<String>> {
    let n_letters = small.chars().count();
    let has_digit = small.contains(|letter: char| !letter.is_alphabetic());
    if n_letters < 5 || has_digit || is_known(small, lexicon) {
        return Ok(None);
    }
    if small
        .strip_suffix('s')
        .is_some_and(|one| is_known(one, lexicon))
    {
        return Ok(None);
    }
    let distance = if n_letters >= 9 { 2 } else { 1 };
    let mut best: Option<(usize, bool, Reverse<u64>, String)> = None;
    let mut offer = |word: &str, n_sections: u64| {
        if word.chars().count() < 4 || !word.chars().all(char::is_alphabetic) {
            return;
        }
        let edits = strsim::osa_distance(small, word);
        let other_start = small.chars().next() != word.chars().next();
        let offered = (edits, other_start, Reverse(n_sections), word.to_owned());
        if edits <= usize::from(distance) && best.as_ref().is_none_or(|best| offered < *best) {
            best = Some(offered);
        }
    };
    for word in lexicon.near(small, distance)? {
        let n_sections = lexicon.n_with(stems.stem(&word));
        // A word that went with its note may still be listed.
        if n_sections > 0 {
            offer(&word, n_sections);
        }
    }
    for word in LISTS.stop.iter().chain(&LISTS.compare).chain(&LISTS.weak) {
        offer(word, ASKED);
    }
    Ok(best.map(|(_, _, _, word)| word))
}

/// Whether a word in small letters is one of the notes, of a question, or of the language.
fn is_known(small: &str, lexicon: &Lexicon<'_>) -> bool {
    LISTS.stop.contains(small)
        || LISTS.compare.contains(small)
        || LISTS.weak.contains(small)
        || lexicon.knows(small)
        || is_english(small)
}
