//! From an interaction to its answer: within three seconds, once, whatever came.
//!
//! <https://docs.discord.com/developers/interactions/receiving-and-responding>

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::{debug, error, warn};

use super::door::{Door, Out};
use super::heard::{Envelope, Read, read};
use super::interaction::{AUTOCOMPLETE, COMPONENT, PING};
use super::rest::{Body, RestError};
use super::{Edge, hands, render};
use crate::chat::command::{Quiz, Setup};
use crate::chat::{Audience, Chat, Heard, Message, Press, Reply, Request};
use crate::meters::{self, Interaction as Became};
use crate::wording;

/// From the arrival to the last moment in which a first answer is worth sending.
pub(super) const ANSWER_BY: Duration = Duration::from_millis(2_900);
/// How old an interaction may be, by Discord's clock or on our desk, to be answered.
const AGE_MAX: Duration = Duration::from_millis(2_500);
/// How long it may take to find out what the bot may do in another channel.
const LACKS_MAX: Duration = Duration::from_secs(5);
/// What a first answer gets before the call that follows it at once, so as not to be overtaken.
const HEAD_START: Duration = Duration::from_millis(250);

/// What happened to interactions since the start.
#[derive(Debug, Default)]
pub(super) struct Counts([AtomicU64; Became::ALL.len()]);

impl Counts {
    /// One more.
    pub(super) fn add(&self, became: Became) {
        meters::interaction(became);
        if let Some(count) = self.of(became) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were.
    pub(super) fn get(&self, became: Became) -> u64 {
        self.of(became)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn of(&self, became: Became) -> Option<&AtomicU64> {
        let place = Became::ALL.iter().position(|one| *one == became);
        place.and_then(|place| self.0.get(place))
    }
}

/// When something reached us, by the steady clock and by the one on the wall.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) at: Instant,
    pub(super) clock: Timestamp,
}

/// Where the answer goes if it takes longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deferral {
    /// Into a new message.
    Say(Audience),
    /// Into the message whose button was pressed.
    Replace,
}

/// Answers an interaction, given as its JSON.
pub(super) async fn take(edge: Arc<Edge>, json: String, arrival: Arrival, door: Door) {
    let Some((envelope, read)) = read(&json) else {
        edge.counts.add(Became::Unreadable);
        error!("an interaction without number, kind or token was dropped");
        return door.tell(Out::Unreadable);
    };
    drop(json);
    if envelope.kind == PING {
        return door.tell(Out::Pong);
    }
    edge.counts.add(Became::Heard);
    if !edge.is_first(envelope.id) {
        edge.counts.add(Became::Repeated);
        debug!(interaction.id = envelope.id, "an interaction came again");
        return door.tell(Out::Repeated);
    }
    let age = edge.age(envelope.id, arrival.at);
    let is_late = age > AGE_MAX || arrival.at.elapsed() > AGE_MAX;
    if is_late {
        door.tell(Out::Late);
    }
    let asked = Asked {
        to: envelope,
        arrived: arrival.at,
        door,
        deferral: None,
    };
    let to = &asked.to;
    let is_ending = edge.is_ending();
    match read {
        _ if is_late && (is_ending || to.kind == AUTOCOMPLETE) => edge.counts.add(Became::Late),
        _ if is_ending => turn_away(&edge, &asked).await,
        Read::Request(read) => {
            let (member, place, request) = *read;
            let heard = Heard {
                event: to.id,
                member,
                place,
                at: arrival.clock,
                request,
            };
            if is_late {
                let age_ms = age.max(arrival.at.elapsed()).as_millis();
                edge.counts.add(Became::Late);
                warn!(
                    interaction.id = to.id,
                    age_ms, "an interaction came too late"
                );
                // Done all the same; only nobody can be told.
                drop(told(&edge, heard).await);
            } else {
                answer(&edge, asked, heard).await;
            }
        }
        _ if is_late => edge.counts.add(Became::Late),
        Read::Unknown => apologise(&edge, &asked).await,
        Read::Unreadable(why) => {
            edge.counts.add(Became::Unreadable);
            error!(
                interaction.id = to.id,
                interaction.kind = to.kind,
                reason = why,
                "an interaction could not be read"
            );
            apologise(&edge, &asked).await;
        }
    }
}

