//! Whatever a person types is answered or refused, never followed as syntax.

use studyhall_index::{HITS_MAX, Index, SectionKey};

use crate::world::{World, held, hits, search};

/// What a chat lets a person type, at most.
const TYPED_MAX: usize = 6_000;

fn world() -> World {
    World::new(&[
        (
            "queues.md",
            "# Queues\n\nA queue keeps messages.\n\n## Dead Letter Queue (DLQ)\n\nFailed messages \
             go to the DLQ.\n\n## Visibility timeout\n\nThe default is 30 seconds.\n",
        ),
        (
            "other.md",
            "# \u{961f}\u{5217}\n\n\u{961f}\u{5217}\u{662f}\u{4ec0}\u{4e48}\n\n# \u{5ea}\u{5d5}\u{5e8}\n\n\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{5e2}\u{5d5}\u{5dc}\u{5dd}\n",
        ),
    ])
}

fn filled(pattern: &str) -> String {
    pattern.chars().cycle().take(TYPED_MAX).collect()
}

/// Everything that takes typed text, given this.
fn type_in(index: &Index, typed: &str) {
    for n in [0, 1, 10, usize::MAX] {
        let found = index.search(typed, None, n).expect("a search succeeds");
        assert!(found.hits.len() <= n.min(HITS_MAX));
        assert!((0.0..=1.0).contains(&found.confidence), "{found:?}");
        assert!(
            found.hits.iter().all(|hit| hit.score.is_finite()),
            "{found:?}"
        );
    }
    let found = index.search("queue", Some(typed), 10);
    found.expect("a search succeeds");
    index.resolve(typed).expect("a look succeeds");
    let _ = index.suggest(typed, 25);
}

#[test]
fn nothing_typed_breaks_a_search() {
    let index = world().built();
    let patterns = [
        "(",
        ")",
        "((((",
        "[",
        "{",
        "\"",
        "'",
        "`",
        "\\",
        "*",
        "?",
        "~",
        "^",
        ":",
        "+-",
        "&&||",
        "NOT ",
        "AND ",
        "OR ",
        "queue AND ",
        "a~2 ",
        "\"a b\"~9 ",
        "[a TO z] ",
        "queue:",
        "text:(",
        "/",
        ".*",
        "%",
        "\0",
        "\u{1f}",
        "\u{7f}",
        "\u{feff}",
        "\u{202e}",
        "\u{301}",
        "a\u{301}",
        "\u{1f600}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{1f1e9}\u{1f1ea}",
        "\u{961f}\u{5217}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} ",
        "\u{e01}\u{e33}",
        "\u{130}\u{df}\u{fb01}",
        "a",
        "q",
        "0",
        "a1",
        "queue ",
        "queeu ",
        "DLQ ",
        "http://",
        "https://a ",
        "\n",
        "\t",
        " ",
        "a ",
        "what is the ",
        "'s",
        "it's ",
        "\u{2019}s ",
        "s3 ec2 ",
        "S",
        "~",
        "#",
        "a#b~2 ",
    ];
    for pattern in patterns {
        type_in(&index, &filled(pattern));
        type_in(&index, pattern);
    }
    type_in(&index, "");
}

#[test]
fn three_thousand_words_are_read() {
    let index = world().built();
    let words = |word: &dyn Fn(usize) -> String| -> String {
        let words: Vec<String> = (0..3_000).map(word).collect();
        words.join(" ")
    };
    type_in(&index, &words(&|at| format!("w{at}")));
    type_in(&index, &words(&|_| "x".to_owned()));
    // Each would be forgiven as a slip of "messages" or "visibility".
    let letters: Vec<char> = ('a'..='z').collect();
    type_in(
        &index,
        &words(&|at| {
            let slip = letters[at % 26];
            match at % 2 {
                0 => format!("mess{slip}ges"),
                _ => format!("visib{slip}lity"),
            }
        }),
    );
    let long = words(&|at| {
        if at < 300 {
            "filler".to_owned()
        } else {
            "timeout".to_owned()
        }
    });
    assert_eq!(hits(&index, &long), ["queues.md#visibility-timeout"]);
}

#[test]
fn what_is_done_for_a_question_does_not_grow_with_it_for_ever() {
    let index = world().built();
    let few = "filler ".repeat(399);
    let asked = format!("{few}timeout");
    assert_eq!(hits(&index, &asked), ["queues.md#visibility-timeout"]);
    let beyond = format!("{few}filler timeout");
    assert_eq!(hits(&index, &beyond), Vec::<String>::new());
    // Words that must be mended are the dearest; none is looked at beyond the same bound.
    let letter = |at: usize| char::from(b"abcdefghjk"[at % 10]);
    let slips: Vec<String> = (0..3_000)
        .map(|at| format!("vis{}b{}lity", letter(at / 10), letter(at)))
        .collect();
    let found = search(&index, &slips.join(" "));
    assert!(
        found.corrections.len() <= 400,
        "{}",
        found.corrections.len()
    );
    assert_eq!(
        search(&index, &slips[..400].join(" ")).corrections,
        found.corrections
    );
}

