//! Servers that the bot was removed from: a look a day finds them, and what is kept of them goes.

use jiff::Timestamp;
use tracing::{info, warn};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::rounds::{Turn, positive};
use super::{Bot, Clock};
use crate::chat::Chat;
use crate::scores::database::StoreError;
use crate::scores::gone::KEPT_FOR;

impl Bot {
    /// Looks, once a day, at which servers the bot is in, and deletes what is kept of those in which it
    /// has not been found for thirty days. Where the chat cannot be asked, nothing changes.
    pub(super) async fn purge_gone<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        turn: &mut Turn<'_>,
    ) -> Result<(), StoreError> {
        let now = clock();
        if !self.scores.look_due(now)? {
            return Ok(());
        }
        let is_in = match chat.guilds().await {
            Ok(is_in) => is_in,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(
                    error,
                    "which servers the bot is in could not be found out; tomorrow again"
                );
                return Ok(());
            }
        };
        for gone in self.scores.looked(is_in, now)? {
            let until = gone.since.saturating_add(KEPT_FOR);
            let until = until.unwrap_or(Timestamp::MAX);
            if now < until {
                warn!(guild.id = gone.guild, until = %until, "the bot is no longer in a server: what is kept of it will be deleted");
                continue;
            }
            if !self.rounds_first(chat, clock, turn).await {
                return Ok(());
            }
            let mark = xxh3_64_with_seed(format!("{now}/{}", gone.guild).as_bytes(), self.secret);
            if self.scores.purge(gone, positive(mark))? {
                info!(guild.id = gone.guild, since = %gone.since, "what was kept of a server was deleted: the bot is no longer in it");
            }
        }
        Ok(())
    }
}
