// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type Call } from '../src/api/calls';
import { calls } from '../src/api/calls.gen';
import { ask, made } from './ask';
import { expect, test } from './fixture';
import { byFactor, handIn, inDays, key, requestOf } from './furnish';
import { harmless, inName, nothing, ranIn, script } from './hostile';
import { codeOf, personOf } from './people';

// The texts that are written about what is there already: who writes which, and on which
// page it is seen.
interface Text {
  by: 'wang' | 'li' | 'zhao' | 'chen';
  call: Call;
  of?: string; // list that says of which, by its first item
  as?: string; // field that names it
  body: object;
  match?: boolean; // it is a change of what was read
  at?: string; // page, by default that of the proposal that comes of it
  typed?: boolean; // it is in an input there
}
const proposes = { reason: script };
const texts: Text[] = [
  { by: 'wang', call: 'acknowledge-alert', of: '/api/alerts', body: { note: script }, at: 'alerts/:id' },
  { by: 'wang', call: 'rename-account', of: '/api/accounts', as: 'zhao', body: { name: 'zhao', person: script }, match: true, at: 'accounts/:id' },
  { by: 'chen', call: 'change-finding', of: '/api/findings', body: { title: `2 ${script}`, text: script }, match: true, at: 'findings/:id' },
  { by: 'li', call: 'move-finding', of: '/api/findings', body: { state: 'mending', text: script }, match: true, at: 'findings/:id' },
  { by: 'chen', call: 'set-report-settings', body: { unit: script, zone: 'Asia/Shanghai' }, match: true, at: 'reports', typed: true },
  { by: 'li', call: 'set-retention', body: { class: 'health', days: 400, ...proposes } },
  { by: 'li', call: 'switch-audit-class', body: { class: 'health', from: inDays(1), to: inDays(2), index: true, ...proposes } },
  { by: 'li', call: 'destroy-details', body: { before: inDays(-4000), ...proposes } },
  { by: 'li', call: 'dismiss-component', of: 'front-intranet', body: proposes },
];

for (const text of texts) {
  test(`script in what ${text.call} says stays text`, async ({ signIn }) => {
    const page = await signIn(text.by);
    const { method, path } = calls[text.call];
    const id = text.of?.startsWith('/') ? await made(page, 'GET', text.of).then((a) => (text.as ? a.items.find((one: any) => one.name === text.as) : a.items[0]).id as string) : (text.of ?? '');
    const address = path.replace(/\{\w+\}/, id);
    const read = text.match ? await ask(page, 'GET', address.replace(/\/state$/, '')) : undefined;
    const done = await byFactor(page, text.by, () => ask(page, method, address, text.body, read?.etag));
    const place = (text.at ?? `proposals/${done.id}`).replace(':id', id);
    await harmless(page, place);
    const inputs = () => page.locator('#content input').evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
    if (text.typed) await expect.poll(inputs, place).toContain(script);
    else await expect(page.locator('#content').getByText(script).filter({ visible: true }).first(), place).toBeVisible();
  });
}

test('script in a refusal, and in the words of whoever takes a proposal back, stays text', async ({ signIn }) => {
  test.setTimeout(120_000);
  const [li, zhao] = [await signIn('li'), await signIn('zhao')];
  const propose = (name: string) => byFactor(li, 'li', () => ask(li, 'POST', '/api/partners', { name, key: key(), zones: ['internet'], lists: ['subjects'], reason: 'r' }));
  const [one, other] = [await propose('stored-refused'), await propose('stored-back')];
  await byFactor(zhao, 'zhao', () => ask(zhao, 'POST', `/api/proposals/${one.id}/refuse`, { digest: one.digest, reason: script }));
  await byFactor(li, 'li', () => ask(li, 'POST', `/api/proposals/${other.id}/withdraw`, { reason: script }));
  for (const { id } of [one, other]) {
    await harmless(li, `proposals/${id}`);
    await expect(li.locator('#content').getByText(script).filter({ visible: true }).first()).toBeVisible();
  }
});

test('script in the name of a saved view, and in what a browser calls itself, stays text', async ({ signIn, open }) => {
  const view = script.slice(0, 50);
  const chen = await signIn('chen', { at: '#/evidence' });
  await made(chen, 'POST', '/api/searches', { name: view, query: 'verdict=deny' });
  await chen.getByRole('search').getByRole('button', { name: '视图' }).click();
  await expect(chen.getByRole('dialog').getByText(view).first()).toBeVisible();
  expect(await ranIn(chen)).toEqual(nothing);

  const nobody = await open({ agent: script });
  await made(nobody, 'POST', '/api/session', { name: 'zhao', password: personOf('zhao').password });
  await made(nobody, 'POST', '/api/session/factor', { totp: await codeOf(personOf('zhao')) });
  const li = await signIn('li'); // who sees the sessions of all
  await harmless(li, 'sessions');
  await expect(li.locator('#content .agent').and(li.getByTitle(script, { exact: true })).first()).toBeVisible();
});

// Names are of few letters. What is not such a name is refused, and it is said which.
const refused: [by: 'wang' | 'li' | 'chen', call: Call, body: object, field: RegExp][] = [
  ['wang', 'create-account', { person: 'p' }, /name/],
  ['wang', 'create-token', { days: 1 }, /name/],
  ['wang', 'add-export-target', { name: script.slice(0, 40), address: '127.0.0.1:1', form: 'cef', framing: 'octets', ca: 'receiver.pem' }, /name/],
  ['wang', 'create-channel', { name: 'n', kind: 'webhook', on: false, url: 'javascript:__hit=1' }, /url/],
  ['wang', 'set-preferences', { language: 'zh', timeZone: script }, /time zone/],
  ['li', 'add-source', { name: script.slice(0, 40), zone: 'intranet', kind: 'json' }, /name/],
  ['li', 'propose-partner', { name: script.slice(0, 60), key: 'a'.repeat(64), zones: ['internet'], lists: ['subjects'], reason: 'r' }, /name/],
];

for (const [by, call, body, field] of refused) {
  test(`script in a name is refused by ${call}`, async ({ signIn, watch }) => {
    watch.allow(/^4\d\d /);
    const page = await signIn(by);
    const { method, path } = calls[call];
    const send = () => ask(page, method, path.replace(/\{\w+\}/, encodeURIComponent(inName)), body);
    let answer = await send();
    if (answer.status === 401) {
      await made(page, 'POST', '/api/session/fresh', { totp: await codeOf(personOf(by)) });
      answer = await send();
    }
    expect(answer.status, JSON.stringify(answer.body)).toBe(422);
    expect(JSON.stringify(answer.body), 'it says which').toMatch(field);
  });
}

test('script in the name of a component is refused, and it is said why', async ({ signIn, watch }) => {
  watch.allow(/^422 POST .*\/api\/component-requests$/);
  const name = '<img src=xx>';
  const request = requestOf('x'.repeat(name.length)).toString('latin1').replace('x'.repeat(name.length), name);
  const { status, body } = await handIn(await signIn('wang'), Buffer.from(request, 'latin1'));
  expect(status).toBe(422);
  expect(JSON.stringify(body)).toMatch(/body\.component.*letters, digits, - and _/);
});
