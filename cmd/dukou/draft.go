// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
)

// draft is what this command line needs of a draft of policy.
type draft struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Base     uint64 `json:"base"`
	Revision int64  `json:"revision"`
	Files    int    `json:"files"`
}

// draftFile is one file of a draft.
type draftFile struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Limits of a folder that is sent; the center has the same.
const (
	maxDraftFiles = 500
	maxDraftFile  = 1 << 20
)

func newDraftCommand() *cobra.Command {
	c := newGroupCommand("draft", groupSummary("policy draft"))
	c.Long = `A draft is a folder of policy that is kept at the center and worked on there:

  dukou policy draft create --title TEXT        of what is in force
  dukou policy draft push FOLDER --title TEXT   of a folder here
  dukou policy draft pull DRAFT FOLDER          to work on it here, then push --draft DRAFT
  dukou policy draft check DRAFT                is it whole?
  dukou policy draft cases DRAFT                does it do what its cases expect?
  dukou policy draft difference DRAFT           what does it change?
  dukou policy rehearse DRAFT --wait            what would it have changed?`
	c.AddCommand(newPushCommand(), newPullCommand())
	return c
}

func newPushCommand() *cobra.Command {
	var at connection
	var id, title, revision string
	c := &cobra.Command{
		Use:   "push FOLDER (--title TEXT | --draft DRAFT)",
		Short: "Make a draft of a folder, or replace all files of one",
		Long: `Push sends all files of a folder, but for hidden ones. With --draft it replaces the files of a
draft, if nobody has changed that since it was pulled into the folder, or since --revision.`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if (id == "") == (title == "") {
				return &exitError{fault.ExitUsage, errors.New("give --title TEXT for a new draft, or --draft DRAFT for one that is there")}
			}
			files, err := readFolder(args[0])
			if err != nil {
				return err
			}
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			if id == "" {
				return at.create(l, title, files)
			}
			return at.replace(l, id, revision, args[0], files)
		},
	}
	at.register(c)
	c.Flags().StringVar(&id, "draft", "", "id of the draft")
	c.Flags().StringVar(&title, "title", "", "of the new draft: one line for people")
	c.Flags().StringVar(&revision, "revision", "", "of the draft that the folder was made of (default: that which was pulled, else what is there now)")
	return c
}

// readFolder reads all files below a folder.
func readFolder(folder string) ([]draftFile, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, &exitError{fault.ExitUsage, errors.Join(fmt.Errorf("%s is not a folder", folder), err)}
	}
	var files []draftFile
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && strings.HasPrefix(entry.Name(), ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		if len(files) == maxDraftFiles {
			return &exitError{fault.ExitUsage, fmt.Errorf("%s has more than %d files", folder, maxDraftFiles)}
		}
		text, err := readFile(filepath.Join(folder, filepath.FromSlash(name)), maxDraftFile)
		if err != nil {
			return err
		}
		if !utf8.Valid(text) {
			return &exitError{fault.ExitUsage, fmt.Errorf("%s is not text in UTF-8", name)}
		}
		files = append(files, draftFile{name, string(text)})
		return nil
	})
	return files, err
}

// create makes a draft of files.
func (c *connection) create(l *link, title string, files []draftFile) error {
	body, err := json.Marshal(map[string]any{"title": title, "from": "upload", "files": files})
	if err != nil {
		return err
	}
	answer, _, err := l.read(&remote.Request{Method: http.MethodPost, Path: "/api/drafts", Type: "application/json", Body: body})
	if err != nil {
		return err
	}
	return c.tellDraft(l, answer)
}

// replace replaces the files of a draft.
func (c *connection) replace(l *link, id, revision, folder string, files []draftFile) error {
	if revision == "" {
		revision = pulledRevision(folder, id)
	}
	if revision == "" {
		var d draft
		if err := l.JSON(l.cmd.Context(), http.MethodGet, "/api/drafts/"+url.PathEscape(id), nil, &d); err != nil {
			return err
		}
		revision = fmt.Sprint(d.Revision)
	}
	body, err := json.Marshal(map[string]any{"files": files})
	if err != nil {
		return err
	}
	answer, _, err := l.read(&remote.Request{
		Method: http.MethodPut, Path: "/api/drafts/" + url.PathEscape(id) + "/files", Type: "application/json", Body: body,
		Header: http.Header{"If-Match": {etagOf(revision)}},
	})
	if err != nil {
		return err
	}
	var d draft
	if json.Unmarshal(answer, &d) == nil && pulledRevision(folder, id) != "" {
		if err := notePulled(folder, id, fmt.Sprint(d.Revision)); err != nil {
			return err
		}
	}
	return c.tellDraft(l, answer)
}

func (c *connection) tellDraft(l *link, answer []byte) error {
	if done, err := c.asked(l.cmd.OutOrStdout(), answer); done {
		return err
	}
	var d draft
	if err := json.Unmarshal(answer, &d); err != nil {
		return fmt.Errorf("the center's answer: %w", err)
	}
	fmt.Fprintf(l.cmd.OutOrStdout(), "draft %s at revision %d: %d files\n", remote.Printable(d.ID), d.Revision, d.Files)
	fmt.Fprintf(l.cmd.ErrOrStderr(), "What it changes: dukou policy draft difference %s\n", remote.Printable(d.ID))
	return nil
}

func newPullCommand() *cobra.Command {
	var at connection
	c := &cobra.Command{
		Use:   "pull DRAFT FOLDER",
		Short: "Write the files of a draft into a folder, which is new or empty",
		Args:  usage(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			var got struct {
				Files []draftFile `json:"files"`
			}
			answer, header, err := l.read(&remote.Request{Method: http.MethodGet, Path: "/api/drafts/" + url.PathEscape(args[0]) + "/files"})
			if err != nil {
				return err
			}
			if err := json.Unmarshal(answer, &got); err != nil {
				return fmt.Errorf("the center's answer: %w", err)
			}
			if err := writeFolder(args[1], got.Files); err != nil {
				return err
			}
			if err := notePulled(args[1], args[0], strings.Trim(header.Get("ETag"), `"`)); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d files written to %s\n", len(got.Files), args[1])
			return nil
		},
	}
	at.register(c)
	return c
}

// writeFolder writes files below a folder that has none, and never outside of it,
// whatever paths the center has given.
func writeFolder(folder string, files []draftFile) error {
	if err := durable.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if there, err := os.ReadDir(folder); err != nil || len(there) > 0 {
		return &exitError{fault.ExitUsage, errors.Join(fmt.Errorf("%s is not empty", folder), err)}
	}
	for _, f := range files {
		if !fs.ValidPath(f.Path) || f.Path == "." || slices.ContainsFunc(strings.Split(f.Path, "/"), func(part string) bool { return strings.HasPrefix(part, ".") }) {
			return fmt.Errorf("the draft has a file %q, which is not one of a folder of policy", f.Path)
		}
		if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(f.Path)), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(filepath.FromSlash(f.Path), []byte(f.Text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pulledName is a hidden file that says which revision of which draft a folder is.
const pulledName = ".dukou-draft"

func notePulled(folder, id, revision string) error {
	return os.WriteFile(filepath.Join(folder, pulledName), []byte(id+" "+revision+"\n"), 0o644) //nolint:gosec // no secret
}

func pulledRevision(folder, id string) string {
	text, err := readFile(filepath.Join(folder, pulledName), maxSmallFile)
	if err != nil {
		return ""
	}
	of, revision, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if of != id {
		return ""
	}
	return revision
}
