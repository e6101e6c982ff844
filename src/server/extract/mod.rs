//! What a handler may ask of a request; every refusal has one of the shapes of `error.rs`.
//!
//! Who is asking comes first in a handler's arguments, so that nobody learns from the body's
//! refusal what only a known caller may know.

mod caller;
mod input;
mod person;

pub(super) use caller::{Admin, Signature, SignedBy, UnspentCaller};
pub(super) use input::{ForPerson, Form, Json, Path, Query};
pub(super) use person::{Browser, Cookies, Person, SignInFrom, browser_name, check_csrf};
