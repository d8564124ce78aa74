"""How the figures of benches/table are taken: ours, and those of bare tonic, other brokers and grpcurl."""

import json
import os
import subprocess
import time
from pathlib import Path

from kit.numbers import median
from kit.server import Server, clean, spawned

SIZE = 100


class Absent(Exception):
    """What is to be measured is not there, or has failed."""


class Place:
    """Where it is measured, and with what."""

    def __init__(self, flags):
        self.flags, self.contact, self.data = flags, flags.contact(), flags["data"]
        self.scale = float(flags["scale"])

    def some(self, amount):
        return max(1, int(amount * self.scale))

    def ours(self, *args, n=None, key="per_second"):
        """What `contact bench` says of a server of its own, after a round to warm up."""
        amount = [] if n is None else ["--tasks", self.some(n)]
        line = spawned(self.contact, self.data, *args, *amount, "--size", SIZE)
        costs = {"server": line["server_cpu_s_per_million"], "client": line["client_cpu_s_per_million"]}
        return {"value": line[key], **costs}

    def raw(self, key, *args, n):
        """What bare tonic moves. Its windows are of the size of ours."""
        name = self.flags["raw"]
        program = name and self.flags.program("raw")
        if not program:
            raise Absent(f"{name}: not there" if name else "RAW= not given")
        return self.other([program, "run", *args, f"n={self.some(n)}", f"size={SIZE}", "win=2097152"], key)

    def peer(self, key, broker, *args, n=None):
        """What another broker does."""
        name = self.flags["peers"]
        program = name and self.flags.program("peers")
        if not program:
            raise Absent(f"{name}: not there" if name else "PEERS= not given")
        server = self.flags.program(f"{broker}_server")
        if not server:
            raise Absent(f"no {broker}-server")
        amount = [] if n is None else [f"n={self.some(n)}"]
        command = [program, broker, *args, *amount, f"size={SIZE}", f"dir={self.data}"]
        return self.other(command, key, {f"{broker.upper()}_SERVER": server})

    def other(self, command, key, env={}):
        try:
            out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | env, timeout=90)
            line = json.loads(out.stdout.splitlines()[-1])
            return {"value": line[key], "server": line["srv_cpu_s_per_M"], "client": line["cli_cpu_s_per_M"]}
        except (subprocess.TimeoutExpired, ValueError, IndexError, KeyError) as e:
            raise Absent(f"failed: {' '.join(command[:4])}: {e!r}") from e

    def processes(self, server, command, times):
        """Starts a command so often, one after the other; the median of its milliseconds, and its processor's."""
        took, cpu = [], 0
        nothing = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]
        for _ in range(times):
            began = time.perf_counter()
            pid = os.posix_spawn(command[0], command, clean() | {"CONTACT_SERVER": server.address}, file_actions=nothing)
            _, status, used = os.wait4(pid, 0)
            took.append((time.perf_counter() - began) * 1e3)
            cpu += used.ru_utime + used.ru_stime
            if status:
                raise Absent(f"{Path(command[0]).name} has failed")
        return median(took), cpu / times * 1e6

    def server(self):
        return Server(self.contact, self.data)


def ping_pong_and_sync(place):
    """What a durable answer is made of: a message there and back, and a sync."""
    raw = place.raw("p50_us", "test=pingpong", n=10_000)
    path, took = Path(place.data) / f"contact-sync-{os.getpid()}", []
    try:
        with path.open("wb", buffering=0) as file:
            for _ in range(place.some(1000)):
                began = time.perf_counter()
                file.write(bytes(4096))
                os.fdatasync(file.fileno())
                took.append((time.perf_counter() - began) * 1e6)
    finally:
        path.unlink(missing_ok=True)
    return raw | {"value": raw["value"] + median(took)}


def one_status(place):
    with place.server() as server:
        command = [place.contact, "send-status", "--", "x" * SIZE]
        value, client = place.processes(server, command, place.some(50))
        return {"value": value, "client": client}


def grpcurl(place):
    program = place.flags.program("grpcurl")
    if not program:
        raise Absent("no grpcurl")
    with place.server() as server:
        message = json.dumps({"msg": "x" * SIZE})
        command = [program, "-plaintext", "-d", message, server.address, "Contact/sendStatus"]
        value, client = place.processes(server, command, place.some(50))
        return {"value": value, "client": client}


def idle_watcher(place):
    """As it was before anything was sent to it."""
    return {"value": spawned(place.contact, place.data, "fan-out", 1000, "--tasks", 10, warm_up=0)["watcher_kib"]}


def watch_lines(place):
    """A backlog as lines of JSON into a pipe that somebody reads."""
    n = place.some(2_000_000)
    with place.server() as server:
        server.bench("submit", "-q", "backlog", "--tasks", n, "--size", SIZE)
        return timed_lines(server, n, ["watch-tasks", "-q", "backlog", "--max", str(n)], subprocess.DEVNULL)


def submit_lines(place):
    """A file's lines, each answered when it is on disk."""
    n = place.some(1_000_000)
    with place.server() as server:
        path = server.folder / "lines"
        path.write_text(("x" * SIZE + "\n") * n)
        with path.open() as lines:
            return timed_lines(server, n, ["submit", "-q", "lines"], lines)


def timed_lines(server, n, command, stdin):
    began, cpu = time.perf_counter(), server.cpu_s()
    process = server.command(*command, "-o", "json", stdin=stdin, stdout=subprocess.PIPE)
    counted = subprocess.run(["wc", "-l"], stdin=process.stdout, stdout=subprocess.PIPE, check=True)
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or int(counted.stdout) != n:
        raise SystemExit(f"contact {command[0]}: left with {process.returncode} after {int(counted.stdout)} lines")
    client = used.ru_utime + used.ru_stime
    return {"value": n / took, "server": (server.cpu_s() - cpu) / n * 1e6, "client": client / n * 1e6}


def ready(place):
    """From starting the process to its word that it is ready."""
    with place.server() as server:
        server.bench("submit", "-q", "kept", "--tasks", place.some(1_000_000), "--size", SIZE)
        return {"value": server.restart()}
