// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Page } from '@playwright/test';
import { type Call, type Duty, mayCall } from '../src/api/calls';
import { calls } from '../src/api/calls.gen';
import { expect, test } from './fixture';

const who = { system: 'wang', security: 'li', audit: 'chen' } as const;
const all = Object.keys(calls) as Call[];

// Every route is tried as every duty and as nobody, from the console's own page, with
// nothing in it that could be done: what is asked here is only who may ask.
for (const duty of Object.keys(who) as Duty[]) {
  test(`whatever ${duty} may not do is refused`, async ({ signIn, watch }) => {
    test.setTimeout(120_000);
    watch.allow(/^403 /);
    const page = await signIn(who[duty]);
    const others = all.filter((call) => !mayCall(duty, call));
    expect(others.length).toBeGreaterThan(20);
    for (const call of others) {
      const nobodys = calls[call].may.every((one: string) => one === 'host');
      expect.soft(await tried(page, call), call).toBe(nobodys ? '403 only-on-host' : '403 duty-wrong');
    }
  });

  test(`whatever ${duty} may do is not refused for the duty`, async ({ signIn, watch }) => {
    test.setTimeout(120_000);
    watch.allow(/^4\d\d /);
    const page = await signIn(who[duty]);
    const own = all.filter((call) => mayCall(duty, call) && call !== 'sign-out');
    expect(own.length + all.filter((call) => !mayCall(duty, call)).length, 'each route is tried').toBe(all.length - 1);
    for (const call of own) {
      expect.soft(await tried(page, call), call).not.toMatch(/^(405|50[0-3]) |duty-wrong|only-on-host|not-signed-in/);
    }
    expect(await tried(page, 'get-session'), 'the session is still there').toMatch(/^200 /);
    expect(await tried(page, 'sign-out')).toMatch(/^20\d /);
    expect(await tried(page, 'get-overview'), 'and then it is not').toMatch(/^401 /);
  });
}

test('nobody may do anything but enter', async ({ open, watch }) => {
  watch.allow(/^4\d\d /);
  const page = await open();
  for (const call of all) {
    if (mayCall(undefined, call)) expect.soft(await tried(page, call), call).not.toMatch(/^(405|5\d\d) |duty-wrong|only-on-host/);
    else expect.soft(await tried(page, call), call).toMatch(/^40[13] /);
  }
});

// tried makes a call with nothing in it, and tells its status and the code of its problem.
// The events never end: of them only the status is read.
async function tried(page: Page, call: Call): Promise<string> {
  const { method, path } = calls[call];
  return page.evaluate(
    async ({ method, path, endless }) => {
      const begun = new AbortController();
      const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { headers: { 'Content-Type': 'application/json' }, body: '{}' } : {};
      const r = await fetch(path, { method, signal: begun.signal, ...body });
      if (r.ok && endless) begun.abort();
      else if (r.ok) await r.blob();
      const code = r.ok ? '' : ((await r.json().catch(() => ({}))) as { code?: string }).code;
      return `${r.status} ${code ?? ''}`;
    },
    { method, path: path.replace(/\{\w+\}/g, '1'), endless: call === 'watch-events' },
  );
}
