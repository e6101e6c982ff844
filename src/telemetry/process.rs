//! What a process must not leave behind when it dies: a core file, or a panic with a secret in it.

use super::scrub::clean;
use nix::sys::resource::{Resource, setrlimit};
use std::panic::PanicHookInfo;

/// No core file of this process or of its children, and no reading of its memory by others of the
/// same user. For the daemon; call it before anything secret is read.
pub fn forbid_core_dumps() -> std::io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    hide_memory()
}

/// No core file of this process and no reading of its memory by others of the same user, while its
/// children keep their own limits. For `run`, whose child is the user's program.
#[cfg(target_os = "linux")]
pub fn hide_memory() -> std::io::Result<()> {
    Ok(nix::sys::prctl::set_dumpable(false)?)
}

/// Elsewhere the core limit has to do.
#[cfg(not(target_os = "linux"))]
pub fn hide_memory() -> std::io::Result<()> {
    Ok(())
}

/// Panics become log records, cleaned like all others, instead of raw text on stderr.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, ToString::to_string);
        tracing::error!(
            target: "authsome::panic",
            place,
            reason = %clean(reason(panic)),
            "panicked; this is a defect, please report it"
        );
    }));
}

fn reason<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = panic.payload();
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
}
