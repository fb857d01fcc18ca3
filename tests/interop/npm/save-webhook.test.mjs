// Saving, reading, listing and deleting webhooks with the official client, as its users do.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startAgent, temporaryFolder } from './agent.mjs';
import {
  ADMINISTRATOR,
  axiosConfig,
  connect,
  fullWebhook,
  isUnset,
  keepingAnswer,
  ResourceParsing,
  WebApi,
  WebhookAgent,
  WebhookNotifyVia,
  WebhookNotifyWhen,
  WebhookState,
} from './client.mjs';

const MEMBERS = [
  'WebhookId', 'Name', 'Events', 'TargetUrl', 'Secret', 'State', 'Type', 'Headers', 'Properties',
  'Registered', 'RegisteredAssociate', 'Updated', 'UpdatedAssociate', 'ErrorsEmail', 'ErrorEmails',
  'ErrorAssociates', 'Description', 'NotifyVia', 'NotifyWhen', 'TotalCalls', 'TotalErrors',
  'ConsecutiveErrors', 'LastError',
];

describe('the official npm client', () => {
  let folder;
  let server;
  let agent;

  before(async () => {
    folder = await temporaryFolder();
    server = await startAgent(folder.path);
    agent = connect(server.url);
  });

  after(async () => {
    await server?.kill();
    await folder?.remove();
  });

  /** Ids of all webhooks that a filter finds, in rising order. */
  const idsOf = async (...filter) => {
    const webhooks = await agent.getAllWebhooksAsync(...filter);
    return webhooks.map((webhook) => webhook.webhookId).sort((a, b) => a - b);
  };

  test('gets a default webhook with every member and its documented value', async () => {
    const options = keepingAnswer();
    const webhook = await agent.createDefaultWebhookAsync(options);

    assert.deepEqual(Object.keys(options.answer.data), MEMBERS);
    assert.equal(options.answer.data.Registered, '0001-01-01T00:00:00');
    assert.equal(options.answer.data.Updated, '0001-01-01T00:00:00');
    assert.equal(options.answer.data.NotifyVia, 'None');
    assert.equal(options.answer.data.NotifyWhen, 'None');
    assert.equal(webhook.webhookId, 0);
    assert.equal(webhook.name, null);
    assert.deepEqual(webhook.events, ['contact.created', 'contact.deleted']);
    assert.equal(webhook.targetUrl, null);
    assert.equal(webhook.secret, null);
    assert.equal(webhook.state, WebhookState.Active);
    assert.equal(webhook.type, 'webhook');
    assert.equal(webhook.registeredAssociate, null);
    assert.equal(webhook.updatedAssociate, null);
    assert.equal(webhook.errorsEmail, null);
    assert.deepEqual(webhook.errorEmails, []);
    assert.deepEqual(webhook.errorAssociates, []);
    assert.equal(webhook.totalCalls, 0);
    assert.equal(webhook.totalErrors, 0);
    assert.equal(webhook.consecutiveErrors, 0);
  });

  test('saves a new webhook and gets it back with id, stamps and all that was asked for', async () => {
    const wanted = fullWebhook('Warehouse order feed');
    const options = keepingAnswer();
    const start = Date.now();
    const saved = await agent.saveWebhookAsync(wanted, options);

    assert.equal(options.answer.status, 200);
    assert.deepEqual(Object.keys(options.answer.data), MEMBERS);
    assert.equal(options.answer.data.NotifyVia, 'Email, InApp');
    assert.ok(saved.webhookId > 0);
    for (const [member, value] of Object.entries(wanted)) {
      assert.deepEqual(saved[member], value, member);
    }
    assert.deepEqual(Object.keys(saved.headers), Object.keys(wanted.headers));
    assert.deepEqual(Object.keys(saved.properties), Object.keys(wanted.properties));
    // The first of the addresses, for clients that know only one.
    assert.equal(saved.errorsEmail, 'ops@warehouse.example');
    // The client cuts to milliseconds, the server does not.
    assert.ok(saved.registered.getTime() >= start - 1, `${saved.registered.toISOString()}`);
    assert.ok(saved.registered.getTime() <= Date.now() + 1, `${saved.registered.toISOString()}`);
    assert.equal(saved.registeredAssociate.name.toLowerCase(), ADMINISTRATOR.username);
    assert.ok(saved.registeredAssociate.associateId > 0);
    assert.ok(isUnset(saved.updated));
    assert.equal(saved.updatedAssociate, null);
    assert.deepEqual(
      [saved.totalCalls, saved.totalErrors, saved.consecutiveErrors],
      [0, 0, 0],
    );
  });

  test('saves the smallest webhook, the rest being filled in', async () => {
    const saved = await agent.saveWebhookAsync({
      name: 'Smallest',
      events: ['contact.created'],
      type: 'webhook',
      targetUrl: 'https://hooks.warehouse.example/smallest',
    });

    assert.equal(saved.state, WebhookState.Active);
    assert.deepEqual(saved.headers, {});
    assert.deepEqual(saved.properties, {});
    assert.deepEqual(saved.errorEmails, []);
    assert.equal(saved.secret, '');
  });

  test('reads a webhook as it was saved', async () => {
    const saved = await agent.saveWebhookAsync(fullWebhook('Read back'));

    assert.deepEqual(await agent.getWebhookAsync(saved.webhookId), saved);
  });

  test('saves changes to a webhook it read, which keeps who registered it and gets who updated it', async () => {
    const created = await agent.saveWebhookAsync(fullWebhook('Before'));
    const read = await agent.getWebhookAsync(created.webhookId);
    read.name = 'After';
    read.events = ['sale.sold', 'webhook118.errors'];
    read.state = WebhookState.Stopped;
    read.headers = { 'X-Other': 'one' };
    read.properties = {};
    read.notifyVia = WebhookNotifyVia.InApp;
    read.notifyWhen = WebhookNotifyWhen.FirstFailure | WebhookNotifyWhen.Disabling;
    const updated = await agent.saveWebhookAsync(read);

    assert.equal(updated.webhookId, created.webhookId);
    assert.equal(updated.name, 'After');
    assert.deepEqual(updated.events, ['sale.sold', 'webhook118.errors']);
    assert.equal(updated.state, WebhookState.Stopped);
    assert.deepEqual(updated.headers, { 'X-Other': 'one' });
    assert.deepEqual(updated.properties, {});
    assert.equal(updated.notifyVia, WebhookNotifyVia.InApp);
    assert.equal(updated.notifyWhen, 3);
    assert.equal(updated.secret, created.secret);
    assert.deepEqual(updated.registered, created.registered);
    assert.deepEqual(updated.registeredAssociate, created.registeredAssociate);
    assert.ok(updated.updated >= created.registered);
    assert.equal(updated.updatedAssociate.associateId, created.registeredAssociate.associateId);
    assert.deepEqual(await agent.getWebhookAsync(created.webhookId), updated);
  });

  test('saves a default webhook that it filled in, unset stamps and all', async () => {
    const webhook = await agent.createDefaultWebhookAsync();
    assert.ok(isUnset(webhook.registered));
    webhook.name = 'From the default';
    webhook.targetUrl = 'https://hooks.warehouse.example/default';
    const saved = await agent.saveWebhookAsync(webhook);

    assert.ok(saved.webhookId > 0);
    assert.deepEqual(saved.events, ['contact.created', 'contact.deleted']);
    assert.ok(!isUnset(saved.registered));
    assert.ok(isUnset(saved.updated));
  });

  test('leaves members out, or flags at null, to keep what is stored, and sends null to clear', async () => {
    const created = await agent.saveWebhookAsync(fullWebhook('Partly'));
    const { webhookId } = created;
    const kept = await agent.saveWebhookAsync({ webhookId, notifyVia: null, notifyWhen: null });

    for (const member of Object.keys(fullWebhook('Partly'))) {
      assert.deepEqual(kept[member], created[member], member);
    }

    const cleared = await agent.saveWebhookAsync({
      webhookId, description: null, headers: null, secret: null,
    });
    assert.ok(!cleared.description);
    assert.ok(!cleared.secret);
    assert.deepEqual(cleared.headers ?? {}, {});
    assert.equal(cleared.name, 'Partly');
  });

  test('lists webhooks by name, by event, by state and all of them', async () => {
    const save = async (name, changes) =>
      (await agent.saveWebhookAsync({ ...fullWebhook(name), ...changes })).webhookId;
    const one = await save('Listed', { events: ['listing.one'] });
    const two = await save('Listed', { events: ['listing.two', 'listing.both'] });
    const stopped = await save('Listed apart', {
      events: ['listing.both'],
      state: WebhookState.Stopped,
    });

    assert.deepEqual(await idsOf('Listed', null, WebhookState.Unknown), [one, two]);
    assert.deepEqual(await idsOf(null, 'listing.both', WebhookState.Unknown), [two, stopped]);
    assert.deepEqual(await idsOf(null, 'listing.both', WebhookState.Stopped), [stopped]);
    assert.deepEqual(await idsOf('Listed', 'listing.both', WebhookState.Active), [two]);
    assert.deepEqual(await idsOf({ nameFilter: 'Listed apart', eventFilter: null, statusFilter: null }), [stopped]);
    assert.deepEqual(await idsOf('Nowhere', null, WebhookState.Unknown), []);
    const all = await idsOf('', '', WebhookState.Unknown);
    assert.ok([one, two, stopped].every((id) => all.includes(id)));
    assert.deepEqual(await idsOf(null, null, WebhookState.Unknown), all);
  });

  test('deletes a webhook, which is null from then on, as one that never was', async () => {
    const { webhookId } = await agent.saveWebhookAsync(fullWebhook('Short-lived'));
    const options = keepingAnswer();
    await agent.deleteWebhookAsync(webhookId, options);

    assert.equal(options.answer.status, 204);
    assert.equal(options.answer.data, '');
    assert.equal(await agent.getWebhookAsync(webhookId), null);
    assert.ok(!(await idsOf('Short-lived', null, WebhookState.Unknown)).includes(webhookId));
    await agent.deleteWebhookAsync(webhookId, options);
    assert.equal(options.answer.status, 204);
    assert.equal(await agent.getWebhookAsync(2_000_000_000), null);
  });

  test('is told why a webhook is refused, and nothing is stored', async () => {
    const present = await idsOf(null, null, WebhookState.Unknown);
    const refused = [
      { ...fullWebhook(''), name: '' },
      { ...fullWebhook('No events'), events: [] },
      { ...fullWebhook('No target'), targetUrl: '' },
      { ...fullWebhook('Bad header'), headers: { 'X-Bad': 'a\r\nb' } },
    ];
    for (const webhook of refused) {
      await assert.rejects(agent.saveWebhookAsync(webhook), ({ response }) => {
        assert.equal(response.status, 400);
        assert.equal(response.data.Error, true);
        assert.equal(response.data.ErrorType, 'ArgumentException');
        assert.ok(response.data.Message.length > 0);
        return true;
      });
    }
    assert.deepEqual(await idsOf(null, null, WebhookState.Unknown), present);
  });

  test('is told when the webhook to be changed does not exist', async () => {
    const webhook = { ...fullWebhook('Lost'), webhookId: 2_000_000_000 };
    await assert.rejects(agent.saveWebhookAsync(webhook), ({ response }) => {
      assert.equal(response.status, 404);
      assert.equal(response.data.ErrorType, 'SoNotFoundException');
      return true;
    });
  });

  test('is refused with a wrong password, with an unknown user and without either', async () => {
    for (const auth of [{ username: 'tje0', password: 'tje0' }, { username: 'nobody', password: 'Tje0' }, undefined]) {
      const stranger = new WebhookAgent(server.url, axiosConfig(auth));
      await assert.rejects(stranger.createDefaultWebhookAsync(), ({ response }) => {
        assert.equal(response.status, 401);
        return true;
      });
    }
  });

  test('reaches the same webhooks below any path, with and without a slash at its end', async () => {
    const { webhookId, ...saved } = await agent.saveWebhookAsync(fullWebhook('Everywhere'));
    for (const path of ['/Cust12345/', '/Cust12345', '/some/app/', '/Cust12345/api/', '/Cust12345/api']) {
      const { webhookId: id, ...read } = await connect(`${server.url}${path}`).getWebhookAsync(webhookId);
      assert.equal(id, webhookId, path);
      assert.deepEqual(read, saved, path);
    }
  });

  test('works through the front door of the package and with translation switched off', async () => {
    const api = new WebApi(`${server.url}/`, axiosConfig(undefined), ResourceParsing.DoNotParse);
    api.authenticateWithPassword(ADMINISTRATOR.username, ADMINISTRATOR.password);
    const { webhookId } = await api.getWebhookAgent().saveWebhookAsync(fullWebhook('Front door'));

    assert.equal((await agent.getWebhookAsync(webhookId)).name, 'Front door');
  });

  test('finds what it saved after the server was ended in good order and started again', async () => {
    const saved = await agent.saveWebhookAsync(fullWebhook('Durable'));
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    server = await startAgent(folder.path);
    agent = connect(server.url);

    assert.deepEqual(await agent.getWebhookAsync(saved.webhookId), saved);
    const next = await agent.saveWebhookAsync(fullWebhook('After the restart'));
    assert.ok(next.webhookId > saved.webhookId);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
});
