//! The sections of a folder of notes, kept on disk and searched.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use tantivy::schema::IndexRecordOption;
use tantivy::{
    DocAddress, DocId, DocSet, IndexReader, IndexSettings, ReloadPolicy, Searcher, TERMINATED,
    TantivyError, Term,
};

use crate::disk::Disk;
use crate::learnt::{Learnt, LearntCache};
use crate::outline::Outline;
use crate::schema::{FIELDS, section_of};
use crate::section::{Section, SectionKey};
use crate::tally::Spare;
use crate::unpacked::UnpackedCache;
use crate::words::StemsPool;

/// Blocks of stored sections kept unpacked; a block holds about 16 KiB.
const STORE_CACHE_BLOCKS: usize = 64;
/// Hits among which a section is looked for by its heading.
const N_NAMED: usize = 10;

/// The built index of a folder of notes. A clone is another handle on the same index.
#[derive(Clone)]
pub struct Index {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) disk: Disk,
    /// The build that answers; none before the first sync.
    live: RwLock<Option<Arc<Live>>>,
    pub(crate) outline: Outline,
    pub(crate) stems: StemsPool,
    /// Room for what a question's words earn.
    pub(crate) spare: Spare,
}

/// A build that is open for reading.
pub(crate) struct Live {
    folder: PathBuf,
    pub(crate) index: tantivy::Index,
    reader: IndexReader,
    pub(crate) learnt: LearntCache,
    pub(crate) unpacked: UnpackedCache,
    whole: OnceLock<bool>,
}

/// What went wrong with the index itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The notes folder cannot be read.
    #[error("cannot read the notes folder {}", folder.display())]
    Notes {
        /// The folder as named in the settings.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder of the index cannot be written or read.
    #[error("cannot use the index folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process holds the right to write.
    #[error("another process is writing this index; wait for it to end, or stop it")]
    Busy,
    /// The engine refused: a full disk, or a file of the index that is damaged.
    #[error("the index could not be read or written")]
    Engine(#[from] tantivy::TantivyError),
}

/// A section with what stands around it.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The section.
    pub section: Section,
    /// The section before it in the note.
    pub previous: Option<SectionKey>,
    /// The section that follows it in the note.
    pub next: Option<SectionKey>,
}

