// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
)

var updateProof = flag.Bool("update", false, "write the console's proof.json anew instead of checking it")

// proofs is where the console's tests have their proofs: it checks them in the browser, by
// code of its own, and must come to the same as this one.
func proofs(name string) string {
	return filepath.Join("..", "..", "web", "src", "proof", "testdata", name)
}

// vector is a proof, what it proves, and proofs that are none.
type vector struct {
	Key    string            `json:"key"`    // of the log, as list-components has it
	Other  string            `json:"other"`  // another key under the same name
	Proof  string            `json:"proof"`  // as prove-entry gives it
	Leaf   string            `json:"leaf"`   // that is proven, base64
	Index  uint64            `json:"index"`  // of the entry
	Size   uint64            `json:"size"`   // of the log that the checkpoint covers
	Says   map[string]string `json:"says"`   // some fields of the entry
	Broken map[string]string `json:"broken"` // proofs that show nothing, by what was done to them
}

const vectorLog = "guard-inner"

// TestProofVector: the proof that the console's tests check proves what it says here too,
// and none of the broken ones does.
func TestProofVector(t *testing.T) {
	if *updateProof {
		text, err := json.MarshalIndent(newVector(t), "", "  ")
		if err == nil {
			err = os.WriteFile(proofs("proof.json"), append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var v vector
	text, err := os.ReadFile(proofs("proof.json"))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	v.holds(t)
}

func (v *vector) holds(t *testing.T) {
	t.Helper()
	check := func(proof, key string) error {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			t.Fatal(err)
		}
		return reader.CheckProof([]byte(proof), note.VerifierList(verifier))
	}
	if err := check(v.Proof, v.Key); err != nil {
		t.Errorf("the proof: %v", err)
	}
	if check(v.Proof, v.Other) == nil {
		t.Error("the proof holds under another key")
	}
	if len(v.Broken) < 5 {
		t.Errorf("only %d broken proofs", len(v.Broken))
	}
	for what, proof := range v.Broken {
		if check(proof, v.Key) == nil {
			t.Errorf("%s: it holds", what)
		}
	}
	p, err := reader.ParseProof([]byte(v.Proof))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := audit.DecodeLeaf(p.Leaf)
	if err != nil || base64.StdEncoding.EncodeToString(p.Leaf) != v.Leaf || p.Index != v.Index {
		t.Errorf("leaf %d: %v", p.Index, err)
	}
	if says := saysOf(&leaf); fmt.Sprint(says) != fmt.Sprint(v.Says) {
		t.Errorf("it says %v", says)
	}
}

func saysOf(l *audit.Leaf) map[string]string {
	return map[string]string{
		"component": l.Component, "class": string(l.Class), "time": fmt.Sprint(l.Time), "parcel": hex.EncodeToString(l.Parcel[:]), "flow": l.Flow,
		"subject": l.Subject, "object": l.Object, "action": l.Action, "verdict": l.Verdict, "reason": l.Reason,
	}
}

// newVector makes a log of thirty-seven entries and proves one.
func newVector(t *testing.T) vector {
	t.Helper()
	seed, other := sha256.Sum256([]byte("a log")), sha256.Sum256([]byte("another"))
	v := vector{Index: 21, Size: 37}
	sign := func(seed [32]byte, name string) (audit.Signer, string) {
		private := ed25519.NewKeyFromSeed(seed[:])
		signer, err := audit.NewSigner(audit.Origin(name), private)
		if err != nil {
			t.Fatal(err)
		}
		key, err := note.NewEd25519VerifierKey(audit.Origin(name), private.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		return signer, key
	}
	var signer audit.Signer
	signer, v.Key = sign(seed, vectorLog)
	stranger, otherKey := sign(other, vectorLog)
	v.Other = otherKey
	dir := t.TempDir()
	proof := proveOne(t, dir, signer, &v)
	v.Proof = string(proof)
	p, err := reader.ParseProof(proof)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := audit.DecodeLeaf(p.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	v.Leaf, v.Says = base64.StdEncoding.EncodeToString(p.Leaf), saysOf(&leaf)
	v.Broken = brokenProofs(t, v.Proof, p, stranger)
	return v
}

func proveOne(t *testing.T, dir string, signer audit.Signer, v *vector) []byte {
	t.Helper()
	j, err := audit.Open(audit.Config{Dir: dir, Origin: audit.Origin(vectorLog), Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(v.Size) {
		e := audit.Entry{
			Time: 1_795_000_000_000 + i, Class: audit.ClassDecision, Parcel: [16]byte{0xab, byte(i)}, Flow: "credit-query", Subject: "internet/person-000001",
			Object: "intranet/征信报告", Action: "read", Verdict: "refuse", Reason: "label-level",
		}
		j.Append(e)
	}
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	proof, err := reader.Prove(dir, v.Index)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

// brokenProofs are proofs that must not hold.
func brokenProofs(t *testing.T, proof string, p reader.Proof, stranger audit.Signer) map[string]string {
	t.Helper()
	flipped := func(line string) string {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) == 0 {
			t.Fatalf("%q: %v", line, err)
		}
		b[len(b)-1] ^= 1
		return base64.StdEncoding.EncodeToString(b)
	}
	lines := strings.Split(proof, "\n")
	text, _, _ := bytes.Cut(p.Checkpoint, []byte("\n\n"))
	forged, err := note.Sign(&note.Note{Text: string(text) + "\n"}, stranger)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := strings.Split(string(p.Checkpoint), "\n")
	fields := strings.Fields(proof)
	signature := fields[len(fields)-1]
	with := func(line int, is string) string {
		changed := append([]string(nil), lines...)
		changed[line] = is
		return strings.Join(changed, "\n")
	}
	return map[string]string{
		"one bit of the entry":                   with(1, "extra "+flipped(strings.TrimPrefix(lines[1], "extra "))),
		"one bit of the path":                    with(3, flipped(lines[3])),
		"a hash of the path is left out":         strings.Replace(proof, lines[4]+"\n", "", 1),
		"the entry's place":                      with(2, "index 20"),
		"one bit of the root that was signed":    strings.Replace(proof, checkpoint[2], flipped(checkpoint[2]), 1),
		"another size":                           strings.Replace(proof, "\n37\n", "\n38\n", 1),
		"signed by another key of the same name": strings.Replace(proof, string(p.Checkpoint), string(forged), 1),
		"no signature":                           strings.SplitAfter(proof, "\n\n")[0] + string(text) + "\n\n",
		"one bit of the signature":               strings.Replace(proof, signature, flipped(signature), 1),
	}
}

// TestProofsOfTheConsole: the other proofs that the console's tests take for good are good.
func TestProofsOfTheConsole(t *testing.T) {
	var log struct {
		Key    string
		Proofs []struct{ Proof string }
	}
	text, err := os.ReadFile(proofs("log.json"))
	if err == nil {
		err = json.Unmarshal(text, &log)
	}
	if err != nil || len(log.Proofs) == 0 {
		t.Fatalf("%d proofs: %v", len(log.Proofs), err)
	}
	verifier, err := note.NewVerifier(log.Key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range log.Proofs {
		if err := reader.CheckProof([]byte(log.Proofs[i].Proof), note.VerifierList(verifier)); err != nil {
			t.Errorf("proof %d: %v", i, err)
		}
	}
}
