//! What holds for every reply, whatever went into it.

use studyhall::chat::{
    BODY_MAX, Button, LABEL_MAX, Message, ROW_MAX, Reply, SUGGESTION_MAX, SUGGESTIONS_MAX,
    TITLE_MAX,
};
use studyhall::wording::FOOTER_MAX;
use studyhall::wording::text::n_units;

/// Fails where a reply breaks a limit of the chat, pings anyone, or says nothing.
#[track_caller]
pub fn assert_reply(reply: &Reply) {
    match reply {
        Reply::Say(message) | Reply::Replace(message) => assert_message(message),
        Reply::Offer(offers) => {
            assert!(offers.len() <= SUGGESTIONS_MAX);
            for offer in offers {
                assert!(
                    (1..=SUGGESTION_MAX).contains(&n_units(&offer.name)),
                    "{offer:?}"
                );
                assert!(
                    (1..=SUGGESTION_MAX).contains(&n_units(&offer.value)),
                    "{offer:?}"
                );
            }
        }
    }
}

/// Fails where a message breaks a limit of the chat, pings anyone, or says nothing.
#[track_caller]
pub fn assert_message(message: &Message) {
    let body = &message.body;
    assert!(
        (1..=BODY_MAX).contains(&n_units(body)),
        "{} units",
        n_units(body)
    );
    assert!(!body.trim().is_empty());
    assert_eq!(body.matches("```").count() % 2, 0, "{body}");
    assert!(is_harmless(body), "{body}");
    if let Some(title) = &message.title {
        assert!((1..=TITLE_MAX).contains(&n_units(title)), "{title}");
        assert!(is_harmless(title), "{title}");
    }
    if let Some(footer) = &message.footer {
        assert!((1..=FOOTER_MAX).contains(&n_units(footer)), "{footer}");
    }
    assert!(message.buttons.len() <= ROW_MAX);
    let buttons = message.buttons.concat();
    for row in &message.buttons {
        assert!((1..=ROW_MAX).contains(&row.len()));
    }
    for (at, button) in buttons.iter().enumerate() {
        assert!(
            (1..=LABEL_MAX).contains(&n_units(&button.label)),
            "{button:?}"
        );
        let same = |other: &Button| other.press == button.press;
        assert!(
            !buttons[..at].iter().any(same),
            "{button:?} stands there twice"
        );
    }
}

/// No mention of everybody, of a member, a role or a channel; nothing that turns the writing.
pub fn is_harmless(text: &str) -> bool {
    let lower = text.to_lowercase();
    let pings = ["@everyone", "@here", "<@", "<#"];
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0');
    !pings.iter().any(|ping| lower.contains(ping)) && !lower.contains(turns)
}