/// What an index holds at an instant. As long as two are equal, every search finds the same.
///
/// It is the memory of that state itself, held weakly: it keeps no file open, and no other state is
/// ever taken for it.
#[derive(Clone, Debug)]
pub struct State(Weak<Learnt>);

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl Eq for State {}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("folder", &self.shared.disk.root())
            .finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index in this folder, or makes an empty one. An index that cannot be used (other
    /// version, other schema, damaged) is left aside: the next sync builds it anew.
    ///
    /// # Errors
    /// [`IndexError::Folder`] where the folder cannot be made or read.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let disk = Disk::open(folder).map_err(|source| IndexError::Folder {
            folder: folder.to_path_buf(),
            source,
        })?;
        let live = disk.current().and_then(|build| Live::open_or_warn(&build));
        Ok(Self {
            shared: Arc::new(Shared {
                disk,
                live: RwLock::new(live),
                outline: Outline::default(),
                stems: StemsPool::default(),
                spare: Spare::default(),
            }),
        })
    }

    /// Whether there is a build to search: after the first sync, or one by an earlier process.
    #[must_use]
    pub fn is_built(&self) -> bool {
        self.live().is_some()
    }

    /// Sections in the index; none where it cannot be read.
    #[must_use]
    pub fn n_sections(&self) -> usize {
        let searcher = self.searcher();
        let count = |searcher| Ok(n_sections(&searcher)?);
        guarded(|| searcher.map_or(Ok(0), count)).unwrap_or_default()
    }

    /// What the index holds now; none before the first sync.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn state(&self) -> Result<Option<State>, IndexError> {
        let Some(live) = self.live() else {
            return Ok(None);
        };
        guarded(|| {
            let learnt = live.learnt.of(&live.searcher())?;
            Ok(Some(State(Arc::downgrade(&learnt))))
        })
    }

    /// Notes in the index, some that have gone of late among them.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn n_notes(&self) -> Result<usize, IndexError> {
        let searcher = self.searcher();
        guarded(|| searcher.map_or(Ok(0), |searcher| Ok(n_notes(&searcher)?)))
    }

    /// Reads every file of the build and compares it with its checksum.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn damaged(&self) -> Result<Vec<PathBuf>, IndexError> {
        let Some(live) = self.live() else {
            return Ok(Vec::new());
        };
        live.damaged()
    }

    /// The section with this key, unless it has gone.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn section(&self, key: SectionKey) -> Result<Option<Placed>, IndexError> {
        guarded(|| self.placed(key))
    }

    fn placed(&self, key: SectionKey) -> Result<Option<Placed>, IndexError> {
        let Some(live) = self.live() else {
            return Ok(None);
        };
        let searcher = live.searcher();
        let Some(at) = address_of(&searcher, key)? else {
            return Ok(None);
        };
        let section_at = |at| live.unpacked.get(&searcher, at);
        let Some(unpacked) = section_at(at)? else {
            return Ok(None);
        };
        let section = &unpacked.section;
        let neighbour = |doc_id: Option<DocId>| -> tantivy::Result<Option<SectionKey>> {
            let Some(doc_id) = doc_id else {
                return Ok(None);
            };
            let segment = searcher.segment_reader(at.segment_ord);
            if doc_id >= segment.max_doc() || segment.is_deleted(doc_id) {
                return Ok(None);
            }
            let other = section_at(DocAddress { doc_id, ..at })?;
            let other = other.filter(|other| other.section.path == section.path);
            Ok(other.map(|other| other.section.key()))
        };
        // A note's sections lie side by side.
        Ok(Some(Placed {
            previous: neighbour(at.doc_id.checked_sub(1))?,
            next: neighbour(at.doc_id.checked_add(1))?,
            section: section.clone(),
        }))
    }

    /// The section that a person names by id (`path#anchor`), by path, or by heading or alias.
    ///
    /// # Errors
    /// The index on disk cannot be read.
    pub fn resolve(&self, name: &str) -> Result<Option<SectionKey>, IndexError> {
        guarded(|| self.named(name.trim()))
    }

    fn named(&self, name: &str) -> Result<Option<SectionKey>, IndexError> {
        let Some(searcher) = self.searcher() else {
            return Ok(None);
        };
        let by_id = SectionKey::of(name);
        if address_of(&searcher, by_id)?.is_some() {
            return Ok(Some(by_id));
        }
        let wanted = self.shared.stems.with(|stems| stems.of(name));
        for name in [name, &wanted.join(" ")] {
            let term = Term::from_field_text(FIELDS.name, name);
            if let Some(key) = first_with(&searcher, &term)? {
                return Ok(Some(key));
            }
        }
        let found = self.search_quoting(name, None, N_NAMED, 0)?.hits;
        let named = self.shared.stems.with(|stems| {
            let mut found = found.iter();
            found.find(|hit| stems.of(hit.section.heading()) == wanted)
        });
        Ok(named.map(|hit| hit.section.key()))
    }

    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.shared
            .live
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The build in use on disk, which another process may have swapped since.
    pub(crate) fn live_on_disk(&self) -> Option<Arc<Live>> {
        let build = self.shared.disk.current()?;
        if let Some(live) = self.live().filter(|live| live.folder == build) {
            return Some(live);
        }
        let live = Live::open_or_warn(&build)?;
        self.set_live(Arc::clone(&live));
        Some(live)
    }

    pub(crate) fn set_live(&self, live: Arc<Live>) {
        *self
            .shared
            .live
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(live);
    }

    /// What all searches see from now until the next commit.
    pub(crate) fn searcher(&self) -> Option<Searcher> {
        self.live().map(|live| live.reader.searcher())
    }
}

impl Live {
    /// Opens a build, whatever state its files are in.
    fn open(folder: &Path) -> Result<Self, String> {
        // Damaged files can make the engine panic; here that is one more way to be unusable.
        catch_unwind(AssertUnwindSafe(|| {
            let index = tantivy::Index::open_in_dir(folder)?;
            if index.schema() != FIELDS.schema {
                return Err(tantivy::TantivyError::SchemaError(
                    "another schema".to_owned(),
                ));
            }
            Self::of(folder, index)
        }))
        .map_err(|_| "its files are damaged".to_owned())?
        .map_err(|error| error.to_string())
    }

    fn open_or_warn(folder: &Path) -> Option<Arc<Self>> {
        let opened = Self::open(folder);
        if let Err(error) = &opened {
            let folder = folder.display();
            tracing::warn!(index.build = %folder, error, "the index cannot be used and will be built anew");
        }
        opened.ok().map(Arc::new)
    }

