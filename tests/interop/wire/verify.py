"""Verifies deliveries that the server made, with code that knows nothing of the server: the official
library of Standard Webhooks for the one signature, and the hmac of Python for the other.

Every forgery of every signed delivery must be refused, or nothing here proves anything.
"""

import base64
import hashlib
import hmac
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

# The members that the server writes, in their order; the webhook's own come after them.
ORDER = [
    "EventId", "Timestamp", "Changes", "Values", "Event", "PrimaryKey", "Entity",
    "ContextIdentifier", "ChangedByAssociateId", "WebhookName", "FieldValues",
]

SIGNATURES = ["x-superoffice-signature", "webhook-id", "webhook-timestamp", "webhook-signature"]


def superoffice_holds(secret, headers, body):
    """Whether the signature of the original is the one of this body."""
    expected = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    return hmac.compare_digest(expected, headers["x-superoffice-signature"])


def standard_holds(receiver, headers, body):
    """Whether the official library takes it."""
    try:
        receiver.verify(body, headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def with_one_bit_changed(body, number):
    """The body with one letter changed, elsewhere in each delivery."""
    changed = bytearray(body)
    place = number * 31 % len(changed)
    # Within ASCII, so that it stays a text and the signature is all that can refuse it.
    while changed[place] > 0x7F:
        place = (place + 1) % len(changed)
    changed[place] ^= 1
    return bytes(changed)


def no_member_twice(pairs):
    """Reads an object, and refuses one that has a member twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"a member comes twice: {[name for name, _ in pairs]}")
    return members


def check_body(body):
    """Judges the members of a payload and their order."""
    names = list(json.loads(body, object_pairs_hook=no_member_twice))
    places = [ORDER.index(name) if name in ORDER else len(ORDER) for name in names]
    assert places == sorted(places), names
    folded = {name.lower() for name in ORDER}
    own = [name for name in names if name not in ORDER]
    assert not [name for name in own if name.lower() in folded], names


def forgeries(record, headers, body, number):
    """What a receiver must refuse: other bytes, another delivery, another time, another secret."""
    later = str(int(headers["webhook-timestamp"]) + 1)
    yield "body", headers, with_one_bit_changed(body, number), record["secret"]
    yield "id", {**headers, "webhook-id": headers["webhook-id"] + "0"}, body, record["secret"]
    yield "time", {**headers, "webhook-timestamp": later}, body, record["secret"]
    yield "secret", headers, body, other_secret(record)


def other_secret(record):
    """A secret of the same kind."""
    return "whsec_b3RoZXI=" if record["encoded"] else record["secret"] + "x"


def receiver_of(record, secret):
    """What somebody sets up who has this secret: an encoded key as it is, a text as bytes."""
    return Webhook(secret if record["encoded"] else secret.encode())


def main(path):
    """Verifies every line of the file and prints how many of what held."""
    deliveries = signed = refused = 0
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            record = json.loads(line)
            names = [name for name, _ in record["headers"]]
            assert len(names) == len(set(names)), names
            headers = dict(record["headers"])
            body = base64.b64decode(record["body"], validate=True)
            check_body(body)
            deliveries += 1
            if record["secret"] is None:
                assert not [name for name in SIGNATURES if name in headers], names
                continue
            signed += 1
            assert superoffice_holds(record["secret"], headers, body), line
            assert standard_holds(receiver_of(record, record["secret"]), headers, body), line
            for what, forged, bytes_, secret in forgeries(record, headers, body, number):
                receiver = receiver_of(record, secret)
                assert not standard_holds(receiver, forged, bytes_), (what, line)
                # The signature of the original covers the body, and nothing else.
                if what in ("body", "secret"):
                    assert not superoffice_holds(secret, forged, bytes_), (what, line)
                refused += 1
    assert signed, "nothing was signed, so nothing was verified"
    print(
        f"python: {deliveries} deliveries, {signed} signed, both signatures of each held, "
        f"{refused} forgeries refused"
    )


if __name__ == "__main__":
    main(sys.argv[1])
