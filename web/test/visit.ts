// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, type Page } from '@playwright/test';

// visit goes to a page of the console within the program that runs already, and waits until
// it shows what it fetches. Where it is already, the program starts anew.
export async function visit(page: Page, address: string): Promise<void> {
  if (page.url().endsWith(`#/${address}`)) {
    await page.reload();
    return shown(page);
  }
  await page.locator('#content h1').evaluateAll((all) => all.forEach((h) => h.setAttribute('data-before', '')));
  await page.goto(`./#/${address}`);
  await expect(page.locator('#content h1:not([data-before])')).toBeVisible();
  await shown(page);
}

// shown waits until the page shows what it fetches.
async function shown(page: Page): Promise<void> {
  await expect(page.locator('#content h1')).toBeVisible();
  await expect(page.locator('#content')).toHaveAttribute('aria-busy', 'false');
  await expect(page.locator('#content :is(.waiting, .ant-skeleton, .ant-spin-spinning)')).toHaveCount(0);
}
