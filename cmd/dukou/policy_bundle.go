// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

type buildFlags struct {
	output, components string
	version            uint64
	issuers            map[string]string
}

func newPolicyBuildCommand() *cobra.Command {
	var f buildFlags
	c := &cobra.Command{
		Use:   "build [FOLDER] -o BUNDLE --version N",
		Short: "Make a bundle of a folder, for approval",
		Long: `Build runs the folder's cases and makes a bundle without signatures. Credentials are
encrypted to the fronts among the admitted components, which are the files *.component of
a folder; without components no credentials are in the bundle.`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := loadPolicy(args, c.ErrOrStderr())
			if err != nil {
				return err
			}
			return build(c.OutOrStdout(), s, f)
		},
	}
	c.Flags().StringVarP(&f.output, "output", "o", "", "file to write the bundle to")
	c.Flags().StringVar(&f.components, "components", "", "folder of admitted components, *.component")
	c.Flags().Uint64Var(&f.version, "version", 0, "version, above that of every bundle before")
	c.Flags().StringToStringVar(&f.issuers, "issuer", nil, "NAME=FILE: the public key of an issuer, PEM")
	return c
}

func build(out io.Writer, s *source.Source, f buildFlags) error {
	if f.output == "" || f.version == 0 {
		return &exitError{fault.ExitUsage, errors.New("build wants -o FILE and --version N, 1 or more")}
	}
	results, failed, err := runCases(s)
	if err != nil {
		return err
	}
	if failed > 0 {
		printResults(out, results)
		return errCasesFailed
	}
	options := source.Options{Version: f.version, Now: time.Now(), Issuers: map[string]ed25519.PublicKey{}}
	if options.Components, err = readComponents(f.components); err != nil {
		return err
	}
	options.Seal = sealTo(options.Components)
	for name, file := range f.issuers {
		if options.Issuers[name], err = pki.ReadPublicKey(file); err != nil {
			return fmt.Errorf("issuer %q: %w", name, err)
		}
	}
	b, err := s.Bundle(options)
	if err != nil {
		return err
	}
	if _, err := policy.Compile(b); err != nil {
		return err
	}
	draft, err := envelope.Seal(envelope.Bundle, b)
	if err != nil {
		return err
	}
	return writeBundle(out, f.output, draft)
}

// sealTo encrypts to the components by their own keys.
func sealTo(components []policy.Component) func(id string, plaintext []byte) ([]byte, error) {
	return func(id string, plaintext []byte) ([]byte, error) {
		for _, c := range components {
			if c.ID == id {
				return pki.Seal(c.Seal, policy.DirectoryInfo, plaintext)
			}
		}
		return nil, fmt.Errorf("no component %q", id)
	}
}

const maxComponentFile = 64 << 10

func readComponents(folder string) ([]policy.Component, error) {
	if folder == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.component"))
	if err != nil {
		return nil, err
	}
	components := make([]policy.Component, 0, len(files))
	for _, file := range files {
		data, err := readFile(file, maxComponentFile)
		if err != nil {
			return nil, err
		}
		var c policy.Component
		if err := canon.Unmarshal(data, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		components = append(components, c)
	}
	return components, nil
}

func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: more than %d bytes", name, limit)
	}
	return data, err
}

// writeBundle replaces the file and says what is in it.
func writeBundle(out io.Writer, name string, s *envelope.Signed) error {
	data := s.Encode()
	if len(data) > envelope.MaxSize {
		return fmt.Errorf("a bundle of %d bytes, at most %d", len(data), envelope.MaxSize)
	}
	if err := describe(out, s); err != nil {
		return err
	}
	if err := durable.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "written to %s\n", name)
	return nil
}

func readBundle(name string) (*envelope.Signed, error) {
	data, err := readFile(name, envelope.MaxSize)
	if err != nil {
		return nil, err
	}
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, fault.Wrap(fault.PolicyMalformed, err, "%s", name)
	}
	return s, nil
}