    /// Makes an empty build.
    pub(crate) fn create(folder: &Path) -> tantivy::Result<Self> {
        let index = tantivy::Index::builder()
            .schema(FIELDS.schema.clone())
            .settings(IndexSettings {
                docstore_compress_dedicated_thread: false,
                ..IndexSettings::default()
            })
            .create_in_dir(folder)?;
        Self::of(folder, index)
    }

    fn of(folder: &Path, index: tantivy::Index) -> tantivy::Result<Self> {
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(STORE_CACHE_BLOCKS)
            .try_into()?;
        Ok(Self {
            folder: folder.to_path_buf(),
            index,
            reader,
            learnt: LearntCache::default(),
            unpacked: UnpackedCache::default(),
            whole: OnceLock::new(),
        })
    }

    /// The files that differ from their checksums.
    fn damaged(&self) -> Result<Vec<PathBuf>, IndexError> {
        guarded(|| Ok(self.index.validate_checksum()?.into_iter().collect()))
    }

    /// Whether all files are as they were written. They are read once; what this process writes
    /// after that is taken as written.
    pub(crate) fn is_whole(&self) -> bool {
        *self.whole.get_or_init(|| match self.damaged() {
            Ok(damaged) if damaged.is_empty() => true,
            Ok(damaged) => {
                tracing::warn!(index.files = ?damaged, "files of the index differ from their checksums");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "files of the index cannot be compared with their checksums");
                false
            }
        })
    }

    /// Shows what has been committed since.
    pub(crate) fn reload(&self) -> tantivy::Result<()> {
        self.reader.reload()?;
        self.learnt.forget_unless(&self.reader.searcher());
        Ok(())
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }
}

/// Reads the build. Damaged files can make the engine panic; here that is an error like others.
pub(crate) fn guarded<T>(read: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let what = "the index is damaged".to_owned();
        Err(TantivyError::InternalError(what).into())
    })
}

/// The stored section at an address.
pub(crate) fn section_at(searcher: &Searcher, at: DocAddress) -> tantivy::Result<Option<Section>> {
    Ok(section_of(&searcher.doc(at)?))
}

/// Where the section with a key lies. The column is looked through: random numbers make the
/// dearest of term dictionaries, and a button is pressed seldom.
fn address_of(searcher: &Searcher, key: SectionKey) -> tantivy::Result<Option<DocAddress>> {
    for (segment_ord, segment) in (0..).zip(searcher.segment_readers()) {
        let Some(column) = segment.fast_fields().column_opt::<u64>("key")? else {
            continue;
        };
        let mut docs = Vec::new();
        column.get_docids_for_value_range(key.0..=key.0, 0..segment.max_doc(), &mut docs);
        // The column takes a number below all of its own for its lowest, hence the second look.
        let is_it = |doc: &DocId| column.first(*doc) == Some(key.0) && !segment.is_deleted(*doc);
        if let Some(doc_id) = docs.into_iter().find(is_it) {
            return Ok(Some(DocAddress {
                segment_ord,
                doc_id,
            }));
        }
    }
    Ok(None)
}

/// The key of the first section that carries a term.
fn first_with(searcher: &Searcher, term: &Term) -> tantivy::Result<Option<SectionKey>> {
    for segment in searcher.segment_readers() {
        let keys = segment.fast_fields().u64("key")?;
        let inverted = segment.inverted_index(term.field())?;
        let Some(mut postings) = inverted.read_postings(term, IndexRecordOption::Basic)? else {
            continue;
        };
        while postings.doc() != TERMINATED {
            let doc = postings.doc();
            if !segment.is_deleted(doc)
                && let Some(key) = keys.first(doc)
            {
                return Ok(Some(SectionKey(key)));
            }
            postings.advance();
        }
    }
    Ok(None)
}

/// Sections in the index. Documents without a key are none: lessons, notes without text.
pub(crate) fn n_sections(searcher: &Searcher) -> tantivy::Result<usize> {
    let mut n_sections = 0;
    for segment in searcher.segment_readers() {
        let Some(keys) = segment.fast_fields().column_opt::<u64>("key")? else {
            continue;
        };
        let has_key = |doc: &DocId| keys.first(*doc).is_some();
        n_sections += segment.doc_ids_alive().filter(has_key).count();
    }
    Ok(n_sections)
}

/// Notes in the index, some that have gone of late among them.
pub(crate) fn n_notes(searcher: &Searcher) -> tantivy::Result<usize> {
    let mut n_notes = 0;
    for segment in searcher.segment_readers() {
        n_notes += segment.inverted_index(FIELDS.held)?.terms().num_terms();
    }
    Ok(n_notes)
}
