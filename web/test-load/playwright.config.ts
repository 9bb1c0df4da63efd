// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { defineConfig } from '@playwright/test';

// The Go test in test/console/load starts what is measured and says by the environment
// where it is. There is no limit of time: it fails on wrong results only.
export default defineConfig({
  testDir: '.',
  outputDir: '../test-results/load',
  retries: 0,
  workers: 1,
  timeout: 0,
  expect: { timeout: 60_000 },
  reporter: [['line']],
  use: {
    baseURL: process.env.DUKOU_CONSOLE,
    ignoreHTTPSErrors: true, // the certificate is of the test's own making
    viewport: { width: 1366, height: 768 },
    locale: 'en-GB',
    timezoneId: 'Asia/Shanghai',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] },
  },
});
