//! Settings: which layer wins, what is refused, and that secrets stay secret.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use studyhall::config::{
    Environment, Flags, KEYS, Rejected, Settings, TokenError, TokenSource, WebAddress, load,
    resolve, token,
};

const CANARY: &str = "canary-7f3a";

fn environment(variables: &[(&str, &str)]) -> Environment {
    let pair = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
    Environment::of(variables.iter().map(pair))
}

fn settings(file: &str, variables: &[(&str, &str)]) -> Result<Settings, Rejected> {
    let path = Path::new("studyhall.toml");
    resolve(
        Some((path, file)),
        &environment(variables),
        &Flags::default(),
    )
}

fn origin(settings: &Settings, key: &str) -> String {
    let mut shown = settings.shown().into_iter();
    let shown = shown
        .find(|shown| shown.key == key)
        .expect("a key that exists");
    format!("{} ({})", shown.value.unwrap_or_default(), shown.origin)
}

#[test]
fn nothing_said_means_the_built_in_values() {
    let settings = resolve(None, &environment(&[]), &Flags::default()).unwrap();
    assert_eq!(settings.notes_dir, PathBuf::from("notes"));
    assert_eq!(settings.data_dir, PathBuf::from(".studyhall"));
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(origin(&settings, "notes_dir"), "notes (default)");
}

#[test]
fn the_later_layer_wins() {
    let file = "notes_dir = \"from-file\"\ndata_dir = \"from-file\"\n[http]\nlisten = \"[::1]:1\"";
    let variables = environment(&[
        ("STUDYHALL_NOTES_DIR", "from-env"),
        ("STUDYHALL_DATA_DIR", "from-env"),
    ]);
    let flags = Flags {
        notes_dir: Some("from-flag".into()),
        ..Flags::default()
    };
    let path = Path::new("/etc/studyhall.toml");
    let settings = resolve(Some((path, file)), &variables, &flags).unwrap();
    assert_eq!(
        origin(&settings, "notes_dir"),
        "from-flag (flag --notes-dir)"
    );
    assert_eq!(
        origin(&settings, "data_dir"),
        "from-env (env STUDYHALL_DATA_DIR)"
    );
    assert_eq!(
        origin(&settings, "http.listen"),
        "[::1]:1 (file:/etc/studyhall.toml)"
    );
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let settings = settings("notes_dir = \"mine\"", &[("STUDYHALL_NOTES_DIR", "")]).unwrap();
    assert_eq!(settings.notes_dir, PathBuf::from("mine"));
}

