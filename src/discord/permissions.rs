//! What the bot may do in a channel, from what Discord says of it.
//!
//! <https://docs.discord.com/developers/topics/permissions#permission-overwrites>

use serde::Deserialize;
use serenity::model::Permissions;
use serenity::model::channel::ChannelType;

use crate::chat::command::Lack;

/// What is known of a channel.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Channel {
    /// Its kind.
    #[serde(rename = "type")]
    pub(super) kind: ChannelType,
    /// The channel that a thread belongs to, or a channel's category.
    #[serde(default)]
    pub(super) parent_id: Option<String>,
    #[serde(default)]
    permission_overwrites: Vec<Overwrite>,
}

/// What holds in a channel alone, for a role or a member.
#[derive(Clone, Debug, Deserialize)]
struct Overwrite {
    id: String,
    #[serde(rename = "type")]
    kind: u8,
    allow: Permissions,
    deny: Permissions,
}

const OF_A_ROLE: u8 = 0;
const OF_A_MEMBER: u8 = 1;

/// A role of a server. Everybody has the one that has the server's number.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Role {
    id: String,
    permissions: Permissions,
}

/// The bot as a member of a server.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Roles {
    roles: Vec<String>,
}

/// What `member`, who has `of_member`, may do in a channel of this server.
pub(super) fn allowed(
    guild: u64,
    member: u64,
    of_member: &Roles,
    roles: &[Role],
    channel: &Channel,
) -> Permissions {
    let (everyone, member) = (guild.to_string(), member.to_string());
    let has = |role: &String| of_member.roles.contains(role);
    let base = roles
        .iter()
        .filter(|role| role.id == everyone || has(&role.id))
        .fold(Permissions::empty(), |all, role| all | role.permissions);
    if base.contains(Permissions::ADMINISTRATOR) {
        return Permissions::all();
    }
    let overwritten = |allowed: Permissions, fits: &dyn Fn(&Overwrite) -> bool| {
        let overwrites = channel.permission_overwrites.iter();
        let (allow, deny) = overwrites.filter(|overwrite| fits(overwrite)).fold(
            (Permissions::empty(), Permissions::empty()),
            |(allow, deny), overwrite| (allow | overwrite.allow, deny | overwrite.deny),
        );
        (allowed - deny) | allow
    };
    let of_role = |overwrite: &Overwrite| overwrite.kind == OF_A_ROLE;
    let base = overwritten(base, &|o| of_role(o) && o.id == everyone);
    let base = overwritten(base, &|o| of_role(o) && o.id != everyone && has(&o.id));
    overwritten(base, &|o| o.kind == OF_A_MEMBER && o.id == member)
}

/// What the quiz needs in a channel of this kind, and lacks.
pub(super) fn lacks(kind: ChannelType, allowed: Permissions) -> Vec<Lack> {
    let is_thread = is_thread(kind);
    let holds_messages = matches!(
        kind,
        ChannelType::Text | ChannelType::News | ChannelType::Voice | ChannelType::Stage
    );
    if !is_thread && !holds_messages {
        return vec![Lack::Channel];
    }
    let send = match is_thread {
        true => Permissions::SEND_MESSAGES_IN_THREADS,
        false => Permissions::SEND_MESSAGES,
    };
    let has_threads = matches!(kind, ChannelType::Text | ChannelType::News);
    let threads = allowed.contains(Permissions::CREATE_PUBLIC_THREADS) && has_threads;
    [
        (allowed.contains(Permissions::VIEW_CHANNEL), Lack::See),
        (allowed.contains(send), Lack::Send),
        (allowed.contains(Permissions::EMBED_LINKS), Lack::Embed),
        (may_look_back(allowed), Lack::History),
        (threads, Lack::Threads),
    ]
    .into_iter()
    .filter_map(|(may, lack)| (!may).then_some(lack))
    .collect()
}

/// Whether this is a thread: what may be done in it, its parent says.
pub(super) fn is_thread(kind: ChannelType) -> bool {
    matches!(
        kind,
        ChannelType::NewsThread | ChannelType::PublicThread | ChannelType::PrivateThread
    )
}

