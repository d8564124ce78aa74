//! Roles, and which of them each call needs.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Hand in tasks, and wait for what is told of them
    Submit,
    /// Watch all tasks of queues, and say that they were received or done
    Watch,
    /// Share tasks with the members of groups, and settle them
    Work,
    /// Report a status and be seen
    Report,
    /// Look at queues, groups, tasks, results and clients
    Inspect,
    /// Everything, and to cancel, redrive, purge and set
    Admin,
}

impl Role {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Role::Submit => "submit",
            Role::Watch => "watch",
            Role::Work => "work",
            Role::Report => "report",
            Role::Inspect => "inspect",
            Role::Admin => "admin",
        }
    }
}

/// Who may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Rule {
    /// Anybody: nothing of the store is behind it.
    Open,
    /// Anybody who has proved who they are.
    Known,
    /// Who has one of these roles, or is an admin.
    Any(&'static [Role]),
}

/// The rule of a method, by its path. A method without a rule is nobody's.
pub(in crate::server) fn rule(path: &str) -> Option<Rule> {
    use Role::{Admin, Inspect, Report, Submit, Watch, Work};
    Some(match path {
        "/Contact/submitTask" => Rule::Any(&[Submit]),
        // Which of the two is known once the watch is: with a group it is work.
        "/Contact/getTask" => Rule::Any(&[Watch, Work]),
        // Whoever has a lease was handed it, and what is told by an id is the roll-call's.
        "/Contact/tellResult" => Rule::Any(&[Watch, Work]),
        // A worker's leases live by it.
        "/Contact/sendStatus" => Rule::Any(&[Report, Work]),
        "/Contact/watchResults" | "/Contact/callRoll" => Rule::Any(&[Submit, Inspect]),
        "/Contact/listQueues"
        | "/Contact/listGroups"
        | "/Contact/listTasks"
        | "/Contact/explainTask"
        | "/Contact/listClients"
        | "/Contact/watchClients" => Rule::Any(&[Inspect]),
        "/Contact/cancelTask" | "/Contact/redriveTask" | "/Contact/purgeQueue" | "/Contact/setGroup" => {
            Rule::Any(&[Admin])
        }
        // A load balancer has no token.
        "/grpc.health.v1.Health/Check" | "/grpc.health.v1.Health/Watch" | "/grpc.health.v1.Health/List" => {
            Rule::Open
        }
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
        | "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" => Rule::Known,
        _ => return None,
    })
}
