//! `authsome daemon …`: start, stop and watch the daemon of this machine.

mod args;
mod background;
mod health_check;
mod logs;
mod serve;
mod start;
mod status;
mod stop;

pub(crate) use args::{Args, run};
pub(crate) use background::ensure_running;
