//! Boards: who has how many points in a period.

use jiff::civil::Date;

use super::database::{Row, StoreError, Transaction, Value};
use super::sums::{self, KEPT, not_told};
use super::{Scores, of_day, of_id, only, to_count, to_id};
use crate::quiz::period::{Period, Season, Span};

/// Rows of a page.
pub const PAGE_MAX: u32 = 10;
/// Rows around one's own.
pub const NEIGHBOURS: u32 = 1;

/// Somebody on a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Who.
    pub member: u64,
    /// From 1; equal points share a rank, and the next one counts them all.
    pub rank: u32,
    /// Points.
    pub points: i64,
    /// Answers.
    pub n_answered: u32,
    /// Right answers.
    pub n_right: u32,
}

/// A page of a board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// The page's places, the best first, at most [`PAGE_MAX`].
    pub places: Vec<Place>,
    /// All who stand on the board.
    pub n_places: u32,
    /// The asker's own place with its neighbours, where that is not on the page.
    pub own: Vec<Place>,
}

/// Which board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The server.
    pub guild: u64,
    /// The days that count.
    pub period: Period,
    /// Only this topic.
    pub topic: Option<String>,
    /// Which page, from 0.
    pub page: u32,
    /// Who asks.
    pub member: Option<u64>,
}

impl Scores {
    /// A page of a board. Hidden and departed members are on none.
    ///
    /// # Errors
    /// The store fails.
    pub fn board(&self, wanted: &Wanted, season: Season) -> Result<Board, StoreError> {
        if is_kept(wanted, season) {
            self.fold()?;
        }
        self.read(|transaction| {
            if is_kept(wanted, season) {
                kept(transaction, wanted)
            } else {
                Ok(page(&summed(transaction, wanted)?, wanted))
            }
        })
    }
}

/// Whether the sums of this board are kept.
fn is_kept(wanted: &Wanted, season: Season) -> bool {
    let span = match wanted.period.span {
        // A month is a season where seasons are months.
        Span::Month if season == Season::Month => Span::Season,
        span => span,
    };
    KEPT.contains(&(span, wanted.topic.is_some()))
}

/// A statement about those who stand on a board: `?1` says which.
macro_rules! on_board {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM total WHERE board = ?1 AND shown = 1",
            $rest
        )
    };
}

/// A statement for the one of them who comes first in this order.
macro_rules! neighbour {
    ($rest:literal) => {
        on_board!("member, points, n_answered, n_right", $rest)
    };
}

/// Who stands just before somebody with `?2` points, reached at `?3`, called `?4`: each statement
/// is a step in the index, and the first that finds somebody is right. The numbers say how many
/// of these values it takes.
const ABOVE: [(&str, usize); 2] = [
    (
        neighbour!(
            " AND points = ?2 AND (reached_at, member) < (?3, ?4) \
             ORDER BY reached_at DESC, member DESC LIMIT 1"
        ),
        3,
    ),
    (
        neighbour!(" AND points > ?2 ORDER BY points, reached_at DESC, member DESC LIMIT 1"),
        1,
    ),
];

/// Who stands just behind, in the same way.
const BELOW: [(&str, usize); 2] = [
    (
        neighbour!(
            " AND points = ?2 AND (reached_at, member) > (?3, ?4) \
             ORDER BY reached_at, member LIMIT 1"
        ),
        3,
    ),
    (
        neighbour!(" AND points < ?2 ORDER BY points DESC, reached_at, member LIMIT 1"),
        1,
    ),
];

const _: () = assert!(NEIGHBOURS == 1, "`ABOVE` and `BELOW` find one each");

/// A statement that counts who stands on some steps of a board.
macro_rules! on_steps {
    ($which:literal) => {
        concat!(
            "SELECT CAST(COALESCE(SUM(n_members), 0) AS BIGINT) FROM step WHERE board = ?1",
            $which
        )
    };
}

const ALL: &str = on_steps!("");
const WITH_MORE: &str = on_steps!(" AND points > ?2");
const WITH_AS_MANY: &str = on_steps!(" AND points = ?2");

