// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, type Page } from '@playwright/test';
import { visit } from './visit';

// What would run if a page took it for anything but text.
export const script = `<img src=x onerror=__hit=1>'"><script>__hit=1</script>`;
export const inName = `<img src=x onerror=__hit=1>'"`; // a file's name has no slash

// harmless goes to a page and looks for what ran.
export async function harmless(page: Page, address: string): Promise<void> {
  await visit(page, address);
  expect.soft(await ranIn(page), address).toEqual(nothing);
}

export const nothing = { ran: false, images: 0 };

// ranIn tells what was taken for anything but text.
export const ranIn = (page: Page) => page.evaluate(() => ({ ran: '__hit' in window, images: document.querySelectorAll('img[src="x"]').length }));
