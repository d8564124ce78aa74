"""The rows of benches/table: each figure that is promised, what it stands against, and what it must reach."""

from kit import taking
from kit.numbers import round_number


class Row:
    """A figure: how ours is taken, and against what it stands. `reach` without a peer is of the figure itself."""

    def __init__(self, name, title, unit, ours, *peers, reach=None):
        self.name, self.title, self.unit, self.ours, self.peers, self.reach = name, title, unit, ours, peers, reach


class Peer:
    """What a figure is compared with, and what the ratio must reach."""

    def __init__(self, name, reach, take):
        self.name, self.reach, self.take = name, reach, take


class AtLeast(float):
    def holds(self, value):
        return value >= self

    def __str__(self):
        return f"≥ {round_number(float(self))}"


class AtMost(float):
    def holds(self, value):
        return value <= self

    def __str__(self):
        return f"≤ {round_number(float(self))}"


def fan_out(watchers):
    return Row(
        f"fan-out-{watchers}",
        f"{watchers} watchers, live, all together",
        "1/s",
        lambda p: p.ours("fan-out", watchers, "--in-flight", 4096, n=max(1000, 2_000_000 // watchers)),
        Peer(
            "Redis Streams",
            AtLeast(4),
            lambda p: p.peer("msgs_s", "redis", "fanout", "sync=default", f"subs={watchers}", "window=4096", "batch=256", n=400_000),
        ),
        Peer(
            "NATS core",
            AtLeast(4),
            lambda p: p.peer("msgs_s", "nats", "fanout", "mode=core", "sync=default", f"subs={watchers}", "window=4096", n=1_000_000),
        ),
    )


def through(broker, sync):
    """Publish, deliver, acknowledge, with as many on their way as ours has."""
    args = (broker, "e2e", f"sync={sync}", "window=1024", "batch=256", "ms=1500")
    return lambda p: p.peer("msgs_s", *args, n=50_000)


ROWS = [
    Row(
        "submit",
        "durable submit, one client, 4096 in flight",
        "1/s",
        lambda p: p.ours("submit", n=1_000_000),
        Peer("raw bidi echo, same window", AtLeast(0.25), lambda p: p.raw("msgs_s", "test=bidi", "window=4096", n=2_000_000)),
    ),
    Row(
        "one",
        "durable submit, one in flight, p50",
        "µs",
        lambda p: p.ours("latency", n=3000, key="p50_us"),
        Peer("raw ping-pong p50 + fdatasync p50", AtMost(1.3), taking.ping_pong_and_sync),
    ),
    Row(
        "clients",
        "durable submit, 64 clients, one in flight each",
        "1/s",
        lambda p: p.ours("submit", "--clients", 64, "--in-flight", 1, n=200_000),
        Peer(
            "raw echo, likewise",
            AtLeast(0.4),
            lambda p: p.raw("msgs_s", "test=bidi", "window=1", "streams=64", "conns=64", n=500_000),
        ),
    ),
    Row("ids", "the same as the first with `--id`", "1/s", lambda p: p.ours("submit", "--id", n=300_000), reach=AtLeast(50e3)),
    Row(
        "watch",
        "one broadcast watcher reading a backlog",
        "1/s",
        lambda p: p.ours("watch", n=2_000_000),
        Peer("raw server stream", AtLeast(0.5), lambda p: p.raw("msgs_s", "test=sstream", n=4_000_000)),
    ),
    fan_out(100),
    fan_out(1000),
    Row(
        "group",
        "group: submit → hand out → settle, 1024 in flight",
        "1/s",
        lambda p: p.ours("group", n=200_000),
        Peer("Redis, fsync always", AtLeast(3), through("redis", "always")),
        Peer("JetStream, default sync", AtLeast(5), through("nats", "default")),
    ),
    Row(
        "settle",
        "settlements on one `tellResult` stream",
        "1/s",
        lambda p: p.ours("settle", n=200_000),
        Peer("raw client stream", AtLeast(0.25), lambda p: p.raw("msgs_s", "test=cstream", n=2_000_000)),
    ),
    Row(
        "seen",
        "submit → watcher sees it, low load, p50",
        "µs",
        lambda p: p.ours("latency", "--watch", "--rate", 200, n=500, key="p50_us"),
        Peer("Redis, fsync always", AtMost(1.2), lambda p: p.peer("p50_us", "redis", "lat", "sync=always", f"cnt={p.some(500)}")),
    ),
    Row(
        "idle",
        "server memory for each idle watcher",
        "KiB",
        taking.idle_watcher,
        reach=AtMost(30),
    ),
    Row(
        "cli",
        "whole CLI process: one status sent and answered",
        "ms",
        taking.one_status,
        Peer("grpcurl doing the same", AtMost(0.3), taking.grpcurl),
    ),
    Row("watch-lines", "`watch-tasks` of a backlog into a pipe", "lines/s", taking.watch_lines, reach=AtLeast(1e6)),
    Row("submit-lines", "`submit` of a file's lines, durable", "lines/s", taking.submit_lines, reach=AtLeast(300e3)),
    Row("ready", "ready after a start with 1 M tasks kept", "s", taking.ready, reach=AtMost(1)),
]
