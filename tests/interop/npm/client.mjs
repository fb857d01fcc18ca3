// The official client, set up to talk to one server. Knows nothing about what the answers mean.

import { createRequire } from 'node:module';

// The package's build for `import` leaves file endings out, which Node.js refuses; the one for
// `require` is what its `main` names.
const require = createRequire(import.meta.url);

export const {
  ResourceParsing,
  WebApi,
  WebhookAgent,
  WebhookNotifyVia,
  WebhookNotifyWhen,
  WebhookState,
} = require('@superoffice/webapi');

/** The administrator that the dev profile comes with. */
export const ADMINISTRATOR = { username: 'tje0', password: 'Tje0' };

/**
 * What the client hands to its HTTP library: never a proxy, whatever the environment says, and an
 * end (in milliseconds) to every call, so that an answer that never comes fails the test.
 */
export function axiosConfig(auth) {
  return { auth, headers: {}, proxy: false, timeout: 30_000 };
}

/** The webhook agent of the server at this address. */
export function connect(baseUrl, auth = ADMINISTRATOR) {
  return new WebhookAgent(baseUrl, axiosConfig(auth));
}

/** Options for one call that keep the raw answer, which the client itself hides. */
export function keepingAnswer() {
  const options = { responseCallback: (response) => { options.answer = response; } };
  return options;
}

/** A webhook with every member that a client may decide on. */
export function fullWebhook(name) {
  return {
    name,
    events: ['contact.created', 'sale.changed'],
    targetUrl: 'https://hooks.warehouse.example/so/orders',
    secret: 'Gr33n-Harb0ur-77',
    state: WebhookState.Active,
    type: 'webhook',
    headers: { 'X-Api-Key': 'wh-5521', 'x-Region': 'nordic' },
    properties: {
      source: 'interop',
      Priority: 3,
      share: 0.25,
      routing: { queue: 'orders', dlq: false, tags: ['a', 'b'], note: null },
    },
    errorEmails: ['ops@warehouse.example', 'duty@warehouse.example'],
    description: 'Pushes sales to the warehouse',
    notifyVia: WebhookNotifyVia.Email | WebhookNotifyVia.InApp,
    notifyWhen: WebhookNotifyWhen.Disabling,
  };
}

/** Whether a date is the "not set" of the API, the first moment of year 1, read in any time zone. */
export function isUnset(date) {
  return date.getFullYear() === 1;
}
