"""Runs the real server: on a port of its own, over a database of its own, in the dev profile.

Knows nothing about webhooks.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import threading

# In seconds; far beyond what a start or a stop takes, so that a server that hangs is a failure.
PATIENCE = 60

READY = re.compile(r"^listening (http://\S+)$")

# The administrator that the dev profile comes with.
ADMINISTRATOR = ("tje0", "Tje0")


class Agent:
    """A server that listens at `url`."""

    def __init__(self, url, database):
        self.url = url
        self.database = database

    def token(self):
        """A new API token of the administrator."""
        user, _ = ADMINISTRATOR
        line = ["token", "add", "--user", user, "--database", self.database]
        told = subprocess.run(
            [binary(), *line], env=environment(), capture_output=True, text=True, check=True
        )
        return told.stdout.split()[-1]


def binary():
    """Where the server lies; `cargo xtask test` sets it."""
    return os.environ["WEBHOOK_AGENT_BIN"]


def environment():
    """Settings of whoever runs the tests must not reach the server under test."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("WEBHOOK_AGENT_")
    }


@contextlib.contextmanager
def running_agent():
    """Starts a server, waits for the line that says it is ready, and stops it in the end."""
    with tempfile.TemporaryDirectory(prefix="webhook-agent-") as folder:
        database = f"sqlite:{pathlib.Path(folder, 'webhooks.db')}"
        with open(pathlib.Path(folder, "log"), "w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                [binary(), "serve", "--dev", "--listen", "127.0.0.1:0", "--database", database],
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            deadline = threading.Timer(PATIENCE, process.kill)
            deadline.start()
            try:
                ready = READY.match(process.stdout.readline())
                deadline.cancel()
                if not ready:
                    log.seek(0)
                    raise RuntimeError(f"the server ended before it was ready:\n{log.read()}")
                yield Agent(ready.group(1), database)
                process.terminate()
                ended = process.wait(PATIENCE)
                if ended != 0:
                    log.seek(0)
                    raise RuntimeError(f"the server ended with {ended}:\n{log.read()[-4000:]}")
            finally:
                deadline.cancel()
                process.kill()
                process.wait()
                process.stdout.close()
