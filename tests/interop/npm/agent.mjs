// Runs the real server for one test file: on a port of its own, over a database of its own, in the
// dev profile. Knows nothing about webhooks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** In milliseconds; far beyond what a start takes, so that a server that hangs fails the test. */
const START_FOR = 60_000;

const READY = /^listening (http:\/\/\S+)$/;

/** A folder for a database that lives as long as a test file does. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'webhook-agent-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Starts the server over the database in `folder` and waits for the line that says it is ready.
 * `url` is where it listens; `stop` asks it to end and tells how it did; `kill` is for clean-up.
 */
export async function startAgent(folder) {
  const binary = process.env.WEBHOOK_AGENT_BIN;
  assert.ok(binary, 'WEBHOOK_AGENT_BIN must name the binary; `cargo xtask test` sets it');
  const child = spawn(
    binary,
    ['serve', '--dev', '--listen', '127.0.0.1:0', '--database', `sqlite:${join(folder, 'webhooks.db')}`],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: environmentWithoutSettings() },
  );
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });

  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, url] = READY.exec(line) ?? [];
      if (url) resolve(url);
    });
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), START_FOR);
  const url = await Promise.race([ready, ended.then(() => undefined)]);
  clearTimeout(deadline);
  assert.ok(url, `the server ended before it was ready; it said:\n${log}`);

  return {
    url,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    kill: () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      return ended;
    },
  };
}

/** Settings of whoever runs the tests must not reach the server under test. */
function environmentWithoutSettings() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('WEBHOOK_AGENT_')),
  );
}
