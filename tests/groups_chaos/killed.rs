//! kill -9 of workers, of their pipelines' other ends and of the server: every task is done all the same, and the
//! books balance.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    process::Command,
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::StdRng};

use crate::{
    common::{Running, Server, run, shell, until},
    house::{House, Task, count, dice},
    pipeline::{Gate, Pipeline},
};

/// How many tasks; `just chaos` has more,
const TASKS: usize = 20_000;
/// and more kills.
const KILLS: usize = 40;
/// What a watch may hold.
const CREDITS: [&str; 4] = ["1", "10", "50", "200"];

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Watch,
    Worker,
    Ack,
    Pipeline,
    Server,
    /// By SIGTERM, between all the kills.
    ServerStopped,
    /// No kill at all: it stands still until the next one.
    WatchFrozen,
}

impl Victim {
    fn any(dice: &mut StdRng) -> Victim {
        match dice.random_range(0..20) {
            0..5 => Victim::Watch,
            5..7 => Victim::Worker,
            7..9 => Victim::Ack,
            9..14 => Victim::Pipeline,
            14..17 => Victim::Server,
            17..18 => Victim::ServerStopped,
            _ => Victim::WatchFrozen,
        }
    }
}

/// Four pipelines that are started again whenever they have ended.
struct Workers<'a> {
    house: &'a House,
    running: Vec<Pipeline>,
    started: usize,
}

impl<'a> Workers<'a> {
    fn start(house: &'a House) -> Self {
        let mut workers = Workers { house, running: Vec::new(), started: 0 };
        for _ in 0..4 {
            let pipeline = workers.next();
            workers.running.push(pipeline);
        }
        workers
    }

    /// The worker writes down what it gets, for the books.
    fn next(&mut self) -> Pipeline {
        self.started += 1;
        let got = self.house.path(&format!("got.{}", self.started));
        let credit = CREDITS[self.started % CREDITS.len()];
        let flags = ["--max-in-flight", credit, "--lease", "2s", "--grace", "200ms"];
        Pipeline::start(self.house, "workers", &flags, Command::new("tee").arg("-a").arg(got))
    }

    fn kill(&mut self, which: usize, victim: Victim) {
        self.running.iter_mut().for_each(Pipeline::thaw);
        let pipeline = &mut self.running[which];
        match victim {
            Victim::Watch => drop(pipeline.watch.kill()),
            Victim::Worker => drop(pipeline.worker.kill()),
            Victim::Ack => {
                let _ = pipeline.ack.kill();
                // Else nobody may notice: the worker does when it next writes, and the watch may have no credit left
                // to give it something to write.
                pipeline.stop();
            }
            Victim::Pipeline => pipeline.kill(),
            Victim::WatchFrozen => pipeline.freeze(),
            Victim::Server | Victim::ServerStopped => {}
        }
    }

    fn revive(&mut self) {
        for which in 0..self.running.len() {
            if self.running[which].has_ended() {
                self.running[which] = self.next();
            }
        }
    }
}

fn asked_for(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |n| n.parse().unwrap())
}

#[test]
fn every_task_is_done_whoever_is_killed_and_the_books_balance() {
    let (tasks, kills) = (asked_for("CONTACT_TEST_TASKS", TASKS), asked_for("CONTACT_TEST_KILLS", KILLS));
    let mut dice = dice();
    let house = House::new();
    let mut server = house.serve();
    house.make_group(&["--max-failures", "0", "--backoff", "1ms"]);
    house.submit(tasks);
    let mut workers = Workers::start(&house);
    let mut killed: BTreeMap<Victim, usize> = BTreeMap::new();
    let began = Instant::now();
    for n in 1..=kills {
        // The kills are spread over the work, but now and then one comes upon the other.
        if dice.random_range(0..4) > 0 {
            progress(&house, &mut workers, tasks * n / (kills + 1));
        }
        std::thread::sleep(Duration::from_millis(dice.random_range(0..50)));
        workers.revive();
        let victim = Victim::any(&mut dice);
        *killed.entry(victim).or_default() += 1;
        if matches!(victim, Victim::Server | Victim::ServerStopped) {
            if victim == Victim::Server {
                server.kill();
            } else {
                assert!(server.stop().success());
            }
            std::thread::sleep(Duration::from_millis(dice.random_range(0..100)));
            server = house.serve();
        } else {
            workers.kill(dice.random_range(0..4), victim);
        }
    }
    workers.running.iter_mut().for_each(Pipeline::thaw);
    progress(&house, &mut workers, tasks);
    println!("{tasks} tasks in {:.1?}, killed: {killed:?}", began.elapsed());

    // They end by themselves, and what they leave is nothing.
    workers.running.iter_mut().for_each(Pipeline::stop);
    for pipeline in workers.running.drain(..) {
        let codes = pipeline.end();
        // The last ones to be killed are among them.
        assert!([0, 137, 143].contains(&codes[0]), "{codes:?}");
    }
    balance(&house, server, tasks, workers.started);
}

