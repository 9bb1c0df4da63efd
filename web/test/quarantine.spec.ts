// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { bothLanguages, doing, expect, type Language, test } from './fixture';
import { personOf } from './people';
import { words } from './words';

// What the Go test has put into the quarantine of the intranet front.
const files = { zh: '七月批量.xlsx', en: 'july.xlsx' };
const stays = 'stays.xlsx';

const texts = {
  zh: {
    now: '隔离区现有文件',
    why: '扩展名不属于此数据流',
    release: '放行…',
    cannot: '前置机将视同检查已通过而交付此文件，交付后无法撤回。',
    look: '已提议，查看',
    root: '正文分块的根',
    differs: /放行文书的“大小”一栏与向您显示的内容不符/,
    done: /front-intranet 已放行包/,
  },
  en: {
    now: 'In quarantine now',
    why: 'Extension not of the flow',
    release: 'Release…',
    cannot: 'The front gives the file out as if its checks had passed. That cannot be taken back.',
    look: 'Proposed: look',
    root: 'Root of the body’s chunks',
    differs: /The document of the release, field “Size” says something else/,
    done: /front-intranet has released parcel/,
  },
};

const delivered = (name: string) => join(process.env.DUKOU_DIR ?? '', 'inner', 'batch', 'requests', name);

bothLanguages('a file in quarantine is released by two signatures, and delivered', async (language, { signIn, axe }) => {
  test.setTimeout(180_000);
  const t = texts[language];
  const name = files[language];
  const li = await signIn('li', { language, at: '#/quarantine' });
  const row = heldRow(li, language, name);
  await expect(row).toContainText(t.why);
  await axe(li);
  expect(existsSync(delivered(name)), 'it is not delivered yet').toBe(false);
  await propose(li, language, name);

  const zhao = await signIn('zhao', { language, at: '#/quarantine' });
  await heldRow(zhao, language, name).getByRole('link', { name: t.look }).click();
  await approve(zhao, language, name);

  expect(readFileSync(delivered(name), 'utf8')).toBe(`the content of ${name}`);
  await li.goto('./#/quarantine');
  await expect(heldRow(li, language, stays)).toBeVisible();
  await expect(heldRow(li, language, name)).toHaveCount(0);
});

test('a document that is not of the file that is shown is not signed', async ({ signIn }) => {
  test.setTimeout(120_000);
  const t = texts.zh;
  const page = await signIn('li');
  await page.route('**/api/quarantine', async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    for (const item of body.items) item.size += 1;
    await route.fulfill({ response, json: body });
  });
  await page.goto('./#/quarantine');
  await heldRow(page, 'zh', stays).getByRole('button', { name: t.release }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(t.differs)).toBeVisible();
  await dialog.locator('input[type=file]').setInputFiles(personOf('li').key!);
  await dialog.getByLabel(words.zh.why).fill(words.zh.reason);
  let asked = false;
  page.on('request', (r) => (asked ||= r.method() === 'POST' && r.url().endsWith('/release')));
  await dialog.getByRole('button', { name: words.zh.propose }).click();
  await expect(dialog.getByText(t.differs)).toHaveCount(2);
  expect(asked, 'the center is asked for nothing').toBe(false);
});

test('who keeps the machines sees that something lies there, and not what', async ({ signIn }) => {
  const wang = await signIn('wang', { at: '#/quarantine' });
  const now = wang.getByRole('region', { name: texts.zh.now });
  await expect(now).toContainText('front-intranet');
  await expect(now).not.toContainText(stays);
  await expect(wang.locator('[data-call=propose-release]')).toHaveCount(0);
});

const heldRow = (page: Page, language: Language, name: string) =>
  page.getByRole('region', { name: texts[language].now }).getByRole('row').filter({ hasText: name });

async function propose(page: Page, language: Language, name: string): Promise<void> {
  const [t, say] = [texts[language], words[language]];
  await heldRow(page, language, name).getByRole('button', { name: t.release }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(t.cannot);
  await expect(dialog).toContainText(name);
  await expect(dialog).toContainText(t.root);
  await dialog.getByLabel(say.why).fill(say.reason);
  await dialog.locator('input[type=file]').setInputFiles(personOf('li').key!);
  await expect(dialog.getByText(say.fingerprint)).toBeVisible();
  await doing(page, 'li', dialog.getByRole('button', { name: say.propose }), page.getByText(say.proposed, { exact: true }));
  await expect(page).toHaveURL(/#\/proposals\//);
}

async function approve(page: Page, language: Language, name: string): Promise<void> {
  const [t, say] = [texts[language], words[language]];
  await expect(page.locator('#content')).toContainText(say.reason);
  await page.getByRole('button', { name: say.approve }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(name);
  await dialog.locator('input[type=file]').setInputFiles(personOf('zhao').key!);
  await expect(dialog.getByText(say.fingerprint)).toBeVisible();
  await doing(page, 'zhao', dialog.getByRole('button', { name: say.signAndApprove }), page.getByText(t.done));
}
