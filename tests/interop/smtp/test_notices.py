"""Notices by mail, through a mail server that others wrote. `WEBHOOK_AGENT_BIN` names the server under
test, and the module `common` of the proofs must be on the path; `cargo xtask test` sees to both."""

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import common

SERVER = os.environ["WEBHOOK_AGENT_BIN"]
FROM = "agent@example.com"
FAILED, DISABLED = "Webhook {} failed", "Webhook {} was disabled after errors"
# Nobody looks for notices more often than every five seconds.
SECONDS = 30


class MailServer:
    """The receiver beside this file, and the mails that it printed."""

    def __init__(self):
        self.mails, self.child, self.reading, self.port = [], None, None, None

    async def start(self, port=0):
        script = os.path.join(os.path.dirname(__file__), "receiver.py")
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, script, "--port", str(port),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        line = (await self.child.stdout.readline()).decode()
        self.port = int(line.rsplit(":", 1)[1])
        self.reading = asyncio.create_task(self.read())
        return self

    async def read(self):
        async for line in self.child.stdout:
            self.mails.append(json.loads(line))

    async def stop(self):
        self.child.stdin.close()
        await self.child.wait()
        await self.reading

    def told(self):
        """Who was told what, in order of the names."""
        return sorted((*mail["to"], subject_of(mail)) for mail in self.mails)


def subject_of(mail):
    return dict(mail["headers"])["Subject"]


