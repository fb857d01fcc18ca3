"""Promise P13: 200 webhooks listen, 45 % of their receivers are bad: tarpits, endless bodies, resets,
errors, bombs of headers. The others are served as if the bad ones were not there. The control gives the
healthy ones a receiver that is slow itself, which must be noticed."""

import asyncio
import multiprocessing
import os
import time

import common

BAD = [("tarpit", 40), ("endless", 20), ("reset", 10), ("unavailable", 10), ("headers", 10)]
GOOD = 110
CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
BOMB = (b"HTTP/1.1 200 OK\r\n"
        + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 40) for number in range(10_000)) + b"\r\n")


async def misbehave(delivery, writer):
    kind = delivery.path.split("/")[1]
    if kind == "tarpit":
        await asyncio.sleep(3600)
    elif kind == "endless":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(CHUNK)
            await writer.drain()
            # The machine that is measured is the one that this runs on.
            await asyncio.sleep(0.01)
    elif kind == "reset":
        writer.transport.abort()
        raise ConnectionResetError
    elif kind == "unavailable":
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    elif kind == "headers":
        writer.write(BOMB)


def misbehaving(told):
    """The bad receivers, in a process of their own, so that they cost the good ones nothing here."""

    async def serve():
        receiver = await common.Receiver(misbehave).start(("0.0.0.0",))
        told.send(receiver.port)
        await asyncio.Event().wait()

    asyncio.run(serve())


async def measure(given, name, bad, healthy):
    """Latencies of the healthy deliveries in seconds, and how much memory grew."""
    database = f"sqlite:{os.path.join(given.folder, name + '.db')}"
    agent = common.Agent(given.server, database, log=os.path.join(given.folder, name + ".log"))
    agent.ready()
    client = common.Client(agent.port, common.token(given.server, database))
    # Each receiver is one of its own: limits by receiver do not join them.
    hosts = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(200)]
    good = await common.Receiver(healthy).start(("0.0.0.0",))
    told, telling = multiprocessing.Pipe()
    hostile = multiprocessing.Process(target=misbehaving, args=(telling,), daemon=True)
    hostile.start()
    hostile_port = await asyncio.to_thread(told.recv)
    for number in range(GOOD):
        await client.save(Name=f"good {number}", Events=["hostile.happened"], Type="webhook",
                          TargetUrl=f"http://{hosts[number]}:{good.port}/good/{number}")
    if bad:
        kinds = [kind for kind, count in BAD for _ in range(count)]
        for number, kind in enumerate(kinds):
            await client.save(Name=f"{kind} {number}", Events=["hostile.happened"], Type="webhook",
                              TargetUrl=f"http://{hosts[GOOD + number]}:{hostile_port}/{kind}/{number}")
    await client.signal("hostile.happened")
    await common.until(lambda: len(good.deliveries) >= GOOD, 10)
    base, peak = agent.resident(), 0
    signalled, latencies = {}, []
    before = len(good.deliveries)
    beat = asyncio.get_running_loop().time()
    for number in range(given.rate * given.seconds):
        at = time.monotonic()
        signalled[await client.signal("hostile.happened", number + 1)] = at
        peak = max(peak, agent.resident())
        beat += 1 / given.rate
        await asyncio.sleep(max(0, beat - asyncio.get_running_loop().time()))
    wanted = len(signalled) * GOOD
    arrived = await common.until(lambda: len(good.deliveries) - before >= wanted, 20)
    for delivery in good.deliveries[before:]:
        if delivery.event in signalled:
            latencies.append(delivery.at - signalled[delivery.event])
    agent.kill()
    await good.stop()
    hostile.kill()
    hostile.join()
    return latencies, (peak - base) / 2**20, arrived


def too_slow(baseline, measured, slack):
    """Whether the 99th percentile suffers more than is promised."""
    p99, base = common.quantile(measured, 0.99), common.quantile(baseline, 0.99)
    return p99 > base * 1.2 and p99 > base + slack


async def slow_itself(delivery, writer):
    await asyncio.sleep(2)
    await common.ok(delivery, writer)


async def run(given):
    baseline, _, alone_arrived = await measure(given, "baseline", False, common.ok)
    beside, grown, arrived = await measure(given, "hostile", True, common.ok)
    given.seconds = min(given.seconds, 5)
    control, _, _ = await measure(given, "control", False, slow_itself)
    failures = []
    if not alone_arrived or not arrived:
        failures.append("healthy deliveries are missing")
    if too_slow(baseline, beside, given.slack):
        failures.append("the healthy ones were delayed")
    if grown > 32:
        failures.append(f"memory grew by {grown:.0f} MiB")
    if not too_slow(baseline, control, given.slack):
        failures.append("the control was not caught")
    ms = {name: f"{common.quantile(values, 0.5) * 1e3:.1f}/{common.quantile(values, 0.99) * 1e3:.1f} ms"
          for name, values in (("alone", baseline), ("beside", beside), ("control", control))}
    common.verdict("hostile", given, {
        "healthy p50/p99 alone": ms["alone"], "beside bad ones": ms["beside"],
        "control": ms["control"], "memory": f"{grown:+.1f} MiB", "deliveries": len(beside),
    }, failures)


if __name__ == "__main__":
    asyncio.run(run(common.arguments(__doc__, seconds=(8, 60), rate=(5, 20), slack=(1, 0.05))))
