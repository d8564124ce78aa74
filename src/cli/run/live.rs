//! What runs, on a terminal: a line each, below whatever is printed. A thread of its own draws: a terminal that
//! is stopped (Ctrl-S) stops nothing else. The lines are taken away while something goes out, and nobody waits
//! long for that.

use std::{io::IsTerminal, sync::mpsc, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{sync::oneshot, time::Instant};

use super::jobs::Jobs;
use crate::cli::json;

/// How often the lines are drawn while nothing happens.
const DRAW_EVERY: Duration = Duration::from_millis(250);
/// How long a terminal is waited for.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);
/// So many are shown; of the others how many there are.
const LINES_MAX: usize = 12;
/// The loop bounds how often they are drawn.
const DRAWS_PER_SECOND: u8 = 255;
/// So many characters of a task's text.
const TEXT_CHARS: usize = 60;

/// The lines.
pub(super) struct Live {
    orders: mpsc::Sender<Order>,
    /// When they are to be drawn again.
    draw_at: Option<Instant>,
    is_shown: bool,
}

enum Order {
    /// Takes the lines away, and says so.
    Hide(oneshot::Sender<()>),
    Show(Vec<String>),
}

impl Live {
    /// Shown if stderr is a terminal.
    pub(super) fn start() -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let (orders, taken) = mpsc::channel();
        std::thread::Builder::new().name("contact-live".into()).spawn(move || draw(&taken)).ok()?;
        Some(Live { orders, draw_at: None, is_shown: false })
    }

    /// When they are to be drawn again.
    pub(super) fn draw_at(&self) -> Option<Instant> {
        self.draw_at
    }

    /// Takes the lines away: something is to be printed.
    pub(super) async fn hide(&mut self) {
        self.draw_at = None;
        if std::mem::take(&mut self.is_shown) {
            let (hidden, is_hidden) = oneshot::channel();
            // A thread that has ended shows nothing.
            let _ = self.orders.send(Order::Hide(hidden));
            let _ = tokio::time::timeout(PATIENCE, is_hidden).await;
        }
    }

    /// Draws what runs now.
    pub(super) fn show(&mut self, jobs: &Jobs, now: Instant) {
        let lines = lines(jobs, now);
        self.draw_at = (!lines.is_empty()).then_some(now + DRAW_EVERY);
        if self.is_shown || !lines.is_empty() {
            self.is_shown = true;
            let _ = self.orders.send(Order::Show(lines));
        }
    }
}

fn lines(jobs: &Jobs, now: Instant) -> Vec<String> {
    let running = jobs.running().count();
    let line = |(job, command): (&super::jobs::Job, &super::jobs::Command)| {
        let facts = &job.facts;
        let text: String = facts.text.chars().take(TEXT_CHARS).collect();
        let seconds = now.saturating_duration_since(command.since).as_secs();
        let elapsed = format!("{:02}:{:02}", seconds / 60, seconds % 60);
        json::escape(&format!("{:>8}  {}  {elapsed}  {text}", facts.id, facts.queue))
    };
    let mut lines: Vec<String> = jobs.running().take(LINES_MAX).map(line).collect();
    if running > LINES_MAX {
        lines.push(format!("          and {} more", running - LINES_MAX));
    }
    lines
}

/// Draws until there are no more orders.
fn draw(orders: &mpsc::Receiver<Order>) {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
    let mut bars: Vec<ProgressBar> = Vec::new();
    let mut next = orders.recv().ok();
    while let Some(order) = next {
        // What was to be drawn while the terminal was stopped is of no use any more.
        let newer = orders.try_recv().ok();
        match order {
            Order::Hide(hidden) => {
                // A terminal that is gone shows nothing anyway.
                let _ = all.clear();
                let _ = hidden.send(());
            }
            Order::Show(_) if newer.is_some() => {}
            Order::Show(lines) => {
                while bars.len() > lines.len() {
                    if let Some(bar) = bars.pop() {
                        all.remove(&bar);
                    }
                }
                while bars.len() < lines.len() {
                    let bar = ProgressBar::new_spinner();
                    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                        bar.set_style(style);
                    }
                    bars.push(all.add(bar));
                }
                for (bar, line) in bars.iter().zip(lines) {
                    bar.set_message(line);
                    bar.tick();
                }
            }
        }
        next = newer.or_else(|| orders.recv().ok());
    }
    let _ = all.clear();
}
