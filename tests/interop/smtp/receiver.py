"""A mail server for tests: says where it listens, then prints each mail that it takes as a line of JSON.

    listening 127.0.0.1:40251
    {"from": "agent@example.org", "to": ["kari@example.com"], "tls": true, "login": null,
     "headers": [["Subject", "Webhook 17 failed"], ...], "type": "text/plain", "text": "..."}

Each mail is one line there. It ends when its standard input does. Knows nothing about webhooks.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Printer:
    """Takes mails, except for addresses that it was told to refuse."""

    def __init__(self, refused):
        self.refused = {address.lower() for address in refused}

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.lower() in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        # A mail that is anything but one part of text has no text here.
        text = None if message.is_multipart() else message.get_content()
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "login": session.auth_data,
            "headers": [[name, str(value)] for name, value in message.items()],
            "type": message.get_content_type(),
            "text": text,
        }
        print(json.dumps(told), flush=True)
        return "250 OK"


def options(given):
    """How the server is set up."""
    chosen = {"hostname": "receiver.example", "auth_require_tls": given.certificate is not None}
    if given.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.certificate, given.key)
        chosen |= {"tls_context": context, "require_starttls": True}
    if given.login:
        chosen |= {"auth_required": True, "authenticator": authenticator(given.login)}
    return chosen


def authenticator(wanted):
    """Lets in who comes with this `user:password`."""
    user, _, password = wanted.partition(":")
    right = LoginPassword(user.encode(), password.encode())

    def judge(server, session, envelope, mechanism, data):
        if data == right:
            return AuthResult(success=True, auth_data=user)
        return AuthResult(success=False, handled=False)

    return judge


async def serve(given):
    printer, chosen, loop = Printer(given.refuse), options(given), asyncio.get_running_loop()

    def connection():
        return SMTP(printer, loop=loop, **chosen)

    server = await loop.create_server(connection, "127.0.0.1", given.port)
    port = server.sockets[0].getsockname()[1]
    print(f"listening 127.0.0.1:{port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=0, help="instead of any that is free")
    parser.add_argument("--refuse", action="append", default=[], help="an address that has no mailbox")
    parser.add_argument("--login", help="user:password that everybody must come with")
    parser.add_argument("--certificate", help="PEM file; then STARTTLS is offered, and demanded")
    parser.add_argument("--key", help="PEM file with the key of the certificate")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
