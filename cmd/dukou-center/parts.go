// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/export"
	"dukou.dev/dukou/internal/finding"
	"dukou.dev/dukou/internal/intake"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/management"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/notify"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/quarantine"
	"dukou.dev/dukou/internal/rehearsal"
	"dukou.dev/dukou/internal/report"
	"dukou.dev/dukou/internal/retention"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// site is what the parts are made of.
type site struct {
	settings
	center *center.Center
	db     *store.DB
	key    vault.Key // of this disk
	tls    tls.Certificate
	syslog net.Listener // for what graded systems send; nil for none
	font   []byte
	log    *slog.Logger

	ends     management.Ends // of certificates, as the inventory tells the monitor
	terminal bool            // somebody sits before it who may be shown secrets
}

// parts are what administrators work with. Each knows nothing of the others: what one
// needs of another it is handed here.
type parts struct {
	server *management.Server
	tasks  []daemon.Task
}

// open opens all parts over the database.
func (s *site) open(ctx context.Context) (*parts, error) {
	events := management.NewEvents()
	accounts, err := account.Open(s.db, account.Config{
		Name: "Dukou " + s.center.Identity.Admission.Guard, Domain: s.domain, Origins: s.origins(),
		Key: s.key, Record: s.center.Journal.Append, Tell: events.Tell, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	desk := draft.Open(s.db, s.drafting(accounts, events))
	rehearsals := rehearsal.Open(s.db, s.rehearsing(desk, events))
	held := quarantine.New(s.holding(desk))
	kept, err := retention.Open(ctx, s.db, s.keeping(events))
	if err != nil {
		return nil, err
	}
	index, err := evidence.Open(ctx, s.db, s.indexing(kept))
	if err != nil {
		return nil, err
	}
	kept.Prune = index.Prune
	watched, notifier, err := s.watching(ctx, events)
	if err != nil {
		return nil, err
	}
	stock := inventory.Open(s.db, s.stock(events, watched))
	acts := [][]proposal.Act{
		management.AccountActs(accounts), management.ComponentActs(stock), management.PolicyActs(desk),
		management.RetentionActs(kept), management.RuleActs(watched), management.QuarantineActs(held),
	}
	var all []proposal.Act
	for _, list := range acts {
		all = append(all, list...)
	}
	proposals, err := proposal.Open(s.db, proposal.Config{Acts: all, Holders: accounts.Holders, Record: s.center.Journal.Append, Tell: events.Tell, Log: s.log, Now: time.Now})
	if err != nil {
		return nil, err
	}
	findings := finding.Open(s.db, finding.Config{Now: time.Now, Tell: events.Tell})
	counting := management.Counting{Evidence: index, Inventory: stock, Findings: findings, Witnessed: s.witnessedSize}
	reports, err := report.Open(s.db, report.Config{Numbers: counting.Numbers, Font: s.font, Record: s.center.Journal.Append, Tell: events.Tell, Now: time.Now, Log: s.log})
	if err != nil {
		return nil, err
	}
	exports := export.Open(s.db, s.exporting(kept, events))
	taken := intake.Open(s.db, intake.Config{Record: s.center.Journal.Append, Listener: s.syslog, Certificate: s.tls, Tell: events.Tell, Now: time.Now, Log: s.log})
	server := management.New(management.Config{
		Center: s.center, Accounts: accounts, Proposals: proposals, Inventory: stock, Policy: desk, Rehearsals: rehearsals, Held: held, Evidence: index,
		Monitor: watched, Notifier: notifier, Findings: findings, Reports: reports, Exports: exports, Intake: taken, Retention: kept,
		Inbox:  []management.InboxSource{management.AlertInbox(watched), management.PolicyInbox(desk), management.FindingInbox(findings)},
		Record: s.center.Journal.Append, Events: events, Version: version, Log: s.log,
	})
	return &parts{server: server, tasks: []daemon.Task{
		{Name: "proposals", Run: proposals.Run}, {Name: "policy", Run: desk.Run}, {Name: "rehearsals", Run: rehearsals.Run},
		{Name: "evidence", Run: index.Run}, {Name: "inventory", Run: stock.Run}, {Name: "monitor", Run: watched.Run}, {Name: "notification", Run: notifier.Run},
		{Name: "reports", Run: reports.Run}, {Name: "export", Run: exports.Run}, {Name: "intake", Run: taken.Run}, {Name: "retention", Run: kept.Run},
	}}, s.tellFirst(ctx, accounts)
}

func (s *site) drafting(accounts *account.Accounts, events *management.Events) draft.Config {
	a := s.center.Identity.Admission
	return draft.Config{
		Guard: a.Guard, Anchors: policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)},
		InForce: s.center.InForce, Apply: s.center.Apply, Admitted: s.center.Signer.Admitted,
		ApproverKey: accounts.ApproverKey, Record: s.center.Journal.Append, Tell: events.Tell, Now: time.Now, Log: s.log,
	}
}

func (s *site) rehearsing(desk *draft.Desk, events *management.Events) rehearsal.Config {
	return rehearsal.Config{
		Drafts: desk, State: s.state, InForce: s.center.InForce, DetailKey: s.center.DetailKey, Tell: events.Tell, Now: time.Now, Log: s.log,
	}
}

