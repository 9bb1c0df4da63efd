// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import { kilobytes, quantile, say } from './report';

const times = 5;

interface Loaded {
  usable: number; // milliseconds
  program: number; // bytes as they came, with their headers: page, scripts, styles, pictures
  answers: number; // likewise, of the center's interface
  files: number;
}

type State = Awaited<ReturnType<BrowserContext['storageState']>>;

// firstPage measures how a page is loaded by a browser that has nothing of it yet. usable
// is the selector of what is looked for; with is what is done with it then.
export async function firstPage(browser: Browser, what: string, at: string, usable: string, use: (p: Page) => Promise<void>, storageState?: State): Promise<void> {
  const list: Loaded[] = [];
  for (let i = 0; i < times; i++) list.push(await once(browser, at, usable, use, storageState));
  const of = (pick: (l: Loaded) => number) => quantile(list.map(pick), 0.5);
  const most = Math.max(...list.map((l) => l.usable));
  say(
    `  ${what.padEnd(22)} usable after ${of((l) => l.usable).toFixed(0)} ms (at most ${most.toFixed(0)} ms); ` +
      `${kilobytes(of((l) => l.program))} kB of page, scripts, styles in ${of((l) => l.files)} files, ${kilobytes(of((l) => l.answers))} kB of answers`,
  );
}

async function once(browser: Browser, at: string, usable: string, use: (p: Page) => Promise<void>, storageState: State | undefined): Promise<Loaded> {
  const context = await browser.newContext({ storageState });
  const page = await context.newPage();
  const counting = await count(page);
  await page.addInitScript(watch, usable);
  await page.goto(at, { waitUntil: 'commit' });
  const mark = await page.waitForFunction(() => performance.getEntriesByName('dukou-usable')[0]?.startTime);
  await use(page);
  await expect.poll(() => counting.open.size, { message: 'all that the page loads is here' }).toBe(0);
  const loaded = { usable: Number(await mark.jsonValue()), program: counting.program, answers: counting.answers, files: counting.files };
  await context.close();
  return loaded;
}

// watch runs in the page before anything of it.
function watch(selector: string): void {
  const look = () => {
    const found = document.querySelector(selector);
    if (found && found.getClientRects().length > 0) performance.mark('dukou-usable');
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function count(page: Page) {
  const all = { program: 0, answers: 0, files: 0, open: new Set<string>() };
  const types = new Map<string, string>();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.requestWillBeSent', ({ requestId, type, request }) => {
    if (type === 'EventSource' || request.url.includes('/api/events')) return; // it never ends
    types.set(requestId, type ?? '');
    all.open.add(requestId);
  });
  session.on('Network.loadingFailed', ({ requestId }) => void all.open.delete(requestId));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!all.open.delete(requestId)) return;
    if (types.get(requestId) === 'Fetch') all.answers += encodedDataLength;
    else {
      all.program += encodedDataLength;
      all.files++;
    }
  });
  return all;
}
