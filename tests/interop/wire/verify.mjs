// Verifies deliveries that the server made, with code that knows nothing of the server: the official
// library of Standard Webhooks for the one signature, and the crypto of Node.js for the other.
//
// Every forgery of every signed delivery must be refused, or nothing here proves anything.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import { Webhook, WebhookVerificationError } from 'standardwebhooks';

const SIGNATURES = [
  'x-superoffice-signature', 'webhook-id', 'webhook-timestamp', 'webhook-signature',
];

/// Whether the signature of the original is the one of this body.
function superofficeHolds(secret, headers, body) {
  const expected = createHmac('sha256', Buffer.from(secret, 'utf8')).update(body).digest('base64');
  return expected === headers['x-superoffice-signature'];
}

/// Whether the official library takes it.
function standardHolds(receiver, headers, body) {
  try {
    receiver.verify(body, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

/// The body with one letter changed, elsewhere in each delivery.
function withOneBitChanged(body, number) {
  const changed = Buffer.from(body);
  let place = (number * 31) % changed.length;
  // Within ASCII, so that it stays a text and the signature is all that can refuse it.
  while (changed[place] > 0x7f) place = (place + 1) % changed.length;
  changed[place] ^= 1;
  return changed;
}

/// What somebody sets up who has this secret: an encoded key as it is, a text as bytes.
function receiverOf(record, secret) {
  return record.encoded
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret, 'utf8'), { format: 'raw' });
}

/// What a receiver must refuse: other bytes, another delivery, another time, another secret.
function forgeries(record, headers, body, number) {
  const { secret } = record;
  const later = String(Number(headers['webhook-timestamp']) + 1);
  const other = record.encoded ? 'whsec_b3RoZXI=' : `${secret}x`;
  return [
    ['body', headers, withOneBitChanged(body, number), secret],
    ['id', { ...headers, 'webhook-id': `${headers['webhook-id']}0` }, body, secret],
    ['time', { ...headers, 'webhook-timestamp': later }, body, secret],
    ['secret', headers, body, other],
  ];
}

let deliveries = 0;
let signed = 0;
let refused = 0;
const file = process.env.WIRE_FILE;
assert.ok(file, 'WIRE_FILE names the deliveries');
for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
  const record = JSON.parse(line);
  const headers = Object.fromEntries(record.headers);
  assert.equal(Object.keys(headers).length, record.headers.length, 'no header comes twice');
  const body = Buffer.from(record.body, 'base64');
  const payload = JSON.parse(body.toString('utf8'));
  assert.equal(payload.EventId, headers['x-superoffice-eventid']);
  const number = deliveries;
  deliveries += 1;
  if (record.secret === null) {
    assert.deepEqual(SIGNATURES.filter((name) => name in headers), []);
    continue;
  }
  signed += 1;
  assert.ok(superofficeHolds(record.secret, headers, body), line);
  assert.ok(standardHolds(receiverOf(record, record.secret), headers, body), line);
  for (const [what, forged, bytes, secret] of forgeries(record, headers, body, number)) {
    assert.ok(!standardHolds(receiverOf(record, secret), forged, bytes), `${what} of ${line}`);
    // The signature of the original covers the body, and nothing else.
    if (what === 'body' || what === 'secret') {
      assert.ok(!superofficeHolds(secret, forged, bytes), `${what} of ${line}`);
    }
    refused += 1;
  }
}
assert.ok(signed > 0, 'nothing was signed, so nothing was verified');
console.log(
  `node: ${deliveries} deliveries, ${signed} signed, both signatures of each held, ` +
    `${refused} forgeries refused`,
);
