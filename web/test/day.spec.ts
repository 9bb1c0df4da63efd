// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Locator, Page } from '@playwright/test';
import { bothLanguages, doing, expect, type Language, test, type Tools } from './fixture';
import { policyFolder } from './furnish';
import { personOf } from './people';
import { words } from './words';

// A day of the administrators, by what is on their screens: a flow more, published by two
// persons, a request through it, and the proof that it was recorded. In Chinese it is put
// back afterwards, so that the same can be published in English, where it is confirmed.
bothLanguages('a flow is added, approved, used and proven', async (language, { signIn, look }) => {
  test.setTimeout(300_000);
  const say = words[language];
  const li = await signIn('li', { language, at: '#/policy/drafts' });
  await makeDraft(li, language);
  await addFlow(li, language);
  await lookAtDraft(li, language);
  const version = await publish(li, language, look);

  const zhao = await signIn('zhao', { language, at: '#/inbox' });
  await approve(zhao, language, version, look);

  const bar = li.getByRole('region', { name: say.bar });
  await expect(bar).toContainText(say.waits(version));
  await expect(bar.getByRole('timer')).toHaveText(/^\d+:\d\d$/);
  await menu(li, say.overview).click();
  await expect(bar.getByRole('timer')).toBeVisible();

  const parcel = await askThrough();
  const chen = await signIn('chen', { language, at: '#/crossings' });
  await findCrossing(chen, language, parcel);
  await proveCrossing(chen, language);

  if (language === 'en') await doing(li, 'li', bar.getByRole('button', { name: say.confirm }), li.getByText(say.confirmed));
  else await putBack(li, bar, version);
  await expect(bar.getByRole('timer')).toBeHidden();
});

