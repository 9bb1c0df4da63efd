// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parts

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/audit"
)

// Sizes of what a guard half records of a query, in bytes.
const (
	labelSize  = 320
	detailSize = 700
)

const origin = "dukou/bench"

// Journal has so many appenders put entries into a journal in dir, each waiting until
// its entry is durable before the next, while the journal's own tree is kept as in the
// programs, and gives entries a second.
func Journal(ctx context.Context, dir string, appenders int, length time.Duration) (perSecond float64, err error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return 0, err
	}
	signer, err := audit.NewSigner(origin, key)
	if err != nil {
		return 0, err
	}
	j, err := audit.Open(audit.Config{Dir: dir, Origin: origin, Signer: signer})
	if err != nil {
		return 0, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- j.Run(running) }()
	perSecond, err = fill(ctx, j, appenders, length)
	stop()
	return perSecond, errors.Join(err, <-ended, j.Close())
}

func fill(ctx context.Context, j *audit.Journal, appenders int, length time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	entry := audit.Entry{
		Class: audit.ClassDecision, Flow: "credit-query", Subject: "internet/person-000001", Object: "intranet/credit-reports",
		Action: "read-report", Verdict: "allow", Label: make([]byte, labelSize), Detail: make([]byte, detailSize),
	}
	var all sync.WaitGroup
	var count atomic.Int64
	errs := make([]error, appenders)
	began := time.Now()
	for i := range appenders {
		all.Go(func() {
			for ctx.Err() == nil && errs[i] == nil {
				errs[i] = j.Append(entry).Wait()
				count.Add(1)
			}
		})
	}
	all.Wait()
	return float64(count.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
}