fn kept(transaction: &mut dyn Transaction, wanted: &Wanted) -> Result<Board, StoreError> {
    let topic = wanted.topic.as_deref().unwrap_or_default();
    let guild = wanted.guild.cast_signed();
    let Some(board) = sums::board(transaction, guild, &wanted.period.key(), topic)? else {
        return Ok(Board::default());
    };
    let mut board = KeptBoard { transaction, board };
    let own = wanted
        .member
        .map(|member| board.stands(member))
        .transpose()?;
    let places = board.page(wanted.page)?;
    let is_there = |own: &Own| {
        let mut members = places.iter().map(|place| place.member);
        members.any(|member| member == own.place.member)
    };
    Ok(Board {
        n_places: board.count(ALL, None)?,
        own: match own.flatten().filter(|own| !is_there(own)) {
            Some(own) => board.around(&own)?,
            None => Vec::new(),
        },
        places,
    })
}

/// A board whose sums are kept.
struct KeptBoard<'a> {
    transaction: &'a mut dyn Transaction,
    /// Its number.
    board: i64,
}

/// Somebody on it, without a rank.
struct Own {
    place: Place,
    reached_at: i64,
}

impl KeptBoard<'_> {
    fn rows(&mut self, statement: &'static str, more: &[Value]) -> Result<Vec<Row>, StoreError> {
        let values = [&[self.board.into()], more].concat();
        self.transaction.query(statement, &values)
    }

    fn count(&mut self, statement: &'static str, points: Option<i64>) -> Result<u32, StoreError> {
        let more: Vec<Value> = points.into_iter().map(Value::from).collect();
        Ok(to_count(only(self.rows(statement, &more)?)?.int(0)?))
    }

    fn stands(&mut self, member: u64) -> Result<Option<Own>, StoreError> {
        let own = on_board!(
            "member, points, n_answered, n_right, reached_at",
            " AND member = ?2"
        );
        let rows = self.rows(own, &[of_id(member)])?;
        let own = rows.first().map(|row| -> Result<Own, StoreError> {
            Ok(Own {
                place: to_place(row, 0)?,
                reached_at: row.int(4)?,
            })
        });
        own.transpose()
    }

    /// A page, from 0.
    fn page(&mut self, page: u32) -> Result<Vec<Place>, StoreError> {
        let first = page.saturating_mul(PAGE_MAX);
        // The inner one needs the index alone, however many rows it passes over.
        let rows = self.rows(
            "SELECT total.member, total.points, total.n_answered, total.n_right FROM \
             (SELECT member FROM total WHERE board = ?1 AND shown = 1 \
             ORDER BY points DESC, reached_at, member LIMIT ?2 OFFSET ?3) AS page \
             JOIN total ON total.member = page.member AND total.board = ?1 \
             ORDER BY total.points DESC, total.reached_at, total.member",
            &[i64::from(PAGE_MAX).into(), i64::from(first).into()],
        )?;
        let mut places: Vec<Place> = rows
            .iter()
            .map(|row| to_place(row, 0))
            .collect::<Result<_, _>>()?;
        let best = places.first().map(|place| place.points);
        let n_better = match best {
            Some(_) if first > 0 => self.count(WITH_MORE, best)?,
            _ => 0,
        };
        rank(&mut places, first, n_better);
        Ok(places)
    }

    /// Somebody and the neighbours.
    fn around(&mut self, own: &Own) -> Result<Vec<Place>, StoreError> {
        let points = own.place.points;
        let rank = self.count(WITH_MORE, Some(points))? + 1;
        let mut around = Vec::new();
        if let Some(above) = self.neighbour(&ABOVE, own)? {
            // Nobody has points between theirs.
            let n_between = match above.points == points {
                true => 0,
                false => self.count(WITH_AS_MANY, Some(above.points))?,
            };
            let rank = rank - n_between;
            around.push(Place { rank, ..above });
        }
        around.push(Place { rank, ..own.place });
        if let Some(below) = self.neighbour(&BELOW, own)? {
            let n_between = match below.points == points {
                true => 0,
                false => self.count(WITH_AS_MANY, Some(points))?,
            };
            let rank = rank + n_between;
            around.push(Place { rank, ..below });
        }
        Ok(around)
    }

    fn neighbour(
        &mut self,
        steps: &[(&'static str, usize)],
        own: &Own,
    ) -> Result<Option<Place>, StoreError> {
        let values = [
            own.place.points.into(),
            own.reached_at.into(),
            of_id(own.place.member),
        ];
        for (statement, n_values) in steps {
            if let Some(row) = self.rows(statement, &values[..*n_values])?.first() {
                return to_place(row, 0).map(Some);
            }
        }
        Ok(None)
    }
}

/// Gives ranks to places that begin after `n_before` others, `n_better` of which have more points
/// than the first.
fn rank(places: &mut [Place], n_before: u32, n_better: u32) {
    let mut last: Option<(i64, u32)> = None;
    for (at, place) in (0..).zip(places) {
        let rank = match last {
            None => n_better + 1,
            Some((points, rank)) if points == place.points => rank,
            Some(_) => n_before + at + 1,
        };
        place.rank = rank;
        last = Some((place.points, rank));
    }
}

fn to_place(row: &Row, rank: u32) -> Result<Place, StoreError> {
    Ok(Place {
        member: to_id(row.int(0)?),
        rank,
        points: row.int(1)?,
        n_answered: to_count(row.int(2)?),
        n_right: to_count(row.int(3)?),
    })
}

/// All places of a board whose sums are not kept.
fn summed(transaction: &mut dyn Transaction, wanted: &Wanted) -> Result<Vec<Place>, StoreError> {
    let (first, last): (Date, Date) = (wanted.period.first, wanted.period.last);
    let topic = wanted.topic.as_deref();
    let rows = transaction.query(
        concat!(
            "SELECT event.member, CAST(SUM(event.points) AS BIGINT), \
             CAST(SUM(event.n_answered) AS BIGINT), CAST(SUM(event.n_right) AS BIGINT), \
             COALESCE(MAX(CASE WHEN event.points <> 0 THEN event.at END), 0) AS reached_at \
             FROM round JOIN event ON event.round = round.id \
             LEFT JOIN member ON member.guild = event.guild AND member.id = event.member \
             WHERE round.guild = ?1 AND round.day >= ?2 AND round.day <= ?3 \
             AND (?4 = '' OR round.topic = ?5) AND COALESCE(member.shown, 1) = 1 AND NOT ",
            not_told!(),
            " GROUP BY event.member ORDER BY 2 DESC, 5, 1"
        ),
        &[
            of_id(wanted.guild),
            of_day(first),
            of_day(last),
            topic.unwrap_or_default().into(),
            topic.unwrap_or_default().into(),
        ],
    )?;
    let mut places: Vec<Place> = rows
        .iter()
        .map(|row| to_place(row, 0))
        .collect::<Result<_, _>>()?;
    rank(&mut places, 0, 0);
    Ok(places)
}

fn page(places: &[Place], wanted: &Wanted) -> Board {
    let first = wanted.page.saturating_mul(PAGE_MAX) as usize;
    let page: Vec<Place> = places
        .iter()
        .skip(first)
        .take(PAGE_MAX as usize)
        .copied()
        .collect();
    let is_own = |place: &&Place| Some(place.member) == wanted.member;
    let own = match (
        page.iter().any(|place| is_own(&place)),
        places.iter().position(|place| is_own(&place)),
    ) {
        (false, Some(at)) => {
            let neighbours = NEIGHBOURS as usize;
            let start = at.saturating_sub(neighbours);
            places[start..(at + neighbours + 1).min(places.len())].to_vec()
        }
        _ => Vec::new(),
    };
    Board {
        places: page,
        n_places: to_count(i64::try_from(places.len()).unwrap_or(i64::MAX)),
        own,
    }
}