/// Waits until so many are done. Progress that stops is a failure, however long the whole takes.
fn progress(house: &House, workers: &mut Workers, done: usize) {
    let mut seen = (0, Instant::now());
    loop {
        let group = house.group();
        let now = group["done"].as_u64().unwrap() as usize;
        if now >= done {
            return;
        }
        if now > seen.0 {
            seen = (now, Instant::now());
        }
        assert!(seen.1.elapsed() < Duration::from_secs(60), "no progress: {group}");
        workers.revive();
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn balance(house: &House, server: Server, tasks: usize, started: usize) {
    let group = house.group();
    for (key, expected) in [
        ("done", tasks),
        ("lag", 0),
        ("ready", 0),
        ("leased", 0),
        ("waiting", 0),
        ("dead", 0),
        ("suspects", 0),
    ] {
        assert_eq!(group[key], expected, "{key}: {group}");
    }
    let found = house.tasks();
    assert_eq!(found.len(), tasks);
    for (seq, task) in &found {
        let Task { state, attempt, ends, .. } = task;
        assert_eq!((&state[..], *attempt), ("done", ends.len()), "{seq}: {task:?}");
        assert_eq!(ends.iter().filter(|end| *end == "done").count(), 1, "{seq}: {task:?}");
        assert_eq!(ends.last().unwrap(), "done", "{seq}: {task:?}");
    }
    let ends = count(found.values().flat_map(|task| &task.ends).map(String::as_str));
    let of = |ends: &BTreeMap<&str, usize>, word: &str| ends.get(word).copied().unwrap_or_default();
    println!("{ends:?}");
    let attempts: usize = found.values().map(|task| task.attempt).sum();
    let again =
        of(&ends, "lost") + of(&ends, "lost_together") + of(&ends, "released") + of(&ends, "server_restart");
    assert_eq!(attempts, tasks + again, "{ends:?}");

    // The same from the workers' side: no attempt was given twice, and none that the server does not know of.
    let mut got: HashSet<(u64, usize)> = HashSet::new();
    for n in 1..=started {
        for line in house.logged(&format!("got.{n}")) {
            let (seq, attempt) = (line["seq"].as_u64().unwrap(), line["attempt"].as_u64().unwrap() as usize);
            assert!(got.insert((seq, attempt)), "given twice: {line}");
            assert!(attempt <= found[&seq].attempt, "{line}: {:?}", found[&seq]);
        }
    }
    let seen: BTreeSet<u64> = got.iter().map(|(seq, _)| *seq).collect();
    println!("{attempts} attempts, of which the workers wrote down {}", got.len());
    // What a worker was killed over it may have passed on and not written down.
    assert!(seen.len() * 10 > tasks * 9, "the workers wrote down only {} tasks", seen.len());

    // Nobody was told twice that it was he who had done it.
    let verdicts = house.logged("workers.acks");
    let ok: Vec<&str> = verdicts
        .iter()
        .filter(|line| line["verdict"] == "ok")
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    let distinct: HashSet<&&str> = ok.iter().collect();
    assert_eq!(ok.len(), distinct.len());
    let said = count(verdicts.iter().map(|line| line["verdict"].as_str().unwrap()));
    println!("{said:?}");
    let known = ["ok", "duplicate", "conflict", "stale"];
    assert!(said.keys().all(|word| known.contains(word)), "{said:?}");

    // And once more from the disk.
    drop(server);
    let _server = house.serve();
    assert_eq!(house.tasks(), found);
}

#[test]
fn a_task_that_kills_its_worker_ends_dead_alone() {
    let house = House::new();
    let server = house.serve();
    house.make_group(&["--backoff", "1ms"]);
    let input: String =
        (1..=50).map(|n| if n == 25 { "poison\n".into() } else { format!("{n}\n") }).collect();
    house.ok(&["submit"], input);
    // The first worker takes all fifty in hand before it comes to the poison; the others do each as it comes.
    let script = "
        sh -c 'echo $$ > watch; exec contact watch-tasks --group ci --until-empty --max-in-flight 50 \
                                         --lease 1s --grace 100ms' | {
            die() { kill -9 \"$(cat watch)\"; exit 1; }
            in_hand=0
            while IFS= read -r line; do
                in_hand=$((in_hand + 1))
                if [ \"$1\" = first ]; then
                    [ $in_hand -lt 50 ] || die
                else
                    case $line in *poison*) die ;; esac
                    printf '%s\\n' \"$line\"
                fi
            done
        } | contact ack";
    let round = |which: &str| run(shell(&server, script).args(["sh", which]).current_dir(house.path("")), "");
    let first = round("first");
    assert_eq!(first.stdout, "", "{first:?}");
    let lost = house.group_becomes("all are suspects", |group| group["suspects"] == 50);
    assert_eq!((&lost["dead"], &lost["leased"]), (&0.into(), &0.into()), "{lost}");
    until("nothing is left", || {
        round("next");
        (house.group()["lag"] == 0).then_some(())
    });

    let tasks = house.tasks();
    let dead = tasks.get(&25).unwrap();
    assert_eq!((&dead.state[..], dead.failures, dead.attempt), ("dead", 5, 6), "{dead:?}");
    assert_eq!(dead.ends, ["lost_together", "lost", "lost", "lost", "lost", "lost"]);
    for (seq, task) in tasks.iter().filter(|(seq, _)| **seq != 25) {
        assert_eq!((&task.state[..], task.failures), ("done", 0), "{seq}: {task:?}");
        assert_eq!(task.ends, ["lost_together", "done"], "{seq}");
    }
    let group = house.group();
    assert_eq!(
        (&group["done"], &group["dead"], &group["suspects"]),
        (&49.into(), &1.into(), &0.into()),
        "{group}"
    );
}

#[test]
fn five_that_kill_their_workers_end_dead_and_no_other_is_charged() {
    const TASKS: u64 = 1000;
    let is_poison = |seq: u64| seq % 200 == 100;
    let house = House::new();
    let _server = house.serve();
    house.make_group(&["--backoff", "1ms"]);
    let input: String =
        (1..=TASKS).map(|n| if is_poison(n) { "poison\n".into() } else { format!("{n}\n") }).collect();
    house.ok(&["submit"], input);
    let script = "while IFS= read -r line; do
            case $line in *poison*) kill -9 $WATCH; exit 1 ;; esac
            printf '%s\\n' \"$line\"
        done";
    let start = || {
        let flags = ["--max-in-flight", "50", "--lease", "60s", "--grace", "100ms", "--until-empty"];
        Pipeline::start(&house, "workers", &flags, Command::new("sh").args(["-c", script]))
    };
    let mut pipelines: Vec<Pipeline> = (0..4).map(|_| start()).collect();
    until("nothing is left", || {
        for pipeline in &mut pipelines {
            if pipeline.has_ended() {
                *pipeline = start();
            }
        }
        (house.group()["lag"] == 0).then_some(())
    });
    drop(pipelines);
    for (seq, task) in house.tasks() {
        let state = if is_poison(seq) { "dead" } else { "done" };
        assert_eq!(task.state, state, "{seq}: {task:?}");
        let charged = task.ends.iter().filter(|end| *end == "lost").count();
        assert_eq!(charged, if is_poison(seq) { 5 } else { 0 }, "{seq}: {task:?}");
        let others = ["lost", "lost_together", "done"];
        assert!(task.ends.iter().all(|end| others.contains(&&end[..])), "{seq}: {task:?}");
    }
}

/// What a model that is told the same makes of a task.
fn follow(task: &mut Task, outcome: &str) {
    task.attempt += 1;
    task.ends.push(outcome.to_owned());
    task.failures += u64::from(outcome == "failed");
    task.state = match outcome {
        "done" => "done",
        "rejected" => "dead",
        _ if task.failures == 3 => "dead",
        _ => "open",
    }
    .to_owned();
}

#[test]
fn what_was_told_of_tasks_is_exact_after_kills() {
    let mut dice = dice();
    let house = House::new();
    let mut server = house.serve();
    house.make_group(&["--backoff", "1ms", "--max-failures", "3"]);
    house.submit(3000);
    let new = Task { state: "open".into(), attempt: 0, failures: 0, ends: Vec::new() };
    let mut model: BTreeMap<u64, Task> = (1..=3000).map(|seq| (seq, new.clone())).collect();
    loop {
        let open = model.values().filter(|task| task.state == "open").count();
        if open == 0 {
            break;
        }
        let take = open.min(dice.random_range(1..600)).to_string();
        let flags = ["watch-tasks", "--group", "ci", "--detach", "--lease", "10m", "--max", &take];
        let taken = house.ok(&flags, "");
        let told: Vec<(u64, &str, String)> = taken
            .into_iter()
            .map(|mut line| {
                let outcome =
                    ["done", "done", "done", "failed", "released", "rejected"][dice.random_range(0..6)];
                line["outcome"] = outcome.into();
                let seq = line["seq"].as_u64().unwrap();
                assert_eq!(line["attempt"], model[&seq].attempt + 1, "{line}");
                (seq, outcome, format!("{line}\n"))
            })
            .collect();
        let mut ack = Running::start(house.contact().arg("ack"));
        // In pieces, each of which may be a call of its own; the server is killed before one of them.
        let victim = dice.random_range(0..=told.len());
        for (n, (.., line)) in told.iter().enumerate() {
            if n == victim {
                std::thread::sleep(Duration::from_micros(dice.random_range(0..30_000)));
                server.kill();
                server = house.serve();
            }
            ack.say(line);
        }
        let verdicts = ack.end();
        assert_eq!((verdicts.code, verdicts.json().len()), (0, told.len()), "{verdicts:?}");
        for ((seq, outcome, _), line) in told.iter().zip(verdicts.json()) {
            assert_eq!(line["id"], seq.to_string());
            // It may have been taken by a server that had no time to say so.
            assert!(line["verdict"] == "ok" || line["verdict"] == "duplicate", "{line}: {outcome}");
            follow(model.get_mut(seq).unwrap(), outcome);
        }
    }
    for (seq, task) in house.tasks() {
        let mut expected = model[&seq].clone();
        if expected.state == "done" {
            // Of what is done only the ends are kept.
            expected.failures = 0;
        }
        assert_eq!(task, expected, "{seq}");
    }
    let count_of = |state: &str| model.values().filter(|task| task.state == state).count();
    let group = house.group();
    assert_eq!(
        (&group["done"], &group["dead"]),
        (&count_of("done").into(), &count_of("dead").into()),
        "{group}"
    );
    assert_eq!((&group["lag"], &group["leased"]), (&0.into(), &0.into()), "{group}");
}

#[test]
fn leases_in_force_go_on_over_a_restart_and_pipelines_end_by_themselves() {
    for settles_while_it_is_away in [false, true] {
        let house = House::new();
        let mut server = house.serve();
        house.make_group(&[]);
        house.submit(150);
        let gate = Gate::new(&house, "gate");
        // One that stops before the kill, one that is told to stop after it, one that looks for more.
        let flags: [&[&str]; 3] =
            [&["--max", "50"], &["--max-in-flight", "50"], &["--max-in-flight", "50", "--until-empty"]];
        let mut pipelines: Vec<Pipeline> = Vec::new();
        for (n, flags) in flags.iter().enumerate() {
            pipelines.push(Pipeline::start(&house, "workers", flags, &mut gate.worker()));
            house.group_becomes("it holds fifty", |group| group["leased"] == 50 * (n + 1));
        }
        server.kill();
        let mut open = None;
        if settles_while_it_is_away {
            open = Some(gate.open());
        }
        let _server = house.serve();
        if !settles_while_it_is_away {
            assert_eq!(house.group()["leased"], 150, "each goes on");
            open = Some(gate.open());
        }
        house.group_becomes("all are done", |group| group["done"] == 150);
        drop(open);
        pipelines[1].stop();
        let codes: Vec<[i32; 3]> = pipelines.into_iter().map(Pipeline::end).collect();
        assert_eq!(codes, [[0, 0, 0], [143, 0, 0], [0, 0, 0]]);
        for (seq, task) in house.tasks() {
            assert_eq!(task, Task::done_at_once(), "{seq}");
        }
        let group = house.group();
        assert_eq!((&group["leased"], &group["lag"]), (&0.into(), &0.into()), "{group}");
        let verdicts = house.logged("workers.acks");
        assert!(
            verdicts.iter().all(|line| line["verdict"] == "ok" && line["late"].is_null()),
            "{verdicts:?}"
        );
    }
}
