//! Every sentence the bot says keeps the chat's limits, whatever names and texts it is about.

use proptest::prelude::*;
use studyhall::chat::{Audience, Message, Reply};
use studyhall::wording::{self, Noted, View};
use studyhall_index::{Correction, Placed, Quote, Section, SectionKey, SectionName, Topic};

use crate::hostile::assert_within_limits;
use crate::markdown::nasty;

fn names() -> impl Strategy<Value = Vec<SectionName>> {
    let path = prop::collection::vec(nasty(), 0..5);
    // Few keys, so that some are the same.
    let name = (0..4_u64, path).prop_map(|(key, heading_path)| SectionName {
        key: SectionKey(key),
        heading_path,
    });
    prop::collection::vec(name, 0..8)
}

fn corrections() -> impl Strategy<Value = Vec<Correction>> {
    let correction = (nasty(), nasty()).prop_map(|(typed, read_as)| Correction { typed, read_as });
    prop::collection::vec(correction, 0..8)
}

fn placed() -> impl Strategy<Value = Placed> {
    let path = prop::collection::vec(nasty(), 0..5);
    let section = (nasty(), nasty(), any::<u32>(), path, nasty()).prop_map(
        |(path, anchor, line, heading_path, body)| Section {
            path,
            anchor,
            line,
            heading_path,
            body,
            bold: Vec::new(),
        },
    );
    (section, any::<bool>(), any::<bool>()).prop_map(|(section, first, last)| Placed {
        section,
        previous: (!first).then_some(SectionKey(1)),
        next: (!last).then_some(SectionKey(2)),
    })
}

fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![Just(Audience::Channel), Just(Audience::Person)]
}

#[track_caller]
fn check(message: Message) {
    assert_within_limits(&Reply::Say(message));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sections_keep_the_limits(
        placed in placed(),
        page in any::<u16>(),
        quote in nasty(),
        audience in audience(),
        question in nasty(),
        others in names(),
        corrections in corrections(),
    ) {
        let quote = Quote { number: page, text: quote };
        let view = View {
            placed: &placed,
            page,
            quote: Some(&quote),
            audience,
            notes_url: Some("https://notes.example"),
        };
        check(wording::answer(&view, &question, &others, &corrections));
        check(wording::section(&view));
        check(wording::shared(&view, &question));
    }

    #[test]
    fn what_is_not_found_keeps_the_limits(
        question in nasty(),
        nearest in names(),
        corrections in corrections(),
        audience in audience(),
    ) {
        for noted in [Noted::Kept, Noted::Lost] {
            check(wording::unknown(&question, &nearest, &corrections, noted, audience));
            check(wording::did_not_help(noted));
        }
        check(wording::no_such_section(&question, &nearest));
        check(wording::no_such_topic(&question));
        assert_within_limits(&Reply::Offer(wording::section_offers(&nearest)));
    }

    #[test]
    fn topics_keep_the_limits(names in prop::collection::vec(nasty(), 0..40), page in 0..6_u16) {
        let topics: Vec<Topic> = names
            .into_iter()
            .zip(0..)
            .map(|(name, n)| Topic { name, n_sections: n, first: SectionKey(n as u64 / 2) })
            .collect();
        check(wording::topics(&topics, page));
    }
}

#[test]
fn sentences_without_values_keep_the_limits() {
    check(wording::gone());
    check(wording::no_neighbour());
    check(wording::empty_question());
    check(wording::empty_name());
    check(wording::question_too_long(usize::MAX));
    check(wording::helped());
    check(wording::fault("abc123"));
}

#[test]
fn a_long_way_to_a_section_keeps_its_ends() {
    let path =
        |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
    let middle = "m".repeat(60);
    let check = |names: &[&str], expected: &str| {
        assert_eq!(wording::breadcrumb(&path(names), 50), expected);
    };
    check(&["S3", "Storage", "Classes"], "S3 › Storage › Classes");
    check(&["S3", &middle, "Classes"], "S3 › … › Classes");
    check(&["S3", "", "Classes"], "S3 › Classes");
    check(&[&middle, "Classes"], "Classes");
    check(&["S3", &middle], &format!("{}…", "m".repeat(49)));
    check(&[], "(no name)");
}

#[test]
fn offers_of_the_same_name_can_be_told_apart() {
    let name = |key: u64| SectionName {
        key: SectionKey(key),
        heading_path: vec!["S3".to_owned(), "Limits".to_owned()],
    };
    let offers = wording::section_offers(&[name(1), name(2), name(3)]);
    let shown: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    assert_eq!(shown, ["S3 › Limits", "S3 › Limits (2)", "S3 › Limits (3)"]);
}
