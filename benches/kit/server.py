"""A server of a script's own, as a process, and `contact bench` that measures one."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path


class Server:
    """`contact serve` on a free port with a folder of its own. Both go with the `with` block."""

    def __init__(self, contact, parent, *flags):
        self.contact = contact
        self.folder = Path(tempfile.mkdtemp(prefix="contact-figures-", dir=parent))
        self.flags = flags
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Starts it; returns the seconds until it is ready."""
        command = [self.contact, "serve", "--addr", "127.0.0.1:0", "--data", str(self.folder), "-o", "json"]
        command += ["--log-format", "json", "--log", "warn", "--max-connections", "200000"]
        command += ["--max-connections-per-address", "200000", "--max-streams-per-client", "200000"]
        began = time.monotonic()
        self.process = subprocess.Popen([*command, *self.flags], stderr=subprocess.PIPE, env=clean())
        said = []
        for line in self.process.stderr:
            said.append(line.decode())
            ready = json.loads(line).get("ready")
            if ready:
                self.address = ready
                break
        else:
            raise SystemExit(f"the server has ended: {''.join(said).strip()}")
        ready_s = time.monotonic() - began
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return ready_s

    def stop(self):
        """Ends it, as an operator would."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def restart(self):
        """Ends it and starts it; returns the seconds until it is ready."""
        self.stop()
        return self.start()

    @property
    def pid(self):
        return self.process.pid

    def cpu_s(self):
        """Processor seconds so far, to the nanosecond."""
        # The clock of another process, as clock_getcpuclockid(3) has it on Linux.
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory_kib(self, name="RssAnon"):
        """What its status says of its memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        return 0

    def disk_bytes(self):
        """Bytes of its folder as they lie on the disk."""
        return sum(512 * file.stat().st_blocks for file in self.folder.rglob("*") if file.is_file())

    def command(self, *args, **more):
        """Starts a command that speaks to it."""
        env = {**clean(), "CONTACT_SERVER": self.address}
        return subprocess.Popen([self.contact, *map(str, args)], env=env, **more)

    def bench(self, *args, rounds=1, warm_up=0):
        """Measures it; returns what all rounds say."""
        process = self.command(
            "bench", *args, "--pid", self.pid, *lines(rounds, warm_up), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        return last_line(process, args)


class Beside:
    """A load that runs until the `with` block ends. `figures` is then what it has done."""

    def __init__(self, server, *args):
        self.args = args
        self.process = server.command("bench", *args, *lines(1, 0), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.figures = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # It may have come to its end by itself.
        self.process.send_signal(signal.SIGINT)
        self.figures = last_line(self.process, self.args, codes=(0, 130))


def spawned(contact, data, *args, rounds=1, warm_up=1):
    """Measures a server of the bench's own; returns what all rounds say."""
    command = [contact, "bench", *map(str, args), "--spawn", "--data", str(data), *lines(rounds, warm_up)]
    process = subprocess.Popen(command, env=clean(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return last_line(process, args)


def lines(rounds, warm_up):
    return ["--rounds", str(rounds), "--warm-up", str(warm_up), "-o", "json"]


def last_line(process, args, codes=(0,)):
    try:
        out, errors = process.communicate()
    except BaseException:
        # It ends with the script, and its own server with it.
        process.kill()
        raise
    if process.returncode not in codes or not out:
        raise SystemExit(f"contact bench {' '.join(map(str, args))}: left with {process.returncode}: {errors.decode().strip()}")
    return json.loads(out.splitlines()[-1])


def clean():
    """The environment without what is meant for other servers and commands."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CONTACT_")}
