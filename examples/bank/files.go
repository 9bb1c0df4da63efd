// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/examples/bank/internal/batch"
	"dukou.dev/dukou/examples/bank/internal/people"
	"dukou.dev/dukou/examples/bank/internal/token"
)

func peopleCommand() *cobra.Command {
	var p population
	c := &cobra.Command{
		Use:   "people [PERSON]...",
		Short: "Show made-up people with their passwords; without arguments those of the demonstration",
		RunE: func(c *cobra.Command, ids []string) error {
			book, err := p.book()
			if err != nil {
				return err
			}
			shown := book.Friendly()
			if len(ids) > 0 {
				shown = nil
			}
			for _, id := range ids {
				one := book.ByID(id)
				if one == nil {
					return fmt.Errorf("there is no %s", id)
				}
				shown = append(shown, one)
			}
			return show(c, book, shown)
		},
	}
	p.flags(c)
	return c
}

func show(c *cobra.Command, book *people.Book, shown []*people.Person) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "USER\tPASSWORD\tPERSON\tLEVEL\tNAME")
	for _, p := range shown {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", p.Login, book.Password(p), p.ID, p.Level, p.Name)
	}
	return w.Flush()
}

func tokenKeyCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "token-key",
		Short: "Make the key that signs tokens: FILE (private, PKCS #8) and FILE.pub, both PEM",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return token.WriteKeys(out, out+".pub") },
	}
	c.Flags().StringVar(&out, "out", "", "file of the private key; must not be there yet")
	return require(c, "out")
}

func requestFileCommand() *cobra.Command {
	var (
		out string
		n   int
	)
	c := &cobra.Command{
		Use:   "request-file",
		Short: "Write a batch request about the first people, ready at once",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			request, err := batch.NewRequest(n)
			if err != nil {
				return err
			}
			return writeReady(out, request)
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write")
	c.Flags().IntVar(&n, "people", 50, "how many people to ask about, from the first on")
	return require(c, "out")
}

// writeReady writes a file under a dot name and renames it, so that whoever watches
// the directory sees it whole.
func writeReady(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".request-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

func checkAnswerCommand() *cobra.Command {
	var (
		request, answer string
		p               population
	)
	c := &cobra.Command{
		Use:   "check-answer",
		Short: "Compare a batch answer, row by row, with what the bureau must say",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			book, err := p.book()
			if err != nil {
				return err
			}
			asked, err := os.ReadFile(request)
			if err != nil {
				return err
			}
			answered, err := os.ReadFile(answer)
			if err != nil {
				return err
			}
			t, err := batch.Check(book, asked, answered)
			if err != nil {
				return fmt.Errorf("check %s: %w", answer, err)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "right: %d rows, %d ok, %d refused, %d other\n", t.Rows, t.OK, t.Refused, t.Other)
			return err
		},
	}
	c.Flags().StringVar(&request, "request", "", "the request")
	c.Flags().StringVar(&answer, "answer", "", "the answer to it")
	p.flags(c)
	return require(c, "request", "answer")
}
