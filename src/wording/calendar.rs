//! The last weeks of somebody's answers: as a picture, as text, and in a sentence.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// Weeks that are shown.
pub const N_WEEKS: usize = 12;
/// Pixels of a day's square, and between two.
const SQUARE: usize = 18;
const GAP: usize = 4;
const MARGIN: usize = 8;

const BACKGROUND: [u8; 3] = [0x2b, 0x2d, 0x31];
const NOTHING: [u8; 3] = [0x40, 0x44, 0x4b];
const WRONG: [u8; 3] = [0xd0, 0x8a, 0x3c];
const RIGHT: [u8; 3] = [0x3b, 0xa5, 0x5d];

/// The last weeks in three forms.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// A PNG; nothing where it could not be made.
    pub picture: Option<Vec<u8>>,
    /// A line for each weekday: `#` right, `+` answered, `·` nothing.
    pub text: String,
    /// What it shows, in a sentence.
    pub alt: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Right,
    Wrong,
    Nothing,
    ToCome,
}

/// The calendar of these days, each with how many answers it had and how many were right.
#[must_use]
pub fn of(days: &BTreeMap<Date, (u32, u32)>, today: Date) -> Calendar {
    let back = i64::from(today.weekday().since(Weekday::Monday));
    let monday = today.saturating_sub(back.days());
    let first = monday.saturating_sub(((N_WEEKS - 1) as i64).weeks());
    let mark = |week: usize, weekday: usize| {
        let day = first.saturating_add(((week * 7 + weekday) as i64).days());
        match days.get(&day) {
            _ if day > today => Mark::ToCome,
            Some((n, n_right)) if *n > 0 && n_right == n => Mark::Right,
            Some((n, _)) if *n > 0 => Mark::Wrong,
            Some(_) | None => Mark::Nothing,
        }
    };
    let names = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
    let line = |weekday: usize| {
        let marks = (0..N_WEEKS).map(|week| match mark(week, weekday) {
            Mark::Right => '#',
            Mark::Wrong => '+',
            Mark::Nothing => '·',
            Mark::ToCome => ' ',
        });
        let marks: Vec<String> = marks.map(String::from).collect();
        format!("{} {}", names[weekday], marks.join(" ").trim_end())
    };
    let lines: Vec<String> = (0..7).map(line).collect();
    let n_days = days
        .range(first..=today)
        .filter(|(_, (n, _))| *n > 0)
        .count();
    let n_right = days
        .range(first..=today)
        .filter(|(_, (n, n_right))| *n > 0 && n_right == n)
        .count();
    Calendar {
        picture: picture(mark),
        text: format!("{}\n# right  + answered  · nothing", lines.join("\n")),
        alt: format!(
            "Calendar of the last {N_WEEKS} weeks: answered on {n_days} days, all right on {n_right} of them."
        ),
    }
}

fn picture(mark: impl Fn(usize, usize) -> Mark) -> Option<Vec<u8>> {
    let side = |n: usize| 2 * MARGIN + n * SQUARE + (n - 1) * GAP;
    let (width, height) = (side(N_WEEKS), side(7));
    let mut pixels = vec![BACKGROUND; width * height];
    for week in 0..N_WEEKS {
        for weekday in 0..7 {
            let color = match mark(week, weekday) {
                Mark::Right => RIGHT,
                Mark::Wrong => WRONG,
                Mark::Nothing => NOTHING,
                Mark::ToCome => continue,
            };
            let (left, top) = (
                MARGIN + week * (SQUARE + GAP),
                MARGIN + weekday * (SQUARE + GAP),
            );
            for y in top..top + SQUARE {
                pixels[y * width + left..y * width + left + SQUARE].fill(color);
            }
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels.as_flattened()).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_last_weeks_are_shown_in_three_forms() {
        let days = BTreeMap::from([
            (date(2027, 3, 1), (1, 1)),
            (date(2027, 3, 2), (2, 1)),
            (date(2020, 1, 1), (1, 1)),
        ]);
        let calendar = of(&days, date(2027, 3, 3));
        let expect = "\
Mo · · · · · · · · · · · #
Tu · · · · · · · · · · · +
We · · · · · · · · · · · ·
Th · · · · · · · · · · ·
Fr · · · · · · · · · · ·
Sa · · · · · · · · · · ·
Su · · · · · · · · · · ·
# right  + answered  · nothing";
        assert_eq!(calendar.text, expect);
        assert_eq!(
            calendar.alt,
            "Calendar of the last 12 weeks: answered on 2 days, all right on 1 of them."
        );
        let bytes = calendar.picture.unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let at = |week: usize, weekday: usize| {
            let (x, y) = (
                MARGIN + week * (SQUARE + GAP) + 3,
                MARGIN + weekday * (SQUARE + GAP) + 3,
            );
            let start = (y * info.width as usize + x) * 3;
            [pixels[start], pixels[start + 1], pixels[start + 2]]
        };
        assert_eq!((at(11, 0), at(11, 1), at(11, 2)), (RIGHT, WRONG, NOTHING));
        assert_eq!((at(0, 0), at(11, 3)), (NOTHING, BACKGROUND));
    }
}
