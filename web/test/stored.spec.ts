// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mayCall } from '../src/api/calls';
import { groups } from '../src/shell/pages';
import { ask, made } from './ask';
import { expect, test } from './fixture';
import { furnish, type Words } from './furnish';
import { harmless, inName, script } from './hostile';

const words: Words = { draft: script, why: script, finding: script, comment: script, channel: script, person: script, search: script.slice(0, 50), component: 'front-stored' };

const front = process.env.DUKOU_FRONT ?? '';
const out = join(process.env.DUKOU_DIR ?? '', 'outer', 'files', 'out');

test.describe.configure({ mode: 'serial' }); // the first stores what the others look for

test('script is put into every text that crosses or that people write', async ({ signIn, open, watch }) => {
  test.setTimeout(180_000);
  watch.allow(/^4\d\d POST .*\/api\/session/);
  const [wang, li, chen] = [await signIn('wang'), await signIn('li'), await signIn('chen')];
  await furnish({ wang, li, chen }, words, 'stored');
  const nobody = await open();
  await ask(nobody, 'POST', '/api/session', { name: script.slice(0, 32), password: script });
  const in_ = encodeURIComponent(script);
  await fetch(`${front}/reports/${in_}?purpose=${in_}`, { headers: { 'X-API-Key': 'ferry-portal-2026' } });
  await fetch(`${front}/${in_}`, { headers: { 'X-API-Key': script, 'Authorization': `Bearer ${script}`, 'User-Agent': script } });
  await fetch(`${front}/login`, { method: 'POST', headers: { 'X-API-Key': 'ferry-portal-2026', 'Content-Type': 'application/json' }, body: JSON.stringify({ user: script, password: script }) });
  for (const ending of ['.csv', '.exe']) {
    // The first is delivered, the second refused.
    const part = join(out, `.${inName}${ending}`);
    writeFileSync(part, script);
    renameSync(part, join(out, inName + ending));
  }
});

for (const [duty, name, language] of [
  ['audit', 'chen', 'zh'],
  ['security', 'li', 'en'],
  ['system', 'wang', 'zh'],
] as const) {
  test(`it stays text on every page of ${duty} (${language})`, async ({ signIn }) => {
    test.setTimeout(180_000);
    const page = await signIn(name, { language });
    page.on('dialog', (dialog) => {
      expect.soft(dialog.message(), 'no dialog opens').toBe('');
      void dialog.dismiss();
    });
    for (const p of groups.flatMap((g) => g.pages)) {
      if (!p.path.includes(':') && mayCall(duty, p.call)) await harmless(page, p.path);
    }
  });
}

test('it is seen where it was put', async ({ signIn }) => {
  test.setTimeout(120_000);
  const page = await signIn('chen');
  const newest = async (list: string) => ((await made(page, 'GET', list)).items as { id: string }[])[0]?.id ?? '';
  const own = async (list: string, field: string) => ((await made(page, 'GET', list)).items as Record<string, string>[]).find((one) => one[field] === script)?.id ?? '';
  const places = [
    'policy/drafts',
    `policy/drafts/${await own('/api/drafts', 'title')}?tab=difference`,
    `policy/publications/${await own('/api/policies', 'title')}`,
    `findings`,
    `findings/${await own('/api/findings', 'title')}`,
    'silences',
    'channels',
    'accounts',
    `proposals/${await newest('/api/proposals')}`,
  ];
  for (const place of places) {
    await harmless(page, place);
    await expect(page.locator('#content').getByText(script).filter({ visible: true }).first(), place).toBeVisible();
  }
  await harmless(page, `evidence?text=${encodeURIComponent('onerror=')}`);
  await expect(page.locator('#content').getByText('onerror=').filter({ visible: true }).first(), 'what was tried is evidence').toBeVisible();
  // The name of a file stays at the fronts: the page of its refusal says why, and not which.
  await harmless(page, `crossings/${await refusedFile()}`);
  await expect(page.locator('#content').getByText('front-internet').first()).toBeVisible();
});

// refusedFile is the parcel of the file that was refused, as its front's host is told.
async function refusedFile(): Promise<string> {
  const reason = join(out, '.dukou', 'quarantine', `${inName}.exe.reason`);
  await expect.poll(() => existsSync(reason), { message: 'the file is in quarantine', timeout: 30_000 }).toBe(true);
  return /[0-9a-f]{32}/.exec(readFileSync(reason, 'utf8'))?.[0] ?? '';
}