bothLanguages('system makes an account, and its code is shown once', async (language, { signIn }) => {
  test.setTimeout(120_000);
  const say = words[language];
  const page = await signIn('wang', { language, at: '#/accounts' });
  const name = language === 'zh' ? 'zhou' : 'taylor';
  await page.getByRole('button', { name: say.createAccount }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(say.accountName).fill(name);
  await dialog.getByLabel(say.accountPerson).fill(say.person);
  const code = page.getByRole('dialog', { name: say.codeFor(name) });
  await doing(page, 'wang', dialog.getByRole('button', { name: say.create, exact: true }), code);
  await expect(code.locator('code').first()).not.toBeEmpty();
  await code.getByRole('button', { name: say.handedOver }).click();
  await expect(page.getByRole('row').filter({ hasText: name })).toContainText(say.person);
});

// The first accepted configuration of a component is the intended one from then on.
test('system accepts what a component runs with', async ({ signIn }) => {
  test.setTimeout(120_000);
  const say = words.zh;
  const page = await signIn('wang', { at: '#/components/front-intranet?tab=configuration' });
  await page.locator('#content [data-call=accept-configuration]').first().click();
  const dialog = page.getByRole('dialog');
  await doing(page, 'wang', dialog.locator('[data-call=accept-configuration]'), page.getByText(say.acceptedConfiguration));
  await expect(dialog).toBeHidden();
});

const menu = (page: Page, name: string) => page.getByRole('menuitem', { name, exact: true });

async function makeDraft(page: Page, language: Language): Promise<void> {
  const say = words[language];
  await page.getByRole('button', { name: say.newDraft }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(say.draftTitle).fill(say.title);
  await dialog.getByRole('radio', { name: say.upload }).check();
  await dialog.locator('input[type=file]').setInputFiles(policyFolder);
  await expect(dialog.getByText(say.filesRead)).toBeVisible();
  await dialog.getByRole('button', { name: say.makeDraft, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: say.title })).toBeVisible();
}

async function addFlow(page: Page, language: Language): Promise<void> {
  const say = words[language];
  await page.getByRole('button', { name: say.newFlow }).click();
  await page.getByLabel(say.flowName).fill(say.flow);
  await page.getByLabel(say.flowAbout).fill(say.title);
  await page.getByLabel(say.action, { exact: true }).fill('look');
  await page.getByLabel(say.purpose, { exact: true }).fill('monitoring');
  await page.getByLabel(say.path, { exact: true }).fill('/healthz');
  await page.getByLabel(say.answerValues).fill('ok');
  await expect(page.getByText(say.whole)).toBeVisible();
  await page.getByRole('button', { name: say.putFlow }).click();
  await expect(page.getByText(say.flowSaved)).toBeVisible();
}

async function lookAtDraft(page: Page, language: Language): Promise<void> {
  const say = words[language];
  const tab = (name: string) => page.getByRole('tab', { name, exact: true });
  await tab(say.tabs.difference).click();
  await expect(page.getByRole('tabpanel', { name: say.tabs.difference })).toContainText(say.flow);
  await tab(say.tabs.cases).click();
  await expect(page.getByText(say.casesGood)).toBeVisible();
  await expect(page.getByRole('region', { name: say.tabs.cases })).toContainText(say.flow);
  await tab(say.tabs.rehearsal).click();
  await page.getByRole('button', { name: say.rehearse }).click();
  await expect(page.getByRole('region', { name: say.rehearsals })).toContainText(say.finished, { timeout: 60_000 });
  await expect(page.getByText(say.decidedAnew, { exact: true })).toBeVisible();
}

async function publish(page: Page, language: Language, look: Tools['look']): Promise<number> {
  const say = words[language];
  await page.getByRole('tab', { name: say.tabs.publish, exact: true }).click();
  await page.getByRole('button', { name: say.prepare }).click();
  const panel = page.getByRole('tabpanel', { name: say.tabs.publish });
  await expect(panel).toContainText(say.signed);
  const version = Number(say.versionIn.exec(await panel.innerText())?.[1]);
  await panel.locator('input[type=file]').setInputFiles(personOf('li').key!);
  await expect(panel.getByText(say.fingerprint)).toBeVisible();
  await panel.getByLabel(say.why).fill(say.reason);
  await look(page, 'policy-publish');
  await doing(page, 'li', panel.getByRole('button', { name: say.propose }), page.getByText(say.proposed, { exact: true }));
  return version;
}

async function approve(page: Page, language: Language, version: number, look: Tools['look']): Promise<void> {
  const say = words[language];
  await page.getByRole('row').filter({ hasText: say.publishing(version) }).getByRole('link', { name: say.decide }).click();
  await expect(page.locator('#content')).toContainText(say.reason);
  await expect(page.locator('#content')).toContainText(say.flow);
  await page.getByRole('button', { name: say.approve }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=file]').setInputFiles(personOf('zhao').key!);
  await expect(dialog.getByText(say.fingerprint)).toBeVisible();
  await look(page, 'dialog-approve-proposal');
  await doing(page, 'zhao', dialog.getByRole('button', { name: say.signAndApprove }), page.getByText(say.approved, { exact: true }));
}

async function putBack(page: Page, bar: Locator, version: number): Promise<void> {
  const say = words.zh;
  await bar.getByRole('button', { name: say.rollBack }).click();
  const dialog = page.getByRole('dialog', { name: say.rollBackTitle });
  const go = dialog.getByRole('button', { name: say.rollBack });
  await expect(go).toBeDisabled();
  await dialog.getByRole('textbox').fill(String(version));
  await doing(page, 'li', go, page.getByText(say.goesBack));
}

// askThrough asks as a system of the internet zone does, until the front has the policy.
async function askThrough(): Promise<string> {
  let parcel = '';
  await expect
    .poll(
      async () => {
        const response = await fetch(`${process.env.DUKOU_FRONT}/healthz`, { headers: { 'X-API-Key': 'ferry-portal-2026' } });
        parcel = response.headers.get('Dukou-Id') ?? '';
        return `${response.status} ${(await response.text()).trim()}`;
      },
      { message: 'the bureau is well', timeout: 30_000 },
    )
    .toBe('200 {"status":"ok"}');
  return parcel;
}

// The center has a record a second or two after it was made.
async function findCrossing(page: Page, language: Language, parcel: string): Promise<void> {
  const say = words[language];
  const hops = page.getByLabel(say.hops);
  await expect(async () => {
    await page.goto('./#/crossings');
    await page.getByRole('searchbox', { name: say.search }).fill(`Dukou-Id: ${parcel}`);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(new RegExp(`#/crossings/${parcel}$`));
    for (const log of ['front-internet', 'guard-outer', 'guard-gate', 'guard-inner', 'front-intranet']) {
      await expect(hops.locator(`tr[data-log=${log}]`).first()).toBeVisible({ timeout: 3000 });
    }
  }).toPass({ timeout: 60_000 });
  await expect(page.locator('#content')).toContainText(say.flow);
  await expect(page.locator('#content')).toContainText(say.answered);
}

// What was recorded just now is proven once its log has been signed again.
async function proveCrossing(page: Page, language: Language): Promise<void> {
  const say = words[language];
  await expect(async () => {
    await page.getByRole('button', { name: say.check }).click();
    await expect(page.getByText(say.proven)).toBeVisible({ timeout: 10_000 });
    const [, good, all] = (await page.getByText(say.proven).innerText()).match(/(\d+)\D+(\d+)/) ?? [];
    expect(good).toBe(all);
  }).toPass({ timeout: 60_000 });
}