async def answer(delivery, writer):
    """Answers with the status that the path begins with."""
    status = delivery.path.split("/")[1]
    body = f"this is why it is {status}".encode()
    writer.write(f"HTTP/1.1 {status} Answer\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


class Notices(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        # The runner turns it on; a start of the server is always slow by that measure.
        asyncio.get_running_loop().set_debug(False)
        folder = tempfile.TemporaryDirectory(prefix="webhook-agent-mail-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "mail.db")
        self.agent = self.client = self.bearer = None
        self.receiver = await common.Receiver(answer).start()
        self.addAsyncCleanup(self.receiver.stop)

    async def mail_server(self, port=0):
        server = await MailServer().start(port)
        self.addAsyncCleanup(server.stop)
        return server

    async def serve(self, smtp_port=None):
        options = ["--retry-delays", "50ms,50ms"]
        if smtp_port is not None:
            options += ["--smtp", f"smtp://127.0.0.1:{smtp_port}", "--smtp-security", "none",
                        "--mail-from", FROM]
        agent = common.Agent(SERVER, f"sqlite:{self.path}", *options,
                             log=os.path.join(self.folder, "log"))
        self.addCleanup(agent.kill)
        await asyncio.to_thread(agent.ready)
        if self.bearer is None:
            self.bearer = await asyncio.to_thread(common.token, SERVER, f"sqlite:{self.path}")
        self.agent, self.client = agent, common.Client(agent.port, self.bearer)

    async def stop(self):
        self.client.close()
        code, _ = await asyncio.to_thread(self.agent.stop)
        self.assertEqual(code, 0)

    def associate(self, name, *options):
        """Adds somebody; the id."""
        subprocess.run([SERVER, "user", "add", name, *options, "--database", f"sqlite:{self.path}"],
                       check=True, capture_output=True)
        store = sqlite3.connect(self.path)
        [(key,)] = store.execute("SELECT associate_id FROM associate WHERE name = ?", (name,))
        store.close()
        return key

    async def webhook(self, status, event, **members):
        """Saves a webhook whose receiver answers with this status; its id."""
        told = {"NotifyVia": "Email", "NotifyWhen": "FirstFailure, Disabling",
                "ErrorEmails": ["ops@example.org"]}
        saved = await self.client.save(
            Name=f"answers {status}", Events=[event], Type="webhook",
            TargetUrl=f"http://127.0.0.1:{self.receiver.port}/{status}/{event}", **(told | members))
        return saved["WebhookId"]

    async def notices(self, webhook):
        status, _, text = await self.client.call(
            "GET", f"/api/v1/Webhook/{webhook}/Notices/All")
        self.assertEqual(status, 200, text)
        found = json.loads(text)
        return found if isinstance(found, list) else found["Notices"]

    async def state_of(self, webhook):
        _, _, text = await self.client.call("GET", f"/api/v1/Webhook/{webhook}")
        return json.loads(text)["State"]

    async def comes(self, holds, what):
        self.assertTrue(await common.until(holds, SECONDS), what())

    async def nothing_else(self, mails):
        """Has a notice sent that is younger than all others: whatever should not come would be there."""
        last = await self.webhook(410, "last.thing", NotifyWhen="Disabling",
                                  ErrorEmails=["last@example.org"])
        await self.client.signal("last.thing")
        wanted = ("last@example.org", DISABLED.format(last))
        await self.comes(lambda: wanted in mails.told(), lambda: mails.mails)
        return [told for told in mails.told() if told != wanted]

    async def test_each_recipient_is_told_once_of_the_first_failure_and_once_of_the_end(self):
        mails = await self.mail_server()
        await self.serve(mails.port)
        kari = self.associate("kari", "--email", "kari@example.org")
        mute = self.associate("mute")
        webhook = await self.webhook(
            500, "sale.sold", ErrorEmails=["ops@example.org", "duty@example.org"],
            ErrorAssociates=[{"Id": kari}, {"Id": mute}])
        event = await self.client.signal("sale.sold", 7)
        people = ["duty@example.org", "kari@example.org", "ops@example.org"]
        wanted = sorted((who, about.format(webhook)) for who in people for about in (FAILED, DISABLED))
        await self.comes(lambda: len(mails.mails) >= len(wanted), lambda: mails.mails)
        # Three attempts, and an event that is not tried any more.
        await self.client.signal("sale.sold", 8)
        self.assertEqual(await self.nothing_else(mails), wanted)
        self.assertEqual(await self.state_of(webhook), "TooManyErrors")
        for mail in mails.mails:
            headers = dict(mail["headers"])
            self.assertEqual(mail["type"], "text/plain")
            self.assertEqual((mail["from"], headers["From"], mail["tls"]), (FROM, FROM, False))
            self.assertEqual(headers["Auto-Submitted"], "auto-generated")
            if subject_of(mail) in (FAILED.format(webhook), DISABLED.format(webhook)):
                for part in (f"Webhook: {webhook}", event, "answers 500", "this is why it is 500"):
                    self.assertIn(part, mail["text"])
        about_mute = {notice["State"]: notice["Reason"] for notice in await self.notices(webhook)
                      if notice["AssociateId"] == mute}
        self.assertEqual(about_mute, {"Failed": f"associate {mute} has no mail address"})

    async def test_an_answer_of_410_ends_a_webhook_with_one_mail(self):
        mails = await self.mail_server()
        await self.serve(mails.port)
        webhook = await self.webhook(410, "sale.sold", NotifyWhen="Disabling")
        await self.client.signal("sale.sold")
        wanted = [("ops@example.org", DISABLED.format(webhook))]
        await self.comes(lambda: mails.told() == wanted, lambda: mails.mails)
        self.assertEqual(await self.nothing_else(mails), wanted)

    async def test_who_asks_for_no_mail_gets_none(self):
        mails = await self.mail_server()
        await self.serve(mails.port)
        silent = [await self.webhook(410, "sale.sold", NotifyVia="None"),
                  await self.webhook(410, "sale.sold", NotifyWhen="None"),
                  await self.webhook(410, "sale.sold", NotifyWhen="FirstFailure", NotifyVia="InApp")]
        healthy = await self.webhook(200, "sale.sold")
        await self.client.signal("sale.sold")
        await self.comes(lambda: len(self.receiver.deliveries) == 4, lambda: self.receiver.by_pair())
        self.assertEqual(await self.nothing_else(mails), [])
        for webhook in silent:
            self.assertEqual(await self.state_of(webhook), "TooManyErrors")
            self.assertEqual(await self.notices(webhook), [])
        self.assertEqual(await self.state_of(healthy), "Active")

    async def test_a_mail_waits_for_a_mail_server_that_is_away(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        await self.serve(port)
        webhook = await self.webhook(410, "sale.sold", NotifyWhen="Disabling")
        await self.client.signal("sale.sold")
        found = []

        async def tried():
            while not found or found[0]["AttemptCount"] == 0:
                found[:] = await self.notices(webhook)
                await asyncio.sleep(0.1)

        await asyncio.wait_for(tried(), SECONDS)
        self.assertEqual((len(found), found[0]["State"]), (1, "Pending"), found)
        self.assertNotEqual(found[0]["Reason"], "")
        mails = await self.mail_server(port)
        # The minute until the next try passes in the database; that the notice waits there is the point.
        await self.stop()
        store = sqlite3.connect(self.path)
        changed = store.execute("UPDATE notice SET due_at = 0 WHERE state = 0").rowcount
        store.commit()
        store.close()
        self.assertEqual(changed, 1)
        await self.serve(port)
        wanted = [("ops@example.org", DISABLED.format(webhook))]
        await self.comes(lambda: mails.told() == wanted, lambda: mails.mails)
        self.assertEqual(await self.nothing_else(mails), wanted)
        [notice] = await self.notices(webhook)
        self.assertEqual(notice["State"], "Sent", notice)

    async def test_without_a_mail_server_notices_are_shown_as_suppressed(self):
        await self.serve()
        webhook = await self.webhook(410, "sale.sold", NotifyWhen="Disabling")
        await self.client.signal("sale.sold")
        found = []

        async def dealt_with():
            while not found or found[0]["State"] == "Pending":
                found[:] = await self.notices(webhook)
                await asyncio.sleep(0.1)

        await asyncio.wait_for(dealt_with(), SECONDS)
        [notice] = found
        self.assertEqual(
            (notice["Kind"], notice["Via"], notice["Email"], notice["State"], notice["Reason"]),
            ("Disabling", "Email", "ops@example.org", "Suppressed", "no mail server is set"))


if __name__ == "__main__":
    unittest.main()
