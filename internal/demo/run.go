// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"dukou.dev/dukou/internal/cell"
)

// Auto asks for the best isolation that there is.
const Auto = "auto"

// Resolve finds out what isolation there is. Call it before anything is begun: an
// ordinary user's program is started anew in a user namespace here. For Auto the
// reason says why there is none.
func Resolve(isolation string) (found cell.Isolation, reason string, err error) {
	switch isolation {
	case string(cell.None):
		return cell.None, "asked for", nil
	case string(cell.Netns):
		return cell.Netns, "", cell.Enter()
	case Auto:
		if err := cell.Enter(); err != nil {
			return cell.None, err.Error(), nil //nolint:nilerr // the reason is told, and the rest is shown
		}
		return cell.Netns, "", nil
	default:
		return "", "", fmt.Errorf("%w, not %q", ErrIsolation, isolation)
	}
}

// ErrIsolation says that another isolation was asked for than there are.
var ErrIsolation = errors.New("isolation is auto, netns or none")

// ErrIncomplete says that not all steps could be shown here.
var ErrIncomplete = errors.New("not everything could be shown here")

// Run starts a demonstration, shows it, and stays until ctx ends, unless once is
// set. A step that was skipped gives ErrIncomplete; one that failed another error.
func Run(ctx context.Context, o Options, p *Printer, once bool) error {
	p.say("渡口 Dukou: two networks, and what may cross between them\n")
	var d *Demo
	started := p.do(ctx, step{name: "start", title: "Nine processes are started", run: func(ctx context.Context) (string, error) {
		var err error
		if d, err = Start(ctx, o); err != nil {
			return "", err
		}
		return d.startedAs(), nil
	}})
	if !started.OK {
		return errors.New("the installation did not start")
	}
	err := errors.Join(d.show(ctx, p, once), d.Close())
	if o.Keep {
		p.say("kept in %s\n", d.Installation.Dir)
	}
	return err
}

func (d *Demo) startedAs() string {
	if d.stage.Isolation() == cell.Netns {
		return "each has network, mount, process and IPC namespaces of its own; between the two hosts of the guard there is a cable without IP"
	}
	return "as plain processes, without isolation (" + d.options.WhyPlain + ")"
}

// show runs the tour and, if wanted, stays.
func (d *Demo) show(ctx context.Context, p *Printer, once bool) error {
	outcome := d.conclude(ctx, p, d.Tour(ctx, p))
	if once || ctx.Err() != nil {
		return outcome
	}
	ready := &Ready{}
	if r := p.do(ctx, step{name: "ready", title: "Four people take over its administration", run: d.ready(ready), ready: ready}); !r.OK {
		return errors.Join(outcome, fmt.Errorf("the administrators: %s", r.Reason))
	}
	traffic, err := d.NewTraffic(ctx)
	if err != nil {
		return errors.Join(outcome, err)
	}
	p.say("%s%s", d.guide(), d.administration(ready))
	return d.stay(ctx, p, traffic, outcome)
}

// stay keeps traffic going until ctx ends, or a process does that must not.
func (d *Demo) stay(ctx context.Context, p *Printer, traffic *Traffic, outcome error) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); traffic.Run(ctx, d.options.Traffic) }()
	defer func() { cancel(); <-ended }()
	select {
	case <-ctx.Done():
		p.say("\nended\n")
		return outcome
	case end := <-d.ended:
		return end
	}
}

func (d *Demo) conclude(ctx context.Context, p *Printer, results []Result) error {
	var failed, skipped int
	for _, r := range results {
		switch {
		case r.Skipped:
			skipped++
		case !r.OK:
			failed++
		}
	}
	p.say("\n%d steps: %d as they must be, %d failed, %d skipped\n", len(results), len(results)-failed-skipped, failed, skipped)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case failed > 0:
		return fmt.Errorf("%d steps failed; run again with --keep and look into the logs", failed)
	case skipped > 0:
		return ErrIncomplete
	}
	return nil
}

// guide says what runs where, and what to try.
func (d *Demo) guide() string {
	i, dukou, ask := d.Installation, filepath.Join(d.options.Bin, "dukou"), d.askLines()
	pid := func(name string) string { return fmt.Sprintf("%-15s pid %-8d", name, d.PID(name)) }
	link, kind := "  cable   ", " (no IP)  "
	if d.stage.Isolation() != cell.Netns {
		link, kind = "  socket  ", "(a trial) "
	}
	return fmt.Sprintf(`
   internet zone                                                                       intranet zone
 ┌────────────────┐     ┌─────────────┐ %s ┌────────────┐  ┌─────────────┐     ┌────────────────┐
 │ portal         │     │             │ %s │            │  │             │     │ bureau         │
 │ front-internet ├─────┤ guard-outer ├~~~~~~~~~~~~┤ guard-gate ├──┤ guard-inner ├─────┤ front-intranet │
 └────────────────┘     └─────────────┘            └────────────┘  └──────┬──────┘     └────────────────┘
                                                                       center ── signer
   %s  %s
   %s  %s
   %s  %s
   %s  %s
   %s

 In a browser:  %s
   zhangwei  ferry-zhangwei-2026     a report of level 3
   wangfang  ferry-wangfang-2026     a report of level 3
   gaojian   ferry-gaojian-2026      a report of level 5: it stays inside

 With curl, as a system of the internet zone:
   %s
   %s
   curl -i -H "Authorization: Bearer $TOKEN" '%s/reports/person-000002?purpose=self-inquiry'   # somebody else's
   curl -i %s/internal/people                                                 # no flow reaches it

 With files:
   %s request-file --out %s/mine.csv
   ls %s

 What the inner process of the guard has recorded:
   LOG=%s
   %s audit show $LOG
   %s audit verify $LOG --components %s --witness %s --witness-key %s
`,
		link, kind,
		pid(Portal), pid(Bureau), pid(FrontInternet), pid(FrontIntranet), pid(GuardOuter), pid(GuardGate), pid(GuardInner), pid(Center), pid(Signer),
		d.PortalURL(), ask[0], ask[1], d.FrontURL(), d.FrontURL(),
		filepath.Join(d.options.Bin, "dukou-bank"), i.Outgoing(), i.Incoming(),
		i.auditDir(GuardInner), dukou, dukou, i.Admitted(), filepath.Join(i.State(Center), "witness"), filepath.Join(i.State(Center), "witness.pub"))
}
