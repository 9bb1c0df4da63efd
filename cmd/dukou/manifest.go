// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

func newManifestCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "manifest",
		Short: "List programs and configurations that may run, signed by the approvers",
		Long: `A manifest lists programs and configurations with their SHA-256. The approvers of bundles sign
it; it is installed with each component, which from then on starts under a manifest only.

  dukou manifest make -o M --guard guard-1 --version 1 --program dukou-guard --config guard-outer=FILE
  dukou manifest sign M --key alice      by as many approvers as a bundle needs
  dukou manifest install M --dir DIR     on each host; DIR is the component's identity
  dukou run --dir DIR -- dukou-guard ... starts what was verified, and nothing else`,
	}
	c.AddCommand(newManifestMakeCommand(), newManifestSignCommand(), newManifestVerifyCommand(), newManifestInstallCommand())
	return c
}

type manifestFlags struct {
	output, guard string
	version       uint64
	programs      []string
	configs       map[string]string
}

func newManifestMakeCommand() *cobra.Command {
	var f manifestFlags
	c := &cobra.Command{
		Use:   "make -o MANIFEST --guard NAME --version N --program FILE... --config COMPONENT=FILE...",
		Short: "Make a manifest of files, for signing",
		Long: `Make hashes programs, which are known by the names of their files, and configurations by the
name of the component. The configuration of a front is its file; that of the others is a file with
the arguments that they are started with, each on a line; the signer's is named "signer".`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return makeManifest(c.OutOrStdout(), f) },
	}
	c.Flags().StringVarP(&f.output, "output", "o", "", "file to write the manifest to")
	c.Flags().StringVar(&f.guard, "guard", "", "name of the guard, as the signer was set up with")
	c.Flags().Uint64Var(&f.version, "version", 0, "version, above that of every manifest before")
	c.Flags().StringArrayVar(&f.programs, "program", nil, "a program's file; may be given several times")
	c.Flags().StringToStringVar(&f.configs, "config", nil, "COMPONENT=FILE; may be given several times")
	markRequired(c, "output", "guard", "version", "program")
	return c
}

func makeManifest(out io.Writer, f manifestFlags) error {
	m := manifest.Manifest{Guard: f.guard, Version: f.version, Issued: time.Now().UnixMilli()}
	for _, file := range f.programs {
		e, err := manifest.ProgramEntry(file)
		if err != nil {
			return err
		}
		m.Entries = append(m.Entries, e)
	}
	for component, file := range f.configs {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		m.Entries = append(m.Entries, manifest.Entry{Kind: manifest.Config, Name: component, Digest: sha256.Sum256(data)})
	}
	draft, err := manifest.Draft(m)
	if err != nil {
		return err
	}
	return writeManifest(out, f.output, draft)
}

func writeManifest(out io.Writer, name string, s *envelope.Signed) error {
	if err := durable.WriteFile(name, s.Encode(), 0o644); err != nil {
		return err
	}
	return showManifest(out, s)
}

func showManifest(out io.Writer, s *envelope.Signed) error {
	m, err := manifest.Read(s)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "digest     %x\nguard      %s\nversion    %d\nissued     %s\n", s.Digest(), m.Guard, m.Version, time.UnixMilli(m.Issued).UTC().Format(time.RFC3339))
	for i := range m.Entries {
		e := &m.Entries[i]
		fmt.Fprintf(out, "%-10s %x  %s\n", e.Kind, e.Digest, plain(e.Name))
	}
	for i := range s.Signatures {
		fmt.Fprintf(out, "signature  by %s\n", s.Signatures[i].Key)
	}
	return nil
}

func readManifest(name string) (*envelope.Signed, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s is no manifest: %w", name, err)
	}
	return s, nil
}

func newManifestSignCommand() *cobra.Command {
	var key string
	c := &cobra.Command{
		Use: "sign MANIFEST --key FILE", Short: "Sign a manifest as an approver, and show what was signed", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := readManifest(args[0])
			if err != nil {
				return err
			}
			if _, err := manifest.Read(s); err != nil {
				return err
			}
			private, err := pki.ReadKey(key)
			if err != nil {
				return err
			}
			if err := s.Sign(envelope.Manifest, private); err != nil {
				return err
			}
			return writeManifest(c.OutOrStdout(), args[0], s)
		},
	}
	c.Flags().StringVar(&key, "key", "", "the approver's private key (dukou policy keygen)")
	markRequired(c, "key")
	return c
}

// siteOf is that of a component's identity, or of the signer's keys.
func siteOf(dir string) (manifest.Site, error) {
	if _, err := os.Stat(filepath.Join(dir, "installation.dukou")); err == nil {
		a, err := authority.Load(dir)
		if err != nil {
			return manifest.Site{}, err
		}
		t := a.Terms()
		return manifest.Site{Dir: dir, Guard: t.Guard, Anchors: policy.Anchors{Approvers: t.Approvers, Quorum: int(t.Quorum)}}, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return manifest.Site{}, err
	}
	i, err := pki.LoadIdentity(dir)
	if err != nil {
		return manifest.Site{}, err
	}
	return manifest.SiteOf(i)
}

func newManifestVerifyCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "verify MANIFEST --dir DIR [PROGRAM...]", Short: "Verify a manifest's signatures, and programs against it", Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			site, err := siteOf(dir)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			m, digest, err := manifest.Open(data, site.Guard, site.Anchors)
			if err != nil {
				return &exitError{fault.ExitRefused, err}
			}
			for _, file := range args[1:] {
				e, err := manifest.ProgramEntry(file)
				if err != nil {
					return err
				}
				if err := m.Allow(e.Kind, e.Name, e.Digest); err != nil {
					return &exitError{fault.ExitRefused, err}
				}
			}
			fmt.Fprintf(c.OutOrStdout(), "manifest %x, version %d: signed by the quorum; %d programs are as it lists\n", digest, m.Version, len(args)-1)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "directory of a component's identity, or of the signer's keys")
	markRequired(c, "dir")
	return c
}

func newManifestInstallCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "install MANIFEST --dir DIR", Short: "Put a manifest in force for one component", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			site, err := siteOf(dir)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			m, err := site.Install(data)
			if err != nil {
				return &exitError{fault.ExitRefused, err}
			}
			fmt.Fprintf(c.OutOrStdout(), "manifest %x, version %d, is demanded in %s from now on\n", m.Digest, m.Version, dir)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "directory of the component's identity, or of the signer's keys")
	markRequired(c, "dir")
	return c
}

func newRunCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "run --dir DIR -- PROGRAM [ARGUMENT...]",
		Short: "Start a program if the installed manifest lists it",
		Long: `Run reads the program into sealed memory, verifies its SHA-256 by the manifest that is installed
in DIR, and becomes the program: what was verified is what runs, whatever happens to the file. Start every
component by it, from a service on a read-only file system that starts nothing else.`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			site, err := siteOf(dir)
			if err != nil {
				return err
			}
			m, err := site.Load()
			if err != nil {
				return &exitError{fault.ExitRefused, err}
			}
			if m == nil {
				return &exitError{fault.ExitRefused, fmt.Errorf("no manifest is installed in %s (dukou manifest install)", dir)}
			}
			file, err := exec.LookPath(args[0])
			if err != nil {
				return err
			}
			program, err := m.Seal(file)
			if err != nil {
				return &exitError{fault.ExitRefused, err}
			}
			return manifest.Exec(program, args, os.Environ())
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "directory of the component's identity, or of the signer's keys")
	markRequired(c, "dir")
	return c
}
