// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// ask puts one question at the outer front. The scheduler calls it.
func (s *sim) ask(n int) {
	l := s.process[frontOut].life
	person := fmt.Sprintf("person-%d", n)
	s.record.change(func() { s.record.questions[person] = &question{} })
	var f *front.Front
	if l != nil && !l.dead.Load() {
		f = l.parts().front
	}
	if f == nil || f.Policy() == nil { // the caller's connection is refused
		s.record.change(func() { s.record.questions[person].ended = true })
		return
	}
	s.tally.Asked++
	go func() {
		reply, err := f.Ask(l.ctx, front.Request{
			Flow: f.Policy().Flow("query"), Subject: front.Subject{ID: "out/person", Assurance: label.ByAPIKey},
			Content: parcel.Record{"form": "report", "person": person},
		})
		s.told(l, person, reply, err)
	}()
}

// told is what became of a question for the one who asked.
func (s *sim) told(l *life, person string, reply front.Reply, err error) {
	lost := l.dead.Load() // the caller sees its connection break
	if err == nil && !lost {
		if want := "of " + person; reply.Content["text"] != want {
			s.found.add(s, "question %s was answered by %q", person, reply.Content["text"])
		}
		s.checkRecorded(reply.ID, "allow", audit.ClassDecision, outwards, 1, "the answer to "+person)
	}
	s.record.change(func() {
		q := s.record.questions[person]
		q.ended, q.id = true, reply.ID
		if q.answered = err == nil && !lost; q.answered {
			s.tally.Answered++
		} else if q.calls > 0 {
			s.tally.reached("answer lost, question not put again")
		}
	})
	s.tally.code(err)
}

// application answers questions behind the inner front in one life of it.
type application struct{ l *life }

// Ask implements front.Exit.
func (a application) Ask(ctx context.Context, c front.Call) (parcel.Record, error) {
	s := a.l.p.m.s
	person, _ := c.Content["person"].(string)
	if a.l.dead.Load() {
		return nil, fault.New(fault.TargetUnavailable, "the power is off")
	}
	if strings.HasPrefix(person, "never") {
		s.found.add(s, "a forged question reached the application: %s", person)
	}
	s.checkRecorded(c.ID, "allow", audit.ClassDecision, inwards, 0, "question "+person)
	s.record.change(func() {
		q := s.record.questions[person]
		if q == nil {
			s.found.add(s, "nobody asked %q", person)
			return
		}
		if q.calls++; q.calls > 1 {
			s.found.add(s, "question %s reached the application %d times", person, q.calls)
		}
	})
	timer := time.NewTimer(time.Duration(1+len(person)%7) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, fault.Wrap(fault.TargetTimeout, ctx.Err(), "the application")
	}
	return parcel.Record{"form": "report", "status": int64(200), "level": int64(2), "text": "of " + person}, nil
}

// code counts what a caller was told.
func (t *tally) code(err error) {
	var e *front.Error
	if errors.As(err, &e) {
		t.reached("question ended with " + string(fault.CodeOf(err)))
	}
}