#[track_caller]
fn check_refused(file: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let rejected = settings(file, variables).expect_err("settings that are refused");
    let lines: Vec<String> = rejected.problems.iter().map(ToString::to_string).collect();
    assert_eq!(lines, expected);
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_one() {
    check_refused(
        "\nnote_dir = \"x\"",
        &[],
        &["studyhall.toml:2:1: unknown key `note_dir`; did you mean `notes_dir`?"],
    );
    check_refused(
        "[discord]\ntokn = \"x\"",
        &[],
        &["studyhall.toml:2:1: unknown key `discord.tokn`; did you mean `discord.token`?"],
    );
    check_refused(
        "",
        &[("STUDYHALL_DISCORD_TOKEN", "x")],
        &[
            "STUDYHALL_DISCORD_TOKEN: unknown key `discord_token`; did you mean \
           STUDYHALL_DISCORD__TOKEN?",
        ],
    );
    check_refused(
        "qqq = 1",
        &[],
        &["studyhall.toml:1:1: unknown key `qqq`; `studyhall config` lists the keys"],
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    check_refused(
        "notes_dir = 5\ndiscord = 1\nnotes_url = \"ftp://x\"\n[http]\nlisten = \"8080\"",
        &[("STUDYHALL_DISCORD__PUBLIC_KEY", "0+")],
        &[
            "studyhall.toml:1:13: `notes_dir` must be text between quotes",
            "studyhall.toml:2:1: `discord` is a group of settings: write `[discord]`",
            "studyhall.toml:3:13: `notes_url` must begin with `http://` or `https://`",
            "STUDYHALL_DISCORD__PUBLIC_KEY: `discord.public_key` must be the 64 hexadecimal \
             digits that Discord shows",
            "studyhall.toml:5:10: `http.listen` must be an IP address and a port, such as \
             `127.0.0.1:8080` or `[::1]:8080`",
        ],
    );
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_are_no_settings() {
    let links = [
        ("STUDYHALL_SERVICE_HOST", "10.0.0.1"),
        ("STUDYHALL_SERVICE_PORT", "80"),
        ("STUDYHALL_SERVICE_PORT_HTTP", "80"),
        ("STUDYHALL_PORT", "tcp://10.0.0.1:80"),
        ("STUDYHALL_PORT_80_TCP_ADDR", "10.0.0.1"),
    ];
    settings("", &links).unwrap();
}

#[test]
fn secrets_are_in_no_text() {
    let refused = [
        format!("[discord]\ntoken = \"{CANARY}"),
        format!("[discord]\ntoken = [\"{CANARY}\"]"),
        format!("token = \"{CANARY}\""),
        format!("database_url = \"mysql://{CANARY}\""),
        format!("database_url = \"postgres://{CANARY}\"\ndatabase_url = \"{CANARY}\""),
    ];
    for file in &refused {
        let rejected = settings(file, &[]).unwrap_err();
        let text = format!("{rejected} {rejected:?}");
        assert!(!text.contains("canary"), "{text}");
    }
    let url = format!("postgres://ada:{CANARY}@db/scores");
    let variables = [
        ("STUDYHALL_DISCORD__TOKEN", CANARY),
        ("STUDYHALL_DATABASE_URL", url.as_str()),
    ];
    let settings = settings("", &variables).unwrap();
    let text = format!(
        "{settings:?} {:?} {:?}",
        settings.shown(),
        environment(&variables)
    );
    assert!(!text.contains("canary"), "{text}");
    let token = token(settings.discord.token.as_ref()).unwrap();
    assert!(!format!("{token:?}").contains("canary"));
    assert_eq!(token.secret.expose_secret(), CANARY);
}

#[test]
fn a_token_comes_from_a_file_or_a_credential_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("discord_token");
    fs::write(&file, format!("{CANARY}\n")).unwrap();
    let path = folder.path().to_str().unwrap();
    let in_file = format!("discord.token_file = '{}'", file.display());
    for settings in [
        settings(&in_file, &[]).unwrap(),
        settings("", &[("CREDENTIALS_DIRECTORY", path)]).unwrap(),
    ] {
        let token = token(settings.discord.token.as_ref()).unwrap();
        assert_eq!(token.secret.expose_secret(), CANARY);
    }
    let neither = settings("", &[("CREDENTIALS_DIRECTORY", "/nonexistent")]).unwrap();
    let missing = token(neither.discord.token.as_ref()).unwrap_err();
    assert!(matches!(missing, TokenError::Missing), "{missing}");
}

#[test]
fn the_address_of_the_database_comes_from_a_file_or_a_credential_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("database_url");
    fs::write(&file, format!("postgres://ada:{CANARY}@db/scores\n")).unwrap();
    let path = folder.path().to_str().unwrap();
    let named = ("STUDYHALL_DATABASE_URL_FILE", file.to_str().unwrap());
    for settings in [
        settings("database_url = 'sqlite:x'", &[named]).unwrap(),
        settings("", &[("CREDENTIALS_DIRECTORY", path)]).unwrap(),
    ] {
        let url = settings.database_url.as_ref().unwrap().expose_secret();
        assert_eq!(url, format!("postgres://ada:{CANARY}@db/scores"));
        let text = format!("{settings:?} {:?}", settings.shown());
        assert!(!text.contains("canary"), "{text}");
    }
    let both = [named, ("STUDYHALL_DATABASE_URL", "sqlite:mine")];
    let both = settings("", &both).unwrap().database_url.unwrap();
    assert_eq!(both.expose_secret(), "sqlite:mine");
    let neither = settings("", &[("CREDENTIALS_DIRECTORY", "/nonexistent")]).unwrap();
    assert!(neither.database_url.is_none());

    fs::write(&file, format!("mysql://{CANARY}")).unwrap();
    check_refused(
        "",
        &[named],
        &[
            "STUDYHALL_DATABASE_URL_FILE: `database_url_file` must be `postgres://user@host/name` \
           or `sqlite:path`",
        ],
    );
    fs::remove_file(&file).unwrap();
    let gone = settings("", &[named]).unwrap_err().to_string();
    assert!(gone.contains("database's address"), "{gone}");
}

#[test]
fn a_token_from_the_environment_beats_a_token_file_from_the_file() {
    let both = settings(
        "discord.token_file = 'x'",
        &[("STUDYHALL_DISCORD__TOKEN", "t")],
    )
    .unwrap();
    assert!(matches!(both.discord.token, Some(TokenSource::Given(_))));
    let both = settings(
        "discord.token = 't'",
        &[("STUDYHALL_DISCORD__TOKEN_FILE", "x")],
    )
    .unwrap();
    assert!(matches!(both.discord.token, Some(TokenSource::File(_))));
}

#[cfg(unix)]
#[test]
fn a_token_file_that_others_can_read_is_told_apart() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "t").unwrap();
    for (mode, exposed) in [(0o600, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let token = token(Some(&TokenSource::File(file.clone()))).unwrap();
        assert_eq!(token.exposed, exposed, "{mode:o}");
    }
}

