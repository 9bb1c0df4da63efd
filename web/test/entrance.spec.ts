// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { request as plain } from 'node:http';
import type { Page } from '@playwright/test';
import { Secret, TOTP } from 'otpauth';
import { bothLanguages, expect, test } from './fixture';
import { picture, type Shade } from './looks';
import { codeOf, personOf } from './people';

// At the fresh installation everything is in one order: nobody has taken it over, three do,
// and then somebody tries to sign in to it who should not.
test.describe.configure({ mode: 'serial' });

const fresh = process.env.DUKOU_FRESH ?? '';
const password = 'Ferry-landing-2030';

interface Taker {
  duty: 'system' | 'security' | 'audit';
  name: string;
  person: string;
  language: 'zh' | 'en';
}
const takers: Taker[] = [
  { duty: 'system', name: 'sun', person: '孙磊', language: 'zh' },
  { duty: 'security', name: 'smith', person: 'Jane Smith', language: 'en' },
  { duty: 'audit', name: 'qian', person: '钱红', language: 'zh' },
];

const say = {
  zh: { none: '此系统尚无管理员', name: '登录用的账户名', person: '您的姓名', password: '新口令', again: '再输入一次', go: '下一步', digits: '身份验证器当前显示的六位数字', confirm: '确认', done: '账户已由您接管', signIn: '去登录', useless: '此链接不可用' },
  en: { none: 'This installation has no administrators yet', name: 'Name for signing in', person: 'Your own name', password: 'New password', again: 'The same once more', go: 'Go on', digits: 'The six digits that it shows now', confirm: 'Confirm', done: 'The account is yours', signIn: 'To sign in', useless: 'This link is of no use' },
};

for (const language of ['zh', 'en'] as const) {
  test(`an installation that nobody has taken over says so, and how it is done (${language})`, async ({ open, look }) => {
    const page = await open({ language });
    await page.goto(`${fresh}/#/sign-in`);
    await expect(page.getByText(say[language].none)).toBeVisible();
    for (const duty of ['system', 'security', 'audit']) await expect(page.getByText(`dukou account link ${duty}`)).toBeVisible();
    await expect(page.locator('input[type=password]')).toHaveCount(0);
    await look(page, 'first-run');
  });
}

for (const taker of takers) {
  test(`a one-time link makes the first of ${taker.duty} (${taker.language})`, async ({ open, look, watch }) => {
    watch.allow(/^404 POST .*\/api\/links\/look$/); // by which the page learns that the link is of no use
    const { language, duty } = taker;
    const words = say[language];
    const page = await open({ language });
    const link = `${fresh}/#/link/${await linkOf(duty)}`;
    await page.goto(link);
    await page.getByLabel(words.name).fill(taker.name);
    await page.getByLabel(words.person).fill(taker.person);
    await page.getByLabel(words.password, { exact: true }).fill(password);
    await page.getByLabel(words.again).fill(password);
    await look(page, 'link-password');
    await page.getByRole('button', { name: words.go }).click();
    const secret = await page.locator('.secret-text').innerText();
    await look(page, 'link-authenticator');
    await page.getByLabel(words.digits).fill(new TOTP({ secret: Secret.fromBase32(secret.replace(/\s/g, '')) }).generate());
    await page.getByRole('button', { name: words.confirm, exact: true }).click();
    await expect(page.getByText(words.done)).toBeVisible();
    await page.getByRole('button', { name: words.signIn }).click();
    await expect(page.locator('input[autocomplete=username]')).toHaveValue(taker.name);

    await page.goto(link);
    await page.reload();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(words.useless);
    await look(page, 'link-useless');
  });
}

test('a wrong password is told without saying what is wrong, and at last the lock', async ({ open, watch }) => {
  watch.allow(/^40[0-9] POST .*\/api\/session/);
  watch.allow(/^4\d\d POST .*\/api\/session credentials-wrong$/);
  watch.allow(/account-locked$/);
  const page = await open();
  await page.goto(`${fresh}/#/sign-in`);
  const told = page.locator('[role=alert], .ant-alert').first();
  const tryOnce = async (name: string) => {
    await page.locator('input[autocomplete=username]').fill(name);
    await page.locator('input[type=password]').fill('not-the-Password-1');
    const answer = page.waitForResponse((r) => r.url().endsWith('/api/session') && r.request().method() === 'POST');
    await page.locator('input[type=password]').press('Enter');
    await answer;
  };
  await tryOnce('nobody');
  const unknown = await told.innerText();
  await tryOnce('qian');
  await expect(told).toHaveText(unknown);
  await expect(async () => {
    await tryOnce('qian');
    await expect(page.getByText('已锁定登录')).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 30_000 });
  await expect(page.getByText('锁定至')).toBeVisible();
});

