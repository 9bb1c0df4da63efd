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
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
)

func newQuarantineCommand() *cobra.Command {
	c := newGroupCommand("quarantine", groupSummary("quarantine"))
	c.Long = `What the checks of a front that receives files refuse for good lies there, encrypted. Two security
administrators release it: one proposes and another approves, each with a signature of their
own approver key over the same document, which the front verifies.

  dukou quarantine list                     what lies where
  dukou quarantine release FRONT PARCEL     propose to release it
  dukou proposal approve ID --key FILE      release it`
	c.AddCommand(newReleaseCommand())
	return c
}

// releaseFlags are how a release is proposed.
type releaseFlags struct {
	connection
	key, reason string
	yes         bool
}

func newReleaseCommand() *cobra.Command {
	var f releaseFlags
	c := &cobra.Command{
		Use:   "release FRONT PARCEL --key FILE --reason TEXT",
		Short: "Propose to release a file from quarantine, signed by your approver key",
		Long: `Release fetches the document by which the front releases the file, shows it, and signs it with
your approver key, which never leaves this machine. A second security administrator approves
with a key of their own (dukou proposal approve). The front then gives the file out as if its
checks had passed; that cannot be taken back.`,
		Args: usage(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0], args[1]) },
	}
	f.register(c)
	c.Flags().StringVar(&f.key, "key", "", "your approver key (dukou policy keygen)")
	c.Flags().StringVar(&f.reason, "reason", "", "why, for the second person")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask before signing")
	markRequired(c, "key")
	markRequired(c, "reason")
	return c
}

func (f *releaseFlags) run(c *cobra.Command, front, parcel string) error {
	l, err := f.open(c)
	if err != nil {
		return err
	}
	defer l.Close()
	path := "/api/quarantine/" + url.PathEscape(front) + "/" + url.PathEscape(parcel)
	document, _, err := l.read(&remote.Request{Method: http.MethodGet, Path: path + "/document"})
	if err != nil {
		return err
	}
	signature, err := signRelease(c.ErrOrStderr(), document, front, parcel, f.key)
	if err != nil {
		return err
	}
	if err := agreed(c, f.yes); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"document": document, "signature": signature, "reason": f.reason})
	if err != nil {
		return err
	}
	answer, _, err := l.read(&remote.Request{Method: http.MethodPost, Path: path + "/release", Type: "application/json", Body: body})
	if err != nil {
		return err
	}
	return f.tell(l, answer)
}

// approveRelease signs the document that the payload of a proposal holds.
func approveRelease(out io.Writer, payload []byte, key string) ([][]byte, error) {
	if key == "" {
		return nil, &exitError{fault.ExitUsage, errors.New("a release from quarantine is approved by signing it: give --key FILE, your approver key")}
	}
	var p struct {
		Front, Parcel string
		Document      []byte
	}
	if err := json.Unmarshal(payload, &p); err != nil || len(p.Document) == 0 {
		return nil, errors.New("the proposal's payload is not that of a release")
	}
	signature, err := signRelease(out, p.Document, p.Front, p.Parcel, key)
	return [][]byte{signature}, err
}

// signRelease signs a document, if it is for what was named, and shows what it says.
func signRelease(out io.Writer, document []byte, front, parcel, keyFile string) ([]byte, error) {
	key, err := pki.ReadKey(keyFile)
	if err != nil {
		return nil, err
	}
	r, err := control.DecodeRelease(document)
	if err != nil {
		return nil, err
	}
	if r.Front != front || r.Parcel.String() != parcel {
		return nil, &exitError{fault.ExitRefused, fmt.Errorf("the document is for parcel %s at %s: nothing was signed", r.Parcel, remote.Printable(r.Front))}
	}
	fmt.Fprintf(out, "release from quarantine\nguard      %s\nfront      %s\nflow       %s\nparcel     %s\nfile       %s\nsize       %d bytes\nroot       %s\nbundle     %d\nrefused as %s\nnot after  %s\n\n",
		remote.Printable(r.Guard), remote.Printable(r.Front), remote.Printable(r.Flow), r.Parcel, remote.Printable(r.Name), r.Size,
		hex.EncodeToString(r.Root[:]), r.Bundle, r.Code, time.UnixMilli(r.NotAfter).UTC().Format(time.RFC3339))
	s := envelope.Signed{Payload: document}
	if err := s.Sign(envelope.Release, key); err != nil {
		return nil, err
	}
	return s.Signatures[0].COSE, nil
}
