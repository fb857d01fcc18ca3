"""What the proofs share: the server as a child process, a client that keeps its connections, and
receivers that count. Standard library only. Nothing here decides whether a promise holds."""

import argparse
import asyncio
import base64
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

USER = "tje0"
PASSWORD = "Tje0"
SKIPPED = 77
READY = re.compile(r"listening (http://\S+)")


def arguments(about, **short_and_full):
    """The command line of a proof. `short_and_full` maps a name to its two values."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--server", required=True, help="path of the webhook-agent program")
    parser.add_argument("--folder", required=True, help="where to keep data while it runs")
    parser.add_argument("--full", action="store_true", help="the long form")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    os.makedirs(given.folder, exist_ok=True)
    for name, (short, full) in short_and_full.items():
        setattr(given, name, full if given.full else short)
    return given


def verdict(name, given, figures, failures):
    """Prints the figures, then what is wrong; ends the process accordingly. A server that panicked is
    wrong whatever came of it."""
    for log in sorted(glob.glob(os.path.join(given.folder, "**", "*.log"), recursive=True)):
        with open(log, encoding="utf-8", errors="replace") as lines:
            panics = [line.strip() for line in lines if "panicked at" in line]
        failures += [f"{os.path.basename(log)}: {panic}" for panic in panics]
    print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    for failure in failures:
        print(f"{name}: FAILED: {failure}")
    print(f"{name}: {'failed' if failures else 'holds'}", flush=True)
    sys.exit(1 if failures else 0)


def skip(name, reason):
    """Ends a proof that cannot run here."""
    print(f"{name}: cannot run: {reason}", flush=True)
    sys.exit(SKIPPED)


def token(server, database, user=USER):
    """A token of a user that is there, so that no password has to be hashed for each connection."""
    line = [server, "token", "add", "--user", user, "--database", database]
    said = subprocess.run(line, check=True, capture_output=True, text=True)
    return said.stdout.split()[-1]


def quantile(values, share):
    """The smallest value that this share of the values does not exceed."""
    if not values:
        return float("nan")
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


class Agent:
    """One run of the server."""

    def __init__(self, server, database, *options, dev=True, port=0, wrapper=(), log=None, env=None):
        self.log = open(log, "ab") if log else open(os.devnull, "ab")
        self.started = time.monotonic()
        line = [*wrapper, server, "serve"]
        line += ["--dev"] if dev else []
        line += ["--listen", f"127.0.0.1:{port}", "--database", database, *options]
        self.child = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=self.log, start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        self.url = None

    def ready(self):
        """Waits for the ready line; how long the start took, in seconds."""
        line = self.child.stdout.readline().decode()
        found = READY.match(line)
        if not found:
            raise RuntimeError(f"the server did not get ready: {line!r}, exit {self.child.wait()}")
        self.url = found.group(1)
        return time.monotonic() - self.started

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def send(self, which):
        os.killpg(self.child.pid, which)

    def kill(self):
        """As a crash ends it."""
        if self.child.poll() is None:
            self.send(signal.SIGKILL)
        self.child.wait()
        self._close()

    def stop(self):
        """As a service manager ends it; its exit code and how long it took, in seconds."""
        begun = time.monotonic()
        if self.child.poll() is None:
            os.kill(self.child.pid, signal.SIGTERM)
        code = self.child.wait()
        self._close()
        return code, time.monotonic() - begun

    def _close(self):
        self.child.stdout.close()
        self.log.close()

    def resident(self):
        """Memory in use, in bytes."""
        with open(f"/proc/{self.child.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Client:
    """One kept connection to the API."""

    def __init__(self, port, bearer=None, user=USER, password=PASSWORD):
        self.port = port
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.authorization = f"Bearer {bearer}" if bearer else f"Basic {basic}"
        self.reader = self.writer = None

    async def call(self, method, path, body=None, headers=None):
        """Status, headers by lower-case name, and the body as text. ConnectionError when it breaks."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        payload = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {self.authorization}",
                "Accept: application/json", f"Content-Length: {len(payload)}"]
        named = {"Content-Type": "application/json"} if payload else {}
        head += [f"{name}: {value}" for name, value in (named | (headers or {})).items()]
        try:
            self.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + payload)
            await self.writer.drain()
            return await self._answer()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise ConnectionError(str(error)) from error

    async def _answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        text = (await self.reader.readexactly(length)).decode() if length else ""
        if headers.get("connection", "").lower() == "close":
            self.close()
        return status, headers, text

    def close(self):
        if self.writer is not None:
            self.writer.close()
            self.reader = self.writer = None

    async def save(self, **webhook):
        """Saves a webhook and answers it."""
        status, _, text = await self.call("POST", "/api/v1/Agents/Webhook/SaveWebhook", webhook)
        if status != 200:
            raise RuntimeError(f"SaveWebhook answered {status}: {text}")
        return json.loads(text)

    async def signal(self, name, key=0, data=None, headers=None):
        """Signals an event; its EventId once it is acknowledged, else the status."""
        body = {"EventName": name, "PrimaryKey": key, "Data": data}
        status, answered, text = await self.call(
            "POST", "/api/v1/Agents/Webhook/SignalEvent", body, headers)
        if status != 204:
            raise Refused(status, text)
        return answered["x-superoffice-eventid"]


class Refused(Exception):
    """The API answered with another status than success."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Delivery:
    """One request that a receiver read whole."""

    __slots__ = ("at", "path", "headers", "body", "answered")

    def __init__(self, path, headers, body):
        self.at = time.monotonic()
        self.path, self.headers, self.body = path, headers, body
        self.answered = False

    @property
    def event(self):
        return self.headers.get("x-superoffice-eventid")

    @property
    def digest(self):
        return hashlib.sha256(self.body).hexdigest()


class Receiver:
    """Counts what arrives. `answer(delivery, writer)` may do anything; the default is a plain 200."""

    def __init__(self, answer=None):
        self.answer = answer or ok
        self.deliveries = []
        self.open = 0
        self.connections = 0
        self.server = None
        self.port = None

    async def start(self, hosts=("127.0.0.1",), port=0):
        self.server = await asyncio.start_server(self._serve, list(hosts), port, backlog=1024)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {}
                for line in head[1:]:
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                delivery = Delivery(head[0].split(" ")[1], headers, body)
                self.deliveries.append(delivery)
                self.open += 1
                try:
                    await self.answer(delivery, writer)
                    await writer.drain()
                    delivery.answered = True
                finally:
                    self.open -= 1
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def stop(self):
        self.server.close()

    def by_pair(self):
        """How often each pair of event and path arrived."""
        counted = {}
        for delivery in self.deliveries:
            pair = (delivery.event, delivery.path)
            counted[pair] = counted.get(pair, 0) + 1
        return counted


async def ok(_delivery, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def until(holds, seconds, every=0.02):
    """Waits until something holds; whether it did in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(every)
    return True
