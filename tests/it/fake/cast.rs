//! Who and what there is: the application, a server with one channel, and its members.

use jiff::Timestamp;
use serde_json::{Value, json};

/// The application's id, which is the bot's user id too.
pub(crate) const APPLICATION: u64 = 1_100_000_000_000_000_001;
/// The server.
pub(crate) const GUILD: u64 = 1_100_000_000_000_000_002;
/// The server's channel.
pub(crate) const CHANNEL: u64 = 1_100_000_000_000_000_003;
/// The channel in which a member and the bot write to each other alone.
pub(crate) const DIRECT: u64 = 1_100_000_000_000_000_004;

/// Another channel of the server.
pub(crate) const ELSEWHERE: u64 = 1_100_000_000_000_000_005;

/// The first of the channels of other servers, of which this Discord knows no more than that one can
/// post there, and how many there are.
pub(crate) const OTHERS: u64 = 1_100_000_000_000_100_000;
pub(crate) const N_OTHERS: u64 = 10_000;

/// The first of other servers, of which this Discord knows no more than their numbers.
pub(crate) const ELSEWHERES: u64 = 1_000_000_000_000_000_000;

/// A member of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The user id.
    pub(crate) id: u64,
    /// The user name; the display name is the same with a capital.
    pub(crate) name: &'static str,
}

/// A member.
pub(crate) const ADA: Person = Person {
    id: 1_100_000_000_000_000_011,
    name: "ada",
};
/// Another member.
pub(crate) const BEN: Person = Person {
    id: 1_100_000_000_000_000_012,
    name: "ben",
};

/// One of many members.
pub(crate) fn member_number(n: u64) -> Person {
    Person {
        id: 1_100_000_000_000_001_000 + n,
        name: "somebody",
    }
}

/// A moment as Discord writes it.
pub(crate) fn timestamp(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).expect("a moment of this era");
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// A moment as an HTTP header tells it.
pub(crate) fn http_date(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).expect("a moment of this era");
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub(crate) fn user(person: Person) -> Value {
    let mut shown = person.name.to_owned();
    shown[..1].make_ascii_uppercase();
    json!({
        "id": person.id.to_string(), "username": person.name, "global_name": shown,
        "avatar": null, "discriminator": "0", "public_flags": 0, "flags": 0,
        "primary_guild": null, "avatar_decoration_data": null, "collectibles": null,
        "banner": null, "accent_color": null,
    })
}

/// The bot's own user, as others see it.
pub(crate) fn bot() -> Value {
    json!({
        "id": APPLICATION.to_string(), "username": "studyhall", "global_name": null,
        "avatar": null, "discriminator": "1234", "public_flags": 0, "flags": 0, "bot": true,
        "primary_guild": null, "avatar_decoration_data": null, "collectibles": null,
        "banner": null, "accent_color": null,
    })
}

/// The bot's own user, as `GET /users/@me` and READY show it.
pub(crate) fn me() -> Value {
    let mut me = bot();
    me["mfa_enabled"] = json!(true);
    me["locale"] = json!("en-US");
    me["verified"] = json!(true);
    me["email"] = Value::Null;
    me
}

/// A server as the list of those shows it that the bot is in.
pub(crate) fn partial_guild(id: u64) -> Value {
    json!({
        "id": id.to_string(), "name": "Study group", "icon": null, "banner": null, "owner": false,
        "permissions": "2248473465835073", "features": [],
    })
}

/// A member as interactions carry one: what they may do included.
pub(crate) fn member(person: Person) -> Value {
    // The server is Ada's: she may manage it.
    let permissions = match person == ADA {
        true => "2248473465835113",
        false => "2248473465835073",
    };
    json!({
        "user": user(person), "nick": null, "avatar": null, "banner": null, "roles": [],
        "joined_at": timestamp(1_700_000_000_000), "premium_since": null, "deaf": false,
        "mute": false, "flags": 0, "pending": false, "permissions": permissions,
        "communication_disabled_until": null, "unusual_dm_activity_until": null,
    })
}

pub(crate) fn application() -> Value {
    json!({
        "id": APPLICATION.to_string(), "name": "studyhall", "icon": null, "description": "",
        "type": null, "bot": bot(), "summary": "", "bot_public": false,
        "bot_require_code_grant": false, "verify_key": super::public_key(), "flags": 0,
        "flags_new": "0", "redirect_uris": [], "interactions_endpoint_url": null,
        "role_connections_verification_url": null, "owner": user(ADA),
        "approximate_guild_count": 1, "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "explicit_content_filter": 0,
        "team": null, "eligible_oauth2_scopes": [],
    })
}

