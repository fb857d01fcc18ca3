"""Threats E1 to E7: the server calls no address that it may not call, however that is spelled and by
whatever way it comes: a webhook that is saved, changed, patched or tested, a row that was put into the
database by hand, and a redirect. Names are answered by a name server in here, which gives away addresses
of the inside, changes its mind and mixes. Canaries listen on loopback addresses and must hear nothing; a
receiver that is allowed beside them must be served. The control opens everything, and the canaries must
hear each way."""

import asyncio
import ipaddress
import json
import os
import socket
import sqlite3
import struct

import common

ALLOWED = "127.0.0.2"
CANARIES = ["127.0.0.1", "127.0.0.3", "127.1.2.3", "127.255.255.254", "::1"]
SPELLINGS = 200
SAVE = "/api/v1/Agents/Webhook/SaveWebhook"
TEST = "/api/v1/Agents/Webhook/TestWebhook"

LOOPBACK = [
    "127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0X7F.0x0.0x0.0x1",
    "2130706433", "017700000001", "0177.0.0.1", "0177.1", "0177.0x0.0.1", "127.0.0.01",
    "127.0.0.0x1", "127.00.00.01", "127.0.0.1.", "127.1.", "%31%32%37.0.0.1", "127%2e0%2e0%2e1",
    "127。0。0。1", "\uff11\uff12\uff17.0.0.1", "①②⑦.0.0.①", "127\uff0e0\uff0e0\uff0e1",
    "127.0.0.3", "127.1.2.3", "127.255.255.254", "2130706435", "0", "0x0", "00", "0.0", "0.0.0.0",
    "0.0.0.0.", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::FFFF:7F00:0001]", "[::127.0.0.1]", "[::7f00:1]", "[::]", "[0::0]", "[::ffff:0.0.0.0]",
    "[::ffff:127.0.0.3]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[fe80::5efe:7f00:1]", "[2606:4700::5efe:7f00:1]",
]
INSIDE_V6 = [
    "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[fec0::1]", "[ff02::1]",
    "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]",
]
INSIDE_V4 = [
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254",
    "100.64.0.1", "100.127.255.254", "169.254.1.1", "169.254.169.254", "169.254.170.2", "168.63.129.16",
    "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.254", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
]
LOCAL_NAMES = [
    "localhost", "localhost.", "LOCALHOST", "LocalHost.", "a.localhost", "localhost.localdomain",
    "metadata", "metadata.google.internal", "printer.local", "router.lan", "intranet",
    "host.docker.internal", "db.corp", "nas.home.arpa", "ｌｏｃａｌｈｏｓｔ", "lo%63alhost",
]
# Name to the answers, in the order in which they are asked for; the last one stays.
ZONE = {
    "loopback.attack.example": [["127.0.0.1"]],
    "six.attack.example": [["::1"]],
    "mapped.attack.example": [["::ffff:127.0.0.1"]],
    "private.attack.example": [["10.0.0.1"]],
    "metadata.attack.example": [["169.254.169.254"]],
    "nothing.attack.example": [["0.0.0.0"]],
    "both.attack.example": [["127.0.0.1", "::1"]],
    "many.attack.example": [["127.0.0.1", "127.0.0.3", "127.1.2.3"]],
}
# What may be answered by the receiver that is allowed, if that is the address that is taken.
FICKLE = {
    "rebind.attack.example": [[ALLOWED], ["127.0.0.1"]],
    "mixed.attack.example": [[ALLOWED, "127.0.0.1"]],
    "mixed-first.attack.example": [["127.0.0.1", ALLOWED]],
}
GOOD_NAME = "good.example.org"