func newPolicyApproveCommand() *cobra.Command {
	var key string
	c := &cobra.Command{
		Use:   "approve BUNDLE --key FILE",
		Short: "Show what a bundle contains and sign it",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if key == "" {
				return &exitError{fault.ExitUsage, errors.New("approve wants --key FILE, as keygen writes it")}
			}
			private, err := pki.ReadKey(key)
			if err != nil {
				return err
			}
			s, err := readBundle(args[0])
			if err != nil {
				return err
			}
			if err := s.Sign(envelope.Bundle, private); err != nil {
				return err
			}
			return writeBundle(c.OutOrStdout(), args[0], s)
		},
	}
	c.Flags().StringVar(&key, "key", "", "private key of the approver")
	return c
}

func newPolicyShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show BUNDLE",
		Short: "Show what a bundle contains",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := readBundle(args[0])
			if err != nil {
				return err
			}
			return describe(c.OutOrStdout(), s)
		},
	}
}

// describe prints what approvers compare and what they approve. A bundle that no
// guard would take is an error.
func describe(out io.Writer, s *envelope.Signed) error {
	var b policy.Bundle
	if err := canon.Unmarshal(s.Payload, &b); err != nil {
		return fault.Wrap(fault.PolicyMalformed, err, "bundle")
	}
	p, err := policy.Compile(b)
	if err != nil {
		return err
	}
	digest := s.Digest()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "digest\t%s\n", hex.EncodeToString(digest[:]))
	fmt.Fprintf(w, "version\t%d\n", p.Version)
	fmt.Fprintf(w, "guard\t%s, term %d\n", plain(p.Guard), p.Term)
	fmt.Fprintf(w, "valid\t%s to %s\n", stamp(p.NotBefore), stamp(p.NotAfter))
	describeParts(w, p)
	fmt.Fprintf(w, "subjects\t%d\n", len(p.Subjects))
	fmt.Fprintf(w, "objects\t%d\n", len(p.Objects))
	fmt.Fprintf(w, "credentials\tsealed to %d fronts\n", len(p.Sealed))
	for _, sig := range s.Signatures {
		fmt.Fprintf(w, "signature\tby a key that calls itself %s\n", sig.Key)
	}
	return w.Flush()
}

func describeParts(w io.Writer, p *policy.Policy) {
	for _, z := range p.Zones {
		fmt.Fprintf(w, "zone\t%s\t%s\n", plain(z.Name), className(p, z.Class))
	}
	for _, c := range p.Components {
		fmt.Fprintf(w, "component\t%s\t%s %s\t%s\n", plain(c.ID), plain(string(c.Role)), plain(c.Zone), envelope.IDOf(c.Key))
	}
	for _, i := range p.Issuers {
		fmt.Fprintf(w, "issuer\t%s\t%s\n", plain(i.Name), envelope.IDOf(i.Key))
	}
	for _, f := range p.Flows {
		fmt.Fprintf(w, "flow\t%s\t%s to %s, %s\t%s on %s for %s\t%s\n", plain(f.Name), plain(f.From), plain(f.To), plain(f.Protocol),
			plain(f.Action), plain(f.Object), plain(f.Purpose), className(p, f.Class))
	}
	for _, c := range p.Cedar {
		fmt.Fprintf(w, "cedar\t%s\t%d bytes\n", plain(c.Name), len(c.Text))
	}
}

// plain quotes a name that could make the list look like another one.
func plain(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// className is a class with the names of its categories.
func className(p *policy.Policy, c label.Class) string {
	var names []string
	for bit, name := range p.Categories {
		if c.Categories&(1<<bit) != 0 {
			names = append(names, plain(name))
		}
	}
	return strings.TrimSpace(fmt.Sprintf("C%d I%d %s", c.Confidentiality, c.Integrity, strings.Join(names, " ")))
}