/// Whether earlier messages are shown. Where they are not, Discord's list of them is empty.
pub(super) fn may_look_back(allowed: Permissions) -> bool {
    allowed.contains(Permissions::VIEW_CHANNEL | Permissions::READ_MESSAGE_HISTORY)
}

/// Whether somebody with these permissions may manage the server.
pub(super) fn is_organiser(allowed: Permissions) -> bool {
    allowed.intersects(Permissions::ADMINISTRATOR | Permissions::MANAGE_GUILD)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const GUILD: u64 = 1;
    const BOT: u64 = 9;
    const SEE: u64 = 1 << 10;
    const SEND: u64 = 1 << 11;
    const EMBED: u64 = 1 << 14;
    const HISTORY: u64 = 1 << 16;
    const THREADS: u64 = 1 << 35;
    const ALL: u64 = SEE | SEND | EMBED | HISTORY | THREADS;

    /// What is allowed with these roles (number, permissions), of which the bot has 5 and 6, and
    /// these overwrites (number, kind, allow, deny).
    fn check(roles: &[(u64, u64)], overwrites: &[(u64, u8, u64, u64)]) -> Vec<Lack> {
        let roles: Value = roles
            .iter()
            .map(|(id, bits)| json!({ "id": id.to_string(), "permissions": bits.to_string() }))
            .collect();
        let overwrites: Value = overwrites
            .iter()
            .map(|(id, kind, allow, deny)| {
                json!({
                    "id": id.to_string(), "type": kind,
                    "allow": allow.to_string(), "deny": deny.to_string(),
                })
            })
            .collect();
        let channel = json!({ "id": "3", "type": 0, "permission_overwrites": overwrites });
        let roles: Vec<Role> = serde_json::from_value(roles).unwrap();
        let channel: Channel = serde_json::from_value(channel).unwrap();
        let member: Roles = serde_json::from_value(json!({ "roles": ["5", "6"] })).unwrap();
        lacks(channel.kind, allowed(GUILD, BOT, &member, &roles, &channel))
    }

    #[test]
    fn roles_add_up() {
        assert_eq!(
            check(&[(1, SEE | HISTORY), (5, SEND | EMBED), (6, THREADS)], &[]),
            []
        );
        assert_eq!(check(&[(1, ALL - EMBED), (7, ALL)], &[]), [Lack::Embed]);
        assert_eq!(check(&[(5, 1 << 3)], &[(1, 0, 0, ALL)]), []);
    }

    #[test]
    fn overwrites_count_for_everyone_then_for_roles_then_for_the_member() {
        let everyone = [(1, ALL)];
        assert_eq!(check(&everyone, &[(1, 0, 0, SEND)]), [Lack::Send]);
        assert_eq!(check(&everyone, &[(1, 0, 0, SEND), (5, 0, SEND, 0)]), []);
        let both = [(5, 0, 0, SEE), (6, 0, SEE, 0)];
        assert_eq!(check(&everyone, &both), []);
        let member = [(9, 1, 0, HISTORY), (5, 0, HISTORY, 0)];
        assert_eq!(check(&everyone, &member), [Lack::History]);
        assert_eq!(check(&everyone, &[(7, 0, 0, ALL), (8, 1, 0, ALL)]), []);
        assert_eq!(check(&everyone, &[(9, 0, 0, ALL)]), []);
    }

    #[test]
    fn a_channel_that_holds_no_messages_is_none() {
        for kind in [
            ChannelType::Category,
            ChannelType::Forum,
            ChannelType::Unknown(99),
        ] {
            assert_eq!(lacks(kind, Permissions::all()), [Lack::Channel]);
        }
        for kind in [ChannelType::Voice, ChannelType::PublicThread] {
            assert_eq!(lacks(kind, Permissions::all()), [Lack::Threads]);
        }
        let in_thread = lacks(
            ChannelType::PublicThread,
            Permissions::all() - Permissions::SEND_MESSAGES_IN_THREADS,
        );
        assert_eq!(in_thread, [Lack::Send, Lack::Threads]);
    }

    #[test]
    fn who_may_manage_the_server_is_an_organiser() {
        assert!(is_organiser(Permissions::MANAGE_GUILD));
        assert!(is_organiser(Permissions::ADMINISTRATOR));
        assert!(!is_organiser(Permissions::MANAGE_MESSAGES));
    }
}
