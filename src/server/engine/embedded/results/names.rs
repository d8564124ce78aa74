//! The names behind the numbers that rows of results have. Only what is on disk is here: a number that a refused batch
//! gave out may become another's.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::super::{chunk::QueueNumber, machine::GroupNo, queue::Queue};
use crate::name::GroupName;

/// The queues and groups by their numbers.
#[derive(Debug, Default)]
pub(in super::super) struct Names {
    queues: RwLock<HashMap<QueueNumber, Arc<Queue>>>,
    groups: RwLock<HashMap<GroupNo, (Arc<Queue>, GroupName)>>,
}

impl Names {
    pub(in super::super) fn add_queue(&self, number: QueueNumber, queue: Arc<Queue>) {
        self.queues.write().unwrap_or_else(PoisonError::into_inner).insert(number, queue);
    }

    pub(in super::super) fn add_group(&self, no: GroupNo, queue: Arc<Queue>, name: GroupName) {
        self.groups.write().unwrap_or_else(PoisonError::into_inner).insert(no, (queue, name));
    }

    pub(super) fn queue(&self, number: QueueNumber) -> Option<Arc<Queue>> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    pub(super) fn group(&self, no: GroupNo) -> Option<(Arc<Queue>, GroupName)> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).get(&no).cloned()
    }
}
