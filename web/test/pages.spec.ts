// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Page } from '@playwright/test';
import { type Call, type Duty, mayCall } from '../src/api/calls';
import { groups, type PageOf } from '../src/shell/pages';
import { made } from './ask';
import { expect, test } from './fixture';
import { furnish, ordinary } from './furnish';
import { visit } from './visit';

const all = groups.flatMap((g) => g.pages);
const who = { system: 'wang', security: 'li', audit: 'chen' } as const;
const duties = ['security', 'audit', 'system'] as const;

// Each page is looked at whole, once in each language: in Chinese by the first of these
// that may open it, in English by the last.
const looker = { zh: (p: PageOf) => duties.find((d) => mayCall(d, p.call)), en: (p: PageOf) => [...duties].reverse().find((d) => mayCall(d, p.call)) };

// seen are the buttons that each duty had on each page.
const seen = new Map<string, Set<Call>>();

// The first item of a list stands for all of them. Whoever may not read the list may not
// open the page either, with whatever id.
const lists: Record<string, [call: Call, path: string, ...fields: string[]]> = {
  'alerts/:id': ['list-alerts', '/api/alerts', 'id'],
  'crossings/:parcel': ['list-crossings', '/api/crossings', 'parcel'],
  'policy/drafts/:id': ['list-drafts', '/api/drafts', 'id'],
  'policy/publications/:id': ['list-publications', '/api/policies', 'id'],
  'policy/rehearsals/:id': ['list-rehearsals', '/api/rehearsals', 'id'],
  'proposals/:id': ['list-proposals', '/api/proposals', 'id'],
  'findings/:id': ['list-findings', '/api/findings', 'id'],
  'evidence/:log/:index': ['find-entries', '/api/evidence', 'log', 'index'],
  'components/:id': ['list-components', '/api/components', 'id'],
  'accounts/:id': ['list-accounts', '/api/accounts', 'id'],
};

// addresses are those of all pages, by their paths.
async function addresses(page: Page, duty: Duty): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { path } of all) {
    const [call, list, ...fields] = lists[path] ?? [];
    found[path] = path.replace(/:\w+/g, '1');
    if (!call || !list || !mayCall(duty, call)) continue;
    const { items } = await made(page, 'GET', list);
    expect(items.length, `there is one for ${path}`).toBeGreaterThan(0);
    found[path] = fields.reduce((address, field) => address.replace(/:\w+/, encodeURIComponent(items[0][field])), path);
  }
  return found;
}

test('there is one of everything', async ({ signIn }) => {
  test.setTimeout(180_000);
  const [wang, li, chen] = [await signIn('wang'), await signIn('li'), await signIn('chen')];
  await furnish({ wang, li, chen }, ordinary, 'branch');
});

for (const duty of duties) {
  test(`${duty} sees its pages and no others`, async ({ signIn, look }) => {
    test.setTimeout(180_000);
    const page = await signIn(who[duty]);
    const at = await addresses(page, duty);
    await menuIsOf(page, duty);
    for (const p of all) {
      await test.step(p.path, async () => {
        const may = mayCall(duty, p.call);
        await go(page, at[p.path]!);
        if (may) seen.set(`${duty} ${p.path}`, await ownPage(page, duty));
        else await othersPage(page);
        if (!may || looker.zh(p) !== duty) return;
        await look(page, nameOf(p));
      });
    }
  });

  test(`${duty} sees them in English`, async ({ signIn, look }) => {
    test.setTimeout(180_000);
    const page = await signIn(who[duty], { language: 'en' });
    const at = await addresses(page, duty);
    for (const p of all.filter((one) => looker.en(one) === duty)) {
      await test.step(p.path, async () => {
        await go(page, at[p.path]!);
        await ownPage(page, duty);
        await look(page, nameOf(p));
      });
    }
  });
}

// Whether these are there depends on who one is too: proposals are one's own or another's,
// and a finding is moved by whoever has to mend it.
const ofPerson: readonly Call[] = ['withdraw-proposal', 'approve-proposal', 'refuse-proposal', 'move-finding', 'comment-finding'];

test('a button that one duty has another has too, unless the center refuses it the call', async () => {
  for (const p of all) {
    const somebodys = new Set(duties.flatMap((d) => [...(seen.get(`${d} ${p.path}`) ?? [])]));
    for (const d of duties.filter((one) => mayCall(one, p.call))) {
      const own = seen.get(`${d} ${p.path}`);
      expect(own, `${d} has been at ${p.path}`).toBeDefined();
      const wanted = [...somebodys].filter((call) => mayCall(d, call) && !ofPerson.includes(call)).sort();
      expect.soft([...own!].filter((call) => !ofPerson.includes(call)).sort(), `${d} at ${p.path}`).toEqual(wanted);
    }
  }
});

test('nobody sees any of them', async ({ open }) => {
  const page = await open();
  for (const p of all) {
    await page.goto(`./#/${p.path}`);
    await expect(page).toHaveURL(/#\/sign-in\?back=/);
    await expect(page.locator('#content')).toHaveCount(0);
  }
});

const nameOf = (p: PageOf) => p.path.replace(/\/:(log|id|parcel).*$/, '-one').replaceAll('/', '-');

// go goes to a page. From one that is another duty's it goes by way of one's own, so that
// what is seen is of the page.
async function go(page: Page, address: string): Promise<void> {
  if ((await page.locator('#content .result-title').count()) > 0) await visit(page, 'self');
  if (!page.url().endsWith(`#/${address}`)) await visit(page, address);
}

// ownPage tells which buttons are there: none is of a call that the duty may not make.
async function ownPage(page: Page, duty: Duty): Promise<Set<Call>> {
  await expect(page.locator('#content .result-title'), 'it is a page of this duty').toHaveCount(0);
  const acts = await page.locator('[data-call]').evaluateAll((all) => all.map((one) => one.getAttribute('data-call') as string));
  for (const call of acts) expect.soft(mayCall(duty, call as Call), `${duty} may ${call}`).toBe(true);
  const width = await page.evaluate(() => document.scrollingElement!.scrollWidth - window.innerWidth);
  expect.soft(width, 'pixels beyond the width of the screen').toBeLessThanOrEqual(0);
  return new Set(acts as Call[]);
}

async function othersPage(page: Page): Promise<void> {
  await expect(page.locator('#content h1.result-title')).toHaveText('此页面属于其他职责');
  await expect(page.locator('#content [data-call]')).toHaveCount(0);
}

async function menuIsOf(page: Page, duty: Duty): Promise<void> {
  const wanted = all.filter((p) => p.name && mayCall(duty, p.call)).map((p) => p.path);
  const ids = await page.getByRole('menuitem').evaluateAll((items) => items.map((one) => (one as HTMLElement).dataset.menuId ?? ''));
  expect(ids.map((id) => wanted.find((path) => id.endsWith(`_-${path}`)) ?? id)).toEqual(wanted);
}
