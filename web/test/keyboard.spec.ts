// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixture';
import { codeOf, personOf } from './people';

test('the console is worked by keyboard only', async ({ signIn, open }) => {
  test.setTimeout(120_000);
  await signIn('chen'); // so that the account speaks Chinese
  const page = await open();
  const { keyboard } = page;
  const chen = personOf('chen');

  // Signing in: the first field has the focus.
  await expect(page.locator('input[autocomplete=username]')).toBeFocused();
  await keyboard.type('chen');
  await keyboard.press('Tab');
  await keyboard.type(chen.password);
  await keyboard.press('Enter');
  await expect(page.locator('input[autocomplete=one-time-code]')).toBeFocused();
  await keyboard.type(await codeOf(chen));
  await keyboard.press('Enter');
  await expect(page.locator('#content h1')).toBeVisible();

  // The first stop leads past the menu.
  await page.reload();
  await expect(page.locator('#content h1')).toBeVisible();
  const skip = page.getByRole('link', { name: '跳到正文' });
  await tabTo(page, skip, 3);
  await expect(skip).toBeInViewport();
  await keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();

  // The menu: arrows go through it, Enter opens.
  await page.locator('.skip').focus();
  await keyboard.press('Tab');
  await expect(page.getByRole('menu').first()).toBeFocused();
  const findings = page.getByRole('menuitem', { name: '审计发现', exact: true });
  for (let n = 0; n < 30 && !(await hasFocus(findings)); n++) await keyboard.press('ArrowDown');
  await expect(findings).toBeFocused();
  await keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/findings/);
  await expect(page.getByRole('heading', { level: 1, name: '审计发现' })).toBeVisible();

  // An act: its dialog takes the focus, Escape gives it back, and nothing was done.
  const begin = page.locator('.page-head [data-call=open-finding]');
  await tabTo(page, begin, 60);
  await keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  await expect(dialog.locator(':focus')).toHaveCount(1);
  await keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(begin).toBeFocused();
});

test('a list is filtered by keyboard only, and its address keeps it', async ({ signIn }) => {
  test.setTimeout(120_000);
  const page = await signIn('chen', { at: '#/evidence' });
  const { keyboard } = page;
  const add = page.getByRole('search').getByRole('button', { name: '筛选' });
  await page.locator('#content').focus();
  await tabTo(page, add, 40);
  await keyboard.press('Enter');
  const form = page.getByRole('dialog', { name: '筛选' });
  await expect(form.locator(':focus')).toHaveCount(1);
  await keyboard.press('Escape');
  await expect(form).toBeHidden();
  await expect(add).toBeFocused();
  await keyboard.press('Enter');
  await expect(form.locator(':focus')).toHaveCount(1);
  await tabTo(page, form.locator('#filter_values'), 12);
  await keyboard.type('credit-query');
  await keyboard.press('Enter');
  await keyboard.press('Escape'); // the list of choices, and not the panel
  await tabTo(page, form.locator('button[type=submit]'), 6);
  await keyboard.press('Enter');
  await expect(form).toBeHidden();
  await expect(page).toHaveURL(/flow=credit-query/);
});

// tabTo goes by the Tab key until something has the focus, and it is seen that it has.
async function tabTo(page: Page, wanted: Locator, most: number): Promise<void> {
  for (let n = 0; n < most && !(await hasFocus(wanted)); n++) await page.keyboard.press('Tab');
  await expect(wanted).toBeFocused();
  const shown = await wanted.evaluate((e) => {
    const around = e.closest('.ant-select') ?? e.parentElement!; // Ant Design draws it around the input
    return [e, around].map((one) => getComputedStyle(one)).some((s) => (s.outlineStyle !== 'none' && s.outlineWidth !== '0px') || s.boxShadow !== 'none');
  });
  expect(shown, 'the focus is seen').toBe(true);
}

async function hasFocus(wanted: Locator): Promise<boolean> {
  return (await wanted.count()) === 1 && wanted.evaluate((e) => e === document.activeElement);
}
