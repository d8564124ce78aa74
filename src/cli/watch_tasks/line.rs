//! A task as it is printed: a line of JSON, or of text for people.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    cli::{json, time},
    pb,
};

/// A task as JSON. Its shape is frozen: see tests/golden.
#[derive(Serialize)]
pub(in crate::cli) struct TaskLine<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    queue: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    seq: u64,
    task: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    lease: &'a str,
    #[serde(skip_serializing_if = "is_none")]
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

fn is_none(n: &u32) -> bool {
    *n == 0
}

impl<'a> TaskLine<'a> {
    pub(in crate::cli) fn new(task: &'a pb::ServerMsg) -> Self {
        TaskLine {
            id: &task.id,
            queue: &task.queue,
            seq: task.seq,
            task: &task.task,
            submitted_at: task.submitted_at.map(|at| at.to_string()),
            labels: &task.labels,
            group: &task.group,
            lease: &task.lease,
            attempt: task.attempt,
            expires_at: task.expires_at.map(|at| at.to_string()),
        }
    }
}

/// The task for people.
pub(super) fn text(task: &pb::ServerMsg, colour: bool) -> String {
    let dim = if colour { anstyle::Style::new().dimmed() } else { anstyle::Style::new() };
    if task.seq == 0 {
        return json::escape(&task.task);
    }
    let at = task.submitted_at.as_ref().map(time::time_of_day).unwrap_or_default();
    let id =
        if task.id == task.seq.to_string() { String::new() } else { format!("  {}", json::escape(&task.id)) };
    let mut rest: String =
        task.labels.iter().map(|(key, value)| json::escape(&format!("  {key}={value}"))).collect();
    if task.attempt > 1 {
        rest += &format!("  attempt {}", task.attempt);
    }
    if !task.lease.is_empty() {
        // What a person settles it by.
        rest += &json::escape(&format!("  {}", task.lease));
    }
    format!(
        "{dim}{:>8}  {at}  {}{id}{dim:#}  {}{dim}{rest}{dim:#}",
        task.seq,
        json::escape(&task.queue),
        json::escape(&task.task)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::shown;

    #[test]
    fn a_lease_stands_behind_what_was_there_before() {
        let mut task = pb::ServerMsg {
            task: "build".into(),
            id: "17".into(),
            queue: "ci".into(),
            seq: 17,
            ..pb::ServerMsg::default()
        };
        let line = |task: &pb::ServerMsg| json::line(&TaskLine::new(task));
        let alone = line(&task);
        assert_eq!(alone, "{\"id\":\"17\",\"queue\":\"ci\",\"seq\":17,\"task\":\"build\"}\n");
        (task.group, task.lease, task.attempt) = ("ci".into(), "Labc".into(), 1);
        let shared = line(&task);
        assert!(shared.ends_with(",\"group\":\"ci\",\"lease\":\"Labc\",\"attempt\":1}\n"), "{shared}");
        assert!(shared.starts_with(alone.trim_end_matches("}\n")), "{shared}");
        assert_eq!(text(&task, false), "      17    ci  build  Labc");
        task.attempt = 2;
        assert_eq!(text(&task, false), "      17    ci  build  attempt 2  Labc");
    }

    #[test]
    fn fuzz_task_shown() {
        let plain = pb::ServerMsg { task: "任务:1".into(), ..pb::ServerMsg::default() };
        let whole = pb::ServerMsg {
            id: "deploy".into(),
            queue: "ci".into(),
            seq: 17,
            submitted_at: Some(prost_types::Timestamp { seconds: 1_763_791_200, nanos: 0 }),
            labels: [("ref".to_owned(), "main".to_owned())].into(),
            group: "ci".into(),
            lease: "L".into(),
            attempt: 2,
            ..plain.clone()
        };
        let print = |task: &pb::ServerMsg, colour| vec![text(task, colour)];
        shown::run("task_shown", &[plain, whole], print, |task| json::line(&TaskLine::new(task)));
    }
}
