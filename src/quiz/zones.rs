//! Time zones by their IANA names, from the rules that the program brings along.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The rules of all zones. Those of the machine are not read: replicas would disagree, and a bare
/// container has none.
static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Names that an error suggests, at most.
const NEAREST_MAX: usize = 3;
/// Likeness from which on a name may be the one that was meant, from 0 to 1.
const LIKENESS_MIN: f64 = 0.85;
/// What the likeness of the last part counts ("Zurich" for "Europe/Zurich").
const LAST_PART: f64 = 0.99;

/// A name that is no time zone's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{typed}`; {}", mend(.nearest))]
pub struct UnknownZone {
    /// The name as it was typed.
    pub typed: String,
    /// Zones with names like it, the most alike first; maybe none.
    pub nearest: Vec<String>,
}

/// The zone of this IANA name, as `Europe/Zurich`. Case does not matter.
///
/// # Errors
///
/// Where there is no such zone, with names that may be meant.
pub fn zone(name: &str) -> Result<TimeZone, UnknownZone> {
    BUNDLED.get(name.trim()).map_err(|_| UnknownZone {
        typed: name.to_owned(),
        nearest: nearest(name),
    })
}

/// The names of all zones, in the order of the alphabet.
pub fn names() -> impl Iterator<Item = String> {
    BUNDLED.available().map(|name| name.as_str().to_owned())
}

fn nearest(typed: &str) -> Vec<String> {
    let typed = typed.trim().to_lowercase().replace(' ', "_");
    let mut known: Vec<(f64, String)> = names()
        .map(|name| (likeness(&typed, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let nearest = known.into_iter().map(|(_, name)| name);
    nearest.take(NEAREST_MAX).collect()
}

fn likeness(typed: &str, name: &str) -> f64 {
    let last = |name: &str| {
        name.rsplit('/')
            .next()
            .map(str::to_owned)
            .unwrap_or_default()
    };
    let of_last = strsim::jaro_winkler(&last(typed), &last(name));
    strsim::jaro_winkler(typed, name).max(of_last * LAST_PART)
}

fn mend(nearest: &[String]) -> String {
    match nearest {
        [] => "name one of the IANA database, as Europe/Zurich or America/New_York".to_owned(),
        [one] => format!("did you mean {one}?"),
        [others @ .., last] => format!("did you mean {} or {last}?", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_whatever_the_machine_has() {
        assert_eq!(
            zone("europe/zurich").unwrap().iana_name(),
            Some("Europe/Zurich")
        );
        assert_eq!(zone(" UTC ").unwrap().iana_name(), Some("UTC"));
        assert!(names().count() > 550);
    }

    #[track_caller]
    fn check(typed: &str, meant: &str) {
        let error = zone(typed).unwrap_err();
        assert_eq!(
            error.nearest.first().map(String::as_str),
            Some(meant),
            "{error}"
        );
        assert!(error.to_string().contains(meant), "{error}");
    }

    #[test]
    fn an_unknown_zone_names_the_nearest() {
        check("Europe/Zurch", "Europe/Zurich");
        check("Zurich", "Europe/Zurich");
        check("new york", "America/New_York");
        check("America/NewYork", "America/New_York");
        let error = zone("xqzw").unwrap_err();
        assert!(error.to_string().contains("IANA"), "{error}");
    }
}
