//! Measures of a ranking: hits, mean reciprocal rank, discounted gain, wrong yes and wrong no.

use serde_json::json;
use studyhall_index::Section;

/// Ranks that count.
const CUT: usize = 10;

/// How one question went.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    /// Whether the notes hold an answer.
    pub(super) answerable: bool,
    /// Whether the notes were said to hold one.
    pub(super) answered: bool,
    /// Rank of the first expected section, from 1, if it is among the first [`CUT`].
    pub(super) rank: Option<usize>,
    /// nDCG over the first [`CUT`].
    pub(super) ndcg: f64,
}

/// Judges a ranking. Each entry of `expect` counts once, at the first section that it names.
pub(super) fn judge(expect: &[String], ranked: &[&Section], answered: bool) -> Judgement {
    let mut open: Vec<&str> = expect.iter().map(String::as_str).collect();
    open.sort_unstable();
    open.dedup();
    let ideal: Vec<f64> = open.iter().map(|_| 1.0).collect();
    let gains: Vec<f64> = ranked
        .iter()
        .take(CUT)
        .map(|section| {
            let n_open = open.len();
            open.retain(|expected| !is_named(section, expected));
            if open.len() < n_open { 1.0 } else { 0.0 }
        })
        .collect();
    Judgement {
        answerable: !expect.is_empty(),
        answered,
        rank: gains.iter().position(|gain| *gain > 0.0).map(|at| at + 1),
        ndcg: ndcg(&gains, ideal),
    }
}

/// Whether `expected` names the section: its id, that of the long section that it is a part of,
/// or its note.
fn is_named(section: &Section, expected: &str) -> bool {
    match expected.split_once('#') {
        None => expected == section.path,
        Some((path, anchor)) => {
            path == section.path && (anchor == section.anchor || anchor == section.link_anchor())
        }
    }
}

/// Discounted gain over the first [`CUT`] ranks, as part of the best that `ideal`, the gains of
/// everything relevant, allows. Zero where nothing is relevant.
pub(super) fn ndcg(gains: &[f64], mut ideal: Vec<f64>) -> f64 {
    let discounted = |gains: &[f64]| -> f64 {
        let ranked = gains.iter().take(CUT).enumerate();
        ranked
            .map(|(at, gain)| gain / (at as f64 + 2.0).log2())
            .sum()
    };
    ideal.sort_by(|a, b| b.total_cmp(a));
    match discounted(&ideal) {
        best if best > 0.0 => discounted(gains) / best,
        _ => 0.0,
    }
}

impl Judgement {
    /// What went wrong, in a few words, if anything did.
    pub(super) fn failure(&self) -> Option<&'static str> {
        match (self.answerable, self.answered, self.rank) {
            (false, true, _) => Some("wrong answer"),
            (false, false, _) => None,
            (true, false, _) => Some("wrong abstention"),
            (true, true, Some(1)) => None,
            (true, true, Some(_)) => Some("not first"),
            (true, true, None) => Some("not among ten"),
        }
    }
}

/// The measures of many questions. Means are over the answerable ones; none where there are none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measures {
    pub(super) n: usize,
    pub(super) n_answerable: usize,
    pub(super) hit_at_1: Option<f64>,
    pub(super) hit_at_3: Option<f64>,
    pub(super) mrr_at_10: Option<f64>,
    pub(super) ndcg_at_10: Option<f64>,
    pub(super) wrong_abstentions: usize,
    pub(super) wrong_answers: usize,
}

