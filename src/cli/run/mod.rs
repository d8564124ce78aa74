//! `contact run`.
#![allow(dead_code, unused_imports, reason = "until the agent uses it")]

pub(super) mod command;
