// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// publication names what two persons sign when policy is published: the payload of the
// proposal (docs/formats/bundle.md).
type publication struct {
	ID            string `json:"publication"`
	Version       uint64 `json:"version"`
	Digest        string `json:"digest"`
	ReturnVersion uint64 `json:"return"`
	ReturnDigest  string `json:"returnDigest"`
	ConfirmWithin int    `json:"confirmWithin"`
}

// prepared is a publication as the center tells it.
type prepared struct {
	ID            string `json:"id"`
	Version       uint64 `json:"version"`
	Digest        string `json:"digest"`
	ReturnVersion uint64 `json:"returnVersion"`
	ReturnDigest  string `json:"returnDigest"`
	ConfirmWithin int    `json:"confirmWithin"`
}

// proposeFlags are how a draft is proposed.
type proposeFlags struct {
	connection
	key, reason, title, due string
	confirmWithin           int
	yes                     bool
}

func newProposeCommand() *cobra.Command {
	var f proposeFlags
	c := &cobra.Command{
		Use:   "propose DRAFT --key FILE",
		Short: "Propose to put a draft into force, signed by your approver key",
		Long: `Propose has the center make two bundles: the draft with the components that are admitted, and
what is in force now under a still higher version, which is put back unless somebody confirms
in time. It shows what changes, fetches both, holds them against their digests, shows what is
in them, and signs both with your approver key, which never leaves this machine. A second
security administrator approves with a key of their own (dukou proposal approve).

The key is one that you have registered (dukou account key set) and that the installation was
made with.`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	f.register(c)
	c.Flags().StringVar(&f.key, "key", "", "your approver key (dukou policy keygen)")
	c.Flags().StringVar(&f.reason, "reason", "", "why, for the second person")
	c.Flags().StringVar(&f.title, "title", "", "one line for people (default: that of the draft)")
	c.Flags().StringVar(&f.due, "due", "", "not before this time, RFC 3339 or +2h (default: as soon as it is approved)")
	c.Flags().IntVar(&f.confirmWithin, "confirm-within", 0, "minutes after it comes into force, in which it is confirmed or put back (default 10)")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask before signing")
	markRequired(c, "key")
	return c
}

func (f *proposeFlags) run(c *cobra.Command, id string) error {
	due, err := moment(f.due)
	if err != nil {
		return &exitError{fault.ExitUsage, err}
	}
	l, err := f.open(c)
	if err != nil {
		return err
	}
	defer l.Close()
	p, err := f.prepare(l, id)
	if err != nil {
		return err
	}
	path := "/api/policies/" + url.PathEscape(p.ID)
	var seen struct{ Title, Difference string }
	if err := l.JSON(c.Context(), http.MethodGet, path+"/difference", nil, &seen); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s\n\n%s\n\n", remote.Printable(seen.Title), remote.Difference(seen.Difference))
	signatures, err := sign(l, publication(p), f.key)
	if err != nil {
		return err
	}
	if err := agreed(c, f.yes); err != nil {
		return err
	}
	proposal := map[string]any{"signatures": signatures, "reason": f.reason}
	if !due.IsZero() {
		proposal["due"] = due.Format(time.RFC3339)
	}
	body, err := json.Marshal(proposal)
	if err != nil {
		return err
	}
	answer, _, err := l.read(&remote.Request{Method: http.MethodPost, Path: path + "/proposal", Type: "application/json", Body: body})
	if err != nil {
		return err
	}
	return f.tell(l, answer)
}

// prepare has the bundles of a draft made, as it is now.
func (f *proposeFlags) prepare(l *link, id string) (p prepared, err error) {
	var d draft
	if err := l.JSON(l.cmd.Context(), http.MethodGet, "/api/drafts/"+url.PathEscape(id), nil, &d); err != nil {
		return p, err
	}
	in := map[string]any{"draft": d.ID, "revision": d.Revision}
	if f.title != "" {
		in["title"] = f.title
	}
	if f.confirmWithin != 0 {
		in["confirmWithin"] = f.confirmWithin
	}
	err = l.JSON(l.cmd.Context(), http.MethodPost, "/api/policies", in, &p)
	return p, err
}

// agreed asks before what is signed is sent.
func agreed(c *cobra.Command, yes bool) error {
	if yes {
		return nil
	}
	typed, err := askOpenly(c, "To propose this type yes: ", "--yes")
	if err == nil && typed != "yes" {
		err = &exitError{fault.ExitFailed, errors.New("nothing was proposed")}
	}
	return err
}

// signPublication signs what the payload of a proposal names.
func signPublication(l *link, payload []byte, key string) ([][]byte, error) {
	if key == "" {
		return nil, &exitError{fault.ExitUsage, errors.New("a publication is approved by signing it: give --key FILE, your approver key")}
	}
	var p publication
	if err := json.Unmarshal(payload, &p); err != nil || p.ID == "" {
		return nil, errors.New("the proposal's payload is not that of a publication")
	}
	return sign(l, p, key)
}

// sign fetches the bundles of a publication, holds them against their digests, shows
// them, and signs each: the bundle, then the return where there is one.
func sign(l *link, p publication, keyFile string) ([][]byte, error) {
	key, err := pki.ReadKey(keyFile)
	if err != nil {
		return nil, err
	}
	wanted := []struct {
		name, digest string
		version      uint64
	}{{"bundle", p.Digest, p.Version}, {"return", p.ReturnDigest, p.ReturnVersion}}
	if p.ReturnVersion == 0 && p.ReturnDigest == "" {
		wanted = wanted[:1] // the first publication of all
	}
	out := l.cmd.ErrOrStderr()
	var signatures [][]byte
	for _, w := range wanted {
		data, _, err := l.read(&remote.Request{Method: http.MethodGet, Path: "/api/policies/" + url.PathEscape(p.ID) + "/" + w.name})
		if err != nil {
			return nil, err
		}
		s, err := lookAt(out, w.name, data, w.digest, w.version)
		if err != nil {
			return nil, fmt.Errorf("the %s of the publication: %w", w.name, err)
		}
		if err := s.Sign(envelope.Bundle, key); err != nil {
			return nil, err
		}
		signatures = append(signatures, s.Signatures[0].COSE)
	}
	return signatures, nil
}

// lookAt shows a bundle that is to be signed, if it is the one that was named. The
// document that is returned has no signatures.
func lookAt(out io.Writer, name string, data []byte, digest string, version uint64) (*envelope.Signed, error) {
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, fault.Wrap(fault.PolicyMalformed, err, "it cannot be read")
	}
	s.Signatures = nil
	if sum := s.Digest(); hex.EncodeToString(sum[:]) != digest {
		return nil, &exitError{fault.ExitRefused, fmt.Errorf("its digest is %x, and the proposal names %s: nothing was signed", sum, remote.Printable(digest))}
	}
	var b policy.Bundle
	if err := canon.Unmarshal(s.Payload, &b); err != nil {
		return nil, fault.Wrap(fault.PolicyMalformed, err, "it cannot be read")
	}
	if b.Version != version {
		return nil, &exitError{fault.ExitRefused, fmt.Errorf("its version is %d, and the proposal names %d: nothing was signed", b.Version, version)}
	}
	fmt.Fprintf(out, "%s\n", name)
	if err := describe(out, s); err != nil {
		return nil, err
	}
	_, err = fmt.Fprintln(out)
	return s, err
}
