// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bankpolicy "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/rehearsal"
	"dukou.dev/dukou/internal/vault"
)

// keyOf is the approver key of a name.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicOf(name string) ed25519.PublicKey { return keyOf(name).Public().(ed25519.PublicKey) }

// openPolicy is a bank whose policy is worked at: a keeper puts bundles in force as every
// component does.
func openPolicy(t *testing.T) (*bank, *policy.Keeper) {
	b := openBank(t, false)
	anchors := policy.Anchors{Approvers: []ed25519.PublicKey{publicOf("sec"), publicOf("sec2")}, Quorum: 2}
	keeper, err := policy.NewKeeper(t.TempDir(), anchors)
	b.must("keeper", err)
	request := func(id, role, zone string) pki.Request {
		i, err := pki.Create(filepath.Join(t.TempDir(), id), id, role, zone)
		b.must("component", err)
		return i.Request
	}
	list := []pki.Request{request("front-internet", "front", "internet"), request("front-intranet", "front", "intranet"), request("guard-inner", "guard-inner", "intranet")}
	log, tell := slog.New(slog.DiscardHandler), func(string, string) {}
	d := draft.Open(b.db, draft.Config{
		Guard: "guard-1", Anchors: anchors, InForce: keeper.Current,
		Apply: func(_ context.Context, data []byte) (*policy.Policy, error) {
			return keeper.Accept(data, b.clock().UnixMilli())
		},
		Admitted:    func(context.Context) ([]pki.Request, error) { return list, nil },
		ApproverKey: b.Accounts.ApproverKey, Record: b.Record, Tell: tell, Now: b.clock, Log: log,
	})
	rehearsals := rehearsal.Open(b.db, rehearsal.Config{
		Drafts: d, State: t.TempDir(), InForce: keeper.Current, Tell: tell, Now: b.clock, Log: log,
		DetailKey: func(context.Context, string, audit.KeyID) (vault.Key, error) {
			return vault.Key{}, errors.New("there is none")
		},
	})
	proposals, err := proposal.Open(b.db, proposal.Config{Acts: PolicyActs(d), Holders: b.Accounts.Holders, Record: b.Record, Tell: tell, Log: log, Now: b.clock})
	b.must("proposals", err)
	b.runs("proposals", proposals.Run)
	b.runs("desk", d.Run)
	b.runs("rehearsals", rehearsals.Run)
	c := b.Config
	c.Proposals, c.Policy, c.Rehearsals = proposals, d, rehearsals
	b.Server = New(c)
	b.listen(b.Server)
	return b, keeper
}

// files are those of the example, with the key of its issuer.
func (b *bank) files() []map[string]string {
	der, err := x509.MarshalPKIXPublicKey(publicOf("bureau"))
	b.must("key", err)
	list := []map[string]string{{"path": "bureau.key.pub", "text": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}}
	b.must("files", fs.WalkDir(bankpolicy.Files(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(bankpolicy.Files(), path)
		list = append(list, map[string]string{"path": path, "text": string(text)})
		return err
	}))
	return list
}

// signatures are those of a key over what a publication is made of, as the command line
// makes them.
func (b *bank) signatures(publication, key, secret string) []string {
	b.t.Helper()
	var list []string
	for _, part := range []string{"bundle", "return"} {
		r := b.call("GET", "/policies/"+publication+"/"+part, nil, bearer(secret))
		if part == "return" && r.code() == "unknown" {
			continue
		}
		s, err := envelope.Decode([]byte(b.ok("get the "+part, r).text))
		b.must("decode the "+part, err)
		b.must("sign the "+part, s.Sign(envelope.Bundle, keyOf(key)))
		list = append(list, base64.StdEncoding.EncodeToString(s.Signatures[len(s.Signatures)-1].COSE))
	}
	return list
}

// propose prepares a draft's publication and proposes it.
func (b *bank) propose(draftID string, revision int, secret string) (publication, proposalID, digest string) {
	b.t.Helper()
	p := b.ok("prepare", b.call("POST", "/policies", map[string]any{"draft": draftID, "revision": revision}, bearer(secret)))
	publication = p.get("id")
	r := b.ok("propose", b.call("POST", "/policies/"+publication+"/proposal", map[string]any{"signatures": b.signatures(publication, "sec", secret), "reason": "needed"}, bearer(secret)))
	return publication, r.get("id"), r.get("digest")
}