#[test]
fn a_settings_file_that_is_named_must_exist() {
    let flags = Flags {
        config: Some("/nonexistent/studyhall.toml".into()),
        ..Flags::default()
    };
    let rejected = load(&environment(&[]), &flags).unwrap_err().to_string();
    assert!(
        rejected.starts_with("--config: cannot read the settings file"),
        "{rejected}"
    );
    let variables = environment(&[("STUDYHALL_CONFIG", "/nonexistent/studyhall.toml")]);
    let rejected = load(&variables, &Flags::default()).unwrap_err().to_string();
    assert!(
        rejected.starts_with("STUDYHALL_CONFIG: cannot read"),
        "{rejected}"
    );
}

#[test]
fn each_folder_of_notes_has_an_index_of_its_own() {
    let index_of = |notes: &str| {
        let file = format!("notes_dir = '{notes}'");
        settings(&file, &[]).unwrap().index_dir()
    };
    assert_ne!(index_of("a"), index_of("b"));
    assert_eq!(index_of("a"), index_of("./a"));
}

#[test]
fn a_link_leads_to_the_section() {
    let settings = settings("notes_url = 'https://example.org/notes/'", &[]).unwrap();
    let link = |base: &WebAddress| base.of_section("aws/s3 & co.md", "größe");
    assert_eq!(
        settings.notes_url.as_ref().map(link).unwrap(),
        "https://example.org/notes/aws/s3%20%26%20co.md#gr%C3%B6%C3%9Fe"
    );
}

#[test]
fn the_example_file_holds_and_names_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/studyhall.example.toml");
    let example = fs::read_to_string(&path).unwrap();
    let settings = resolve(
        Some((&path, &example)),
        &environment(&[]),
        &Flags::default(),
    )
    .unwrap();
    for shown in settings.shown() {
        let key = KEYS.iter().find(|key| key.name == shown.key).unwrap();
        assert_eq!(
            shown.value.as_deref(),
            key.default,
            "{}: not its default",
            key.name
        );
    }

    // With the examples in the place of what is not set, every key is there and has its form.
    let is_setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line != "#";
    let lines = example.lines().map(|line| match is_setting(line) {
        true => &line[1..],
        false => line,
    });
    let full: Vec<&str> = lines.filter(|line| !line.starts_with("token = ")).collect();
    let settings = resolve(
        Some((&path, &full.join("\n"))),
        &environment(&[("STUDYHALL_DISCORD__TOKEN", "t")]),
        &Flags::default(),
    )
    .unwrap();
    for shown in settings.shown() {
        let is_named = example.lines().any(|line| {
            let name = shown.key.rsplit('.').next().unwrap_or(shown.key);
            line.trim_start_matches('#')
                .starts_with(&format!("{name} = "))
        });
        assert!(is_named, "{} is not in the example", shown.key);
    }
    assert!(settings.notes_url.is_some() && settings.discord.public_key.is_some());
}

#[test]
fn the_readme_lists_every_key_with_its_variable_and_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(path).unwrap();
    let table = readme.split("\n## Settings\n").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    for (row, key) in rows.iter().zip(KEYS) {
        let start = format!("| `{}` | `{}` | ", key.name, key.variable());
        let default = row.strip_prefix(&start).unwrap_or_else(|| panic!("{row}"));
        // What is not set by itself is told in words.
        let expected = match key.default {
            Some(default) => default.to_owned() + "`",
            None => String::new(),
        };
        let shown = default.strip_prefix('`').unwrap_or_default();
        assert!(shown.starts_with(&expected), "{row}");
        assert_eq!(shown.is_empty(), expected.is_empty(), "{row}");
    }
    assert_eq!(rows.len(), KEYS.len());
}
