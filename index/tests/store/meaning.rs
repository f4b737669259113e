//! Questions in other words than the notes: synonyms, what is asked of, and long descriptions.

use crate::world::{World, search};

/// The sections found, best first.
#[track_caller]
fn ids(notes: &[(&str, &str)], question: &str) -> Vec<String> {
    let found = search(&World::new(notes).built(), question);
    found.hits.iter().map(|hit| hit.section.id()).collect()
}

#[test]
fn a_synonym_finds_what_the_notes_call_otherwise() {
    let notes = [
        (
            "lockers.md",
            "# Lockers\n\nBoxes with doors.\n\n## Locker pricing\n\nTwo coins a day.\n\n\
             ## Locker colours\n\nGreen and grey.\n",
        ),
        ("parcels.md", "# Parcels\n\nThings that are sent.\n"),
    ];
    let world = World::new(&notes);
    let found = search(&world.built(), "what does a locker cost?");
    assert_eq!(found.hits[0].section.id(), "lockers.md#locker-pricing");
    assert!(found.answered, "{}", found.confidence);
}

#[test]
fn the_word_itself_comes_before_its_synonym() {
    let notes = [
        (
            "a.md",
            "# Ferry price\n\nThe ferry is dear, and so is the bridge.\n",
        ),
        (
            "b.md",
            "# Ferry cost\n\nThe ferry is dear, and so is the bridge.\n",
        ),
    ];
    assert_eq!(ids(&notes, "ferry cost")[0], "b.md#ferry-cost");
    assert_eq!(ids(&notes, "ferry price")[0], "a.md#ferry-price");
}

#[test]
fn a_synonym_alone_is_less_sure_than_the_word() {
    let sure = |question: &str| {
        let notes = [("a.md", "# Shelf\n\nA shelf has an outage on Mondays.\n")];
        search(&World::new(&notes).built(), question).confidence
    };
    assert!(sure("shelf downtime") < sure("shelf outage"));
    assert!(sure("shelf banana") < sure("shelf downtime"));
}

#[test]
fn types_of_a_thing_are_more_than_the_thing() {
    let notes = [
        (
            "a.md",
            "# Crate\n\nA crate is a box of wood. A crate is stacked on a crate, and a crate is \
             opened with a bar. Every crate has a number, and every number stands on a crate. Some \
             crates are of oak, some crates of pine, and the crate maker knows each crate.\n",
        ),
        (
            "b.md",
            "# Yard\n\nWhere things wait.\n\n## The yard's crate types\n\nOpen, slatted, and closed \
             ones.\n",
        ),
        ("c.md", "# Types\n\nLetters of lead.\n"),
    ];
    assert_eq!(
        ids(&notes, "types of crates")[0],
        "b.md#the-yards-crate-types"
    );
}

#[test]
fn a_long_description_brings_in_what_its_best_section_speaks_of() {
    let description = "Goods arrive damp in a warehouse by the harbour, workers complain of mould \
         on sacks, windows stay shut in winter, and the floor under the pallets never dries; what \
         removes moisture from the air?";
    let notes = [
        (
            "damp.md",
            "# Damp goods\n\nIn a warehouse by the harbour, goods stay damp: mould grows on sacks, \
             windows stay shut in winter, and the floor under pallets never dries. A hygroscope \
             shows it; a zeolite dryer helps, and a zeolite dryer is cheap.\n",
        ),
        (
            "dryer.md",
            "# Zeolite dryer\n\nA zeolite dryer takes moisture away. The zeolite is heated when it \
             is full, and the dryer runs again. Place one zeolite dryer for each hundred square \
             metres.\n",
        ),
        (
            "birds.md",
            "# Moisture meters\n\nA meter shows moisture. The meter is read at noon, and the meter \
             is wiped when it is wet. Place one meter for each hundred square metres.\n",
        ),
        ("ropes.md", "# Ropes\n\nRopes are coiled and hung.\n"),
    ];
    let ids = ids(&notes, description);
    let place = |id: &str| ids.iter().position(|found| found == id);
    assert_eq!(place("damp.md#damp-goods"), Some(0), "{ids:?}");
    assert_eq!(place("dryer.md#zeolite-dryer"), Some(1), "{ids:?}");
}

/// The question is answered first by the section with this id.
#[track_caller]
fn check_first(notes: &[(&str, &str)], question: &str, id: &str) {
    let world = World::new(notes);
    let found = search(&world.built(), question);
    let ids: Vec<String> = found.hits.iter().map(|hit| hit.section.id()).collect();
    assert_eq!(
        ids.first().map(String::as_str),
        Some(id),
        "{question}: {ids:?}"
    );
}

#[test]
fn two_sides_of_a_comparison_are_no_name() {
    let notes = [(
        "depot.md",
        "# Crate Depot\n\nA crate depot keeps crates, and a depot of crates is a crate depot.\n\n\
         ## Crate vs depot\n\nA crate holds goods; a depot holds crates.\n",
    )];
    check_first(&notes, "crate vs depot", "depot.md#crate-vs-depot");
    check_first(&notes, "crate depot", "depot.md#crate-depot");
}

#[test]
fn what_a_short_form_stands_for_is_asked_by_its_name() {
    let notes = [(
        "hold.md",
        "---\naliases: [PHU]\n---\n# Holding\n\nA Parcel Holding Unit (PHU) keeps parcels.\n\n\
         ## How a PHU works\n\nThe PHU stands beside a PHU; each PHU stands for a PHU.\n",
    )];
    check_first(&notes, "what does PHU stand for?", "hold.md#holding");
}

#[test]
fn a_word_written_as_one_is_no_initial() {
    let notes = [(
        "a.md",
        "# Sorting\n\nA Classic Load Sorter (CLS) sorts.\n\n## CLS prices\n\nA CLS costs little.\n\n\
         ## Cross-zone load sorting\n\nEvery sorter serves all zones.\n",
    )];
    check_first(
        &notes,
        "crosszone load sorting",
        "a.md#cross-zone-load-sorting",
    );
}

#[test]
fn who_asks_for_the_most_is_shown_the_limits() {
    let notes = [
        (
            "a.md",
            "# Courier\n\nCarries parcels.\n\n## Courier limits\n\n| What | Limit |\n|---|---|\n\
             | Weight | 30 kg |\n| Courier delay | 15 minutes |\n| Doors | four |\n",
        ),
        (
            "b.md",
            "# Parcel\n\nA box.\n\n## Parcel delay\n\nSix times the delay of the courier is a good \
             delay for a parcel.\n",
        ),
    ];
    check_first(&notes, "max courier delay", "a.md#courier-limits");
}
