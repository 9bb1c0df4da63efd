// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, type Page } from '@playwright/test';

// What would run if a page took it for anything but text.
export const script = `<img src=x onerror=__hit=1>'"><script>__hit=1</script>`;
export const inName = `<img src=x onerror=__hit=1>'"`; // a file's name has no slash

// harmless opens a page, has it fetch all that it shows, and looks for what ran.
export async function harmless(page: Page, address: string): Promise<void> {
  await page.goto(`./#/${address}`);
  await page.reload();
  await expect(page.locator('#content h1')).toBeVisible();
  await expect(page.locator('#content :is(.waiting, .ant-skeleton, .ant-spin-spinning)')).toHaveCount(0);
  expect.soft(await ranIn(page), address).toEqual(nothing);
}

export const nothing = { ran: false, images: 0 };

// ranIn tells what was taken for anything but text.
export const ranIn = (page: Page) => page.evaluate(() => ({ ran: '__hit' in window, images: document.querySelectorAll('img[src="x"]').length }));
