// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"crypto/tls"
	"net"
	"time"

	"dukou.dev/dukou/internal/console"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	files "dukou.dev/dukou/web"
)

// serve serves the console as the center does, and gives its address.
func (s *site) serve() string {
	h, err := console.Handler(files.Files(), s.server.Handler())
	s.must("console", err)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	s.must("listen", err)
	l := tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{s.certificate()}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}})
	s.runs("console", s.server.TaskOf("console", l, h).Run)
	return "https://" + plain.Addr().String()
}

func (s *site) certificate() tls.Certificate {
	text, key, err := pki.BrowserCertificate("Dukou under load", 24*time.Hour, "127.0.0.1")
	s.must("certificate", err)
	certificate, err := tls.X509KeyPair(text, key)
	s.must("certificate", err)
	return certificate
}

// standings is what the inventory is told of the components.
func (s *site) standings() (list []inventory.Standing) {
	for _, p := range s.parts {
		if p.role == policy.RoleCenter {
			continue // it knows itself
		}
		list = append(list, inventory.Standing{
			ID: p.identity.Request.ID, Role: string(p.role), Zone: p.zone, State: monitor.Current, Bundle: s.policy.Version, Lease: 1,
			Seen: time.Now(), Version: "load", Audit: "proven",
		})
	}
	return list
}

// observe is what the monitor is told of the components: what was fed.
func (s *site) observe() monitor.Snapshot {
	seen := monitor.Snapshot{Flows: monitor.Flows(s.policy), Bundle: s.policy.Version, BundleEnds: time.UnixMilli(s.policy.NotAfter)}
	for _, p := range s.parts {
		c := monitor.Component{
			ID: p.identity.Request.ID, Role: p.role, Zone: p.zone, Inner: p.inner, State: monitor.Current, Seen: time.Now(), Audit: "proven",
			Bundle: s.policy.Version, Version: "load", Records: p.journal.Next(), Peers: p.peers, Disk: control.DiskOf(s.dir),
		}
		c.Flows = s.counts.of(s.policy, c.ID)
		for _, f := range c.Flows {
			c.Passed, c.Refused = c.Passed+f.Passed, c.Refused+f.Refused
		}
		seen.Components = append(seen.Components, c)
	}
	return seen
}
