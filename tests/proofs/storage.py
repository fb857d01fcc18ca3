"""Promises P8 and P9. A full disk stops writing only: writes answer 503 and say when to come again, reads
and metrics go on, nothing that was acknowledged is lost, and when there is room again all goes on by
itself. A flush that fails ends the process: nothing is acknowledged after it, the exit code is 74, and
the next start finds everything that was. The controls take the room away for good, flush without errors,
and look for an event that nobody signalled.

Needs root, tmpfs and strace."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import time

import common

ROOM = "24m"
MORE_ROOM = "96m"
# What a failed flush ends the process with.
STORAGE_FAILED = 74
# Large enough that the disk is soon full.
LOAD = {"Text": "x" * 8_000}
CLIENTS = 4
READS = ("/api/v1/Webhook", "/api/v1/Webhook/1", "/metrics", "/healthz")


def mount(*options):
    subprocess.run(["mount", *options], check=True, capture_output=True)


class SmallDisk:
    """A file system in memory that has little room."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        mount("-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", self.folder)
        return self

    def grow(self):
        mount("-o", f"remount,size={MORE_ROOM}", self.folder)

    def __exit__(self, *_):
        subprocess.run(["umount", self.folder], check=True)


class Writer:
    """Signals events and keeps what was answered."""

    def __init__(self):
        self.acknowledged, self.statuses, self.unsaid = [], {}, 0

    async def one(self, client):
        """Signals one; its status."""
        body = {"EventName": "storage.used", "PrimaryKey": 1, "Data": LOAD}
        status, headers, _ = await client.call(
            "POST", "/api/v1/Agents/Webhook/SignalEvent", body)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 204:
            self.acknowledged.append(headers["x-superoffice-eventid"])
        elif "retry-after" not in headers:
            self.unsaid += 1
        return status


def stored_events(database):
    store = sqlite3.connect(database)
    sound = store.execute("PRAGMA integrity_check").fetchone()[0]
    events = {row[0].hex() for row in store.execute("SELECT event_id FROM event")}
    store.close()
    return events, sound


def absent(acknowledged, stored):
    return [event for event in acknowledged if event.replace("-", "") not in stored]


async def full_disk(given, failures):
    """Fills the disk, looks at what still works, makes room; the figures."""
    receiver = await common.Receiver().start()
    log = os.path.join(given.folder, "full.log")
    reads, writer = {}, Writer()
    with SmallDisk(os.path.join(given.folder, "small")) as disk:
        database = f"sqlite:{disk.folder}/webhooks.db"
        agent = common.Agent(given.server, database, "--metrics", log=log)
        try:
            agent.ready()
            bearer = common.token(given.server, database)
            clients = [common.Client(agent.port, bearer) for _ in range(CLIENTS)]
            await clients[0].save(Name="fills", Events=["storage.used"], Type="webhook",
                                  TargetUrl=f"http://127.0.0.1:{receiver.port}/")
            # Full is when several writes one after the other find no room: what is checkpointed in
            # between makes a little again.
            refused_in_a_row, end = 0, time.monotonic() + given.seconds
            while refused_in_a_row < 20 and time.monotonic() < end:
                answers = await asyncio.gather(*(writer.one(client) for client in clients))
                refused_in_a_row = 0 if 204 in answers else refused_in_a_row + 1
            if refused_in_a_row < 20:
                failures.append(f"the disk did not get full: {writer.statuses}")
            for _ in range(10):
                for path in READS:
                    status, _, _ = await clients[0].call("GET", path)
                    reads[status] = reads.get(status, 0) + 1
            saved, headers, _ = await clients[0].call(
                "POST", "/api/v1/Agents/Webhook/SaveWebhook",
                {"Name": "n" * 200, "Events": ["x.y"], "Type": "webhook", "Description": "d" * 4_000,
                 "TargetUrl": "http://127.0.0.1:1/"})
            if saved not in (200, 503):
                failures.append(f"SaveWebhook answered {saved} on a full disk")
            # The control: as long as there is no room, it does not go on.
            control = await resumed(writer, clients[0], 1)
            if control is not None:
                failures.append("the control was not caught: it went on without room")
            disk.grow()
            took = await resumed(writer, clients[0], 10)
            if took is None or took > 5:
                failures.append(f"it went on after {took} s")
            for client in clients:
                client.close()
            wanted = set(writer.acknowledged)
            arrived = await common.until(
                lambda: wanted <= {delivery.event for delivery in receiver.deliveries}, 60, every=0.1)
            if not arrived:
                missing = wanted - {delivery.event for delivery in receiver.deliveries}
                failures.append(f"{len(missing)} of {len(wanted)} acknowledged were not delivered")
            code, _ = await asyncio.to_thread(agent.stop)
            if code != 0:
                failures.append(f"after a full disk the server ended with {code}")
        finally:
            agent.kill()
        events, sound = stored_events(f"{disk.folder}/webhooks.db")
    lost = absent(writer.acknowledged, events)
    if lost:
        failures.append(f"the full disk lost {len(lost)}")
    if sound != "ok":
        failures.append(f"the full disk damaged the database: {sound}")
    if not absent(["never-signalled"], events):
        failures.append("the control was not caught: what nobody signalled is there")
    if set(writer.statuses) - {204, 503}:
        failures.append(f"writes were answered with {writer.statuses}")
    if writer.unsaid:
        failures.append(f"{writer.unsaid} refusals did not say when to come again")
    if set(reads) != {200}:
        failures.append(f"reads were answered with {reads}")
    await receiver.stop()
    return {"full disk": writer.statuses, "reads": reads, "lost": len(lost),
            "went on after": "never" if took is None else f"{took:.2f} s"}