impl Measures {
    pub(super) fn of<'a>(judgements: impl Iterator<Item = &'a Judgement>) -> Self {
        let all: Vec<&Judgement> = judgements.collect();
        let answerable: Vec<&Judgement> = all.iter().copied().filter(|j| j.answerable).collect();
        let mean = |value: &dyn Fn(&Judgement) -> f64| {
            let sum: f64 = answerable.iter().map(|j| value(j)).sum();
            (!answerable.is_empty()).then(|| sum / answerable.len() as f64)
        };
        let within = |cut: usize| {
            move |j: &Judgement| f64::from(u8::from(j.rank.is_some_and(|rank| rank <= cut)))
        };
        Self {
            n: all.len(),
            n_answerable: answerable.len(),
            hit_at_1: mean(&within(1)),
            hit_at_3: mean(&within(3)),
            mrr_at_10: mean(&|j| j.rank.map_or(0.0, |rank| 1.0 / rank as f64)),
            ndcg_at_10: mean(&|j| j.ndcg),
            wrong_abstentions: answerable.iter().filter(|j| !j.answered).count(),
            wrong_answers: all.iter().filter(|j| !j.answerable && j.answered).count(),
        }
    }

    /// The part of the questions without an answer that were refused, if there are any.
    pub(super) fn refused(&self) -> Option<f64> {
        let n = self.n - self.n_answerable;
        (n > 0).then(|| 1.0 - self.wrong_answers as f64 / n as f64)
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        json!({
            "n": self.n,
            "n_answerable": self.n_answerable,
            "hit@1": self.hit_at_1,
            "hit@3": self.hit_at_3,
            "mrr@10": self.mrr_at_10,
            "ndcg@10": self.ndcg_at_10,
            "wrong_abstentions": self.wrong_abstentions,
            "wrong_answers": self.wrong_answers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(path: &str, anchor: &str) -> Section {
        Section {
            path: path.to_owned(),
            anchor: anchor.to_owned(),
            ..Section::default()
        }
    }

    #[track_caller]
    fn check(expect: &[&str], ranked: &[(&str, &str)], rank: Option<usize>, ndcg: f64) {
        let expect: Vec<String> = expect.iter().map(|e| (*e).to_owned()).collect();
        let ranked: Vec<Section> = ranked.iter().map(|(p, a)| section(p, a)).collect();
        let judged = judge(&expect, &ranked.iter().collect::<Vec<_>>(), true);
        assert_eq!(judged.rank, rank);
        assert!((judged.ndcg - ndcg).abs() < 1e-4, "{judged:?}");
    }

    #[test]
    fn the_first_expected_section_gives_the_rank() {
        check(&["a.md#x"], &[("a.md", "x")], Some(1), 1.0);
        check(
            &["a.md#x"],
            &[("b.md", "x"), ("a.md", "x")],
            Some(2),
            0.6309,
        );
        check(&["a.md#x"], &[("b.md", "x")], None, 0.0);
    }

    #[test]
    fn a_note_names_all_its_sections_but_counts_once() {
        check(&["a.md"], &[("a.md", "x"), ("a.md", "y")], Some(1), 1.0);
    }

    #[test]
    fn a_section_is_named_by_any_of_its_parts() {
        check(&["a.md#x"], &[("a.md", "x~2"), ("a.md", "x")], Some(1), 1.0);
    }

    #[test]
    fn two_expected_sections_share_the_gain() {
        let ranked = [("a.md", "x"), ("c.md", ""), ("b.md", "y")];
        // (1 + 1/2) / (1 + 1/log2(3))
        check(&["a.md#x", "b.md#y"], &ranked, Some(1), 0.9197);
    }

    #[test]
    fn graded_gains_are_linear() {
        // (1 + 3/log2(3)) / (3 + 1/log2(3))
        assert!((ndcg(&[1.0, 3.0], vec![1.0, 3.0]) - 0.7967).abs() < 1e-4);
        assert_eq!(ndcg(&[0.0], vec![]), 0.0);
    }

    #[test]
    fn wrong_yes_and_wrong_no_are_counted() {
        let judgements = [
            judge(&[], &[], true),
            judge(&[], &[], false),
            judge(&["a.md".to_owned()], &[], false),
        ];
        let measures = Measures::of(judgements.iter());
        assert_eq!((measures.n, measures.n_answerable), (3, 1));
        assert_eq!((measures.wrong_answers, measures.wrong_abstentions), (1, 1));
        assert_eq!(measures.hit_at_1, Some(0.0));
    }
}
