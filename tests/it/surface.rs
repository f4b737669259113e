//! Discord's edge on a fake Discord, with an ear in the bot's place.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use studyhall::chat::command::Suggest;
use studyhall::chat::{Audience, Button, Heard, Message, Press, Reply, Request, Suggestion};
use studyhall::config::Shards;
use studyhall::discord::{self, Outcome, Patience, Settings};
use studyhall_index::SectionKey;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::fake::{Event, Fake, Interaction};

const SECTION: SectionKey = SectionKey(7);

/// The surface, running.
pub(crate) struct Surface {
    pub(crate) stop: watch::Sender<bool>,
    outcome: oneshot::Receiver<Outcome>,
    /// Lets a story that waits go on.
    pub(crate) go_on: mpsc::Sender<()>,
    pub(crate) heard: Arc<Mutex<Vec<Heard>>>,
}

impl Surface {
    pub(crate) fn start(discord: &Fake) -> Self {
        Self::start_with(discord, patience(), discord.token())
    }

    pub(crate) fn start_with(discord: &Fake, patience: Patience, token: &str) -> Self {
        Self::start_as(Settings {
            token: token.into(),
            patience,
            ..settings(discord)
        })
    }

    pub(crate) fn start_as(settings: Settings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (go_on, gate) = mpsc::channel();
        let (end, outcome) = oneshot::channel();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (gate, list) = (Mutex::new(gate), Arc::clone(&heard));
        let ear = Arc::new(move |heard: Heard| {
            list.lock().expect("no panic").push(heard.clone());
            reply(&heard, &gate)
        });
        let home = Handle::current();
        thread::spawn(move || {
            let outcome = discord::run(&settings, ear, async |_, _| (), &home, stopped);
            drop(end.send(outcome));
        });
        Self {
            stop,
            outcome,
            go_on,
            heard,
        }
    }

    pub(crate) fn n_heard(&self) -> usize {
        self.heard.lock().expect("no panic").len()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.stop.is_closed()
    }

    pub(crate) async fn stop(self) -> Outcome {
        self.stop.send_replace(true);
        self.outcome.await.expect("an outcome")
    }

    pub(crate) async fn end(self) -> Outcome {
        self.outcome.await.expect("an outcome")
    }
}

pub(crate) fn settings(discord: &Fake) -> Settings {
    Settings {
        token: discord.token().into(),
        api_url: Some(discord.api_url()),
        transport: studyhall::discord::Transport::Gateway(Shards::ONE),
        starts: None,
        patience: patience(),
    }
}

pub(crate) fn patience() -> Patience {
    Patience {
        call_max: Duration::from_secs(2),
        // On a busy machine a quick story may take a moment.
        defer_after: Duration::from_millis(1_000),
        ..Patience::default()
    }
}

/// The ear: it says back what it heard, waits where it hears "wait", and fails at "fail".
fn reply(heard: &Heard, gate: &Mutex<mpsc::Receiver<()>>) -> Reply {
    match &heard.request {
        Request::Ask {
            question, private, ..
        } => {
            if question.contains("wait") {
                gate.lock().expect("no panic").recv().ok();
            }
            assert!(!question.contains("fail"), "as asked");
            let audience = match *private || question.contains("aside") {
                true => Audience::Person,
                false => Audience::Channel,
            };
            Reply::Say(message(audience, question))
        }
        Request::AnswerMessage { text } => Reply::Say(message(Audience::Channel, text)),
        Request::Note { section } => Reply::Say(message(Audience::Person, section)),
        Request::Topics => Reply::Say(message(Audience::Channel, "topics")),
        Request::Suggest(
            Suggest::Question { typed } | Suggest::Topic { typed } | Suggest::Section { typed },
        ) => Reply::Offer(vec![Suggestion {
            name: typed.to_uppercase(),
            value: typed.clone(),
        }]),
        Request::Suggest(_) => Reply::Offer(Vec::new()),
        Request::Press { press, on_private } => {
            if matches!(press, Press::Next { .. }) {
                gate.lock().expect("no panic").recv().ok();
            }
            let message = message(Audience::Person, &format!("{press:?}"));
            match on_private {
                true => Reply::Replace(message),
                false => Reply::Say(message),
            }
        }
        other => Reply::Say(message(Audience::Person, &format!("{other:?}"))),
    }
}

fn message(audience: Audience, body: &str) -> Message {
    let button = |label: &str, press| Button {
        label: label.to_owned(),
        press,
        enabled: true,
    };
    let open = Press::Open {
        section: SECTION,
        page: 1,
    };
    Message {
        audience,
        title: Some("Title".to_owned()),
        url: Some("https://notes.example/s3.md".to_owned()),
        body: body.to_owned(),
        footer: Some("s3.md".to_owned()),
        buttons: vec![vec![
            button("More", open),
            button("Next", Press::Next { section: SECTION }),
        ]],
        list: None,
        file: None,
        calls: None,
    }
}

pub(crate) fn ask(question: &str) -> Interaction {
    Interaction::slash("ask").option("question", question)
}

/// Whether a session went on on another line.
pub(crate) fn is_resumption(event: &Event) -> bool {
    matches!(event, Event::Resumed(_))
}
