// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"fmt"
	"io"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/evidence"
)

const (
	days    = 30
	batchOf = 2048   // entries of a log in one transaction, as the index takes them
	before  = "old-" // begins the names of components that are no more, whose entries the history is
)

// history fills the index with entries of the days before today, all of one month.
func (s *site) history(out io.Writer) {
	ctx, began := s.t.Context(), time.Now()
	at := began.Add(-days * 24 * time.Hour)
	step := float64(days*24*time.Hour-2*time.Hour) / float64(*rowsFlag)
	next, pending := map[string]uint64{}, map[string][]audit.Leaf{}
	flush := func(log string) {
		s.must("fill", s.index.Add(ctx, audit.Origin(log), next[log], pending[log]))
		next[log] += uint64(len(pending[log]))
		pending[log] = pending[log][:0]
	}
	w := newWay(*seedFlag, s.policy, func(component string, e audit.Entry) {
		log := before + component
		pending[log] = append(pending[log], leafOf(log, &e))
		if len(pending[log]) == batchOf {
			flush(log)
		}
	})
	for w.made < *rowsFlag {
		w.crossing(at.Add(time.Duration(float64(w.made) * step)).UnixMilli())
	}
	for log := range pending {
		flush(log)
	}
	c, err := s.index.Count(ctx, evidence.Everything(), evidence.CountQuery{})
	s.must("count", err)
	if len(c.Counts) != 1 || c.Counts[0].N < int64(*rowsFlag) {
		s.t.Fatalf("counted %+v, %d were added", c, w.made)
	}
	fmt.Fprintf(out, "\nHistory: %d entries of %d days, filled in %.0f s.\n", w.made, days, time.Since(began).Seconds())
}

func leafOf(log string, e *audit.Entry) audit.Leaf {
	return audit.Leaf{
		Version: 1, Component: audit.Origin(log), Time: e.Time, Class: e.Class, Parcel: e.Parcel, Flow: e.Flow, Subject: e.Subject, Object: e.Object,
		Action: e.Action, Verdict: e.Verdict, Reason: e.Reason, Label: e.Label,
	}
}
