// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing/fstest"

	"dukou.dev/dukou/examples/bank/policy"
)

// policyState is the bundle in force.
type policyState struct {
	sync.Mutex
	version, term uint64
	forbidden     bool
	unheard       []policyState // later ones whose application broke off: one of them may be in force
}

// inForce is the version in force, by what the components have: of those whose
// application broke off it may be any.
func (p *policyState) inForce(has func(version uint64) bool) uint64 {
	p.Lock()
	defer p.Unlock()
	for i := range p.unheard {
		if u := &p.unheard[i]; u.version > p.version && has(u.version) {
			p.version, p.term, p.forbidden = u.version, u.term, u.forbidden
		}
	}
	return p.version
}

// folderOf is the policy: the example's, the flows of these tests, and what forbids.
func folderOf(p *policyState) (fs.FS, error) {
	m := fstest.MapFS{}
	for _, folder := range []fs.FS{policy.Files(), os.DirFS(filepath.Join("testdata", "policy"))} {
		err := fs.WalkDir(folder, ".", func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			data, err := fs.ReadFile(folder, path)
			m[path] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	text := string(m["dukou.yaml"].Data)
	if strings.Count(text, "term: 1\n") != 1 {
		return nil, errors.New("the example's policy has no term 1 any more")
	}
	m["dukou.yaml"].Data = []byte(strings.Replace(text, "term: 1\n", fmt.Sprintf("term: %d\n", p.term), 1))
	if p.forbidden {
		m["policies/not-some.cedar"] = &fstest.MapFile{Data: []byte(`
@id("not-some")
forbid (principal, action == Action::"deliver", resource == Object::"intranet/fault-some");
`)}
	}
	return m, nil
}

// apply puts the next bundle in force, with a change. The center hands it out, with new
// leases, and this does not wait for that.
func (r *rig) apply(change func(*policyState)) error {
	r.policy.Lock()
	defer r.policy.Unlock()
	next := policyState{version: r.policy.version + uint64(len(r.policy.unheard)) + 1, term: r.policy.term, forbidden: r.policy.forbidden}
	for i := range r.policy.unheard { // a term never falls
		next.term = max(next.term, r.policy.unheard[i].term)
	}
	change(&next)
	folder, err := folderOf(&next)
	if err != nil {
		return err
	}
	data, err := r.Installation.Bundle(folder, next.version)
	if err != nil {
		return err
	}
	if err := r.Apply(r.t.Context(), data); err != nil {
		r.policy.unheard = append(r.policy.unheard, policyState{version: next.version, term: next.term, forbidden: next.forbidden})
		return err
	}
	r.policy.version, r.policy.term, r.policy.forbidden, r.policy.unheard = next.version, next.term, next.forbidden, nil
	return nil
}
