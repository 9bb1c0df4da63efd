// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package load measures the console in a browser beside a center with many audit entries
// and much traffic, and has tests only: `make console-load` fills the index of audit
// entries, has the journals of five components grow by a thousand crossings a second, and
// has Playwright sign in as the audit administrator and click (web/test-load). It fails
// only on wrong results, never on time.
package load
