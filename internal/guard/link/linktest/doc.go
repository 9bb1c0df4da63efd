// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package linktest holds what every frame port must do, as a test suite, and the
// cables and faults to do it over. Only tests import it.
package linktest
