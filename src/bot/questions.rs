//! The questions as the bot has them now.

use std::sync::{Arc, PoisonError, RwLock};

use crate::quiz::{Bank, Finding};

/// The questions that can be asked. A clone is another handle on the same ones.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    bank: Arc<RwLock<Option<Arc<Bank>>>>,
}

impl Questions {
    /// Takes the question files as they are now, each a path below the notes folder with its text;
    /// what is wrong in them. Where no file holds a question, those that were known stay.
    pub fn take(&self, files: &[(String, String)]) -> Vec<Finding> {
        let (bank, findings) = Bank::read(files);
        if let Some(bank) = bank {
            let mut known = self.bank.write().unwrap_or_else(PoisonError::into_inner);
            *known = Some(Arc::new(bank));
        }
        findings
    }

    /// The questions; nothing where there are none.
    #[must_use]
    pub fn now(&self) -> Option<Arc<Bank>> {
        self.bank
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
