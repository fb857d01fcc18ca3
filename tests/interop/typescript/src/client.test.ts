// A client of generated types against the real server. What is wrong in the document is an error of
// the compiler here, or a difference between what the types promise and what comes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import createClient, { type Client } from 'openapi-fetch';

import { type Agent, type Folder, startAgent, temporaryFolder } from '../../npm/agent.mjs';
import type { components, paths } from '../generated/schema.js';

type WebhookInput = components['schemas']['WebhookInput'];

/** The administrator that the dev profile comes with. */
const AUTHORIZATION = `Basic ${Buffer.from('tje0:Tje0').toString('base64')}`;

/** A webhook with every kind of member that a client may decide on. */
function fullWebhook(name: string): WebhookInput {
  return {
    Name: name,
    Events: ['contact.created', 'sale.changed'],
    TargetUrl: 'https://hooks.warehouse.example/so/orders',
    Secret: 'Gr33n-Harb0ur-77',
    State: 'Stopped',
    Type: 'webhook',
    Headers: { 'X-Api-Key': 'wh-5521', 'X-Shard': 3 },
    Properties: { priority: 3, routing: { dlq: false } },
    ErrorEmails: ['ops@warehouse.example'],
    Description: 'Pushes sales to the warehouse',
    NotifyVia: 'Email, InApp',
    NotifyWhen: 2,
  };
}

describe('a client of generated types', () => {
  let folder: Folder;
  let server: Agent;
  let client: Client<paths>;

  before(async () => {
    folder = await temporaryFolder();
    server = await startAgent(folder.path);
    client = createClient<paths>({
      baseUrl: server.url,
      headers: { Authorization: AUTHORIZATION },
    });
  });

  after(async () => {
    await server?.kill();
    await folder?.remove();
  });

  test('saves, reads, lists and deletes a webhook by the agent', async () => {
    const { data: saved } = await client.POST('/api/v1/Agents/Webhook/SaveWebhook', {
      body: fullWebhook('By the agent'),
    });
    assert.ok(saved);
    assert.ok(saved.WebhookId > 0);
    assert.deepEqual(saved.Events, ['contact.created', 'sale.changed']);
    assert.equal(saved.State, 'Stopped');
    assert.deepEqual(saved.Headers, { 'X-Api-Key': 'wh-5521', 'X-Shard': '3' });
    assert.deepEqual(saved.Properties, { priority: 3, routing: { dlq: false } });
    assert.equal(saved.NotifyWhen, 'Disabling');
    assert.equal(saved.RegisteredAssociate?.Name, 'tje0');
    assert.equal(saved.Updated, '0001-01-01T00:00:00');

    const query = { webhookId: saved.WebhookId };
    const { data: read } = await client.POST('/api/v1/Agents/Webhook/GetWebhook', {
      params: { query },
    });
    assert.deepEqual(read, saved);

    const { data: listed } = await client.POST('/api/v1/Agents/Webhook/GetAllWebhooks', {
      body: { NameFilter: 'By the agent', StatusFilter: 'Stopped' },
    });
    assert.deepEqual(listed, [saved]);

    const { response } = await client.POST('/api/v1/Agents/Webhook/DeleteWebhook', {
      params: { query: { WebhookId: saved.WebhookId } },
    });
    assert.equal(response.status, 204);
    const { data: gone } = await client.POST('/api/v1/Agents/Webhook/GetWebhook', {
      params: { query },
    });
    assert.equal(gone, null);
  });

  test('creates, patches, puts, reads and deletes a webhook as a resource', async () => {
    const { data: created } = await client.POST('/api/v1/Webhook', {
      body: fullWebhook('A resource'),
    });
    assert.ok(created);
    const params = { path: { id: created.WebhookId } };
    assert.equal(created._Links.Self, `${server.url}/api/v1/Webhook/${created.WebhookId}`);

    const { data: patched } = await client.PATCH('/api/v1/Webhook/{id}', {
      params,
      body: [{ op: 'add', path: '/Events/-', value: 'sale.sold' }],
    });
    assert.deepEqual(patched?.Events, ['contact.created', 'sale.changed', 'sale.sold']);
    const { data: merged } = await client.PATCH('/api/v1/Webhook/{id}', {
      params,
      body: { Description: null },
    });
    assert.equal(merged?.Description, null);
    const { data: put } = await client.PUT('/api/v1/Webhook/{id}', {
      params,
      body: { Name: 'Put' },
    });
    assert.equal(put?.Name, 'Put');

    const { data: read } = await client.GET('/api/v1/Webhook/{id}', { params });
    assert.equal(read?.Name, 'Put');
    const { data: page } = await client.GET('/api/v1/archive/{provider}', {
      params: { path: { provider: 'Webhook' }, query: { $filter: "name eq 'Put'", $top: 5 } },
    });
    assert.equal(page?.value[0]?.['name'], 'Put');
    const { response } = await client.DELETE('/api/v1/Webhook/{id}', { params });
    assert.equal(response.status, 204);
    const { error } = await client.GET('/api/v1/Webhook/{id}', { params });
    assert.ok(error && 'ErrorType' in error);
    assert.equal(error.ErrorType, 'SoNotFoundException');
  });

  test('is told every rule that a webhook breaks', async () => {
    const { error } = await client.POST('/api/v1/Agents/Webhook/SaveWebhook', {
      body: { Name: 'Nothing else' },
    });
    assert.ok(error && 'Errors' in error);
    assert.deepEqual(error.Errors?.map((broken) => broken.Field), ['Events', 'TargetUrl']);
  });

  test('reads the version without a credential', async () => {
    const stranger = createClient<paths>({ baseUrl: server.url });
    const { data } = await stranger.GET('/api', { headers: { Accept: 'application/json' } });
    assert.ok(data && typeof data !== 'string');
    assert.equal(data.v1, 'v1');
    const { response } = await stranger.GET('/api/v1/Webhook');
    assert.equal(response.status, 401);
  });
});