async def resumed(writer, client, seconds):
    """After how long a write is taken again; `None` when not in time."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        if await writer.one(client) == 204:
            return time.monotonic() - begun
        await asyncio.sleep(0.1)
    return None


class Flushes:
    """A run of the server in which the flushes fail from the `after`th on."""

    def __init__(self, given, name, database, after):
        self.trace = os.path.join(given.folder, name + ".strace")
        inject = () if after is None else (
            "-e", f"inject=fsync,fdatasync:error=EIO:when={after}+")
        self.agent = common.Agent(
            given.server, database, log=os.path.join(given.folder, name + ".log"),
            wrapper=("strace", "-D", "-f", "-o", self.trace, "-e", "trace=fsync,fdatasync", *inject))

    def count(self):
        """How many there were so far, and how many of them failed."""
        with open(self.trace, encoding="utf-8", errors="replace") as trace:
            lines = [line for line in trace if "sync(" in line]
        return len(lines), sum("INJECTED" in line for line in lines)


async def write_on(client, writer, begun, answers):
    """Writes until the process is gone. `answers` gets when each was asked and what was answered."""
    while True:
        asked = time.monotonic() - begun
        try:
            status = await writer.one(client)
        except OSError:
            return
        answers.append((asked, time.monotonic() - begun, status))


async def failing_flush(given, name, database, bearer, after, failures):
    """One run whose flushes begin to fail; whether it got ready, and how long it lived after that."""
    run, writer, answers = Flushes(given, name, database, after), Writer(), []
    try:
        try:
            await asyncio.to_thread(run.agent.ready)
        except RuntimeError:
            code = run.agent.child.wait()
            if code not in (1, STORAGE_FAILED):
                failures.append(f"{name}: a start without flushes ended with {code}")
            return None, []
        begun = time.monotonic()
        clients = [common.Client(run.agent.port, bearer) for _ in range(CLIENTS)]
        writing = [asyncio.create_task(write_on(client, writer, begun, answers))
                   for client in clients]
        seconds = 2 if after is None else 20
        done, _ = await asyncio.wait(writing, timeout=seconds)
        ended = None
        if len(done) == len(writing):
            code = await asyncio.to_thread(run.agent.child.wait)
            ended = time.monotonic() - begun
            if code != STORAGE_FAILED:
                failures.append(f"{name}: ended with {code}")
        else:
            for task in writing:
                task.cancel()
            if after is not None:
                failures.append(f"{name}: still runs, answers {writer.statuses}")
        for client in clients:
            client.close()
    finally:
        run.agent.kill()
    refused = [answered for _, answered, status in answers if status != 204]
    if refused and [1 for asked, _, status in answers if status == 204 and asked > min(refused)]:
        failures.append(f"{name}: acknowledged something after an error")
    if refused and ended is not None and ended - min(refused) > 1:
        failures.append(f"{name}: lived {ended - min(refused):.2f} s after the error")
    if set(writer.statuses) - {204, 503}:
        failures.append(f"{name}: answered {writer.statuses}")
    _, injected = run.count()
    if (injected == 0) != (after is None):
        failures.append(f"{name}: {injected} flushes failed")
    lived = ended - min(refused) if refused and ended is not None else 0
    return lived, writer.acknowledged


async def failing_flushes(given, failures):
    path = os.path.join(given.folder, "flush.db")
    database = f"sqlite:{path}"
    agent = common.Agent(given.server, database, log=os.path.join(given.folder, "flush.log"))
    agent.ready()
    bearer = common.token(given.server, database)
    client = common.Client(agent.port, bearer)
    await client.save(Name="listens", Events=["storage.used"], Type="webhook",
                      TargetUrl="http://127.0.0.1:1/")
    client.close()
    agent.stop()

    # The control, which also tells how many flushes a start needs.
    quiet = Flushes(given, "quiet", database, None)
    quiet.agent.ready()
    needed, _ = quiet.count()
    quiet.agent.kill()
    lived, acknowledged = await failing_flush(
        given, "control", database, bearer, None, failures)
    if not acknowledged or lived != 0:
        failures.append("the control was not caught: flushes that work ended the server")

    starts, longest, every = 0, 0.0, list(acknowledged)
    for step in range(given.steps):
        after = max(1, needed - 1) + step
        name = f"flush {after}"
        lived, acknowledged = await failing_flush(
            given, name, database, bearer, after, failures)
        every += acknowledged
        if lived is not None:
            starts += 1
            longest = max(longest, lived)
        agent = common.Agent(given.server, database, log=os.path.join(given.folder, "flush.log"))
        agent.ready()
        agent.stop()
        events, sound = stored_events(path)
        lost = absent(every, events)
        if lost:
            failures.append(f"{name}: lost {len(lost)} that were acknowledged")
        if sound != "ok":
            failures.append(f"{name}: the database is damaged: {sound}")
    if starts < given.steps / 2:
        failures.append(f"only {starts} of {given.steps} runs got as far as to answer")
    return {"failing flushes": given.steps, "of which ready": starts, "acknowledged": len(every),
            "longest life after": f"{longest:.2f} s"}


async def run(given):
    if os.geteuid() != 0:
        common.skip("storage", "only root can mount a small disk")
    for tool in ("mount", "umount", "strace"):
        if shutil.which(tool) is None:
            common.skip("storage", f"{tool} is not installed")
    try:
        with SmallDisk(os.path.join(given.folder, "small")):
            pass
    except subprocess.CalledProcessError as error:
        common.skip("storage", f"a tmpfs cannot be mounted here: {error.stderr.decode().strip()}")
    failures = []
    figures = await full_disk(given, failures)
    figures |= await failing_flushes(given, failures)
    common.verdict("storage", given, figures, failures)


if __name__ == "__main__":
    asyncio.run(run(common.arguments(__doc__, seconds=(60, 120), steps=(6, 40))))
