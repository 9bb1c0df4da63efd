// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package rogue is what an attacker would run in the place of a captured component:
// it has that component's keys, leases and connections, and uses them to send what
// must not pass. A demonstration and the end-to-end tests run it; it is no part of
// what is installed. Its findings (demo.Finding) go to standard output.
package rogue
