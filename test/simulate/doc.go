// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package simulate runs the real code of fronts and guard under seeded schedules of
// faults, and proves after each of them what must always hold.
//
// A schedule is one bubble of testing/synctest with its own time. All that leaves a
// process, which is a frame on the cable, a segment of a connection or a sync of a log, goes
// to one queue; only when every goroutine of every process waits does the scheduler
// take the next event from it, so that one event runs at a time. Frames are lost,
// torn, flipped, doubled, delayed and played again; machines lose power at any change
// to their disk, and find what crashdisk left them; processes are killed; clocks jump;
// bundles, terms and leases change. A power cut or kill cannot end goroutines: they
// are cut off from disk, network and observers at that moment, and then told to end.
//
// A schedule follows from its seed, but for what the Go runtime draws by itself: which
// ready case a select takes, the order of a map, and which of the goroutines that one
// event woke runs first. TestSameSeed measures how many schedules are the same twice:
// 98 of 100 where the runtime preempts nothing (GODEBUG=asyncpreemptoff=1, as the
// processes of a long run have it). A seed that failed is run again by
//
//	go test ./test/simulate -v -run TestSchedules -args -schedules 1 -seed 7
//
// with what the processes log if SIMULATE_LOG is set. What is not real: an error of a
// disk ends its process at the failed change, without the process being told of it;
// bundles, leases, clocks' floors and numbers of lives lie on the real disk and survive;
// checkpoints are signed by a hash.
package simulate
