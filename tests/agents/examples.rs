//! The scripts of `examples/`: each runs to its end and says what it promises.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::{
    common::{Output, Running, contact, json_lines, run, shell},
    house::{House, stop},
};

/// Runs one in a shell that finds `contact`.
fn example(name: &str, command: &mut Command) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let ended = run(command.arg(&script), "");
    assert!(!ended.stderr.contains("not found"), "{name}: {ended:?}");
    ended
}

/// `sh -eu`, with `contact` on its path and nothing of the caller's environment that is `contact`'s.
fn sh() -> Command {
    let contact = contact();
    let folder = Path::new(contact.get_program()).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).unwrap();
    let mut sh = Command::new("sh");
    for (name, _) in contact.get_envs().filter(|(_, value)| value.is_none()) {
        sh.env_remove(name);
    }
    sh.arg("-eu").env("PATH", path);
    sh
}

#[test]
fn a_fleet_of_five() {
    let ended = example("fleet.sh", &mut sh());
    assert_eq!(ended.code, 0, "{ended:?}");
    for n in 1..=5 {
        let name = format!("kiosk-{n}");
        assert!(ended.stdout.contains(&format!("{name}: ")), "{name}: {ended:?}");
    }
}

#[test]
fn the_demo_of_the_tutorial() {
    let ended = example("demo.sh", &mut sh());
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines = json_lines(&ended.stdout);
    assert_eq!(lines.len(), 10, "{ended:?}");
    for line in &lines {
        assert_eq!(line["outcome"], "done", "{line}");
        assert!(line["ret"].as_str().unwrap().starts_with("任务:"), "{line}");
    }
}

#[test]
fn a_ci_script_that_waits_for_a_deploy() {
    let (house, server) = House::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/deploy-agent.sh");
    let mut agent =
        house.running(&["--client", "web-1", "--to-me", "--exit-map", "3=rejected"], &["sh", "-eu"]);
    let agent = Running::start(agent.arg(script));
    for (version, code) in [("1.4.2", 0), ("broken", 3)] {
        let ci = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci-deploy.sh");
        let ended = run(&mut shell(&server, &format!("sh -eu '{}' {version}", ci.display())), "");
        assert_eq!(ended.code, code, "{version}: {ended:?}");
        assert!(ended.stdout.contains(version), "{version}: {ended:?}");
    }
    let told: Vec<Value> = house.results();
    assert_eq!(told.iter().filter(|result| result["outcome"] == "done").count(), 1, "{told:?}");
    assert_eq!(stop(agent).code, 143);
}
