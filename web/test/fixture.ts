// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type BrowserContext, type BrowserContextOptions, expect, type Locator, type Page, test as base } from '@playwright/test';
import { lookAt, type Shade, unperceived } from './looks';
import { codeOf, personOf } from './people';
import { Watch } from './watch';

export { expect } from '@playwright/test';

export type Language = 'zh' | 'en';

interface Look {
  language?: Language;
  shade?: Shade; // unless it is said: light in Chinese, dark in English
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
  // look does so, and keeps pictures in both shades by a name.
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
    await use(async ({ at = '#/sign-in', agent, ...look } = {}) => {
      const context = await browser.newContext({ ...seenAs(look), ...(agent && { userAgent: agent }) });
      contexts.push(context);
      await watch.over(context);
      const page = await context.newPage();
      await page.goto(`./${at}`);
      return page;
    });
    for (const c of contexts) await c.close();
  },
  signIn: async ({ browser, watch }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (name, { at = '#/overview', ...look } = {}) => {
      const context = await browser.newContext({ ...seenAs(look), storageState: kept.get(name) });
      contexts.push(context);
      await watch.over(context);
      const page = await context.newPage();
      const { language = 'zh' } = look;
      if (!(await speaks(context, language))) {
        await enter(page, name);
        kept.set(name, await context.storageState());
        expect(await speaks(context, language), 'the language is set').toBe(true);
        await page.goto('about:blank'); // so that the program starts anew, and learns of it
      }
      await page.goto(`./${at}`);
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

function seenAs({ language = 'zh', shade = language === 'zh' ? 'light' : 'dark' }: Look): BrowserContextOptions {
  return { locale: language === 'zh' ? 'zh-CN' : 'en-GB', colorScheme: shade, reducedMotion: 'reduce' };
}

// enter goes through the page for signing in.
async function enter(page: Page, name: string): Promise<void> {
  const person = personOf(name);
  await page.goto('./#/sign-in');
  await page.locator('input[autocomplete=username]').fill(name);
  await page.locator('input[type=password]').fill(person.password);
  await page.locator('input[type=password]').press('Enter');
  const digits = page.locator('input[autocomplete=one-time-code]');
  await expect(digits).toBeVisible();
  await digits.fill(await codeOf(person));
  await digits.press('Enter');
  await expect(page.locator('#content')).toBeVisible();
}

// speaks sets the language of the account of whoever has signed in, which the console then
// speaks, and tells whether somebody had.
async function speaks(context: BrowserContext, language: Language): Promise<boolean> {
  const answer = await context.request.put('./api/self/preferences', { data: { language, timeZone: 'Asia/Shanghai' } });
  return answer.ok();
}
