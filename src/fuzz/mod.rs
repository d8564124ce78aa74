//! Fuzzing with the compiler there is: inputs that were good are bent again and again, and an input that is
//! answered in a way not seen before joins those that are bent. No tool sees which branches were taken, so what a
//! target returns stands for it: a few words of what was made of the input.
//!
//! Each target is a test `fuzz_NAME` beside what it tries. It begins with inputs made by the real encoders and with
//! the files in `tests/corpus/NAME`: what was once found, and what a longer run has kept. What fails is written
//! there and named. In an ordinary run it takes a moment; `CONTACT_FUZZ_S` says how many seconds, `CONTACT_TEST_SEED`
//! begins as a former run did, and with `CONTACT_FUZZ_KEEP=1` what was answered in a new way is kept as files.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it runs in real time and says what it found"
)]

use std::{
    collections::HashSet,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::{Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

mod bend;
mod message;

/// How long it takes in a run of all tests.
const MOMENT: Duration = Duration::from_millis(200);
/// An input that takes longer does not end. Beside a dozen others on two cores one waits for its turn, too.
const HANGS_AFTER: Duration = Duration::from_secs(30);
/// Longer ones find nothing that these do not, and are slow.
const BYTES_MAX: usize = 4096;
/// Inputs that are bent. Beyond it a new one takes an old one's place.
const INPUTS_MAX: usize = 2000;
/// The files that a run keeps at most, and how long they may be: a corpus is to be read by people.
const KEPT_MAX: usize = 12;
const KEPT_BYTES_MAX: usize = 400;

/// What is tried.
pub(crate) struct Target {
    /// Of its folder, and behind `fuzz_` of its test.
    pub(crate) name: &'static str,
    /// Good inputs, by the real encoders.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// What bent bytes would hit on too rarely.
    pub(crate) words: &'static [&'static str],
    /// Where in an input a protobuf message begins, if there is one.
    pub(crate) message_at: Option<usize>,
}

impl Target {
    /// Tries one input after the other. `answer` panics if one is not dealt with as it must be.
    pub(crate) fn run<T: Hash>(&self, answer: impl Fn(&[u8]) -> T) {
        let running = Running { target: self, now: Mutex::new(None), seed: seed() };
        let (ended, end) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let watched = &running;
            scope.spawn(move || watched.watch(end));
            // Dropped when a panic goes by, too: the watcher ends then.
            let _ended = ended;
            running.run(&answer);
        });
    }

    fn folder(&self) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "tests", "corpus", self.name].iter().collect()
    }

    fn corpus(&self) -> Vec<Vec<u8>> {
        let files = fs::read_dir(self.folder()).into_iter().flatten();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    fn keep(&self, kind: &str, input: &[u8]) -> PathBuf {
        fs::create_dir_all(self.folder()).unwrap();
        let path = self.folder().join(format!("{kind}-{:016x}", hash(&input)));
        fs::write(&path, input).unwrap();
        path
    }
}

struct Running<'a> {
    target: &'a Target,
    /// What is tried now, and since when.
    now: Mutex<Option<(Instant, Vec<u8>)>>,
    seed: u64,
}

impl Running<'_> {
    fn run<T: Hash>(&self, answer: &impl Fn(&[u8]) -> T) {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let corpus = self.target.corpus();
        let known: HashSet<u64> = corpus.iter().map(|input| self.answered(input, answer)).collect();
        let mut seen = known.clone();
        let mut inputs = self.target.seeds.clone();
        seen.extend(inputs.iter().map(|input| self.answered(input, answer)));
        inputs.extend(corpus);
        let mut new = Vec::new();
        let (began, time) = (Instant::now(), time());
        let mut tried = inputs.len() as u64;
        while began.elapsed() < time {
            let mut input = inputs[rng.random_range(0..inputs.len())].clone();
            let other = &inputs[rng.random_range(0..inputs.len())];
            bend::bend(&mut rng, &mut input, other, self.target);
            input.truncate(BYTES_MAX);
            tried += 1;
            if !seen.insert(self.answered(&input, answer)) {
                continue;
            }
            new.push(input.clone());
            match inputs.len() {
                INPUTS_MAX => inputs[rng.random_range(0..INPUTS_MAX)] = input,
                _ => inputs.push(input),
            }
        }
        eprintln!(
            "fuzz {}: {tried} inputs, {} ways to answer, seed {}",
            self.target.name,
            seen.len(),
            self.seed
        );
        if std::env::var_os("CONTACT_FUZZ_KEEP").is_some() {
            new.retain(|input| input.len() <= KEPT_BYTES_MAX);
            let room = KEPT_MAX.saturating_sub(known.len());
            // The last ones were the hardest to come by.
            new.iter().rev().take(room).for_each(|input| drop(self.target.keep("kept", input)));
        }
    }

    /// How an input is answered.
    fn answered<T: Hash>(&self, input: &[u8], answer: &impl Fn(&[u8]) -> T) -> u64 {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), input.to_vec()));
        let end = std::panic::catch_unwind(AssertUnwindSafe(|| hash(&answer(input))));
        end.unwrap_or_else(|_| self.found("fails", input))
    }

    /// Looks every second whether an input has been tried for too long.
    fn watch(&self, end: mpsc::Receiver<()>) {
        while end.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
            let now = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((_, input)) = now.filter(|(since, _)| since.elapsed() > HANGS_AFTER) {
                // The thread that tries it cannot be ended, so all are.
                let path = self.target.keep("hangs", &input);
                eprintln!("fuzz {}: {} takes more than {HANGS_AFTER:?}", self.target.name, path.display());
                std::process::abort();
            }
        }
    }

    fn found(&self, kind: &str, input: &[u8]) -> ! {
        let path = self.target.keep(kind, input);
        let (name, seed) = (self.target.name, self.seed);
        panic!("fuzz {name}: {} {kind}; CONTACT_TEST_SEED={seed} went there", path.display());
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn seed() -> u64 {
    std::env::var("CONTACT_TEST_SEED").map_or_else(|_| rand::random::<u64>() >> 16, |s| s.parse().unwrap())
}

fn time() -> Duration {
    std::env::var("CONTACT_FUZZ_S").map_or(MOMENT, |s| Duration::from_secs_f64(s.parse().unwrap()))
}

/// About how large something is: for answers that shall not differ for each byte more.
pub(crate) fn about(n: usize) -> u32 {
    usize::BITS - n.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four bytes in a row, each of which must be right for the next to be looked at.
    fn depth(input: &[u8]) -> usize {
        input.iter().zip(b"deep").take_while(|(a, b)| a == b).count()
    }

    fn target(name: &'static str) -> Target {
        Target { name, seeds: vec![vec![0; 8]], words: &[], message_at: None }
    }

    #[test]
    fn what_stands_behind_four_doors_is_found_kept_and_named() {
        let target = target("test-of-the-harness");
        let end = std::panic::catch_unwind(AssertUnwindSafe(|| {
            // As long as it takes: blind chance alone would need years.
            let deadline = Instant::now() + Duration::from_secs(60);
            while Instant::now() < deadline {
                target.run(|input| {
                    assert!(depth(input) < 4);
                    depth(input)
                });
            }
        }));
        let kept = target.corpus();
        fs::remove_dir_all(target.folder()).unwrap();
        let said = *end.unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains("tests/corpus/test-of-the-harness/fails-"), "{said}");
        assert_eq!((kept.len(), depth(&kept[0])), (1, 4));
    }
}
