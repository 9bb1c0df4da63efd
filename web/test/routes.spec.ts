// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type Call, type Duty, mayCall } from '../src/api/calls';
import { calls } from '../src/api/calls.gen';
import { ask } from './ask';
import { expect, test } from './fixture';

const who = { system: 'wang', security: 'li', audit: 'chen' } as const;

// Buttons that are not shown are not what keeps a duty from what it may not do: made all the
// same, from the console's own page, each such call is refused.
for (const duty of Object.keys(who) as Duty[]) {
  test(`whatever ${duty} may not do is refused`, async ({ signIn, watch }) => {
    test.setTimeout(120_000);
    watch.allow(/^403 /);
    const page = await signIn(who[duty]);
    const others = (Object.keys(calls) as Call[]).filter((call) => !mayCall(duty, call));
    expect(others.length).toBeGreaterThan(20);
    for (const call of others) {
      const { method, path, may } = calls[call];
      const answer = await ask(page, method, path.replace(/\{\w+\}/g, '1'), ['POST', 'PUT', 'PATCH'].includes(method) ? {} : undefined);
      const nobodys = may.every((who: string) => who === 'host');
      expect.soft(`${answer.status} ${answer.body.code}`, `${call}: ${method} ${path}`).toBe(nobodys ? '403 only-on-host' : '403 duty-wrong');
    }
  });
}

test('nobody may do anything but enter', async ({ open, watch }) => {
  watch.allow(/^40[13] /);
  const page = await open();
  const inside = (Object.keys(calls) as Call[]).filter((call) => !mayCall(undefined, call));
  for (const call of inside) {
    const { method, path } = calls[call];
    const answer = await ask(page, method, path.replace(/\{\w+\}/g, '1'), ['POST', 'PUT', 'PATCH'].includes(method) ? {} : undefined);
    expect.soft([401, 403], `${call}: ${answer.status} ${answer.body.code}`).toContain(answer.status);
  }
});
