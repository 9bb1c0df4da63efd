// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
)

const (
	maxEvent      = 64 << 10
	watchAgain    = time.Second // after a connection was lost, doubled each time
	watchSlowest  = 30 * time.Second
	eventsPath    = "/api/events"
	shortWhenForm = "15:04:05"
)

func newWatchCommand() *cobra.Command {
	var at connection
	var topics []string
	c := &cobra.Command{
		Use:   "watch [--topic TOPIC]...",
		Short: "Show what changes at the center, as it changes, until Ctrl-C",
		Long: `Watch listens to the center's events. An event says that something changed and nothing of
how: read it with the command that it belongs to. A connection that is lost is made again;
then "all" says that events may have been missed.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			w := watching{link: l, topics: topics, asJSON: at.asJSON, out: c.OutOrStdout()}
			return w.run(c.Context())
		},
	}
	at.register(c)
	c.Flags().StringArrayVar(&topics, "topic", nil, "only these, as components, proposals, alerts (may be given several times)")
	return c
}

// watching shows the events of one center.
type watching struct {
	*link

	topics []string
	asJSON bool
	out    io.Writer
}

// event is what the center tells.
type event struct {
	Topic string `json:"topic"`
	ID    string `json:"id,omitempty"`
}

// run listens until ctx ends or the center refuses.
func (w *watching) run(ctx context.Context) error {
	pause := watchAgain
	for first := true; ; first = false {
		began := time.Now()
		err := w.listen(ctx, first)
		if ctx.Err() != nil {
			return nil
		}
		if _, refused := errors.AsType[*remote.Problem](err); refused || first && err != nil {
			return err
		}
		if time.Since(began) > watchSlowest {
			pause = watchAgain
		}
		fmt.Fprintf(w.cmd.ErrOrStderr(), "the connection was lost; again in %v\n", pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, watchSlowest)
	}
}

// listen shows the events of one connection.
func (w *watching) listen(ctx context.Context, first bool) error {
	answer, err := w.Call(ctx, &remote.Request{Method: http.MethodGet, Path: eventsPath, Header: http.Header{"Accept": {"text/event-stream"}}})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if !first {
		w.show(event{Topic: "all"})
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		var e event
		if !ok || json.Unmarshal([]byte(data), &e) != nil || e.Topic == "" {
			continue // a heartbeat, or an event of a later version
		}
		w.show(e)
	}
	return lines.Err()
}

func (w *watching) show(e event) {
	if len(w.topics) > 0 && e.Topic != "all" && !slices.Contains(w.topics, e.Topic) {
		return
	}
	if w.asJSON {
		_ = json.NewEncoder(w.out).Encode(e) // a closed pipe ends the process anyway
		return
	}
	fmt.Fprintf(w.out, "%s  %s %s\n", time.Now().Format(shortWhenForm), remote.Printable(e.Topic), remote.Printable(e.ID))
}