def targets(port):
    """The spellings, each once, and those of them whose refusal depends on what a name server says."""
    spelled = [f"http://{host}:{port}/" for host in LOOPBACK]
    spelled += [f"http://{host}:{port}/" for host in LOCAL_NAMES + INSIDE_V6]
    for host in INSIDE_V4:
        number = int(ipaddress.IPv4Address(host))
        spelled += [f"http://{host}/", f"http://{number}/", f"http://{number:#x}/",
                    f"https://[::ffff:{host}]/"]
    spelled += [
        f"http://user@127.0.0.1:{port}/", f"http://user:word@127.0.0.1:{port}/",
        f"http://example.com@127.0.0.1:{port}/", f"http://127.0.0.1:{port}\\@example.com/",
        f"http:127.0.0.1:{port}/", f"http:///127.0.0.1:{port}/", f"http:\\\\127.0.0.1:{port}/",
        f"http:/127.0.0.1:{port}/", f"HTTP://127.0.0.1:{port}/", f"https://127.0.0.1:{port}/",
        f"http://127.0.0.1:{port}#@example.com/", f"http://127.0.0.1:{port}?@example.com/",
        f" http://127.0.0.1:{port}/", f"http://127.0.0.1:0{port}/", f"ftp://127.0.0.1:{port}/",
        f"gopher://127.0.0.1:{port}/_GET", f"ws://127.0.0.1:{port}/", "file:///etc/hosts",
        f"//127.0.0.1:{port}/", f"https://[::1]:{port}/", f"http://[::1%25lo]:{port}/",
    ]
    spelled += [f"http://{name}:{port}/" for name in ZONE]
    spelled = list(dict.fromkeys(spelled))
    return spelled, [f"http://{name}:{port}/" for name in FICKLE]


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA. What it does not know is on the inside too."""

    def __init__(self):
        self.asked = {}
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, sender):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        kind, end = struct.unpack(">H", query[at + 1:at + 3])[0], at + 5
        name = ".".join(labels)
        if name == GOOD_NAME:
            answers = [[ALLOWED]]
        else:
            answers = (ZONE | FICKLE).get(name, [["127.0.0.1", "::1"]])
        # Which question this is: A and AAAA are asked side by side.
        turn = self.asked[name, kind] = self.asked.get((name, kind), 0) + 1
        addresses = [ipaddress.ip_address(text) for text in answers[min(turn, len(answers)) - 1]]
        chosen = [address.packed for address in addresses
                  if (kind, address.version) in ((1, 4), (28, 6))]
        reply = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(chosen), 0, 0) + query[12:end]
        for packed in chosen:
            reply += struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed
        self.transport.sendto(reply, sender)


class Scene:
    """The receivers, the name server, and one server of ours that is let loose on them."""

    def __init__(self, given, name):
        self.given, self.name = given, name
        self.path = os.path.join(given.folder, name + ".db")
        self.database = f"sqlite:{self.path}"
        self.canaries, self.allowed, self.agent, self.client = [], None, None, None
        self.locations, self.redirects = [], False

    async def start(self):
        """The allowed receiver and the canaries share a port: a name decides which of them is called."""
        self.allowed = await common.Receiver(self.answer).start((ALLOWED,))
        self.port = self.allowed.port
        hosts = list(CANARIES)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            # Nothing is sent: it tells the address that this machine has.
            outside.connect(("192.0.2.1", 9))
            hosts.append(outside.getsockname()[0])
        for host in dict.fromkeys(hosts):
            self.canaries.append(await common.Receiver().start((host,), self.port))
        loop = asyncio.get_running_loop()
        self.names, _ = await loop.create_datagram_endpoint(
            NameServer, local_addr=("127.0.0.1", 0))
        self.name_server = self.names.get_extra_info("sockname")
        return self

    async def answer(self, delivery, writer):
        """The allowed receiver: takes everything, until it sends everybody elsewhere."""
        if self.redirects and delivery.path.startswith("/redirect/"):
            location = self.locations[int(delivery.path.rsplit("/", 1)[1])]
            status = 301 + len(self.allowed.deliveries) % 2 * 6
            writer.write(f"HTTP/1.1 {status} Elsewhere\r\nLocation: ".encode()
                         + location.encode("utf-8") + b"\r\nContent-Length: 0\r\n\r\n")
        else:
            await common.ok(delivery, writer)

    async def serve(self, *options):
        host, port = self.name_server
        self.agent = common.Agent(
            self.given.server, self.database, "--allow-http", "--dns-servers", f"{host}:{port}",
            "--retry-delays", "1m", *options, dev=False,
            log=os.path.join(self.given.folder, self.name + ".log"))
        await asyncio.to_thread(self.agent.ready)
        bearer = await asyncio.to_thread(
            common.token, self.given.server, self.database, "admin")
        self.client = common.Client(self.agent.port, bearer)

    def heard(self):
        return sum(canary.connections for canary in self.canaries)

    async def save(self, target, events=("nobody.signals",), webhook=None):
        body = {"Name": "spelled", "Events": list(events), "Type": "webhook", "TargetUrl": target}
        return await self.client.call("POST", SAVE, body | ({"WebhookId": webhook} if webhook else {}))

    async def patch(self, target, webhook):
        return await self.client.call(
            "PATCH", f"/api/v1/Webhook/{webhook}",
            [{"op": "replace", "path": "/TargetUrl", "value": target}],
            {"Content-Type": "application/json-patch+json"})

    async def test(self, target):
        webhook = {"Name": "tested", "Events": ["x.y"], "Type": "webhook", "TargetUrl": target}
        status, _, text = await self.client.call("POST", TEST, {"Webhook": webhook})
        return status, json.loads(text)

    async def close(self):
        self.client.close()
        return await asyncio.to_thread(self.agent.stop)

    async def end(self):
        self.names.close()
        for receiver in [self.allowed, *self.canaries]:
            await receiver.stop()


async def saved(scene, target, events, webhook=None):
    status, _, text = await scene.save(target, events, webhook)
    if status != 200:
        raise RuntimeError(f"{target} was not saved: {status} {text}")
    return json.loads(text)["WebhookId"]


def outcomes(path):
    """The outcomes of the attempts at each webhook."""
    store = sqlite3.connect(path)
    found = {}
    for webhook, outcome in store.execute("SELECT webhook_id, outcome FROM attempt"):
        found.setdefault(webhook, []).append(outcome)
    store.close()
    return found


async def attacked(given, failures):
    """Every spelling by every way; the figures."""
    scene = await Scene(given, "strict").start()
    await scene.serve("--allowed-target-ranges", f"{ALLOWED}/32")
    spelled, fickle = targets(scene.port)
    scene.locations = spelled + fickle
    good = f"http://{ALLOWED}:{scene.port}"
    kept = await saved(scene, f"{good}/kept", ["nobody.signals"])
    heard = {}

    async def by(way, call, refused):
        before, taken = scene.heard(), []
        for target in spelled:
            if not refused(await call(target)):
                taken.append(target)
        for target in fickle:
            await call(target)
        heard[way] = scene.heard() - before
        if taken:
            failures.append(f"{way}: {len(taken)} were not refused, {taken[:5]}")

    def is_400(answer):
        return answer[0] == 400

    await by("create", scene.save, is_400)
    await by("update", lambda target: scene.save(target, webhook=kept), is_400)
    await by("patch", lambda target: scene.patch(target, kept), is_400)
    await by("test", scene.test, lambda answer: answer[0] == 200 and answer[1]["Success"] is False
             or answer[0] == 400)

    # By hand, and by redirect: webhooks that were fine when they were saved.
    rows = [await saved(scene, f"{good}/row/{number}", ["row.attacked"])
            for number in range(len(scene.locations))]
    moved = [await saved(scene, f"{good}/redirect/{number}", ["redirect.attacked"])
             for number in range(len(scene.locations))]
    allowed = await saved(scene, f"{good}/allowed", ["allowed.happened"])
    named = await saved(scene, f"http://{GOOD_NAME}:{scene.port}/named", ["allowed.happened"])
    await scene.close()
    store = sqlite3.connect(scene.path)
    store.executemany("UPDATE webhook SET target_url = ? WHERE webhook_id = ?",
                      zip(scene.locations, rows))
    store.commit()
    store.close()
    await scene.serve("--allowed-target-ranges", f"{ALLOWED}/32")
    scene.redirects = True
    for way, webhooks in (("row", rows), ("redirect", moved), ("allowed", [allowed, named])):
        before = scene.heard()
        await scene.client.signal(f"{way}.attacked" if way != "allowed" else "allowed.happened")
        wanted = set(webhooks)
        if not await common.until(lambda: wanted <= set(outcomes(scene.path)), 30, every=0.2):
            failures.append(f"{way}: {len(wanted - set(outcomes(scene.path)))} were never tried")
        heard[way] = scene.heard() - before
    await scene.close()
    ended = outcomes(scene.path)
    certain = len(spelled)
    if any(0 in ended.get(webhook, []) for webhook in rows[:certain] + moved):
        failures.append("an attempt at a forbidden address counts as a success")
    served = {delivery.path for delivery in scene.allowed.deliveries if delivery.event}
    for webhook, path in ((allowed, "/allowed"), (named, "/named")):
        if ended.get(webhook) != [0] or path not in served:
            failures.append(f"{path} is allowed and was not served: {ended.get(webhook)}")
    if any(heard.values()):
        failures.append(f"the canaries heard {heard}")
    if len(spelled) < SPELLINGS:
        failures.append(f"only {len(spelled)} spellings")
    await scene.end()
    return {"spellings": len(spelled) + len(fickle), "ways": 6,
            "attempts": sum(map(len, ended.values())), "canaries heard": sum(heard.values())}


async def opened(given, failures):
    """The control: by each way that calls, the canaries hear a server that may call them."""
    scene = await Scene(given, "control").start()
    await scene.serve("--allow-private-targets")
    target, heard = f"http://127.0.0.1:{scene.port}/", {}

    async def by(way, call):
        before = sum(len(canary.deliveries) for canary in scene.canaries)
        answer = await call
        heard[way] = sum(len(canary.deliveries) for canary in scene.canaries) - before
        return answer

    kept = await saved(scene, f"http://{ALLOWED}:{scene.port}/", ["nobody.signals"])
    _, _, text = await by("create", scene.save(target, ["control.happened"]))
    await by("update", scene.save(target, webhook=kept))
    await by("patch", scene.patch(target + "patched", kept))
    await by("test", scene.test(target))
    await by("name", scene.test(f"http://loopback.attack.example:{scene.port}/"))
    before = sum(len(canary.deliveries) for canary in scene.canaries)
    await scene.client.signal("control.happened")
    await common.until(
        lambda: sum(len(canary.deliveries) for canary in scene.canaries) > before, 10)
    heard["delivery"] = sum(len(canary.deliveries) for canary in scene.canaries) - before
    await scene.close()
    await scene.end()
    if not all(heard.values()):
        failures.append(f"the control was not caught: the canaries heard {heard}")
    return {"heard when open": sum(heard.values())}


async def run(given):
    failures = []
    figures = await attacked(given, failures)
    figures |= await opened(given, failures)
    common.verdict("ssrf", given, figures, failures)


if __name__ == "__main__":
    asyncio.run(run(common.arguments(__doc__)))
