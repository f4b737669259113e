//! How the first answer to an interaction leaves: the one thing in which the two transports differ.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Edge;
use super::rest::{Body, RestError};

/// Before Discord is asked again for an interaction whose first answer is still on its way to it;
/// it doubles.
const AGAIN: Duration = Duration::from_millis(100);
const AGAIN_TIMES: u32 = 5;

/// How the first answer leaves.
#[derive(Debug)]
pub(super) enum Door {
    /// By a call to Discord's API.
    Call,
    /// As the answer to the request that brought the interaction.
    Here(Mutex<Option<oneshot::Sender<Out>>>),
}

/// What becomes of the request that brought an interaction.
#[derive(Debug)]
pub(super) enum Out {
    /// It is answered with this JSON.
    Answer(Vec<u8>),
    /// It only asked whether anybody is here.
    Pong,
    /// It came before.
    Repeated,
    /// It is no interaction.
    Unreadable,
    /// It came too late to be answered.
    Late,
}

impl Door {
    /// The door of a request, and where what leaves by it arrives.
    pub(super) fn here() -> (Self, oneshot::Receiver<Out>) {
        let (out, outside) = oneshot::channel();
        (Self::Here(Mutex::new(Some(out))), outside)
    }

    /// Whether a file fits through: as the answer to a request Discord takes none.
    pub(super) fn fits_files(&self) -> bool {
        matches!(self, Self::Call)
    }

    /// Lets the first answer out. A second one, and one for which nobody waits any more, is too
    /// late.
    pub(super) async fn answer(
        &self,
        edge: &Edge,
        (interaction, token): (u64, &str),
        body: Body<'_>,
        by: Instant,
    ) -> Result<(), RestError> {
        match self {
            Self::Call => edge.rest.respond(interaction, token, body, by).await,
            Self::Here(_) => {
                let out = Out::Answer(body.json.to_string().into_bytes());
                self.let_out(out).ok_or(RestError::TooLate)
            }
        }
    }

    /// Tells what else became of the interaction, where somebody waits to know.
    pub(super) fn tell(&self, out: Out) {
        // Where nobody waits any more, nobody needs to know.
        let _ = self.let_out(out);
    }

    /// How long to wait before the `n`th repetition of a call for which Discord does not know the
    /// interaction: its first answer may have been overtaken on its way. None where it cannot.
    pub(super) fn again(&self, n: u32) -> Option<Duration> {
        let may_be_late = matches!(self, Self::Here(_)) && n < AGAIN_TIMES;
        may_be_late.then(|| AGAIN * 2_u32.pow(n))
    }

    fn let_out(&self, out: Out) -> Option<()> {
        let Self::Here(sender) = self else {
            return None;
        };
        let mut sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.take()?.send(out).ok()
    }
}
