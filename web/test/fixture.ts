// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type BrowserContext, expect, type Locator, type Page, test as base } from '@playwright/test';
import { lookAt, type Shade, unperceived } from './looks';
import { codeOf, personOf } from './people';
import { Watch } from './watch';

export { expect } from '@playwright/test';

export type Language = 'zh' | 'en';

interface Look {
  language?: Language;
  shade?: Shade;
  at?: string; // where to go, as #/findings
  agent?: string; // what the browser calls itself
}

export interface Tools {
  // watch fails the test at its end for what must not happen in a browser.
  watch: Watch;
  // open opens a page of the console as nobody, in a browser of its own.
  open: (look?: Look) => Promise<Page>;
  // signIn opens a page of the console as a person, in a browser of its own.
  signIn: (name: string, look?: Look) => Promise<Page>;
  // axe fails the test, which goes on, for what somebody could not perceive or operate.
  axe: (page: Page) => Promise<void>;
  // look does so in both shades, and keeps pictures by a name.
  look: (page: Page, name: string) => Promise<void>;
}

type State = Awaited<ReturnType<BrowserContext['storageState']>>;

// kept is how each person's browser was left after they signed in, within this run.
const kept = new Map<string, State>();

export const test = base.extend<Tools>({
  watch: async ({}, use) => {
    const watch = new Watch();
    await use(watch);
    expect(await watch.rest(), 'nothing goes wrong in the browser').toEqual([]);
  },
  open: async ({ browser, watch }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async ({ language = 'zh', shade = 'light', at = '#/sign-in', agent } = {}) => {
      const context = await browser.newContext({ locale: localeOf(language), colorScheme: shade, reducedMotion: 'reduce', ...(agent && { userAgent: agent }) });
      contexts.push(context);
      return begin(context, watch, at);
    });
    for (const c of contexts) await c.close();
  },
  signIn: async ({ browser, watch }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (name, { language = 'zh', shade = 'light', at = '#/overview' } = {}) => {
      const context = await browser.newContext({ locale: localeOf(language), colorScheme: shade, reducedMotion: 'reduce', storageState: kept.get(name) });
      contexts.push(context);
      const page = await begin(context, watch, '#/self');
      await enter(page, name);
      kept.set(name, await context.storageState());
      await speak(page, language);
      await page.goto(`./${at}`);
      await page.reload();
      await expect(page.locator('#content h1')).toBeVisible();
      return page;
    });
    for (const c of contexts) await c.close();
  },
  axe: async ({}, use) => {
    await use(async (page) => expect.soft(await unperceived(page), `axe at ${page.url()}`).toEqual([]));
  },
  look: async ({}, use) => use(lookAt),
});

// bothLanguages makes a test in Chinese and the same in English.
export function bothLanguages(title: string, run: (language: Language, tools: Tools) => Promise<void>): void {
  for (const language of ['zh', 'en'] as const) {
    test(`${title} (${language})`, async ({ watch, open, signIn, axe, look }) => run(language, { watch, open, signIn, axe, look }));
  }
}

// showFactor answers the dialog that asks for the second factor again, if it is there.
export async function showFactor(page: Page, name: string): Promise<void> {
  const digits = page.locator('#fresh-code');
  await digits.fill(await codeOf(personOf(name)));
  await digits.press('Enter');
  await expect(digits).toBeHidden();
}

// doing clicks, shows the second factor again if that is asked for, and waits for what
// comes of it.
export async function doing(page: Page, name: string, button: Locator, outcome: Locator): Promise<void> {
  await button.click();
  const digits = page.locator('#fresh-code');
  await expect(outcome.or(digits).first()).toBeVisible();
  if (await digits.isVisible()) await showFactor(page, name);
  await expect(outcome.first()).toBeVisible();
}

function localeOf(language: Language): string {
  return language === 'zh' ? 'zh-CN' : 'en-GB';
}

async function begin(context: BrowserContext, watch: Watch, at: string): Promise<Page> {
  await watch.over(context);
  const page = await context.newPage();
  await page.goto(`./${at}`);
  return page;
}

// enter goes through the page for signing in, unless the session of before still holds.
async function enter(page: Page, name: string): Promise<void> {
  const inside = page.locator('#content');
  const password = page.locator('input[type=password]');
  await expect(inside.or(password).first()).toBeVisible();
  if (await inside.isVisible()) return;
  const person = personOf(name);
  await page.locator('input[autocomplete=username]').fill(name);
  await password.fill(person.password);
  await password.press('Enter');
  const digits = page.locator('input[autocomplete=one-time-code]');
  await expect(digits).toBeVisible();
  await digits.fill(await codeOf(person));
  await digits.press('Enter');
  await expect(inside).toBeVisible();
}

// speak sets the language of the person's account, which the console then speaks.
async function speak(page: Page, language: Language): Promise<void> {
  const status = await page.evaluate(async (wanted) => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const response = await fetch('/api/self/preferences', {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ language: wanted, timeZone }),
    });
    return response.status;
  }, language);
  expect(status, 'the language is set').toBeLessThan(300);
}
