# The recipes. `cargo test` needs none of them.

# What CI checks before it tests.
check:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

# Licences, bans, sources and advisories of what is linked in: wants cargo-deny.
deny:
    .ci/deny

# One target of fuzzing, or all that begin so, for hours: `just fuzz request 2`. Sums are checked as in a test, all else is
# as fast as a release. What fails is written to tests/corpus.
fuzz TARGET="" HOURS="1":
    CONTACT_FUZZ_S=$(awk 'BEGIN { print {{HOURS}} * 3600 }') \
        cargo test --locked --profile fuzz --lib fuzz_{{TARGET}} -- --nocapture --test-threads 64

# As `fuzz`, and keeps short inputs that were answered in a new way, until a target has a dozen.
fuzz-keep TARGET="" HOURS="0.05":
    CONTACT_FUZZ_KEEP=1 just fuzz "{{TARGET}}" "{{HOURS}}"

# The tests; those that need a tool which is absent say so.
test:
    cargo test --locked

# The suite must notice when the sync before an answer is left out.
test-unsynced:
    ! cargo test --locked --features unsynced --test durability synced_between

# Every form of a group's pipeline, 500 times.
pipelines:
    CONTACT_TEST_TIMES=500 cargo test --locked --test groups_pipelines

# Random histories of the engine against a naive model: CONTACT_TEST_SEED=N replays one.
sim:
    cargo test --locked --lib engine -- --nocapture

# A million random histories of the machine of groups: CONTACT_TEST_SEED=N replays one.
sim-machine RUNS="1000000":
    CONTACT_TEST_RUNS={{RUNS}} cargo test --locked --release --lib machine::simulation -- --nocapture

# Workers and the server killed at random, over more tasks and more often than the tests do.
chaos TASKS="200000" KILLS="400":
    CONTACT_TEST_TASKS={{TASKS}} CONTACT_TEST_KILLS={{KILLS}} \
        cargo test --locked --release --test groups_chaos -- --nocapture every_task

# The agent's tests at full length: twenty rounds of nasty commands with a gigabyte in each, two minutes without a
# network, and a herd whose server is away for a minute.
agents:
    CONTACT_TEST_ROUNDS=20 CONTACT_TEST_FLOOD_BYTES=1000000000 \
        cargo test --locked --release --test agents -- --nocapture twelve_nasty
    CONTACT_TEST_AWAY_S=120 cargo test --locked --release --test agents -- --nocapture for_a_while
    CONTACT_TEST_AWAY_S=60 cargo test --locked --release --lib herd -- --nocapture

# The port under attack at full length: 20 s each, twenty shutdowns, ten thousand idle watchers, twenty stopped ones.
attacks:
    CONTACT_TEST_ATTACK_S=20 cargo test --locked --release --test floods -- --nocapture
    CONTACT_TEST_STOPS=20 CONTACT_TEST_GRACE_S=10 \
        cargo test --locked --release --test attacks -- --nocapture --test-threads 1 sigterm
    CONTACT_TEST_WATCHERS=10000 \
        cargo test --locked --release --test attacks -- --nocapture --test-threads 1 --include-ignored watchers

# All of what follows that takes long: attacks, shutdowns, memory, a herd over TLS, a failing disk.
soak: attacks tls-herd eio

# Five thousand agents that speak TLS and lose their server at the same moment.
tls-herd MEMBERS="5000":
    CONTACT_TEST_MEMBERS={{MEMBERS}} cargo test --locked --release --lib herd_over_tls -- --nocapture

# A question and its answer beside what they are made of.
bench-agent *FLAGS:
    cargo bench --locked --bench figures -- agent_only=1 {{FLAGS}}

# The figures of the README. RAW=PATH of a program that measures bare tonic puts the ratios beside them.
bench *FLAGS:
    cargo bench --locked --bench figures -- {{FLAGS}}

# The figures that are promised, beside bare tonic and other brokers: `RAW=PATH PEERS=PATH just table rounds=5`. What its
# flags are, and those of the next three, is at the head of each script.
table *FLAGS:
    cargo build --locked --release
    benches/table {{FLAGS}}

# How cost grows: the figures and plots of docs/performance.md. `full` has the largest sizes.
curves *FLAGS:
    cargo build --locked --release
    benches/curves {{FLAGS}}

# What a single durable submit waits while others use the server.
beside *FLAGS:
    cargo build --locked --release
    benches/beside {{FLAGS}}

# Full load for so many minutes: memory is flat, and the disk follows the retention. `just soak-load minutes=3`.
soak-load *FLAGS:
    cargo build --locked --release
    benches/soak {{FLAGS}}

# The pieces of the hot path, timed: one, or all. What they are says src/pieces.rs.
bench-pieces *FLAGS:
    cargo bench --locked --bench pieces -- {{FLAGS}}

# The same pieces' instructions, held against benches/counts.txt: none may be more than 5 % off. Wants valgrind.
counts WORD="compare":
    cargo bench --locked --profile dev --config benches/counts/profile.toml --bench counts -- {{WORD}}

# Writes them down anew.
counts-write:
    just counts write

# The generated files in completions/.
completions:
    cargo build --locked
    target/debug/contact completions bash > completions/contact.bash
    target/debug/contact completions zsh > completions/_contact
    target/debug/contact completions fish > completions/contact.fish
    target/debug/contact completions elvish > completions/contact.elv
    target/debug/contact completions powershell > completions/_contact.ps1
    rm -rf completions/man && target/debug/contact man --dir completions/man

# Each write and each sync of the store fails, one after the other, until there are no more of them.
eio CALLS="100000":
    CONTACT_TEST_CALLS={{CALLS}} cargo test --locked --test disk -- --nocapture whichever_write
