// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Call } from '../src/api/calls';
import { bothLanguages, expect, test } from './fixture';
import { words } from './words';

// The dialogs that begin an act, each by the button that opens it. Those that sign are
// looked at in day.spec.ts, on the way.
const dialogs: [who: string, at: string, call: Call][] = [
  ['chen', 'findings', 'open-finding'],
  ['chen', 'reports', 'make-report'],
  ['chen', 'reports', 'add-report-schedule'],
  ['wang', 'accounts', 'create-account'],
  ['wang', 'silences', 'create-silence'],
  ['wang', 'exports', 'add-export-target'],
  ['li', 'policy/drafts', 'create-draft'],
  ['li', 'policy/partners', 'propose-partner'],
  ['li', 'sources', 'add-source'],
  ['li', 'retention', 'switch-audit-class'],
  ['li', 'retention', 'set-retention'],
];

bothLanguages('each dialog can be perceived, and Escape leads back to its button', async (language, { signIn, look }) => {
  test.setTimeout(240_000);
  for (const who of new Set(dialogs.map(([one]) => one))) {
    const page = await signIn(who, { language });
    for (const [, at, call] of dialogs.filter(([one]) => one === who)) {
      await test.step(`${who} ${call}`, async () => {
        await page.goto(`./#/${at}`);
        const button = page.locator(`#content [data-call=${call}]`).first();
        await button.click();
        const dialog = page.getByRole('dialog');
        await expect(dialog).toBeVisible();
        await expect(dialog.locator(':focus')).toHaveCount(1);
        await look(page, `dialog-${call}`);
        await page.keyboard.press('Escape');
        await expect(dialog).toBeHidden();
        await expect(button).toBeFocused();
      });
    }
    await page.context().close();
  }
});

bothLanguages('the panel of filters can be perceived', async (language, { signIn, look }) => {
  const page = await signIn('chen', { language, at: '#/evidence' });
  await page.getByRole('search').getByRole('button', { name: words[language].filter }).click();
  await expect(page.getByRole('dialog', { name: words[language].filter })).toBeVisible();
  await look(page, 'panel-filter');
});