const byNumber = { zh: '您正通过 IP 地址访问控制台', en: 'You have opened the console by a number' };
bothLanguages('opened by a number, the page says why a passkey does not work there, and where it does', async (language, { open, look }) => {
  const origin = new URL(process.env.DUKOU_CONSOLE ?? '');
  const page = await open({ language });
  await page.goto(`https://127.0.0.1:${origin.port}/#/sign-in`);
  await expect(page.getByText(byNumber[language])).toBeVisible();
  await expect(page.getByRole('link', { name: origin.origin })).toBeVisible();
  await look(page, 'sign-in-by-number');
});

bothLanguages('whoever signs in is asked for the second factor', async (language, { open, look }) => {
  const page = await open({ language });
  await look(page, 'sign-in');
  await page.locator('input[autocomplete=username]').fill('zhao');
  await page.locator('input[type=password]').fill(personOf('zhao').password);
  await page.locator('input[type=password]').press('Enter');
  await expect(page.locator('input[autocomplete=one-time-code]')).toBeVisible();
  await look(page, 'sign-in-factor');
});

test('a shade that was chosen stays, whatever the computer has', async ({ open }) => {
  const page = await open({ language: 'en', shade: 'light' });
  const shade = (is: string) => expect(page.locator(`html[data-shade=${is}]`)).toBeAttached();
  await shade('light');
  await page.getByRole('button', { name: 'Light or dark' }).click();
  await page.getByRole('menuitem', { name: 'Dark', exact: true }).click();
  await shade('dark');
  await page.reload();
  await shade('dark');
  await page.getByRole('button', { name: 'Light or dark' }).click();
  await page.getByRole('menuitem', { name: 'As this computer' }).click();
  await shade('light');
});

// What a browser shows that is too old for the console, or runs no scripts.
test('where the program does not start, a plain page says why', async ({ browser }) => {
  const seen = async (shade: Shade) => {
    const context = await browser.newContext({ javaScriptEnabled: false, colorScheme: shade });
    const page = await context.newPage();
    await page.goto('./');
    await expect(page.locator('main.plain')).toHaveCSS('opacity', '1');
    await expect(page.locator('main.plain')).toContainText('Chromium 109');
    await picture(page, `plain.both-${shade}`);
    await context.close();
  };
  await Promise.all([seen('light'), seen('dark')]); // the page waits for a while before it says so
});

test('a passkey is added, and then used in place of the six digits', async ({ signIn, open }) => {
  test.setTimeout(120_000);
  const page = await signIn('zhao', { at: '#/self' });
  const key = await authenticator(page);
  await page.getByRole('tab', { name: '通行密钥' }).click();
  await page.getByRole('button', { name: '添加通行密钥' }).click();
  const dialog = page.getByRole('dialog', { name: '添加通行密钥' });
  await dialog.getByLabel('便于您识别设备的名称').fill('蓝色密钥');
  await dialog.getByRole('button', { name: '在浏览器中继续' }).click();
  const digits = page.locator('#fresh-code');
  await expect(page.getByRole('cell', { name: '蓝色密钥' }).or(digits)).toBeVisible();
  if (await digits.isVisible()) {
    await digits.fill(await codeOf(personOf('zhao')));
    await digits.press('Enter');
  }
  await expect(page.getByRole('cell', { name: '蓝色密钥' })).toBeVisible();
  const { credentials } = await key.send('WebAuthn.getCredentials', { authenticatorId: key.id });

  const other = await open();
  const again = await authenticator(other);
  for (const credential of credentials) await again.send('WebAuthn.addCredential', { authenticatorId: again.id, credential });
  await other.locator('input[autocomplete=username]').fill('zhao');
  await other.locator('input[type=password]').fill(personOf('zhao').password);
  await other.locator('input[type=password]').press('Enter');
  await other.getByRole('button', { name: '使用通行密钥' }).click();
  await expect(other.locator('#content h1')).toBeVisible();
});

// linkOf has the center's own host make a link, which the person is given.
async function linkOf(duty: string): Promise<string> {
  const socketPath = (process.env.DUKOU_FRESH_HOST ?? '').replace(/^unix:/, '');
  const text = await new Promise<string>((resolve, reject) => {
    const call = plain({ socketPath, method: 'POST', path: `/api/links/first/${duty}`, headers: { Host: 'localhost' } }, (answer) => {
      let body = '';
      answer.on('data', (part) => (body += part));
      answer.on('end', () => resolve(body));
    });
    call.on('error', reject);
    call.end();
  });
  return (JSON.parse(text) as { token: string }).token;
}

// authenticator gives a page a security key that is touched whenever it is asked.
async function authenticator(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'usb', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } as const;
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options });
  return { id: authenticatorId, send: session.send.bind(session) };
}