/// An interaction that waits for its answer.
pub struct Asked {
    to: Envelope,
    arrived: Instant,
    /// How the first answer leaves.
    door: Door,
    /// Where the person was told to wait; nobody was told yet where there is none.
    deferral: Option<Deferral>,
}

/// Answers in the only form that is still open.
pub(super) async fn reply(edge: &Edge, asked: &Asked, reply: Reply) -> anyhow::Result<()> {
    let to = &asked.to;
    if let Some(deferral) = asked.deferral {
        return later(edge, asked, deferral, &reply).await;
    }
    let (json, file) = match (&reply, to.kind) {
        (Reply::Offer(suggestions), AUTOCOMPLETE) => (render::offer(suggestions), None),
        (_, AUTOCOMPLETE) => (render::offer(&[]), None),
        (Reply::Replace(message), COMPONENT) => (render::replace(message), render::file(message)),
        (Reply::Say(message) | Reply::Replace(message), _) => {
            (render::say(message), render::file(message))
        }
        (Reply::Offer(_), _) => (render::say(&misfit(to)), None),
    };
    let body = Body { json: &json, file };
    first(edge, asked, body).await
}

/// What the bot answers, told what the surface alone can find out. Nothing where it failed.
async fn told(edge: &Edge, mut heard: Heard) -> Option<Reply> {
    if let Request::Setup(Setup {
        channel: Some(channel),
        lacks,
        ..
    }) = &mut heard.request
        && *channel != heard.place.channel
        && heard.member.is_organiser
    {
        *lacks = hands::lacks(edge, *channel, Instant::now() + LACKS_MAX).await;
    }
    edge.story(heard).await
}

/// The same, for no longer than anybody waits.
async fn in_time(edge: &Edge, heard: Heard) -> Option<Reply> {
    let (event, story_max) = (heard.event, edge.patience.story_max);
    match tokio::time::timeout(story_max, told(edge, heard)).await {
        Ok(reply) => reply,
        Err(_) => {
            let story_max_s = story_max.as_secs();
            error!(
                reference = reference(event),
                story_max_s, "a story took too long"
            );
            None
        }
    }
}

/// Tells the story, and the person to wait where it takes longer.
async fn answer(edge: &Edge, mut asked: Asked, heard: Heard) {
    let deferral = deferral(&heard.request);
    let story = in_time(edge, heard);
    tokio::pin!(story);
    let patience = match deferral {
        Some(_) => edge.patience.defer_after,
        None => AGE_MAX,
    };
    let soon = tokio::time::timeout_at((asked.arrived + patience).into(), &mut story).await;
    let reply = match (soon, deferral) {
        (Ok(reply), _) => reply,
        (Err(_), None) => {
            // Suggestions cannot be given later.
            edge.counts.add(Became::Late);
            Some(Reply::Offer(Vec::new()))
        }
        (Err(_), Some(deferral)) => {
            let (may_follow, reply) = tokio::join!(tell_to_wait(edge, &asked, deferral), story);
            if !may_follow {
                return;
            }
            asked.deferral = Some(deferral);
            reply
        }
    };
    // Why there is none was logged with the same reference.
    let reply = reply.unwrap_or_else(|| Reply::Say(fault(&asked.to)));
    if asked.deferral.is_none()
        && let Some(deferral) = way_of_file(&asked, &reply)
    {
        if !tell_to_wait(edge, &asked, deferral).await {
            return;
        }
        asked.deferral = Some(deferral);
        tokio::time::sleep(HEAD_START).await;
    }
    if let Err(error) = edge.reply(&asked, reply).await {
        match error.downcast_ref() {
            Some(error) => undelivered(edge, &asked.to, error),
            None => error!(error = format!("{error:#}"), "an answer was not delivered"),
        }
    }
}

