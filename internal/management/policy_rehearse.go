// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/rehearsal"
)

type rehearsalOut struct{ Body rehearsal.Rehearsal }

// RehearsalID names a rehearsal.
type RehearsalID struct {
	ID string `path:"id" maxLength:"32" doc:"of the rehearsal"`
}

type startRehearsalIn struct {
	Body struct {
		Draft string    `json:"draft" maxLength:"32" doc:"id of the draft"`
		Since time.Time `json:"since,omitempty" doc:"decisions from then on; a day before until when it is left out"`
		Until time.Time `json:"until,omitempty" doc:"decisions before then; now when it is left out"`
	}
}

func (s *Server) startRehearsal(ctx context.Context, in *startRehearsalIn) (*rehearsalOut, error) {
	r, err := s.Rehearsals.Start(ctx, callerOf(ctx), in.Body.Draft, rehearsal.Window{Since: in.Body.Since, Until: in.Body.Until})
	if err != nil {
		return nil, err
	}
	remark(ctx, fmt.Sprintf("rehearsal %s of draft %s at revision %d over %s to %s, whose details are opened for it", r.ID, r.Draft, r.DraftRevision,
		r.Since.Format(time.RFC3339), r.Until.Format(time.RFC3339)))
	return &rehearsalOut{r}, nil
}

func (s *Server) showRehearsal(ctx context.Context, in *RehearsalID) (*rehearsalOut, error) {
	r, err := s.Rehearsals.Get(ctx, in.ID)
	return &rehearsalOut{r}, err
}

type rehearsalList struct {
	Body struct {
		Items []rehearsal.Rehearsal `json:"items"`
		Next  string                `json:"next,omitempty" doc:"after, for the rest"`
	}
}

func (s *Server) listRehearsals(ctx context.Context, in *struct{ PolicyPage }) (*rehearsalList, error) {
	var out rehearsalList
	var err error
	out.Body.Items, out.Body.Next, err = s.Rehearsals.List(ctx, in.page())
	for i := range out.Body.Items {
		if r := out.Body.Items[i].Result; r != nil {
			r.Changes = []rehearsal.Changed{} // they are shown with the rehearsal itself
		}
	}
	return &out, err
}

func (s *Server) cancelRehearsal(ctx context.Context, in *RehearsalID) (*struct{}, error) {
	return nil, s.Rehearsals.Cancel(ctx, in.ID)
}
