// Writes the types of the API, made from the document that the server prints.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

import openapiTS, { astToString } from 'openapi-typescript';

const binary = process.env.WEBHOOK_AGENT_BIN;
assert.ok(binary, 'WEBHOOK_AGENT_BIN must name the binary; `cargo xtask test` sets it');
const document = execFileSync(binary, ['openapi'], { encoding: 'utf8', maxBuffer: 2 ** 25 });
const types = astToString(await openapiTS(document));
mkdirSync('generated', { recursive: true });
writeFileSync('generated/schema.d.ts', types);
