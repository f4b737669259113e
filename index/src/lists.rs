//! Lists of English words by which a question is read.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::words::{Hashed, Stems, hash_of};

/// Words that a question brings along. They are not looked for.
const STOP: &str = "a an and are as at be but by for if in into is it no not of on or such that the \
    their then there these they this to was will with what which who whom whose when where why how \
    do does did doing done can could should would may might must shall i you we he she my your our \
    me us him her its am been being were have has had having from about between than so very just \
    also any some all each other own same too because until while both few nor tell explain give \
    describe define please want wants need needs needed following below mentioned use uses used \
    using usage let lets get im ive id dont doesnt cant isnt thats whats meaning mean means called \
    name stand stands acronym abbreviation";
/// Words that ask to compare.
const COMPARE: &str = "vs versus difference differences different differ differs compare compared \
    comparison comparing distinguish";
/// Words that count little: they say which side of a thing is asked for.
const WEAK_WORDS: &str = "type types kind kinds list purpose work works happen happens feature \
    features benefit benefits advantage advantages significance concept concepts main major \
    several various example examples core component components relationship introduction overview \
    basics good many much case cases long maximum minimum max min limit limits allow allows allowed \
    provide provides support supports supported often soon quickly";
/// Words that a long form may hold without a letter in its short form.
const SMALL: &str = "of and the for to in on a an with by";
/// Words that ask for a figure.
const FIGURE: &str = "many much long often size big large small fast maximum minimum max min limit \
    limits default number cost price duration retention hours minutes seconds days";

/// Words that ask for the most or the least, and those under which notes gather such figures.
const MOST: &str = "maximum max minimum min limit limits most largest biggest";
const LIMITS: &str = "limit quota number";

/// The word lists, ready to be asked.
pub(crate) struct Lists {
    pub(crate) stop: HashSet<&'static str, Hashed>,
    pub(crate) compare: HashSet<&'static str, Hashed>,
    pub(crate) weak: HashSet<&'static str, Hashed>,
    pub(crate) small: HashSet<&'static str, Hashed>,
    pub(crate) figure: HashSet<&'static str, Hashed>,
    pub(crate) most: HashSet<&'static str, Hashed>,
}

/// See [`Lists`].
pub(crate) static LISTS: LazyLock<Lists> = LazyLock::new(|| Lists {
    stop: STOP.split_whitespace().collect(),
    compare: COMPARE.split_whitespace().collect(),
    weak: WEAK_WORDS.split_whitespace().collect(),
    small: SMALL.split_whitespace().collect(),
    figure: FIGURE.split_whitespace().collect(),
    most: MOST.split_whitespace().collect(),
});

/// Hashes of the stems that compare, that are weak, that a question brings along, and that name a
/// list of limits.
pub(crate) struct HashedLists {
    pub(crate) stop: HashSet<u64, Hashed>,
    pub(crate) compare: HashSet<u64, Hashed>,
    pub(crate) weak: HashSet<u64, Hashed>,
    pub(crate) limits: HashSet<u64, Hashed>,
}

/// See [`HashedLists`].
pub(crate) static HASHED: LazyLock<HashedLists> = LazyLock::new(|| {
    let hashes = |list: &str| {
        let mut stems = Stems::default();
        let stems = stems.of(list);
        stems.iter().map(|stem| hash_of(stem)).collect()
    };
    HashedLists {
        stop: hashes(STOP),
        compare: hashes(COMPARE),
        weak: hashes(WEAK_WORDS),
        limits: hashes(LIMITS),
    }
});
