// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package console tries the console in a browser, and has tests only: it starts a whole
// installation with traffic, and has Playwright run what lies in web/test on it.
package console
