// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
)

func newPolicyKeygenCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "keygen -o FILE",
		Short: "Make the key of an approver",
		Long: `Keygen writes an Ed25519 private key to FILE (PEM, PKCS #8, mode 0600) and its public key
to FILE.pub. The public key is pinned at installation; the private key stays with the approver.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if output == "" {
				return &exitError{fault.ExitUsage, errors.New("keygen wants -o FILE")}
			}
			public, err := writeApproverKey(output)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "fingerprint %s\nprivate key in %s, public key in %s.pub\n", envelope.IDOf(public), output, output)
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "file to write the private key to")
	return c
}

func writeApproverKey(name string) (ed25519.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	if err := writePEM(name, "PRIVATE KEY", der, 0o600); err != nil {
		return nil, err
	}
	if der, err = x509.MarshalPKIXPublicKey(public); err != nil {
		return nil, err
	}
	return public, writePEM(name+".pub", "PUBLIC KEY", der, 0o644)
}

// writePEM replaces no file: a lost key cannot be made again.
func writePEM(name, kind string, der []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der})
	return errors.Join(err, f.Sync(), f.Close())
}
