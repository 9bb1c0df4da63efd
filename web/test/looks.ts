// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export type Shade = 'light' | 'dark';

const screens = process.env.DUKOU_SCREENS || join(import.meta.dirname, '..', 'test-results', 'screens');

// unperceived is what somebody could not perceive or operate on a page, by all rules. Every
// row of every table is looked at, since their colours differ by what they say; that is
// quick enough because what is good is not told, and no frame is looked for.
export async function unperceived(page: Page): Promise<string[]> {
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode();
  const { violations } = await axe.analyze();
  return violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `  ${n.html.slice(0, 200)}`).join('\n')}`);
}

// lookAt has axe look at a page and keeps a picture of it in both shades, as
// NAME.zh-dark.png. What is found fails the test, which goes on. Axe looks at the shade that
// the page has: Chinese is opened in light and English in dark, so that it sees both.
export async function lookAt(page: Page, name: string): Promise<void> {
  const { lang, shade } = await page.evaluate(() => ({ lang: document.documentElement.lang, shade: document.documentElement.dataset.shade as Shade }));
  const language = lang.startsWith('zh') ? 'zh' : 'en';
  expect.soft(await unperceived(page), `axe at ${page.url()} in ${language} and ${shade}`).toEqual([]);
  await picture(page, `${name}.${language}-${shade}`);
  const other = shade === 'dark' ? 'light' : 'dark';
  await shadeIs(page, other);
  await picture(page, `${name}.${language}-${other}`);
  await shadeIs(page, shade);
}

// shadeIs has the browser's system go over to a shade, which the console follows unless a
// person has chosen otherwise; entrance.spec.ts tries the choice itself.
async function shadeIs(page: Page, shade: Shade): Promise<void> {
  await page.emulateMedia({ colorScheme: shade });
  await expect(page.locator(`html[data-shade=${shade}]`)).toBeAttached();
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: join(screens, `${name}.png`), animations: 'disabled' });
}
