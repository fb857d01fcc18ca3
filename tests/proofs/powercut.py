"""Promise P1: what was answered with success is on the disk. The power is cut, as far as a machine can do
that to itself: the server writes to an ext4 file system in an image, is stopped in the middle, and what
the image holds at that instant, without the pages that were never flushed, is mounted again. Every
webhook and event that was acknowledged must be there. The control runs without the flushes, and must
lose something. `strace` then shows the flush between the write and each answer.

Needs root, loop devices, ext4 and strace. Models the loss of what was not flushed; not torn sectors,
and not a disk that lies."""

import asyncio
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import common

SIZE = 64 << 20
CLIENTS = 8
# One of so many calls saves a webhook, the others signal events.
SAVES = 20
TOOLS = ("losetup", "mkfs.ext4", "mount", "umount", "strace")


def quietly(*line):
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()


class Disk:
    """A file system in a file, mounted as long as this is entered."""

    def __init__(self, image, folder):
        self.image, self.folder, self.device = image, folder, None

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.device = quietly("losetup", "-f", "--show", self.image)
        try:
            quietly("mount", self.device, self.folder)
        except subprocess.CalledProcessError:
            quietly("losetup", "-d", self.device)
            raise
        return self.folder

    def __exit__(self, *_):
        try:
            quietly("umount", self.folder)
        finally:
            quietly("losetup", "-d", self.device)


def new_image(path):
    if os.path.exists(path):
        os.remove(path)
    with open(path, "wb") as image:
        image.truncate(SIZE)
    quietly("mkfs.ext4", "-q", "-F", path)


async def write(client, events, webhooks, number):
    """Writes until the connection breaks, and keeps what was acknowledged."""
    while True:
        number += 1
        try:
            if number % SAVES == 0:
                saved = await client.save(
                    Name=f"saved {number}", Events=["nobody.signals"], Type="webhook",
                    TargetUrl="http://127.0.0.1:1/")
                webhooks.append(saved["WebhookId"])
            else:
                events.append(await client.signal("power.used", number, {"Number": number}))
        except OSError:
            return


def absent(database, events, webhooks):
    """What was acknowledged and is not stored whole, and what SQLite thinks of the file."""
    store = sqlite3.connect(database)
    sound = store.execute("PRAGMA integrity_check").fetchone()[0]
    stored = {
        row[0].hex(): row[1:] for row in store.execute(
            "SELECT event_id, deliveries, (SELECT count(*) FROM delivery d WHERE d.event_seq = e.seq)"
            " FROM event e")
    }
    saved = {row[0] for row in store.execute("SELECT webhook_id FROM webhook")}
    store.close()
    halves = [event for event, (told, there) in stored.items() if told != there]
    lost = [event for event in events if event.replace("-", "") not in stored]
    return lost + [hook for hook in webhooks if hook not in saved], halves, sound


async def cut(given, chance, options):
    """One cut; what was acknowledged, and what is not there afterwards."""
    image, snapshot = (os.path.join(given.folder, name) for name in ("image", "snapshot"))
    mounted = os.path.join(given.folder, "mounted")
    events, webhooks = [], []
    new_image(image)
    with Disk(image, mounted):
        database = f"sqlite:{mounted}/webhooks.db"
        agent = common.Agent(given.server, database, *options,
                             log=os.path.join(given.folder, "powercut.log"))
        try:
            await asyncio.to_thread(agent.ready)
            bearer = common.token(given.server, database)
            clients = [common.Client(agent.port, bearer) for _ in range(CLIENTS)]
            for path in ("/one", "/two"):
                # Nobody listens there: what is measured is what is stored, not what is sent.
                saved = await clients[0].save(Name=path, Events=["power.used"], Type="webhook",
                                              TargetUrl=f"http://127.0.0.1:1{path}")
                webhooks.append(saved["WebhookId"])
            writing = [asyncio.create_task(write(client, events, webhooks, index * 1_000_000))
                       for index, client in enumerate(clients)]
            await asyncio.sleep(chance.uniform(0.3, 0.9))
            agent.send(signal.SIGSTOP)
            # What was answered before that instant is still read: it counts as acknowledged.
            quietly("cp", "--sparse=never", image, snapshot)
        finally:
            agent.kill()
        await asyncio.gather(*writing)
        for client in clients:
            client.close()
    with Disk(snapshot, mounted):
        missing, halves, sound = absent(f"{mounted}/webhooks.db", events, webhooks)
    return len(events) + len(webhooks), missing, halves, sound