/// Tells the person to wait. Whether the answer may still find its place.
async fn tell_to_wait(edge: &Edge, asked: &Asked, deferral: Deferral) -> bool {
    edge.counts.add(Became::Deferred);
    let wait = match deferral {
        Deferral::Say(audience) => render::say_later(audience),
        Deferral::Replace => render::replace_later(),
    };
    match deliver(edge, asked, (&wait).into()).await {
        // Where nobody knows whether the person was told, the answer may still find its place.
        Ok(()) | Err(RestError::Unreachable(_)) => true,
        Err(error) => {
            undelivered(edge, &asked.to, &error);
            false
        }
    }
}

/// Where a reply with a file goes that does not fit through the door: later, by a call.
fn way_of_file(asked: &Asked, reply: &Reply) -> Option<Deferral> {
    let (Reply::Say(message) | Reply::Replace(message)) = reply else {
        return None;
    };
    if asked.door.fits_files() || asked.to.kind == AUTOCOMPLETE {
        return None;
    }
    render::file(message)?;
    Some(match (reply, asked.to.kind) {
        (Reply::Replace(_), COMPONENT) => Deferral::Replace,
        _ => Deferral::Say(message.audience),
    })
}

/// Where the answer to this goes if it takes longer; nowhere, for suggestions.
fn deferral(request: &Request) -> Option<Deferral> {
    Some(match request {
        Request::Ask { private: true, .. } => Deferral::Say(Audience::Person),
        Request::Ask { .. } | Request::AnswerMessage { .. } => Deferral::Say(Audience::Channel),
        Request::Leaderboard { .. } | Request::Quiz(Quiz::Void { .. } | Quiz::Regrade { .. }) => {
            Deferral::Say(Audience::Channel)
        }
        Request::Note { .. }
        | Request::Topics
        | Request::Setup(_)
        | Request::Quiz(_)
        | Request::Config(_)
        | Request::Doctor { .. }
        | Request::Stats { .. }
        | Request::Privacy(_) => Deferral::Say(Audience::Person),
        Request::Suggest(_) => return None,
        Request::Press { press, on_private } => deferral_of_press(*press, *on_private),
    })
}

fn deferral_of_press(press: Press, on_private: bool) -> Deferral {
    match press {
        Press::Share { .. } => Deferral::Say(Audience::Channel),
        Press::Board { .. } => Deferral::Replace,
        Press::Helped { .. }
        | Press::DidNotHelp { .. }
        | Press::Answer { .. }
        | Press::Report { .. } => Deferral::Say(Audience::Person),
        Press::Open { .. }
        | Press::Next { .. }
        | Press::Previous { .. }
        | Press::Topics { .. }
        | Press::SaveSchedule { .. }
        | Press::DropSchedule { .. }
        | Press::Practice { .. }
        | Press::PracticeNext
        | Press::Review { .. }
        | Press::ReviewNext { .. }
        | Press::Forget => match on_private {
            true => Deferral::Replace,
            false => Deferral::Say(Audience::Person),
        },
    }
}

/// Gives the answer for which the person was told to wait.
async fn later(
    edge: &Edge,
    asked: &Asked,
    deferral: Deferral,
    reply: &Reply,
) -> anyhow::Result<()> {
    let to = &asked.to;
    let apology;
    let (message, is_new) = match reply {
        Reply::Say(message) => (message, true),
        Reply::Replace(message) => (message, false),
        Reply::Offer(_) => {
            apology = misfit(to);
            (&apology, true)
        }
    };
    let file = render::file(message);
    let in_place = match deferral {
        Deferral::Replace => !is_new,
        // Who sees a message was decided when the person was told to wait.
        Deferral::Say(audience) => !is_new || audience == message.audience,
    };
    if in_place {
        let json = &render::edit(message);
        follow(edge, asked, Later::Edit(Body { json, file })).await?;
    } else {
        if let Deferral::Say(_) = deferral
            && let Err(e) = follow(edge, asked, Later::Delete).await
        {
            undelivered(edge, to, &e);
        }
        let json = &render::new_message(message);
        follow(edge, asked, Later::Say(Body { json, file })).await?;
    }
    Ok(())
}

