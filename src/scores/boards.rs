//! Boards: who has how many points in a period.

use jiff::civil::Date;

use super::database::{Row, StoreError, Transaction, Value};
use super::ledger::KEPT;
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

fn kept(transaction: &mut dyn Transaction, wanted: &Wanted) -> Result<Board, StoreError> {
    let key = wanted.period.key();
    let board: [Value; 3] = [
        of_id(wanted.guild),
        key.as_str().into(),
        wanted.topic.as_deref().unwrap_or_default().into(),
    ];
    let [guild, period, topic] = board.clone();
    let rows = transaction.query(
        "SELECT COUNT(*) FROM total WHERE guild = $1 AND period = $2 AND topic = $3 AND shown = 1",
        &board,
    )?;
    let n_places = to_count(only(rows)?.int(0)?);
    let first = wanted.page.saturating_mul(PAGE_MAX);
    let places = slice(transaction, &board, first, PAGE_MAX)?;
    let mut own = Vec::new();
    if let Some(member) = wanted.member
        && places.iter().all(|place| place.member != member)
    {
        let rows = transaction.query(
            "SELECT points, reached_at FROM total \
             WHERE guild = $1 AND period = $2 AND topic = $3 AND member = $4 AND shown = 1",
            &[guild.clone(), period.clone(), topic.clone(), of_id(member)],
        )?;
        if let Some(row) = rows.first() {
            let (points, reached_at) = (row.int(0)?, row.int(1)?);
            let rows = transaction.query(
                "SELECT COUNT(*) FROM total WHERE guild = $1 AND period = $2 AND topic = $3 \
                 AND shown = 1 AND (points > $4 OR (points = $5 AND (reached_at < $6 \
                 OR (reached_at = $7 AND member < $8))))",
                &[
                    guild,
                    period,
                    topic,
                    points.into(),
                    points.into(),
                    reached_at.into(),
                    reached_at.into(),
                    of_id(member),
                ],
            )?;
            let before = to_count(only(rows)?.int(0)?);
            let start = before.saturating_sub(NEIGHBOURS);
            own = slice(transaction, &board, start, before - start + 1 + NEIGHBOURS)?;
        }
    }
    Ok(Board {
        places,
        n_places,
        own,
    })
}

/// Places from `first` on, at most `n`.
fn slice(
    transaction: &mut dyn Transaction,
    board: &[Value; 3],
    first: u32,
    n: u32,
) -> Result<Vec<Place>, StoreError> {
    let [guild, period, topic] = board.clone();
    let rows = transaction.query(
        "SELECT member, points, n_answered, n_right FROM total \
         WHERE guild = $1 AND period = $2 AND topic = $3 AND shown = 1 \
         ORDER BY points DESC, reached_at, member LIMIT $4 OFFSET $5",
        &[
            guild.clone(),
            period.clone(),
            topic.clone(),
            i64::from(n).into(),
            i64::from(first).into(),
        ],
    )?;
    let mut places: Vec<Place> = rows
        .iter()
        .map(|row| to_place(row, 0))
        .collect::<Result<_, _>>()?;
    if let Some(best) = places.first().map(|place| place.points) {
        let rows = transaction.query(
            "SELECT COUNT(*) FROM total \
             WHERE guild = $1 AND period = $2 AND topic = $3 AND shown = 1 AND points > $4",
            &[guild, period, topic, best.into()],
        )?;
        let better = to_count(only(rows)?.int(0)?);
        rank(&mut places, first, better);
    }
    Ok(places)
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
        "SELECT event.member, CAST(SUM(event.points) AS BIGINT), \
         CAST(SUM(event.n_answered) AS BIGINT), CAST(SUM(event.n_right) AS BIGINT), \
         COALESCE(MAX(CASE WHEN event.points <> 0 THEN event.at END), 0) AS reached_at \
         FROM event LEFT JOIN member ON member.guild = event.guild AND member.id = event.member \
         WHERE event.guild = $1 AND event.day >= $2 AND event.day <= $3 \
         AND ($4 = '' OR event.topic = $5) AND COALESCE(member.shown, 1) = 1 \
         GROUP BY event.member ORDER BY 2 DESC, 5, 1",
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
