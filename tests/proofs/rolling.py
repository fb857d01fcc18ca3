"""Promise P7: the server is stopped and started again while events come in. Nothing is lost, nothing
comes twice, each stop takes at most 15 seconds and ends with 0. The control kills instead: what was under
way then comes twice."""

import asyncio
import os

import common

HOOKS = 3
EVENTS_PER_SECOND = 200
CLIENTS = 4


class Driver:
    """Signals events at an even rate, whichever run of the server answers, and keeps what was
    acknowledged. What is refused while no server runs is signalled again under the same key."""

    def __init__(self, port, bearer):
        self.port, self.bearer = port, bearer
        self.acknowledged = []
        self.refused = 0
        self.statuses = set()
        self.stopping = False

    async def run(self, which):
        client, beat, number = None, asyncio.get_running_loop().time(), 0
        while not self.stopping:
            number += 1
            key = {"Idempotency-Key": f"rolling-{which}-{number}"}
            while not self.stopping:
                try:
                    if client is None or client.port != self.port:
                        client = common.Client(self.port, self.bearer)
                    self.acknowledged.append(
                        await client.signal("rolling.happened", number, headers=key))
                    break
                except (ConnectionError, OSError):
                    self.refused += 1
                    client = None
                except common.Refused as refused:
                    self.statuses.add(refused.status)
                await asyncio.sleep(0.01)
            beat += CLIENTS / EVENTS_PER_SECOND
            await asyncio.sleep(max(0, beat - asyncio.get_running_loop().time()))


async def rounds(given, cycles, name, end):
    """Runs the driver over so many ends of the server; what arrived, and how long the ends took."""
    database = f"sqlite:{os.path.join(given.folder, name + '.db')}"
    log = os.path.join(given.folder, name + ".log")

    async def brief(delivery, writer):
        await asyncio.sleep(0.02)
        await common.ok(delivery, writer)

    receiver = await common.Receiver(brief).start()
    agent = common.Agent(given.server, database, log=log)
    agent.ready()
    bearer = common.token(given.server, database)
    client = common.Client(agent.port, bearer)
    paths = [f"/hook/{number}" for number in range(HOOKS)]
    for path in paths:
        await client.save(Name=path, Events=["rolling.happened"], Type="webhook",
                          TargetUrl=f"http://127.0.0.1:{receiver.port}{path}")
    client.close()
    driver = Driver(agent.port, bearer)
    driving = [asyncio.create_task(driver.run(which)) for which in range(CLIENTS)]
    ends = []
    for _ in range(cycles):
        await asyncio.sleep(0.6)
        ends.append(await asyncio.to_thread(end, agent))
        agent = common.Agent(given.server, database, log=log)
        await asyncio.to_thread(agent.ready)
        driver.port = agent.port
    await asyncio.sleep(0.3)
    driver.stopping = True
    await asyncio.gather(*driving)
    wanted = len(set(driver.acknowledged)) * HOOKS
    drained = await common.until(lambda: len(receiver.by_pair()) >= wanted, 60, every=0.1)
    counted = receiver.by_pair()
    # In a thread of its own: what is under way is still to be answered here.
    await asyncio.to_thread(agent.stop)
    missing = wanted - len(counted) if not drained else 0
    doubled = sum(count - 1 for count in counted.values())
    return driver, ends, missing, doubled


def killed(agent):
    agent.kill()
    return 0, 0.0


async def run(given):
    driver, ends, missing, doubled = await rounds(
        given, given.cycles, "rolling", lambda agent: agent.stop())
    _, _, lost_by_kills, doubled_by_kills = await rounds(given, given.controls, "control", killed)
    failures = []
    if missing:
        failures.append(f"{missing} deliveries were lost")
    if doubled:
        failures.append(f"{doubled} deliveries came twice")
    if any(code != 0 for code, _ in ends):
        failures.append(f"stops ended with {sorted({code for code, _ in ends})}")
    if max(took for _, took in ends) > 15.5:
        failures.append(f"a stop took {max(took for _, took in ends):.1f} s")
    if driver.statuses - {503}:
        failures.append(f"calls were answered with {sorted(driver.statuses)}")
    if lost_by_kills:
        failures.append(f"kills lost {lost_by_kills}")
    if not doubled_by_kills:
        failures.append("the control was not caught: kills doubled nothing")
    common.verdict("rolling", given, {
        "stops": len(ends), "acknowledged": len(driver.acknowledged), "lost": missing,
        "doubled": doubled, "longest stop": f"{max(took for _, took in ends):.2f} s",
        "doubled by kills": doubled_by_kills,
    }, failures)


if __name__ == "__main__":
    asyncio.run(run(common.arguments(__doc__, cycles=(5, 50), controls=(3, 10))))
