// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e holds tests of whole installations: the real programs, each in
// namespaces of its own, as internal/demo starts them. They look at what no part can
// show alone: that there is no way between the zones but parcels, that policy
// changes while traffic flows, that what was accepted arrives once whatever is
// killed, and that the logs say all of it.
//
// Each test has a short form, for every run, and a long form, which the environment
// variable DUKOU_LONG=1 chooses. DUKOU_SEED repeats the random choices of a run, whose
// seed is printed.
package e2e
