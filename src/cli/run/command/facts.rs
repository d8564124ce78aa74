//! What a command is told of its task, beside the text on its stdin: variables in its environment.
//!
//! | variable | value |
//! | --- | --- |
//! | `CONTACT_TASK_ID`, `_QUEUE`, `_SEQ`, `_ATTEMPT`, `_LEASE` | as the task's line has them; what it has not is not set |
//! | `CONTACT_TASK_LABEL_KEY` | the value of the label `key` |
//! | `CONTACT_AGENT` | names this agent: [`super::keeper`] finds what is left of it by this |
//!
//! A label's key is written in capitals, and what a shell would not take in a name (`.`, `-`) as `_`. If two keys
//! become the same name the one that sorts first has it. A value with a NUL cannot be in an environment and is
//! left out: a task can never keep its command from starting.
//!
//! All else is inherited as it is, but for what an agent around this one has told its own command.

use std::{collections::BTreeMap, process::Command};

use crate::pb;

/// The lease's variable: by it a process is known as one of the task's.
pub(super) const LEASE: &str = "CONTACT_TASK_LEASE";
/// The agent's variable.
pub(super) const AGENT: &str = "CONTACT_AGENT";

/// What each variable about the task begins with.
const TASK: &str = "CONTACT_TASK_";

/// What a command is told of its task.
#[derive(Debug)]
pub(in crate::cli::run) struct Facts {
    pub(in crate::cli::run) task: pb::ServerMsg,
}

impl Facts {
    /// The lease; none if the task has none.
    pub(super) fn lease(&self) -> Option<&str> {
        Some(&self.task.lease[..]).filter(|lease| is_told(lease))
    }

    /// The variables and their values.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let task = &self.task;
        let number = |n: u64| if n == 0 { String::new() } else { n.to_string() };
        let mut variables: BTreeMap<String, String> = [
            ("ID", task.id.clone()),
            ("QUEUE", task.queue.clone()),
            ("SEQ", number(task.seq)),
            ("ATTEMPT", number(task.attempt.into())),
            ("LEASE", task.lease.clone()),
        ]
        .into_iter()
        .filter(|(_, value)| is_told(value))
        .map(|(name, value)| (format!("{TASK}{name}"), value))
        .collect();
        for (key, value) in &task.labels {
            if !value.contains('\0') {
                let name = format!("{TASK}LABEL_{}", name_of(key));
                variables.entry(name).or_insert_with(|| value.clone());
            }
        }
        variables
    }
}

/// Takes away what an agent around this one has told its command.
pub(super) fn forget(process: &mut Command) {
    process.env_remove(AGENT);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(TASK.as_bytes()) {
            process.env_remove(name);
        }
    }
}

fn is_told(value: &str) -> bool {
    !value.is_empty() && !value.contains('\0')
}

fn name_of(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_names_that_a_shell_takes() {
        let labels =
            [("a-b", "second"), ("a.b", "third"), ("A.b", "first"), ("n", "a\0b"), ("host", "$(id)\n")];
        let task = pb::ServerMsg {
            id: "x".into(),
            seq: 7,
            attempt: 2,
            lease: "le".into(),
            labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            ..pb::ServerMsg::default()
        };
        let expected = [
            ("CONTACT_TASK_ATTEMPT", "2"),
            ("CONTACT_TASK_ID", "x"),
            ("CONTACT_TASK_LABEL_A_B", "first"),
            ("CONTACT_TASK_LABEL_HOST", "$(id)\n"),
            ("CONTACT_TASK_LEASE", "le"),
            ("CONTACT_TASK_SEQ", "7"),
        ];
        let variables = Facts { task }.variables();
        assert_eq!(variables, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }
}
