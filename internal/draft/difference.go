// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
)

// Effect is what a change does to what may cross.
type Effect string

// The effects.
const (
	Wider    Effect = "wider"    // more may cross, or more may be done, than before
	Narrower Effect = "narrower" // less
	Other    Effect = "other"    // something else, or it cannot be told from the change alone
)

// Change is one thing that is different.
type Change struct {
	Area   string `json:"area" enum:"installation,category,zone,issuer,component,subject,credential,object,flow,form,cedar" doc:"what kind of thing"`
	Name   string `json:"name" doc:"of the thing"`
	Effect Effect `json:"effect" enum:"wider,narrower,other"`

	bilingual.Words // a sentence: what is gained or lost
}

// Difference is all that is different between two policies.
type Difference struct {
	From    uint64            `json:"from" doc:"version in force, 0 for none"`
	Changes []Change          `json:"changes" doc:"what is gained or lost, in words"`
	Text    string            `json:"text" doc:"of the files, as a unified diff; hashes of passwords are shortened"`
	Notes   []bilingual.Words `json:"notes" doc:"what could not be compared, and why"`
}

// Difference is what a draft changes in what is in force.
func (d *Desk) Difference(ctx context.Context, id string) (Difference, error) {
	_, folder, err := d.Get(ctx, id)
	if err != nil {
		return Difference{}, err
	}
	_, p, err := loaded(folder)
	if err != nil {
		return Difference{}, err
	}
	return d.differs(ctx, folder, &p.Bundle)
}

// differs is what a folder, which makes a bundle, changes in what is in force.
func (d *Desk) differs(ctx context.Context, folder Folder, to *policy.Bundle) (Difference, error) {
	out := Difference{Notes: []bilingual.Words{}}
	now := d.InForce()
	if now == nil {
		out.Notes = append(out.Notes, bilingual.Say("No policy is in force yet: all of it is new.", "尚无生效的策略：全部内容均为新增。"))
		w := words{names: namesOf(to)}
		w.bundles(&policy.Bundle{Guard: to.Guard, Term: to.Term}, to)
		w.directories(policy.Directory{}, directoryOf(folder))
		out.Changes, out.Text = w.sorted(), unified(nil, folder)
		return out, nil
	}
	out.From = now.Version
	w := words{names: namesOf(to)}
	w.bundles(&now.Bundle, to)
	before, err := d.SourceInForce(ctx)
	if err != nil && problem.CodeOf(err) != problem.Conflict {
		return Difference{}, err
	}
	if err != nil {
		out.Notes = append(out.Notes, bilingual.Say("Policy version %d was applied as a file, and its source is not here: "+
			"credentials and bindings, which are sealed in it, and the text of the files cannot be compared.",
			"策略版本 %d 是以文件方式施加的，其源文件不在此处：密封在其中的凭据与绑定以及文件文本无法比较。", now.Version))
		out.Changes = w.sorted()
		return out, nil
	}
	w.directories(directoryOf(before), directoryOf(folder))
	out.Changes, out.Text = w.sorted(), unified(before, folder)
	return out, nil
}

// directoryOf is the credentials and bindings of a folder that is whole.
func directoryOf(f Folder) policy.Directory {
	s, _, err := load(f)
	if err != nil {
		return policy.Directory{} // of an earlier version of the format: all of them are shown as new
	}
	return s.Directory()
}

// words collects changes.
type words struct {
	list  []Change
	names names
}

func (w *words) add(area, name string, e Effect, english, chinese string, args ...any) {
	w.list = append(w.list, Change{Area: area, Name: bilingual.Plain(name), Effect: e, Words: bilingual.Say(english, chinese, args...)})
}

// sorted gives what widens first: it is what approvers look for.
func (w *words) sorted() []Change {
	rank := map[Effect]int{Wider: 0, Other: 1, Narrower: 2}
	slices.SortStableFunc(w.list, func(a, b Change) int { return rank[a.Effect] - rank[b.Effect] })
	if w.list == nil {
		return []Change{}
	}
	return w.list
}

// Words is the changes as lines, for people of both languages.
func (d *Difference) Words() string {
	var b strings.Builder
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "! %s\n", n.Line())
	}
	sign := map[Effect]string{Wider: "+", Narrower: "-", Other: "~"}
	for _, c := range d.Changes {
		fmt.Fprintf(&b, "%s %s\n", sign[c.Effect], c.Line())
	}
	if len(d.Changes) == 0 {
		b.WriteString(bilingual.Say("Nothing that decides is different.", "与判定有关的内容没有不同。").Line() + "\n")
	}
	return b.String()
}

// Show is the whole difference as text of at most a number of bytes. What does not fit is
// named by its digest.
func (d *Difference) Show(most int) string {
	all := d.Words()
	if d.Text != "" {
		all += "\n" + d.Text
	}
	if len(all) <= most {
		return all
	}
	// Where it ends may be within the text of files, which has no words: a line for each language.
	end := bilingual.Say("… %d bytes in all, SHA-256 %x; \"dukou policy draft difference\" shows all of it.",
		"… 共 %d 字节，SHA-256 %x；全文见 dukou policy draft difference。", len(all), sha256.Sum256([]byte(all)))
	return strings.ToValidUTF8(all[:most-len(end.Line())-2], "") + "\n" + end.English + "\n" + end.Chinese + "\n"
}

// passwordHash is an argon2id hash in PHC form: it proves nobody, and can be guessed at.
var passwordHash = regexp.MustCompile(`\$argon2id\$[A-Za-z0-9$=,+/.-]+`) //nolint:gochecknoglobals // a constant

// masked replaces the hashes of passwords by something that changes with them.
func masked(text string) string {
	return passwordHash.ReplaceAllStringFunc(text, func(hash string) string {
		sum := sha256.Sum256([]byte(hash))
		return fmt.Sprintf("$argon2id$(not shown, %x)", sum[:4])
	})
}

// contextLines are shown around each change of a file.
const contextLines = 3

// unified is the difference of two folders as text.
func unified(from, to Folder) string {
	var paths []string
	for _, f := range [...]Folder{from, to} {
		for i := range f {
			paths = append(paths, f[i].Path)
		}
	}
	slices.Sort(paths)
	var b strings.Builder
	for _, path := range slices.Compact(paths) {
		before, was := from.Find(path)
		after, is := to.Find(path)
		if was && is && before == after {
			continue
		}
		b.WriteString(unifiedFile(path, was, is, masked(before), masked(after)))
	}
	return bilingual.Block(b.String())
}

func unifiedFile(path string, was, is bool, before, after string) string {
	old, now := "in force/"+path, "draft/"+path
	if !was {
		old = "/dev/null"
	}
	if !is {
		now = "/dev/null"
	}
	text, err := udiff.ToUnified(old, now, before, udiff.Lines(before, after), contextLines)
	if err != nil || text == "" { // an empty file has no lines to show
		return fmt.Sprintf("--- %s\n+++ %s\n", old, now)
	}
	return text
}