#[test]
fn one_word_of_six_thousand_letters_is_a_word() {
    let index = world().built();
    for letter in ["a", "z", "\u{e9}", "\u{961f}", "\u{5d0}", "e\u{301}", "9"] {
        type_in(&index, &filled(letter));
    }
    assert_eq!(hits(&index, &filled("z")), Vec::<String>::new());
    // The rest of the question is still read.
    let question = format!("{} visibility timeout", filled("z"));
    assert_eq!(hits(&index, &question)[0], "queues.md#visibility-timeout");
}

#[test]
fn signs_around_a_word_do_not_hide_it() {
    let index = world().built();
    for question in [
        "\"visibility timeout\"",
        "(visibility) AND (timeout)",
        "**visibility**_timeout_",
        "visibility\u{0}timeout",
        "visibility/timeout?!",
        "+visibility -timeout",
        "VISIBILITY TIMEOUT",
        "\u{202e}visibility timeout",
        "v\u{ed}sib\u{ed}l\u{ed}ty timeout",
        "<@123> visibility timeout @everyone",
    ] {
        let found = search(&index, question);
        assert_eq!(
            found.hits[0].section.id(),
            "queues.md#visibility-timeout",
            "{question}"
        );
    }
}

#[test]
fn other_scripts_are_found() {
    let index = world().built();
    assert_eq!(
        hits(&index, "\u{961f}\u{5217}\u{662f}\u{4ec0}\u{4e48}")[0],
        "other.md#\u{961f}\u{5217}"
    );
    assert_eq!(
        hits(&index, "\u{5e9}\u{5dc}\u{5d5}\u{5dd}")[0],
        "other.md#\u{5ea}\u{5d5}\u{5e8}"
    );
}

#[test]
fn notes_of_anything_are_taken_in_and_found() {
    let world = World::new(&[("good.md", "# Good\n\nThe one plain sentence.\n")]);
    let long = filled("word");
    let many_headings = "# h\n".repeat(500);
    let hostile: [(&str, Vec<u8>); 9] = [
        ("nul.md", b"# Nul \0 heading\n\nA \0 sentence \x1f with \x1e signs.\n".to_vec()),
        ("latin.md", b"# Caf\xe9\n\nNot UTF-8 \xff\xfe at all.\n".to_vec()),
        ("bom.md", b"\xef\xbb\xbf# Marked\r\n\r\nWindows text.\r\n".to_vec()),
        ("word.md", format!("# {long}\n\n{long}\n").into_bytes()),
        ("same.md", many_headings.into_bytes()),
        ("sep.md", "# a\u{1f}b\u{1f}\u{1f}c\n\nSeparated.\n".as_bytes().to_vec()),
        ("pairs.md", "# A\u{1f}B (AB)\n\nAlpha Beta (AB) and Alpha\u{1f}Gamma (AG).\n".as_bytes().to_vec()),
        ("front.md", b"---\ntitle: \"x\\u001fy\"\naliases: [\"\", \"\\u0000\"]\ntags: [\"\"]\n---\n# Z\n\nText.\n".to_vec()),
        ("o'brien \u{1f600} #1.md", b"# Odd name\n\nText of an odd name.\n".to_vec()),
    ];
    for (path, bytes) in &hostile {
        std::fs::write(world.file(path), bytes).expect("a note can be written");
    }
    let index = world.built();
    let expected = world.expected();
    assert_eq!(
        crate::world::ids(&held(&index)),
        crate::world::ids(&expected)
    );
    let again = world.sync(&index);
    assert_eq!((again.n_changed, again.n_removed), (0, 0));
    for section in &expected {
        let key = SectionKey::of(&section.id());
        let placed = index.section(key).expect("a look succeeds");
        let placed = placed.unwrap_or_else(|| panic!("{} is there", section.id()));
        assert_eq!(placed.section.body, section.body);
        assert_eq!(
            index.resolve(&section.id()).expect("a look succeeds"),
            Some(key)
        );
    }
    assert_eq!(
        hits(&index, "odd name")[0],
        "o'brien \u{1f600} #1.md#odd-name"
    );
    for (path, _) in &hostile {
        world.remove(path);
    }
    world.sync(&index);
    world.check(&index);
}