/// The bot as a member of the server: it has no role but everybody's.
pub(crate) fn bot_member() -> Value {
    json!({
        "user": bot(), "nick": null, "avatar": null, "banner": null, "roles": [],
        "joined_at": timestamp(1_700_000_000_000), "premium_since": null, "deaf": false,
        "mute": false, "flags": 0, "pending": false, "communication_disabled_until": null,
    })
}

/// A channel in which two write to each other.
pub(crate) fn direct(person: Person) -> Value {
    json!({
        "id": DIRECT.to_string(), "type": 1, "flags": 0, "last_message_id": null,
        "recipients": [user(person)],
    })
}

/// A thread below a message.
pub(crate) fn thread(channel: u64, message: u64, body: &Value, ms: i64) -> Value {
    json!({
        "id": message.to_string(), "type": 11, "flags": 0, "guild_id": GUILD.to_string(),
        "name": body["name"], "parent_id": channel.to_string(), "last_message_id": null,
        "owner_id": APPLICATION.to_string(), "message_count": 0, "member_count": 1,
        "rate_limit_per_user": 0, "total_message_sent": 0,
        "thread_metadata": {
            "archived": false, "locked": false, "archive_timestamp": timestamp(ms),
            "auto_archive_duration": body["auto_archive_duration"],
            "create_timestamp": timestamp(ms),
        },
    })
}

pub(crate) fn channel() -> Value {
    json!({
        "id": CHANNEL.to_string(), "type": 0, "flags": 0, "guild_id": GUILD.to_string(),
        "name": "study", "position": 0, "permission_overwrites": [], "topic": null,
        "nsfw": false, "rate_limit_per_user": 0, "parent_id": null, "last_message_id": null,
    })
}

/// The channel as interactions carry it; none stands for a direct message.
pub(crate) fn channel_in_brief(guild: Option<u64>) -> Value {
    match guild {
        Some(guild) => json!({
            "id": CHANNEL.to_string(), "type": 0, "flags": 0, "guild_id": guild.to_string(),
            "name": "study", "position": 0, "parent_id": null, "topic": null, "nsfw": false,
            "rate_limit_per_user": 0, "last_message_id": null, "permissions": "2248473465835073",
        }),
        None => json!({
            "id": DIRECT.to_string(), "type": 1, "flags": 0, "last_message_id": null,
            "recipients": [bot()],
        }),
    }
}

/// The server as GUILD_CREATE tells of it.
pub(crate) fn guild() -> Value {
    let mut channel = channel();
    if let Some(fields) = channel.as_object_mut() {
        fields.remove("guild_id");
    }
    let mut guild = json!({
        "id": GUILD.to_string(), "name": "Study group", "owner_id": ADA.id.to_string(),
        "region": "deprecated", "afk_timeout": 300, "verification_level": 0,
        "default_message_notifications": 1, "explicit_content_filter": 0, "mfa_level": 0,
        "roles": [{
            "id": GUILD.to_string(), "name": "@everyone", "color": 0, "hoist": false,
            "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null},
            "managed": false, "mentionable": false, "permissions": "2248473465835073",
            "position": 0, "flags": 0, "icon": null, "unicode_emoji": null,
        }],
        "system_channel_flags": 0, "max_members": 500_000, "premium_tier": 0,
        "premium_subscription_count": 0, "preferred_locale": "en-US", "nsfw_level": 0,
        "max_video_channel_users": 25, "premium_progress_bar_enabled": false,
        "joined_at": timestamp(1_700_000_000_000), "large": false, "unavailable": false,
        "member_count": 3, "channels": [channel],
    });
    for absent in [
        "icon",
        "splash",
        "discovery_splash",
        "afk_channel_id",
        "application_id",
        "banner",
        "system_channel_id",
        "rules_channel_id",
        "vanity_url_code",
        "description",
        "public_updates_channel_id",
        "safety_alerts_channel_id",
    ] {
        guild[absent] = Value::Null;
    }
    for none in [
        "emojis",
        "stickers",
        "features",
        "voice_states",
        "members",
        "threads",
        "presences",
        "stage_instances",
        "guild_scheduled_events",
        "soundboard_sounds",
    ] {
        guild[none] = json!([]);
    }
    guild
}