// becomes waits until a publication is in a state.
func (b *bank) becomes(path, state, secret string) reply {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		r := b.ok("show", b.call("GET", path, nil, bearer(secret)))
		if r.get("state") == state {
			return r
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("it is %s, not %s", r.text, state)
		}
	}
}

// TestPolicyAtWork takes the example into force, changes it, and takes it back, over the
// interface alone.
func TestPolicyAtWork(t *testing.T) {
	b, keeper := openPolicy(t)
	sec, sec2, aud := b.enter("sec"), b.enter("sec2"), b.enter("aud")
	b.ok("register a key", b.call("PUT", "/self/key", map[string]any{"key": hex.EncodeToString(publicOf("sec"))}, bearer(sec)))
	b.ok("register a key", b.call("PUT", "/self/key", map[string]any{"key": hex.EncodeToString(publicOf("sec2"))}, bearer(sec2)))

	made := b.ok("upload", b.call("POST", "/drafts", map[string]any{"title": "The example", "from": "upload", "files": b.files()}, bearer(sec)))
	id := made.get("id")
	if made.header.Get("ETag") != `"1"` {
		t.Errorf("ETag %s", made.header.Get("ETag"))
	}
	if r := b.ok("check", b.call("GET", "/drafts/"+id+"/check", nil, bearer(aud))); r.body["whole"] != true {
		t.Error(r.text)
	}
	b.ok("cases", b.call("GET", "/drafts/"+id+"/cases", nil, bearer(sec)))

	publication, proposed, digest := b.propose(id, 1, sec)
	if r := b.ok("what both see", b.call("GET", "/policies/"+publication+"/difference", nil, bearer(aud))); !strings.Contains(r.get("difference"), "\nrehearsal: none of this revision\t") {
		t.Error(r.text)
	}
	b.refused("one's own proposal", b.call("POST", "/proposals/"+proposed+"/approve", map[string]any{"digest": digest, "signatures": b.signatures(publication, "sec", sec)}, bearer(sec)), "own-proposal")
	b.refused("without signatures", b.call("POST", "/proposals/"+proposed+"/approve", map[string]any{"digest": digest}, bearer(sec2)), "invalid")
	b.refused("with another's key", b.call("POST", "/proposals/"+proposed+"/approve", map[string]any{"digest": digest, "signatures": b.signatures(publication, "sec", sec2)}, bearer(sec2)), "invalid")
	b.ok("approve", b.call("POST", "/proposals/"+proposed+"/approve", map[string]any{"digest": digest, "signatures": b.signatures(publication, "sec2", sec2)}, bearer(sec2)))
	b.becomes("/policies/"+publication, "confirmed", aud)
	if p := keeper.Current(); p == nil || p.Version != 1 {
		t.Fatal("the first policy is not in force")
	}

	made = b.ok("draft", b.call("POST", "/drafts", map[string]any{"title": "More for portals"}, bearer(sec)))
	id = made.get("id")
	path := "/drafts/" + id + "/file?path=flows/query.yaml"
	text := b.ok("get a file", b.call("GET", path, nil, bearer(sec))).get("text")
	change := map[string]any{"text": strings.Replace(text, "rate: 200/s", "rate: 300/s", 1)}
	b.refused("without If-Match", b.call("PUT", path, change, bearer(sec)), "precondition-required")
	b.refused("with an older one", b.call("PUT", path, change, bearer(sec), header("If-Match", `"7"`)), "stale")
	b.ok("put a file", b.call("PUT", path, change, bearer(sec), header("If-Match", `"1"`)))
	if r := b.ok("difference", b.call("GET", "/drafts/"+id+"/difference", nil, bearer(aud))); !strings.Contains(r.text, "rate 200 → 300 requests/s for each subject") {
		t.Error(r.text)
	}
	r := b.ok("rehearse", b.call("POST", "/rehearsals", map[string]any{"draft": id}, bearer(sec)))
	if r.get("state") != "running" {
		t.Error(r.text)
	}
	rehearsed := r.get("id")
	b.becomes("/rehearsals/"+rehearsed, "finished", aud)
	publication, proposed, digest = b.propose(id, 2, sec)
	if r := b.ok("what both see", b.call("GET", "/proposals/"+proposed, nil, bearer(sec2))); !strings.Contains(r.get("difference"), "rate 200 → 300") || !strings.Contains(r.get("difference"), "return: version 3") ||
		!strings.Contains(r.get("difference"), "\nrehearsal "+rehearsed+": 0 decisions of ") {
		t.Error(r.text)
	}
	b.ok("approve", b.call("POST", "/proposals/"+proposed+"/approve", map[string]any{"digest": digest, "signatures": b.signatures(publication, "sec2", sec2)}, bearer(sec2)))
	b.becomes("/policies/"+publication, "unconfirmed", sec)
	if r := b.ok("in force", b.call("GET", "/policies/in-force", nil, bearer(aud))); r.body["version"] != 2.0 || r.get("waits", "id") != publication {
		t.Error(r.text)
	}
	b.about(proposed, proposal.About{Code: "publish-policy", Publication: publication, Version: 2, Name: "More for portals"})
	list, err := PolicyInbox(b.Policy)(t.Context(), account.Caller{Duty: account.Security})
	told(t, list, err, InboxAbout{Code: "publication", Name: "More for portals"})
	if list[0].Do != "dukou policy confirm "+publication {
		t.Errorf("%+v", list)
	}
	b.ok("roll back", b.call("POST", "/policies/"+publication+"/rollback", nil, bearer(sec)))
	if p := keeper.Current(); p.Version != 3 || p.Flow("credit-query").Limits.Rate != 200 {
		t.Errorf("version %d is in force", p.Version)
	}
	b.refused("too late", b.call("POST", "/policies/"+publication+"/confirm", nil, bearer(sec2)), "conflict")
	if r := b.ok("names", b.call("GET", "/policies/names", nil, bearer(aud))); !strings.Contains(r.text, "intranet/web-person-*") {
		t.Error(r.text)
	}
	b.ok("list", b.call("GET", "/policies?limit=1", nil, bearer(aud)))
	b.ok("list", b.call("GET", "/rehearsals", nil, bearer(aud)))
	b.ok("list", b.call("GET", "/drafts", nil, bearer(aud)))
	b.ok("delete", b.call("DELETE", "/drafts/"+id, nil, bearer(sec), header("If-Match", `"2"`)))
	b.partners(sec, sec2)
}

