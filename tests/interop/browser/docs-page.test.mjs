// The page at /docs in a real browser: all operations are there, nothing comes from elsewhere, and the
// browser has nothing to complain about.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium } from 'playwright-core';

import { startAgent, temporaryFolder } from '../npm/agent.mjs';

/** Where Debian's package puts it. */
const BROWSER = '/usr/bin/chromium';

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

describe('the page at /docs', () => {
  let folder;
  let server;
  let browser;
  let api;

  before(async () => {
    folder = await temporaryFolder();
    server = await startAgent(folder.path);
    api = await (await fetch(`${server.url}/api/openapi.json`)).json();
    browser = await chromium.launch({
      executablePath: BROWSER,
      headless: true,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });

  after(async () => {
    await browser?.close();
    await server?.kill();
    await folder?.remove();
  });

  /** Opens a path, waits until the operations are there, and notes all that must not happen. */
  async function open(path) {
    const page = await browser.newPage();
    const seen = { urls: [], complaints: [] };
    page.on('request', (request) => seen.urls.push(request.url()));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) seen.complaints.push(message.text());
    });
    page.on('pageerror', (error) => seen.complaints.push(String(error)));
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    const answer = await page.goto(`${server.url}${path}`);
    await page.waitForSelector('main[aria-busy=false]');
    return { page, seen, answer };
  }

  const operations = () => Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] })));

  const count = (page, selector) => page.locator(selector).count();

  test('shows every operation under its group, each with path, method and summary', async () => {
    const { page, seen } = await open('/docs');
    assert.equal(await count(page, 'details.operation'), operations().length);
    for (const { path, method, operationId, summary, tags } of operations()) {
      const head = page.locator(`details#${operationId} > summary`);
      const text = await head.textContent();
      assert.ok(text.startsWith(`${method.toUpperCase()} ${path}`), text);
      assert.ok(text.includes(summary.replaceAll('`', '')), text);
      const group = page.locator('section', { has: page.locator(`#${operationId}`) });
      assert.equal(await group.locator('h2').textContent(), tags[0]);
    }
    assert.deepEqual(seen.complaints, []);
    await page.close();
  });

  test('unfolds parameters, bodies, answers, schemas and examples', async () => {
    const { page, seen } = await open('/docs');
    await page.click('#open');
    for (const { operationId, parameters = [], responses, requestBody } of operations()) {
      const own = `details#${operationId}`;
      assert.equal(await count(page, `${own} tr.parameter`), parameters.length, operationId);
      const answers = await count(page, `${own} > details.response`);
      assert.equal(answers, Object.keys(responses).length, operationId);
      const bodies = await page.locator(`${own} > h4`, { hasText: 'Body' }).count();
      assert.equal(bodies, requestBody ? 1 : 0, operationId);
    }
    // As deep as the document goes, until nothing is left to unfold.
    for (let depth = 0; ; depth += 1) {
      assert.ok(depth < 30, 'schemas that hold themselves are not to be unfolded here');
      const opened = await page.evaluate(() => {
        const closed = [...document.querySelectorAll('main details:not([open])')];
        closed.forEach((details) => { details.open = true; });
        return closed.length;
      });
      if (opened === 0) break;
      await page.waitForFunction(() =>
        [...document.querySelectorAll('details[open]')].every((one) => one.childElementCount > 1));
    }
    const saved = page.locator('details#SaveWebhook');
    const text = await saved.textContent();
    for (const name of Object.keys(api.components.schemas.WebhookInput.properties)) {
      assert.ok(text.includes(name), name);
    }
    assert.ok(text.includes('application/xml'), 'media types');
    const example = await saved.locator('details.example pre').first().textContent();
    assert.ok(JSON.parse(example).TargetUrl.startsWith('https:'), example);
    assert.deepEqual(seen.complaints, []);
    await page.close();
  });

  test('loads from this server alone, behind any prefix, with and without a slash', async () => {
    for (const path of ['/docs', '/docs/', '/Cust12345/docs', '/Cust12345/docs/']) {
      const { page, seen, answer } = await open(path);
      assert.equal(await count(page, 'details.operation'), operations().length, path);
      assert.ok(seen.urls.length >= 4, 'the page, its script, its style and the document');
      for (const url of seen.urls) assert.equal(new URL(url).origin, server.url, url);
      assert.deepEqual(seen.complaints, []);
      const policy = answer.headers()['content-security-policy'];
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
      assert.match(policy, /frame-ancestors 'none'$/);
      await page.close();
    }
  });

  test('has a browser refuse what comes from elsewhere', async () => {
    const { page, seen } = await open('/docs');
    const refusal = page.waitForEvent('console', {
      predicate: (message) => message.text().startsWith('refused by the policy: img-src'),
    });
    await page.evaluate(() => {
      const image = document.createElement('img');
      image.src = 'https://elsewhere.example/x.png';
      document.body.append(image);
    });
    assert.match((await refusal).text(), /elsewhere\.example/);
    assert.ok(seen.complaints.length > 0, 'what the other tests look for is seen');
    await page.close();
  });

  test('finds operations by a word, and opens the one that the address names', async () => {
    const { page } = await open('/docs#WebhookPatch');
    assert.equal(await page.locator('details#WebhookPatch').getAttribute('open'), '');
    await page.fill('#filter', 'archive');
    const visible = page.locator('details.operation:visible');
    await page.waitForFunction(() => document.querySelector('#WebhookPatch').hidden);
    assert.equal(await visible.count(), 2);
    await page.fill('#filter', '');
    assert.equal(await visible.count(), operations().length);
    await page.close();
  });
});
