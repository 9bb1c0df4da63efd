// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file/terminal"
)

func newSendCommand() *cobra.Command {
	var flags terminalFlags
	var wait bool
	c := &cobra.Command{
		Use:   "send FILE... --flow FLOW --front ADDRESS --identity DIR",
		Short: "Send files to the other zone",
		Long: `Sends each file to this zone's front, which has it durably when the command says
"accepted" and delivers it. With --wait the command goes on until the file was
delivered in the other zone, or refused on the way.

A sending that was broken off, by Ctrl-C, a crash or a lost connection, is taken up
where it stood when the same command is called again for the same file.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := flags.open(cmd)
			if err != nil {
				return err
			}
			s := sending{terminal: t, flow: flags.flow, wait: wait, out: cmd.OutOrStdout(), json: flags.json}
			if !flags.json && !flags.verbose && isTerminal(cmd.ErrOrStderr()) {
				s.bars = mpb.NewWithContext(cmd.Context(), mpb.WithOutput(cmd.ErrOrStderr()), mpb.WithWidth(40))
			}
			return s.all(cmd.Context(), args)
		},
	}
	flags.register(c)
	c.Flags().BoolVar(&wait, "wait", false, "wait until each file was delivered in the other zone")
	return c
}

// isTerminal tells whether someone looks at w as it is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// sending sends a list of files.
type sending struct {
	terminal *terminal.Terminal
	flow     string
	wait     bool
	out      io.Writer
	json     bool
	bars     *mpb.Progress // nil where nobody looks
}

// all sends one file after another. What is wrong with one does not stop the next;
// the error is the first.
func (s *sending) all(ctx context.Context, paths []string) error {
	var first error
	failed := 0
	for _, path := range paths {
		r, err := s.one(ctx, path)
		s.report(path, r, err)
		if err != nil {
			failed++
			if first == nil {
				first = fmt.Errorf("%s: %w", path, err)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	if s.bars != nil {
		s.bars.Wait()
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; the same command goes on where it stood")
	case failed > 1:
		return fmt.Errorf("%w (and %d more)", first, failed-1)
	default:
		return first
	}
}

func (s *sending) one(ctx context.Context, path string) (terminal.Result, error) {
	u := terminal.Upload{Path: path, Flow: s.flow, Wait: s.wait}
	if s.bars == nil {
		return s.terminal.Send(ctx, u)
	}
	bar := s.bars.AddBar(0,
		mpb.PrependDecorators(decor.Name(filepath.Base(path)+" "), decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1024(0), "% .1f ")))
	u.Progress = func(sent, total uint64) {
		bar.SetTotal(int64(total), false)
		bar.SetCurrent(int64(sent))
	}
	r, err := s.terminal.Send(ctx, u)
	if err != nil {
		bar.Abort(false)
	} else {
		bar.SetTotal(int64(r.Size), true)
	}
	return r, err
}

// sent is one line of --json.
type sent struct {
	File      string `json:"file"`
	Parcel    string `json:"parcel,omitempty"`
	State     string `json:"state"`
	Code      string `json:"code,omitempty"`
	Size      uint64 `json:"size"`
	Root      string `json:"root,omitempty"`
	Delivered string `json:"delivered,omitempty"`
}

func (s *sending) report(path string, r terminal.Result, err error) {
	line := sent{File: path, State: stateName(r.State), Size: r.Size, Root: r.Root}
	if r.Root != "" {
		line.Parcel = r.ID.String()
	}
	if r.State == exchange.StateDelivered {
		line.Delivered = time.UnixMilli(r.Receipt.Released).UTC().Format(time.RFC3339Nano)
	}
	if err != nil {
		line.Code = string(fault.CodeOf(err))
		if r.State == exchange.StateUnknown {
			line.State = "failed"
		}
	}
	if s.json {
		_ = json.NewEncoder(s.out).Encode(line) // a closed pipe ends the process anyway
		return
	}
	if err == nil {
		fmt.Fprintf(s.out, "%s: %s, parcel %s, %d bytes\n", path, line.State, line.Parcel, line.Size)
	}
}

func stateName(s exchange.State) string {
	switch s {
	case exchange.StateAccepted:
		return "accepted"
	case exchange.StateDelivered:
		return "delivered"
	case exchange.StateRefused:
		return "refused"
	default:
		return "unknown"
	}
}