// partners has a partner admitted by two persons, and its part taken without anybody.
func (b *bank) partners(sec, sec2 string) {
	b.t.Helper()
	r := b.ok("propose a partner", b.call("POST", "/partners", map[string]any{
		"name": "branch", "key": hex.EncodeToString(publicOf("branch")), "zones": []string{"internet"}, "lists": []string{"subjects"},
	}, bearer(sec)))
	branch := envelope.IDOf(publicOf("branch")).String()
	b.about(r.get("id"), proposal.About{Code: "admit-partner", Partner: "branch", Fingerprint: branch})
	b.refused("not admitted yet", b.call("GET", "/partners/branch", nil, bearer(sec)), "unknown")
	b.ok("approve", b.call("POST", "/proposals/"+r.get("id")+"/approve", map[string]any{"digest": r.get("digest")}, bearer(sec2)))
	for deadline := time.Now().Add(20 * time.Second); b.call("GET", "/partners/branch", nil, bearer(sec)).status != http.StatusOK; {
		if time.Now().After(deadline) {
			b.t.Fatal("the partner is not admitted")
		}
	}
	part := draft.Part{Version: 1, Guard: "guard-1", Partner: "branch", Serial: 1, Text: "subjects:\n  - id: internet/teller\n    clearance: {confidentiality: 2}\n"}
	s, err := envelope.Seal(draft.PartDocument, part, keyOf("branch"))
	b.must("part", err)
	if got := b.submit("branch", s.Encode()); got != http.StatusOK {
		b.t.Errorf("a part: %d", got)
	}
	if got := b.submit("branch", s.Encode()); got != http.StatusConflict {
		b.t.Errorf("the part again: %d", got)
	}
	if got := b.submit("other", s.Encode()); got != http.StatusUnauthorized {
		b.t.Errorf("a part of nobody: %d", got)
	}
	waits, err := PolicyInbox(b.Policy)(b.t.Context(), account.Caller{Duty: account.Security})
	told(b.t, waits, err, InboxAbout{Code: "part", Partner: "branch", Serial: 1})
	r = b.ok("propose to dismiss it", b.call("POST", "/partners/branch/dismissal", map[string]any{}, bearer(sec)))
	b.about(r.get("id"), proposal.About{Code: "dismiss-partner", Partner: "branch", Fingerprint: branch})
}

func (b *bank) submit(name string, data []byte) int {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.network+prefix+"/partners/"+name+"/parts", bytes.NewReader(data))
	b.must("request", err)
	request.Header.Set("Content-Type", "application/cbor")
	response, err := b.server.Do(request)
	b.must("submit", err)
	b.must("close", response.Body.Close())
	return response.StatusCode
}
