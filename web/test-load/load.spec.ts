// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, expect, type Page, test } from '@playwright/test';
import { codeOf, type Person } from '../test/people';
import { Watch } from '../test/watch';
import { Chromium } from './chromium';
import { Clicker, menuItem } from './clicks';
import { firstPage } from './firstPage';
import { megabytes, random, say, spread } from './report';

const base = process.env.DUKOU_CONSOLE ?? '';
const person = JSON.parse(process.env.DUKOU_LOAD_PERSON ?? '{}') as Person;
const minutes = Number(process.env.DUKOU_LOAD_MINUTES ?? 60);
const clicks = Number(process.env.DUKOU_LOAD_CLICKS ?? 200);
const seed = Number(process.env.DUKOU_LOAD_SEED ?? 1);

test('the console under load', async ({ browser }) => {
  const folder = mkdtempSync(join(tmpdir(), 'dukou-load-'));
  const outside = new Chromium(folder);
  const watch = new Watch();
  try {
    say(`Chromium ${browser.version()}. Sizes are as they came over the network, packed, with headers; times from the address to the picture; nothing was cached.`);
    await firstPage(browser, 'sign-in page', base, 'input[autocomplete=username]', typed);
    const state = await joined(outside, watch, async (page) => {
      await signIn(page);
      return page.context().storageState();
    });
    await firstPage(browser, 'overview, signed in', `${base}/#/overview`, '#content svg .ov-zone', async () => undefined, state);
    await joined(outside, watch, (page) => clicked(page, seed, 'In a page just opened'));
    await stream(outside);
    await joined(outside, watch, (page) => clicked(page, seed + 1, `In the same page, after ${minutes} minutes of streaming`));
    expect(await watch.rest(), 'nothing goes wrong in the browser').toEqual([]);
  } finally {
    await outside.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

async function typed(page: Page): Promise<void> {
  const name = page.locator('input[autocomplete=username]');
  await name.pressSequentially('auditor');
  await expect(name).toHaveValue('auditor');
}

// joined has Playwright work in the browser for a while.
async function joined<T>(outside: Chromium, watch: Watch, work: (page: Page) => Promise<T>): Promise<T> {
  const browser = await chromium.connectOverCDP(await outside.address());
  const context = browser.contexts()[0] as BrowserContext;
  const page = context.pages()[0] as Page;
  page.setDefaultTimeout(60_000);
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !m.text().startsWith('Failed to load') && watch.found.push(`${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => watch.found.push(`exception: ${e.message}`));
  page.on('response', (r) => r.status() >= 400 && !r.url().endsWith('/api/session') && watch.found.push(`${r.status()} ${r.url()}`));
  const result = await work(page);
  await browser.close(); // it only leaves
  return result;
}

async function signIn(page: Page): Promise<void> {
  await page.goto(base);
  await page.evaluate(() => localStorage.setItem('dukou.preferences', JSON.stringify({ language: 'en', zone: 'Asia/Shanghai', shade: 'light' })));
  await page.reload();
  await page.locator('input[autocomplete=username]').fill(person.name);
  await page.locator('input[type=password]').fill(person.password);
  await page.locator('input[type=password]').press('Enter');
  const digits = page.locator('input[autocomplete=one-time-code]');
  await digits.fill(await codeOf(person));
  await digits.press('Enter');
  await expect(page.locator('#content h1')).toBeVisible();
}

async function clicked(page: Page, by: number, title: string): Promise<void> {
  const clicker = new Clicker(page, random(by));
  try {
    await clicker.run(clicks);
  } finally {
    clicker.report(title);
  }
  for (const name of ['Overview', 'Crossings']) await menuItem(page, name).click();
  await expect(page.locator('#content tbody tr.ant-table-row').first()).toBeVisible();
  await page.mouse.move(5, 5); // nobody reads the rows: new ones flow in
}

interface Sample {
  heap: number;
  page: number;
  all: number;
  nodes: number;
}

// stream watches the page of crossings grow, and looks each minute at what it takes up.
async function stream(outside: Chromium): Promise<void> {
  const session = await outside.page();
  await outside.call('Performance.enable', {}, session);
  say(`\nThe page of crossings, while new ones flow in, for ${minutes} minutes. MB = 1,000,000 bytes; memory of processes is PSS.`);
  say('  minute  JS heap used MB  page process MB  whole browser MB  DOM nodes');
  const before = await settled(outside, session);
  const samples: Sample[] = [];
  let newest = '';
  for (let minute = 1; minute <= minutes; minute++) {
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    const first = await said(outside, session, `document.querySelector('#content tbody a[href*="/crossings/"]')?.getAttribute('href') ?? ''`);
    expect(first, 'new crossings flow in').not.toBe(newest);
    newest = first;
    const s = await sample(outside, session);
    samples.push(s);
    say(`  ${String(minute).padStart(6)}  ${megabytes(s.heap).padStart(15)}  ${megabytes(s.page).padStart(15)}  ${megabytes(s.all).padStart(16)}  ${String(s.nodes).padStart(9)}`);
    // A person counts anew now and then; that also keeps the session.
    if (minute % 5 === 0) await said(outside, session, `document.querySelector('.bars-head button')?.click()`);
  }
  const after = await settled(outside, session);
  for (const [name, pick] of [['JS heap used', (s: Sample) => s.heap], ['page process', (s: Sample) => s.page], ['whole browser', (s: Sample) => s.all]] as const) {
    say(`  ${name}: median, 95th percentile, at most, MB ${spread(samples.map((s) => pick(s) / 1_000_000), 1)}`);
  }
  say(`  After collecting garbage: before the stream ${line(before)}; after it ${line(after)}.`);
  await outside.call('Target.detachFromTarget', { sessionId: session });
}

const line = (s: Sample) => `JS heap ${megabytes(s.heap)} MB, page process ${megabytes(s.page)} MB, ${s.nodes} DOM nodes`;

async function sample(outside: Chromium, session: string): Promise<Sample> {
  const { metrics } = await outside.call<{ metrics: { name: string; value: number }[] }>('Performance.getMetrics', {}, session);
  const of = (name: string) => metrics.find((m) => m.name === name)?.value ?? NaN;
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), ...(await outside.memory()) };
}

async function settled(outside: Chromium, session: string): Promise<Sample> {
  await outside.call('HeapProfiler.collectGarbage', {}, session);
  return sample(outside, session);
}

async function said(outside: Chromium, session: string, expression: string): Promise<string> {
  const { result } = await outside.call<{ result: { value?: unknown } }>('Runtime.evaluate', { expression, returnByValue: true }, session);
  return String(result.value ?? '');
}
