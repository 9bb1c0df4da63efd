// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
)

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "64"); err != nil { // most wait, and not for the processor
		panic(err)
	}
	demotest.Main(m)
}

// rig is the installation under attack.
type rig struct {
	*demo.Demo
	app     *recorder
	issuer  ed25519.PrivateKey // of the bureau's tokens: the application is not the attacker
	version uint64             // of the bundle in force

	turn atomic.Int64 // for names of which each is used once

	baseline sync.Once
	plain    map[bool]string // a good sign-in and a good query, as the application sees them

	mu      sync.Mutex
	sums    map[string]*sum // by class of tries
	refused []refusal       // by the internet front, which the journal must know
	secrets []string        // which no log may hold
}

// sum is what became of the tries of one class.
type sum struct{ tries, refused, one, other int }

// refusal is what somebody was told.
type refusal struct {
	try  string
	code fault.Code
	id   parcel.ID // zero where the sender is told none
}

// TestHostile has one installation for all: what runs beside each other first, then
// what needs the place of a process.
func TestHostile(t *testing.T) {
	r := start(t)
	t.Run("together", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T){
			"names": r.names, "files": r.files, "smuggling": r.smuggling, "frames": r.frames, "sizes": r.sizes, "slow": r.slow,
			"clients": r.clients, "components": r.components, "bundles": r.bundles,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	})
	r.alive(t)
	t.Run("crowds", r.crowds)
	r.alive(t)
	t.Run("recorded", r.recorded)
	t.Run("replays", r.replays)
	t.Run("impostors", r.impostors)
	t.Run("logs", r.logs)
	r.alive(t)
	for _, class := range slices.Sorted(maps.Keys(r.sums)) {
		s := r.sums[class]
		t.Logf("%-11s %4d tries: %4d refused, %3d passed as one good request, %d ended without a word", class, s.tries, s.refused, s.one, s.other)
	}
}

// start brings the installation up, with a recorder before the application.
func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{sums: map[string]*sum{}, secrets: []string{demo.APIKey}, version: 1}
	r.Demo = demotest.Start(t, demo.Options{Isolation: demotest.Isolated(t), Policy: generous(t), LogLevel: "debug"})
	var err error
	if r.issuer, err = pki.ReadKey(filepath.Join(r.Installation.Home(demo.Bureau), "token.key")); err != nil {
		t.Fatal(err)
	}
	r.app = record(t, r.Installation.Socket(demo.Bureau))
	if err := r.Restart(demo.FrontIntranet); err != nil { // which keeps a connection to the application
		t.Fatal(err)
	}
	if err := r.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.app.total() == 0 {
		t.Fatal("the application was asked and the recorder saw nothing")
	}
	return r
}

// generous is the example's policy where what is tried reaches the parsers before a
// size or a rate refuses it.
func generous(t *testing.T) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	for _, name := range []string{
		"dukou.yaml", "objects.yaml", "subjects.yaml", "zones.yaml", "flows/batch.yaml", "flows/login.yaml", "flows/query.yaml",
		"policies/credit.cedar", "policies/batch.cedar",
	} {
		text, err := fs.ReadFile(policy.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		m[name] = &fstest.MapFile{Data: text}
	}
	change(t, m, "flows/login.yaml", "request: 4KiB", "request: 900KiB")
	change(t, m, "flows/login.yaml", "rate: 50/s, burst: 100, concurrent: 32", "rate: 2000/s, burst: 4000, concurrent: 256")
	change(t, m, "flows/batch.yaml", "rate: 20/s, burst: 100", "rate: 1000/s, burst: 2000")
	return m
}

func change(t *testing.T, m fstest.MapFS, name, old, replacement string) {
	t.Helper()
	text := string(m[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s has no %q any more", name, old)
	}
	m[name].Data = []byte(strings.Replace(text, old, replacement, 1))
}

// user is a name that nobody has and that is used once.
func (r *rig) user() string { return fmt.Sprintf("nobody-%06d", r.turn.Add(1)) }

// person is somebody whom only this try asks about, and a token for them.
func (r *rig) person(t *testing.T) (id, token string) {
	t.Helper()
	id = fmt.Sprintf("person-%06d", 1000+r.turn.Add(1))
	return id, r.token(t, jwt.SigningMethodEdDSA, r.issuer, claims(id))
}

func claims(subject string) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{"iss": demo.IssuerName, "aud": demo.IssuerName, "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
}

func (r *rig) token(t *testing.T, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	r.secret(text[strings.LastIndexByte(text, '.')+1:])
	return text
}

// secret notes what must be in no log.
func (r *rig) secret(text string) {
	if len(text) < 8 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = append(r.secrets, text)
}

// count adds a try to the sums of its class.
func (r *rig) count(class string, add func(*sum)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sums[class]
	if s == nil {
		s = &sum{}
		r.sums[class] = s
	}
	s.tries++
	add(s)
}

// told notes a refusal by the internet front.
func (r *rig) told(try string, code fault.Code, id string) error {
	parsed, err := parcel.ParseID(id)
	if err != nil && id != "" {
		return fmt.Errorf("id %q: %w", id, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = append(r.refused, refusal{try, code, parsed})
	return nil
}

// dial connects to where a process listens.
func (r *rig) dial(t *testing.T, process string) net.Conn {
	t.Helper()
	var nc net.Conn
	within(t, soon, func() (err error) {
		nc, err = net.Dial("unix", r.Installation.Socket(process)) // a Unix socket refuses where others queue
		return err
	})
	if nc == nil {
		t.FailNow()
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

// alive wants every process to run on, and the next good request to pass.
func (r *rig) alive(t *testing.T) {
	t.Helper()
	select {
	case end := <-r.Ended():
		t.Fatal(end)
	default:
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := r.WaitQuery(ctx); err != nil {
		t.Errorf("a good request afterwards: %v", err)
	}
	for _, name := range demo.Processes() {
		if r.PID(name) == 0 {
			t.Errorf("%s does not run", name)
		}
	}
}

// within tries until there is no error or the time is over.
func within(t *testing.T, timeout time.Duration, try func() error) {
	t.Helper()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Error(err)
			return
		case <-tick.C:
		}
	}
}

// problem is what the internet front tells of a refusal.
type problem struct {
	Error fault.Code `json:"error"`
	ID    string     `json:"id"`
}

// readProblem reads one; an application's own answer has no id.
func readProblem(body []byte) (problem, bool) {
	var p problem
	err := json.Unmarshal(body, &p)
	return p, err == nil && p.ID != "" && fault.Known(p.Error)
}

// logText is what a process has written so far.
func (r *rig) logText(t *testing.T, process string) string {
	t.Helper()
	text, err := os.ReadFile(r.Installation.Log(process))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
