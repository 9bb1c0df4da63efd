// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

func newAuditCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Find, read, verify and prove what was recorded",
		Long: `Auditors find entries of all logs at the center:

  dukou audit find --last 24h --verdict refuse     and see dukou audit questions
  dukou audit crossing PARCEL                      what became of it, hop by hop
  dukou audit proof LOG INDEX --components DIR     that an entry is in its log

The commands verify, show, follow, prove and check need no center, only the logs' files. Each process records what it decided and did in a log of its own (STATE/audit). The
center keeps a copy of each log (STATE/mirror/ORIGIN) and, as a witness, the latest
checkpoint of each (STATE/witness). With a witness's checkpoint nobody can cut a
log's end off unnoticed.

Details, with the content of what crossed, are sealed by day. The signer gives their keys
to whom its socket is open, and records that; what a component recorded before its first
lease opens with the key of its disk (STATE/vault.key). Verifying needs no key.

  dukou audit verify LOG --components DIR --witness STATE/witness --witness-key STATE/witness.pub
  dukou audit show   LOG --parcel ID --signer SOCKET
  dukou audit follow LOG --verdict refuse
  dukou audit prove  LOG INDEX -o PROOF
  dukou audit check  PROOF --components DIR`,
	}
	c.AddCommand(newAuditVerifyCommand(), newAuditShowCommand(), newAuditFollowCommand(), newAuditProveCommand(), newAuditCheckCommand(), newAuditProofCommand())
	return c
}

// componentKeys finds the key of a log among the admitted components of a folder.
type componentKeys struct{ dir string }

// Verifier implements note.Verifiers.
func (k componentKeys) Verifier(name string, hash uint32) (note.Verifier, error) {
	files, err := filepath.Glob(filepath.Join(k.dir, "*.component"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var component policy.Component
		if err := canon.Unmarshal(data, &component); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if audit.Origin(component.ID) != name {
			continue
		}
		verifier, err := audit.NewVerifier(name, component.Key)
		if err == nil && verifier.KeyHash() == hash {
			return verifier, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

func newAuditVerifyCommand() *cobra.Command {
	var components, witness, witnessKey, witnessName string
	c := &cobra.Command{
		Use: "verify LOG", Short: "Check a whole log and name the first bad entry", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys := componentKeys{components}
			options, err := witnessed(args[0], witness, witnessKey, witnessName)
			if err != nil {
				return err
			}
			report, err := reader.Verify(args[0], keys, options)
			if err != nil {
				return err
			}
			return tellReport(cmd, &report)
		},
	}
	c.Flags().StringVar(&components, "components", "", "folder of the admitted components, *.component (dukou enrol answer)")
	c.Flags().StringVar(&witness, "witness", "", "a checkpoint that a witness keeps, or the witness's folder")
	c.Flags().StringVar(&witnessKey, "witness-key", "", "public key of the witness, PEM")
	c.Flags().StringVar(&witnessName, "witness-name", audit.Origin("center")+"/witness", "name of the witness")
	markRequired(c, "components")
	return c
}

// witnessed reads the witness's checkpoint of a log.
func witnessed(log, witness, keyFile, name string) (reader.Options, error) {
	var o reader.Options
	if witness == "" {
		return o, nil
	}
	if keyFile == "" {
		return o, errors.New("--witness needs --witness-key")
	}
	key, err := pki.ReadPublicKey(keyFile)
	if err != nil {
		return o, err
	}
	verifier, err := audit.NewWitnessVerifier(name, key)
	if err != nil {
		return o, err
	}
	o.WitnessKeys = note.VerifierList(verifier)
	if info, err := os.Stat(witness); err == nil && info.IsDir() {
		signed, err := audit.ReadCheckpoint(durable.OS(), log)
		if err != nil {
			return o, err
		}
		checkpoint, err := audit.ParseCheckpoint(signed)
		if err != nil {
			return o, fmt.Errorf("checkpoint of %s: %w", log, err)
		}
		witness = filepath.Join(witness, url.PathEscape(checkpoint.Origin), "checkpoint")
	}
	o.Witness, err = os.ReadFile(witness)
	return o, err
}

func tellReport(cmd *cobra.Command, r *reader.Report) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "log      %s\nentries  %d\nsigned   %d\n", r.Origin, r.Entries, r.Size)
	if r.Unproven {
		fmt.Fprintln(out, "tail     unproven: give --witness, or entries may be missing at the end")
	} else {
		fmt.Fprintf(out, "tail     witnessed to %d\n", r.Witnessed)
	}
	if r.Torn > 0 {
		fmt.Fprintf(out, "torn     %d bytes of an unfinished append at the end\n", r.Torn)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(out, "BAD      %s\n", f)
	}
	if first, bad := r.First(); bad {
		return fmt.Errorf("the log is not sound: %s", first)
	}
	fmt.Fprintln(out, "sound")
	return nil
}

func newAuditProveCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "prove LOG INDEX", Short: "Write a proof that an entry is in a log, to be checked anywhere", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var index uint64
			if _, err := fmt.Sscanf(args[1], "%d", &index); err != nil {
				return fmt.Errorf("index %q is not a number", args[1])
			}
			proof, err := reader.Prove(args[0], index)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = cmd.OutOrStdout().Write(proof)
				return err
			}
			return os.WriteFile(out, proof, 0o644) //nolint:gosec // a proof is made to be given away
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write the proof to")
	return c
}

func newAuditCheckCommand() *cobra.Command {
	var components string
	c := &cobra.Command{
		Use: "check PROOF", Short: "Check a proof and show the entry that it proves", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			return checkProof(cmd.OutOrStdout(), data, components)
		},
	}
	c.Flags().StringVar(&components, "components", "", "folder of the admitted components, *.component")
	markRequired(c, "components")
	return c
}

// checkProof checks a proof by the keys of a folder, and shows the entry that it proves.
func checkProof(out io.Writer, data []byte, components string) error {
	if err := reader.CheckProof(data, componentKeys{components}); err != nil {
		return err
	}
	proof, err := reader.ParseProof(data)
	if err != nil {
		return err
	}
	leaf, err := audit.DecodeLeaf(proof.Leaf)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "proven   entry %d of %s\ntime     %s\nclass    %s\nparcel   %x\nflow     %q\nsubject  %q\nverdict  %s %s\n",
		proof.Index, strings.TrimSpace(leaf.Component), time.UnixMilli(leaf.Time).Format(time.RFC3339Nano), leaf.Class, leaf.Parcel, leaf.Flow, leaf.Subject, leaf.Verdict, leaf.Reason)
	return nil
}
