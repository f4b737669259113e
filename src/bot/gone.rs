//! Servers that the bot was removed from: a look a day finds them, and what is kept of them goes.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::rounds::{Turn, positive};
use super::{Bot, Clock};
use crate::chat::{Chat, PostError};
use crate::scores::database::StoreError;
use crate::scores::gone::{Gone, KEPT_FOR};

/// How long before what is kept of a server goes the log warns of it, at each look.
const WARNED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Bot {
    /// Looks, once a day, at which servers the bot is in, and deletes what is kept of those in which it
    /// has not been found for thirty days. Where the chat cannot be asked, nothing changes.
    pub(super) async fn purge_gone<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        turn: &mut Turn<'_>,
    ) -> Result<(), StoreError> {
        if !self.scores.look_due(clock())? {
            return Ok(());
        }
        let is_in = match self.guilds(chat, clock, turn).await {
            Ok(Some(is_in)) => is_in,
            Ok(None) => return Ok(()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(
                    error,
                    "which servers the bot is in could not be found out; it is asked again tomorrow"
                );
                return Ok(());
            }
        };
        // The chat's clock: by ours thirty days may pass in a moment, when somebody sets it right.
        let Some(now) = chat.clock().await else {
            return Ok(());
        };
        for gone in self.scores.looked(is_in, now)? {
            if !self.rounds_first(chat, clock, turn).await {
                return Ok(());
            }
            self.purge_if_due(gone, now)?;
        }
        self.scores.scrub_owed()
    }

    /// All servers that the bot is in; nothing where it is told to stop meanwhile.
    async fn guilds<C: Chat>(
        &self,
        chat: &C,
        clock: &Clock,
        turn: &mut Turn<'_>,
    ) -> Result<Option<BTreeSet<u64>>, PostError> {
        let mut is_in = BTreeSet::new();
        // A page that is not full need not be the last.
        while self.rounds_first(chat, clock, turn).await {
            let after = is_in.last().copied().unwrap_or(0);
            let page = chat.guilds(after).await?;
            if page.is_empty() {
                return Ok(Some(is_in));
            }
            is_in.extend(page);
        }
        Ok(None)
    }

    fn purge_if_due(&self, gone: Gone, now: Timestamp) -> Result<(), StoreError> {
        let Gone { guild, since } = gone;
        let until = since.saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
        let left = until.duration_since(now);
        if left <= SignedDuration::ZERO {
            let mark = xxh3_64_with_seed(format!("{now}/{guild}").as_bytes(), self.secret);
            if self.scores.purge(gone, positive(mark))? {
                info!(guild.id = guild, %since, "what was kept of a server was deleted: the bot is no longer in it");
            }
        } else if left <= WARNED_FOR {
            warn!(guild.id = guild, %until, "the bot is not in a server: what is kept of it will soon be deleted");
        } else if since.as_millisecond() == now.as_millisecond() {
            info!(guild.id = guild, %until, "the bot is not in a server: what is kept of it will be deleted if that stays so");
        }
        Ok(())
    }
}
