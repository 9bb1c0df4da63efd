// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"dukou.dev/dukou/internal/demo"
)

// takesEffect is how soon after it was handed in a bundle decides.
const takesEffect = 2 * time.Second

// Wang is the person whose queries a bundle forbids or not, while Zhang's go on.
func wang() demo.User {
	return demo.User{Name: "wangfang", Password: "ferry-wangfang-2026", Person: "person-000002", Level: 3}
}

// raised is the example's policy with limits that the load does not meet.
func raised(t *testing.T) fstest.MapFS {
	m := variant(t)
	change(t, m, "flows/query.yaml", "rate: 200/s, burst: 400, concurrent: 256", "rate: 1000000/s, burst: 1000000, concurrent: 1024")
	return m
}

// toggled is the same, and one person is forbidden to ask or not.
func toggled(t *testing.T, forbidden bool) fs.FS {
	m := raised(t)
	if forbidden {
		m["policies/toggle.cedar"] = &fstest.MapFile{Data: []byte(`
@id("not-her")
forbid (principal, action == Action::"read-report", resource)
when { principal.name == "person-000002" };
`)}
	}
	return m
}

// TestBundleUnderLoad applies bundles while queries are asked: each takes effect
// within two seconds and none of the queries fails. Then center and signer are
// killed, and bundles that must be refused are.
func TestBundleUnderLoad(t *testing.T) {
	r := start(t)
	r.apply(t, toggled(t, false))
	her := asker{bank: r.Bank(), user: wang(), token: r.signIn(t, wang())}
	t.Cleanup(her.bank.Close)
	them := r.reportsOf(t, demo.Zhang())
	r.underLoad(t, her, them)
	r.withoutCenter(t, her, them)
	r.refused(t, her)
}

// underLoad applies bundles while the load lasts.
func (r *rig) underLoad(t *testing.T, her asker, them client) {
	t.Helper()
	length := form(10*time.Second, time.Minute)
	done := them.begin(t, length)
	end := time.Now().Add(length - 2*time.Second)
	forbidden, slowest, times := false, time.Duration(0), 0
	for time.Now().Before(end) {
		forbidden = !forbidden
		bundle := r.bundle(t, toggled(t, forbidden))
		began := time.Now()
		r.submit(t, bundle)
		her.await(t, forbidden)
		took := time.Since(began)
		t.Logf("version %d, forbidden %t: in effect after %v", r.version, forbidden, took.Round(time.Millisecond))
		slowest, times = max(slowest, took), times+1
		select {
		case <-time.After(time.Second): // of load under this bundle
		case l := <-done:
			t.Fatalf("the load ended early: %v", l)
		}
	}
	wantSound(t, fmt.Sprintf("%d bundles under load", times), <-done)
	if slowest > takesEffect || times < 3 {
		t.Errorf("%d bundles, the slowest took %v to take effect, at most %v", times, slowest, takesEffect)
	}
	if forbidden {
		r.submit(t, r.bundle(t, toggled(t, false)))
		her.await(t, false)
	}
}

// withoutCenter kills center and signer, after which queries go on.
func (r *rig) withoutCenter(t *testing.T, her asker, them client) {
	t.Helper()
	done := them.begin(t, form(4*time.Second, 20*time.Second))
	r.Kill(demo.Center)
	r.Kill(demo.Signer)
	wantSound(t, "without center and signer", <-done)
	if _, err := r.Standings(t.Context()); err == nil {
		t.Error("the center still answers")
	}
	for _, name := range []string{demo.Signer, demo.Center} {
		if err := r.Launch(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.WaitCurrent(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.submit(t, r.bundle(t, toggled(t, true)))
	her.await(t, true)
}

// refused hands in bundles that must not come into force: each would allow what is
// forbidden now.
func (r *rig) refused(t *testing.T, her asker) {
	t.Helper()
	good := r.bundle(t, toggled(t, false))
	for name, data := range r.badBundles(t, good) {
		err := r.Apply(t.Context(), data)
		if err == nil {
			t.Errorf("%s: a bundle was taken", name)
		}
		t.Logf("%s: %v", name, err)
		if err := her.ask(t.Context(), true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.WaitCurrent(t.Context()); err != nil { // with the last good version
		t.Error(err)
	}
	r.submit(t, good)
	her.await(t, false)
}

func (r *rig) badBundles(t *testing.T, good []byte) map[string][]byte {
	t.Helper()
	build := func(version uint64, approvers ...ed25519.PrivateKey) []byte {
		i := *r.Installation
		i.Approvers = approvers
		data, err := i.Bundle(toggled(t, false), version)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	both := r.Installation.Approvers
	altered := append([]byte(nil), good...)
	altered[len(altered)/2] ^= 1
	return map[string][]byte{
		"older":                        build(1, both...),
		"of the version in force":      build(r.version, both...),
		"unsigned":                     build(r.version + 1),
		"signed by one":                build(r.version+1, both[0]),
		"signed by one twice":          build(r.version+1, both[0], both[0]),
		"signed by one and a stranger": build(r.version+1, both[0], stranger),
		"one bit altered":              altered,
		"cut off":                      good[:len(good)-1],
		"empty":                        {},
		"no bundle at all":             []byte("<html>policy</html>"),
	}
}

// asker asks for a person's own report.
type asker struct {
	bank  *demo.Bank
	user  demo.User
	token string
}

// await asks until the answer is as the policy now wants it.
func (a asker) await(t *testing.T, forbidden bool) {
	t.Helper()
	err := eventually(t.Context(), 20*time.Second, 10*time.Millisecond, func(ctx context.Context) error { return a.ask(ctx, forbidden) })
	if err != nil {
		t.Fatal(err)
	}
}

// ask returns nil when the report is given, or refused by the policy, as it should be.
func (a asker) ask(ctx context.Context, forbidden bool) error {
	_, err := a.bank.Report(ctx, a.token, a.user.Person)
	var refusal *demo.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Status == 403 && refusal.Code == "policy-denied":
		if forbidden {
			return nil
		}
		return fmt.Errorf("%s is refused: %w", a.user.Name, err)
	case err != nil:
		return fmt.Errorf("%s, forbidden %t: %w", a.user.Name, forbidden, err)
	case forbidden:
		return fmt.Errorf("%s still gets the report", a.user.Name)
	}
	return nil
}