SENT = re.compile(r'(?:write|writev|sendto|sendmsg)\(.*"HTTP/1\.1 20')
WRITTEN = re.compile(r"pwrite64\(\d+<[^>]*-wal>")
FLUSHED = re.compile(r"f(?:data)?sync\(\d+<[^>]*-wal>")


def unflushed(trace):
    """Answers of success, and how many of them went out without a write to the log of the database and
    a flush of it after that, since the answer before."""
    answers = bare = 0
    wrote = flushed = False
    flushing = set()
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            thread = line.split(" ", 1)[0]
            if WRITTEN.search(line):
                wrote, flushed = True, False
            elif FLUSHED.search(line):
                if "<unfinished" in line:
                    flushing.add(thread)
                else:
                    flushed = flushed or (wrote and line.rstrip().endswith("= 0"))
            elif "sync resumed" in line and thread in flushing:
                flushing.discard(thread)
                flushed = flushed or (wrote and line.rstrip().endswith("= 0"))
            elif SENT.search(line):
                answers += 1
                bare += not (wrote and flushed)
                wrote = flushed = False
    return answers, bare


async def order(given, name, options):
    """Saves webhooks one after the other under strace."""
    database = f"sqlite:{os.path.join(given.folder, name + '.db')}"
    trace = os.path.join(given.folder, name + ".strace")
    agent = common.Agent(
        given.server, database, *options, log=os.path.join(given.folder, name + ".log"),
        wrapper=("strace", "-D", "-f", "-y", "-s", "32", "-o", trace,
                 "-e", "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"))
    try:
        await asyncio.to_thread(agent.ready)
        # Another process writes the token, so it is no answer that is judged.
        client = common.Client(agent.port, common.token(given.server, database))
        for number in range(given.answers):
            await client.save(Name=f"saved {number}", Events=["nobody.signals"], Type="webhook",
                              TargetUrl="http://127.0.0.1:1/")
        client.close()
    finally:
        agent.kill()
    # The tracer writes its last lines after its child is gone.
    await common.until(lambda: "+++ killed by" in open(trace, encoding="utf-8").read(), 10)
    return unflushed(trace)


async def run(given):
    if os.geteuid() != 0:
        common.skip("powercut", "only root can mount an image")
    for tool in TOOLS:
        if shutil.which(tool) is None:
            common.skip("powercut", f"{tool} is not installed")
    try:
        new_image(os.path.join(given.folder, "image"))
        with Disk(os.path.join(given.folder, "image"), os.path.join(given.folder, "mounted")):
            pass
    except subprocess.CalledProcessError as error:
        common.skip("powercut", f"an image cannot be mounted here: {error.stderr.strip()}")

    chance = random.Random(given.seed)
    failures, cuts, acknowledged = [], 0, 0
    begun = time.monotonic()
    while cuts < given.cuts or (acknowledged < given.acknowledged and cuts < 10 * given.cuts):
        cuts += 1
        count, missing, halves, sound = await cut(given, chance, ())
        acknowledged += count
        if missing:
            failures.append(f"cut {cuts} lost {len(missing)} of {count}, the first {missing[:3]}")
        if halves:
            failures.append(f"cut {cuts} left {len(halves)} events without all of their deliveries")
        if sound != "ok":
            failures.append(f"cut {cuts} damaged the database: {sound}")
    took = time.monotonic() - begun
    if acknowledged < given.acknowledged:
        failures.append(f"only {acknowledged} were acknowledged")
    control, lost = 0, 0
    while control < 20 and not lost:
        control += 1
        _, missing, _, _ = await cut(given, chance, ("--unsafe-durability",))
        lost = len(missing)
    if not lost:
        failures.append("the control was not caught: 20 cuts without flushes lost nothing")

    answers, bare = await order(given, "order", ())
    if answers < given.answers or bare:
        failures.append(f"{bare} of {answers} answers went out before the flush")
    unsafe, unsafe_bare = await order(given, "order-control", ("--unsafe-durability",))
    if unsafe_bare < unsafe / 2:
        failures.append("the control was not caught: answers without flushes look flushed")
    common.verdict("powercut", given, {
        "cuts": cuts, "acknowledged": acknowledged, "seconds per cut": f"{took / cuts:.1f}",
        "without flushes": f"{lost} lost at cut {control}",
        "answers after their flush": f"{answers - bare} of {answers}",
        "without flushes those were": f"{unsafe - unsafe_bare} of {unsafe}",
    }, failures)


if __name__ == "__main__":
    asyncio.run(run(common.arguments(
        __doc__, cuts=(8, 60), acknowledged=(1, 100_000), answers=(50, 500))))
