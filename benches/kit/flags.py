"""The flags of a script, as NAME=VALUE; from the environment too, in capitals."""

import os
import shutil
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Flags:
    """What was given. Each flag is asked for by its name, with what it is by default."""

    def __init__(self, doc, **defaults):
        self.values = {name: os.environ.get(name.upper(), str(value)) for name, value in defaults.items()}
        self.words = []
        self.as_json = False
        arguments = iter(sys.argv[1:])
        for argument in arguments:
            name, equals, value = argument.partition("=")
            if argument in ("-h", "--help"):
                print(doc.strip())
                sys.exit(0)
            if argument == "-o":
                self.as_json = next(arguments, "") == "json"
            elif equals and name.lower() in self.values:
                self.values[name.lower()] = value
            elif equals or argument.startswith("-"):
                sys.exit(f"there is no flag {argument}; see --help")
            else:
                self.words.append(argument)
        # Told to end, a script ends as by an exception: what it has started ends with it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def __getitem__(self, name):
        return self.values[name]

    def number(self, name):
        """The flag as a whole number."""
        try:
            return int(self.values[name])
        except ValueError:
            sys.exit(f"{name}= wants a whole number, not {self.values[name]}")

    def program(self, name):
        """The path of a program, or None if it is not there."""
        return shutil.which(self.values[name])

    def contact(self):
        """The path of what is measured."""
        path = shutil.which(self.values["contact"])
        if not path:
            sys.exit(f"{self.values['contact']}: not there; `cargo build --release` makes it, or contact=PATH says where it is")
        return path


def default_contact():
    """Where a release is built."""
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "contact")
