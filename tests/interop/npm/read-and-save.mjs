// Run by time-zones.test.mjs in a process of its own per time zone: saves a default webhook, saves
// it again as it came back, reads it, and prints all of that as JSON.

import { connect } from './client.mjs';

const agent = connect(process.argv[2]);
const sent = await agent.createDefaultWebhookAsync();
sent.name = `Saved in ${process.env.TZ}`;
sent.targetUrl = 'https://hooks.warehouse.example/zones';
const created = await agent.saveWebhookAsync(sent);
const updated = await agent.saveWebhookAsync(created);
const read = await agent.getWebhookAsync(updated.webhookId);
process.stdout.write(JSON.stringify({ sent, created, updated, read }));
