//! `serve --demo`: the tutorial's server made ten tasks now and again; so does this.

use std::{sync::Arc, time::Duration};

use super::engine::{Engine, Labels, NewTask};
use crate::name::{DEFAULT_QUEUE, QueueName};

/// Tasks of one round.
const TASKS: usize = 10;

/// Submits ten tasks `任务:NNN` (100 to 200 inclusive) at once and then after each `every`, for ever.
pub async fn run(engine: Arc<dyn Engine>, every: Duration) {
    let Ok(queue) = QueueName::parse(DEFAULT_QUEUE) else { return };
    loop {
        let tasks = (0..TASKS).map(|_| NewTask {
            task: format!("任务:{}", rand::random_range(100..=200)),
            queue: queue.clone(),
            id: None,
            labels: Labels::new(),
            retry_key: None,
            delay_ms: 0,
            expires_ms: None,
        });
        let answered = match engine.submit(tasks.collect()).await {
            Ok(answers) => answers.await.map(drop),
            Err(e) => Err(e),
        };
        if let Err(e) = answered {
            tracing::warn!("the demo's tasks were not taken: {e}");
        }
        tokio::time::sleep(every).await;
    }
}
