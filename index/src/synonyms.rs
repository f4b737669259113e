//! Everyday words of computing that mean the same: a person says `cost` where the notes say
//! `pricing`.
//!
//! Each line holds words that can stand for each other in almost any note; words that are merely
//! related are left out, for they find more than was asked. What belongs to one set of notes has
//! its place in their front matter, as aliases.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::words::{Hashed, Stems};

const SYNONYMS: &str = "
administrator admin
alert alarm notification notify
analyze analyse analysis analytics
app application
archive archival
attach connect bind
audit trail
authenticate login logon signin
block deny reject
buffer cache
buy purchase
certificate cert
cheap cheapest inexpensive affordable
choose pick select
client customer
company organization organisation enterprise
compliance regulation
concurrent parallel simultaneous
configuration config setting
cost price pricing fee charge
country geography geographic location
create build
database db
decryption decrypt
delete remove erase
device appliance
developer programmer
directory folder
discount saving
disk drive
download fetch
duplicate repeat
email mail
employee staff
encryption encrypt cipher
error failure fault
expire lapse vanish
fast quick rapid
filter firewall
free gratis
grow scale
halt shutdown stop
identifier id
isolate isolation
join combine merge
keep retain retention
latency delay lag
launch boot start
log record
lowest smallest minimum
malware virus
manual hand
memory ram
monitor observe track watch
move migrate migration transfer
outage downtime
partition shard
password credential secret
permanent persistent
permission privilege
photo image picture
processor cpu
publisher producer
query search
queue backlog
quota limit maximum max highest largest
redundant redundancy resilient
relational sql
replicate replication copy mirror
reply response
reserve reservation
restore recover recovery undelete
rotate rotation
schedule cron timer
sequence order
server machine host
site website webpage
subscriber consumer
template blueprint
temporary ephemeral transient
terminate kill
threat attack
update upgrade
video film movie
warehouse warehousing
workflow orchestration
";

static BY_STEM: LazyLock<HashMap<String, Vec<String>, Hashed>> = LazyLock::new(|| {
    let mut stems = Stems::default();
    let mut by_stem: HashMap<String, Vec<String>, Hashed> = HashMap::default();
    for line in SYNONYMS.lines() {
        let group = stems.of(line);
        for stem in &group {
            let others = group.iter().filter(|other| *other != stem);
            by_stem
                .entry(stem.clone())
                .or_default()
                .extend(others.cloned());
        }
    }
    by_stem
});

/// The stems that can stand for a stem; none for most.
pub(crate) fn synonyms(stem: &str) -> &'static [String] {
    BY_STEM.get(stem).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_synonym_is_one_both_ways() {
        assert!(synonyms("cost").contains(&"price".to_owned()));
        assert!(synonyms("price").contains(&"cost".to_owned()));
        assert!(synonyms("penguin").is_empty());
    }

    #[test]
    fn no_word_stands_in_two_lines() {
        let mut words: Vec<&str> = SYNONYMS.split_whitespace().collect();
        let n_words = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), n_words);
    }
}
