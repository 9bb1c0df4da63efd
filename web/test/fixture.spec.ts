// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { bothLanguages, expect, test } from './fixture';
import { unperceived } from './looks';
import { people } from './people';
import { Watch } from './watch';

const names = { zh: { system: '系统管理员', security: '安全管理员', audit: '审计管理员' }, en: { system: 'System administrator', security: 'Security administrator', audit: 'Audit administrator' } };

bothLanguages('each administrator signs in', async (language, { signIn }) => {
  test.setTimeout(180_000); // each code is good once
  for (const { name, duty } of Object.values(people())) {
    const page = await signIn(name, { language });
    await expect(page.locator('header')).toContainText(names[language][duty]);
    await page.context().close();
  }
});

// What the other tests rely on to find faults must find them.
test('what goes wrong in a browser is noticed', async ({ browser }) => {
  const watch = new Watch();
  const context = await browser.newContext();
  await watch.over(context);
  const at = 'https://wrong.test';
  const html = '<!doctype html><title>x</title><h1>x</h1><script>window.ran = true</script>';
  await context.route(`${at}/**`, (route) =>
    route.request().url() === `${at}/`
      ? route.fulfill({ contentType: 'text/html', headers: { 'Content-Security-Policy': "script-src 'self'" }, body: html })
      : route.fulfill({ status: 500, body: '' }),
  );
  await context.route(`${at}/cut`, (route) => route.abort('connectionreset'));
  const page = await context.newPage();
  await page.goto(`${at}/`);
  await page.evaluate(async () => {
    console.warn('a warning');
    setTimeout(() => {
      throw new Error('an exception');
    });
    await fetch('/fails').catch(() => undefined);
    await fetch('/cut').catch(() => undefined);
  });
  for (const wanted of [/policy: script-src/, /console warning: a warning/, /exception: an exception/, /^500 GET .*\/fails$/, /ERR_CONNECTION_RESET GET .*\/cut$/]) {
    await expect.poll(() => watch.found.filter((line) => wanted.test(line)).length, { message: String(wanted) }).toBeGreaterThan(0);
  }
  watch.allow(/./);
  expect(await watch.rest()).toEqual([]);
  await context.close();
});

test('axe notices what somebody could not perceive', async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  await page.setContent('<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><input></main></html>');
  expect((await unperceived(page)).join()).toMatch(/label/);
  await page.context().close();
});
