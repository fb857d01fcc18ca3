"""Promise P12: two nodes share one PostgreSQL database. Nothing comes twice while both run; a node that
stands still loses its deliveries, and what it says when it wakes up is refused; a node that is killed is
taken over within 30 seconds. The control counts an event
that was never signalled, which must be found missing."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import common

HOOKS = 4
CLIENTS = 8
SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
# A node is taken for dead after 20 seconds of silence; a little more, so that it is for certain.
SILENCE = 25


class Database:
    """A database of its own, as long as it is in use."""

    def __init__(self, name):
        self.name = name
        self.url = urllib.parse.urlsplit(SERVER)._replace(path="/" + name).geturl()

    @staticmethod
    def ask(statement):
        """Whether the server did it."""
        done = subprocess.run(["psql", "--no-psqlrc", "--quiet", SERVER, "-c", statement],
                              capture_output=True, check=False)
        return done.returncode == 0

    def __enter__(self):
        self.ask(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        if not self.ask(f'CREATE DATABASE "{self.name}" TEMPLATE template0'):
            common.skip("twonode", f"no database can be made on {SERVER}")
        return self

    def __exit__(self, *_):
        self.ask(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def counted(port, name):
    """A counter of a node; 0 when it never counted."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        for line in reply.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split(" ")[1])
    return 0.0


async def signal_events(ports, bearer, count, acknowledged):
    """Signals so many events, at all nodes in turn, from several clients."""
    async def some(which):
        client = common.Client(ports[which % len(ports)], bearer)
        for number in range(count // CLIENTS):
            while True:
                try:
                    acknowledged.append(await client.signal("twonode.happened", number))
                    break
                except common.Refused as refused:
                    # A node that stood still finds its connections gone, and says so; nothing was done.
                    if refused.status != 503:
                        raise
                    await asyncio.sleep(0.1)
        client.close()
    await asyncio.gather(*(some(which) for which in range(CLIENTS)))


async def run(given):
    if shutil.which("psql") is None:
        common.skip("twonode", "psql is not installed")
    with Database("webhook_agent_twonode") as database:
        await prove(given, database.url)


async def prove(given, url):
    slow = {"seconds": 0.001}

    async def answer(delivery, writer):
        await asyncio.sleep(slow["seconds"])
        await common.ok(delivery, writer)

    receiver = await common.Receiver(answer).start()

    def node(number):
        agent = common.Agent(given.server, url, "--metrics=true",
                             log=os.path.join(given.folder, f"node{number}.log"))
        agent.ready()
        return agent

    first = node(1)
    bearer = common.token(given.server, url)
    second = node(2)
    client = common.Client(first.port, bearer)
    paths = [f"/hook/{number}" for number in range(HOOKS)]
    for path in paths:
        await client.save(Name=path, Events=["twonode.happened"], Type="webhook",
                          TargetUrl=f"http://127.0.0.1:{receiver.port}{path}")

    def arrived():
        return len(receiver.by_pair())

    def doubled():
        return sum(count - 1 for count in receiver.by_pair().values())

    # Both run: no delivery is made twice.
    acknowledged, failures, begun = [], [], time.monotonic()
    await signal_events([first.port, second.port], bearer, given.events, acknowledged)
    await common.until(lambda: arrived() >= len(acknowledged) * HOOKS, given.drain)
    together = time.monotonic() - begun
    doubled_together = doubled()
    if doubled_together:
        failures.append(f"{doubled_together} came twice while both nodes ran")

    # One stands still with deliveries under way.
    slow["seconds"] = 0.3
    await signal_events([first.port, second.port], bearer, 160, acknowledged)
    second.send(signal.SIGSTOP)
    under_way = HOOKS * 4
    await asyncio.sleep(SILENCE)
    second.send(signal.SIGCONT)
    slow["seconds"] = 0.001
    await common.until(lambda: arrived() >= len(acknowledged) * HOOKS, given.drain)
    await common.until(
        lambda: counted(second.port, "webhook_agent_leases_lost_total") >= 1, 15, every=0.5)
    lost_leases = counted(second.port, "webhook_agent_leases_lost_total")
    doubled_by_sleep = doubled() - doubled_together
    if lost_leases < 1:
        failures.append("nothing was refused of the node that had stood still")
    if doubled_by_sleep > under_way:
        failures.append(f"{doubled_by_sleep} came twice, at most {under_way} were under way")

    # One is killed: the other takes over.
    slow["seconds"] = 0.05
    await signal_events([first.port, second.port], bearer, 400, acknowledged)
    second.kill()
    killed = time.monotonic()
    slow["seconds"] = 0.001
    await common.until(lambda: arrived() >= len(acknowledged) * HOOKS, given.drain)
    took_over = time.monotonic() - killed
    missing = len(acknowledged) * HOOKS - arrived()
    if missing:
        failures.append(f"{missing} deliveries are missing")
    if took_over > 30:
        failures.append(f"taking over took {took_over:.1f} s")
    if arrived() >= (len(acknowledged) + 1) * HOOKS:
        failures.append("the control was not caught")
    code, _ = first.stop()
    if code != 0:
        failures.append(f"the other node ended with {code}")
    common.verdict("twonode", given, {
        "events": len(acknowledged), "deliveries": len(acknowledged) * HOOKS,
        "together": f"{given.events * HOOKS / together:.0f}/s", "doubled together": doubled_together,
        "doubled by standing still": doubled_by_sleep, "refused": int(lost_leases),
        "taken over in": f"{took_over:.1f} s", "missing": missing,
    }, failures)


if __name__ == "__main__":
    asyncio.run(run(common.arguments(__doc__, events=(800, 20_000), drain=(60, 180))))
