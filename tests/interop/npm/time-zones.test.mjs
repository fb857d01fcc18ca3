// The client turns the unset date of a webhook into a moment of its own time zone and sends that
// back: year 0 east of Greenwich. Such a save must succeed, and the stamps must be the server's.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { startAgent, temporaryFolder } from './agent.mjs';

const SCRIPT = fileURLToPath(new URL('read-and-save.mjs', import.meta.url));

/** The day on which the unset date falls once it is written in UTC. */
const DAYS = {
  'UTC': '0001-01-01',
  'Europe/Oslo': '0000-12-31',
  'America/New_York': '0001-01-01',
  'Asia/Kolkata': '0000-12-31',
  'Pacific/Auckland': '0000-12-31',
};

describe('the official npm client in another time zone', () => {
  let folder;
  let server;

  before(async () => {
    folder = await temporaryFolder();
    server = await startAgent(folder.path);
  });

  after(async () => {
    await server?.kill();
    await folder?.remove();
  });

  for (const [zone, day] of Object.entries(DAYS)) {
    test(`reads and saves unset stamps in ${zone}`, async () => {
      const start = Date.now();
      const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, server.url], {
        env: { ...process.env, TZ: zone },
      });
      const { sent, created, updated, read } = JSON.parse(stdout);

      // Otherwise this would not be the case that it is meant to be.
      assert.equal(sent.registered.slice(0, 10), day);
      assert.ok(created.webhookId > 0);
      assert.ok(Date.parse(created.registered) >= start - 1, created.registered);
      assert.ok(Date.parse(created.registered) <= Date.now() + 1, created.registered);
      // Sent back by the client with an unset `updated`, which again is not the server's.
      assert.equal(created.updated.slice(0, 10), day);
      assert.equal(updated.webhookId, created.webhookId);
      assert.equal(updated.registered, created.registered);
      assert.ok(Date.parse(updated.updated) >= Date.parse(created.registered), updated.updated);
      assert.ok(Date.parse(updated.updated) <= Date.now() + 1, updated.updated);
      assert.deepEqual(read, updated);
    });
  }

  test('leaves the server able to end in good order', async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
});