/// A call that follows the first answer.
#[derive(Clone, Copy)]
enum Later<'a> {
    /// The first answer becomes this.
    Edit(Body<'a>),
    /// The first answer goes.
    Delete,
    /// This comes on top.
    Say(Body<'a>),
}

/// Makes such a call, again where the first answer has not reached Discord yet.
async fn follow(edge: &Edge, asked: &Asked, later: Later<'_>) -> Result<(), RestError> {
    let place = (asked.to.application, asked.to.token.as_str());
    let mut n_tries = 0;
    loop {
        let done = match later {
            Later::Edit(body) => edge.rest.edit_original(place, asked.to.id, body).await,
            Later::Delete => edge.rest.delete_original(place, asked.to.id).await,
            Later::Say(body) => edge.rest.follow_up(place, asked.to.id, body).await,
        };
        match (done, asked.door.again(n_tries)) {
            (Err(error), Some(wait)) if error.is_not_yet_known() => {
                n_tries += 1;
                tokio::time::sleep(wait).await;
            }
            (done, _) => return done,
        }
    }
}

/// Answers what could not be read, in the only form that its kind allows.
async fn apologise(edge: &Edge, asked: &Asked) {
    tell_alone(edge, asked, &wording::unreadable()).await;
}

/// Tells somebody to come again who comes while the bot is ending: nothing of it is done.
async fn turn_away(edge: &Edge, asked: &Asked) {
    edge.counts.add(Became::Refused);
    tell_alone(edge, asked, &wording::restarting()).await;
}

/// Answers with a message that no story told.
async fn tell_alone(edge: &Edge, asked: &Asked, message: &Message) {
    let body = match asked.to.kind {
        AUTOCOMPLETE => render::offer(&[]),
        _ => render::say(message),
    };
    if let Err(error) = deliver(edge, asked, (&body).into()).await {
        undelivered(edge, &asked.to, &error);
    }
}

/// Sends the first answer; where Discord refuses its body, a plain apology in its place.
async fn first(edge: &Edge, asked: &Asked, body: Body<'_>) -> anyhow::Result<()> {
    let to = &asked.to;
    match deliver(edge, asked, body).await {
        Err(error) if error.is_invalid_body() && to.kind != AUTOCOMPLETE => {
            undelivered(edge, to, &error);
            let sorry = render::say(&fault(to));
            Ok(deliver(edge, asked, (&sorry).into()).await?)
        }
        sent => Ok(sent?),
    }
}

/// Lets a first answer out by its door, if it is in time.
async fn deliver(edge: &Edge, asked: &Asked, body: Body<'_>) -> Result<(), RestError> {
    let place = (asked.to.id, asked.to.token.as_str());
    let by = asked.arrived + ANSWER_BY;
    let sent = asked.door.answer(edge, place, body, by).await;
    if sent.is_ok() {
        meters::acknowledged(asked.arrived.elapsed());
    }
    sent
}

/// Counts and logs, once, an answer that did not arrive. Nothing is tried again: the person may
/// have seen it. Nor is anything undone: what was heard twice was done once.
fn undelivered(edge: &Edge, to: &Envelope, error: &RestError) {
    let reference = reference(to.id);
    if error.is_already_answered() {
        edge.counts.add(Became::Elsewhere);
        debug!(reference, "an interaction was answered by another process");
        return;
    }
    let is_gone = error.is_gone();
    let error = error as &dyn std::error::Error;
    if is_gone {
        edge.counts.add(Became::Gone);
        warn!(
            reference,
            error, "an interaction was gone before its answer came"
        );
    } else {
        edge.counts.add(Became::Failed);
        error!(reference, error, "an answer was not delivered");
    }
}

/// What a person is told in the place of suggestions, where nobody typed.
fn misfit(to: &Envelope) -> Message {
    let reference = reference(to.id);
    error!(reference, "suggestions came where an answer was due");
    fault(to)
}

/// What a person is told where we failed. Whoever calls this has logged why, with the reference.
fn fault(to: &Envelope) -> Message {
    wording::fault(&reference(to.id))
}

/// A few characters by which a person's report and a line in the log find each other.
pub(super) fn reference(interaction: u64) -> String {
    format!("{:06x}", (interaction ^ interaction >> 22) & 0xff_ffff)
}
