//! What others may read of the process.

/// Keeps everybody but root from reading this process's environment and memory, which hold secrets, and
/// the system from writing them to a core file: `PR_SET_DUMPABLE`,
/// <https://man7.org/linux/man-pages/man2/prctl.2.html>. Other systems than Linux are left as they are.
pub fn shut_in() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "others of this user can read the memory of the process"
            );
        }
    }
}