func (s *site) holding(desk *draft.Desk) quarantine.Config {
	return quarantine.Config{
		Guard: desk.Guard, Anchors: desk.Anchors, InForce: s.center.InForce, Look: s.center.Quarantined, Send: s.center.Release,
		Approver: desk.Approver, Now: time.Now,
	}
}

func (s *site) keeping(events *management.Events) retention.Config {
	return retention.Config{
		Destroy: func(ctx context.Context, before uint64) error {
			return s.center.Signer.Destroy(ctx, authority.WantDestroy{Class: audit.Decisions, Before: before})
		},
		Disk: retention.DiskOf(s.state), Record: s.center.Journal.Append, Tell: events.Tell, Now: time.Now, Log: s.log,
	}
}

func (s *site) indexing(kept *retention.Retention) evidence.Config {
	return evidence.Config{
		Logs: func() []evidence.Log {
			var list []evidence.Log
			for _, l := range s.center.Logs() {
				list = append(list, evidence.Log{Origin: l.Origin, Dir: l.Dir})
			}
			return list
		},
		Keep: kept.Indexed,
		DetailKey: func(ctx context.Context, origin string, id audit.KeyID) (vault.Key, error) {
			return s.center.DetailKey(ctx, strings.TrimPrefix(origin, audit.Origin("")), id)
		},
		Witnessed: s.center.Witnessed, Own: s.center.OpenOwn, Log: s.log, Now: time.Now,
	}
}

func (s *site) watching(ctx context.Context, events *management.Events) (*monitor.Monitor, *notify.Notifier, error) {
	var watched *monitor.Monitor
	notifier := notify.Open(notify.Config{
		DB: s.db, Key: s.key, Console: s.base(), Host: s.center.Identity.Request.ID,
		Failing: func(channel, why string) { management.ChannelFailing(watched)(channel, why) },
		Tell:    events.Tell, Log: s.log, Now: time.Now,
	})
	watched, err := monitor.Open(ctx, monitor.Config{
		DB: s.db, Observe: management.Observe(s.center, &s.ends), Queue: management.QueueNews(notifier), Queued: notifier.Wake,
		Record: s.center.Journal.Append, Tell: events.Tell, Log: s.log, Now: time.Now,
	})
	return watched, notifier, err
}

func (s *site) stock(events *management.Events, watched *monitor.Monitor) inventory.Config {
	signer := s.center.Signer
	return inventory.Config{
		Self: s.center.Identity.Request.ID, Version: version, Standings: management.Standings(s.center), PolicyEnd: s.center.PolicyEnd,
		Signer:    inventory.Signer{Admitted: signer.Admitted, Admit: signer.Admit, Answer: signer.Answer, Dismiss: signer.Dismiss},
		Effective: s.center.EffectiveOf, Record: s.center.Journal.Append, Tell: events.Tell, Alert: management.DriftAlert(watched), Ends: s.ends.Keep, Log: s.log, Now: time.Now,
	}
}

func (s *site) exporting(kept *retention.Retention, events *management.Events) export.Config {
	return export.Config{
		Logs: func() []export.Log {
			var list []export.Log
			for _, l := range s.center.Logs() {
				next, err := s.center.NextRecord(l.Origin)
				if err != nil {
					s.log.Warn("a log cannot be exported now", "log", l.Origin, "error", err)
					continue
				}
				list = append(list, export.Log{Origin: l.Origin, Next: next})
			}
			return list
		},
		Read: s.center.Records, MayLeave: kept.Exported, Dir: filepath.Join(s.state, "tls"), Version: version,
		Record: s.center.Journal.Append, Tell: events.Tell, Now: time.Now, Log: s.log,
	}
}

// witnessedSize is how many entries of a log a witness has signed.
func (s *site) witnessedSize(origin string) uint64 {
	c, err := audit.ParseCheckpoint(s.center.Witnessed(origin))
	if err != nil {
		return 0
	}
	return c.Size
}

// tellFirst says what to do with a new installation. Its first links are secrets: at the
// first start they are printed on a terminal, and in no log; the host's command prints
// them again.
func (s *site) tellFirst(ctx context.Context, accounts *account.Accounts) error {
	had, err := accounts.Initialised(ctx)
	if err != nil {
		return err
	}
	if s.terminal {
		links, err := accounts.FirstLinks(ctx)
		for _, l := range links {
			fmt.Printf("%s: %s%s (until %s)\n", l.Duty, s.base(), l.Path, l.Expires.Format(time.RFC3339))
		}
		if err != nil {
			return err
		}
	}
	var missing []string
	for _, d := range account.Duties() {
		if !had[d] {
			missing = append(missing, "dukou account link "+string(d)+" --center "+s.api)
		}
	}
	if len(missing) > 0 {
		s.log.Warn("not all duties have an administrator yet: print the one-time links on this host", "commands", missing)
	}
	return nil
}

// run runs the parts beside the center.
func (p *parts) run(ctx context.Context, s *site, listeners ...daemon.Task) error {
	tasks := append([]daemon.Task{{Name: "center", Run: s.center.Run}}, p.tasks...)
	return errors.Join(daemon.Run(ctx, append(tasks, listeners...)...), s.db.Close())
}
