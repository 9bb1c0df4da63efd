// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package source reads a folder of YAML and Cedar files and makes a policy.Bundle
// of it. Every file *.yaml and *.yml may have any of these keys, lists of several
// files are joined:
//
//	guard, term, valid   once: the guard's name, its reign, how long a bundle holds
//	categories           once: names, in the order of their bits
//	zones issuers objects subjects flows cases   lists
//
// Every file *.cedar holds policies. An unknown key is an error that names file, line
// and column. The keys are described in docs/formats/bundle.md, an example is in
// examples/bank/policy.
package source

import (
	"crypto/ed25519"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Source is a folder of policy that was read and found whole.
type Source struct {
	draft       policy.Bundle // without version, times, components
	valid       time.Duration
	credentials []policy.Credential
	bindings    []policy.Binding
	cases       []Case
	warnings    []Problem
	homes       map[string]string // in which a subject or object is
}

// File is the file that a subject ("subjects") or an object ("objects") is in, "" for none.
func (s *Source) File(list, id string) string { return s.homes[list+" "+id] }

// Warnings are what is whole and can hardly be meant, each with its place.
func (s *Source) Warnings() []Problem { return slices.Clone(s.warnings) }

// Load reads every YAML and Cedar file of a folder. The error joins all that is
// wrong, each with file and line.
func Load(fsys fs.FS) (*Source, error) { return load(fsys, nil) }

// load is Load. read is shown each mapping with the keys that were looked for in it.
func load(fsys fs.FS, read func(*object)) (*Source, error) {
	l := &loader{fsys: fsys, sections: map[string][]node{}, problems: problems{read: read}}
	l.homes = map[string]string{}
	l.draft.Format = policy.Format
	cedarFiles := l.read()
	for _, step := range []func(){l.settings, l.zones, l.issuers, l.objects, l.subjects, l.flows} {
		step()
	}
	l.cedar(cedarFiles)
	l.testCases()
	l.doubts()
	if err := l.join(); err != nil {
		return nil, err
	}
	s := l.Source
	if _, err := s.compile(); err != nil {
		return nil, err
	}
	return &s, nil
}

// compile holds the draft against the rules of the bundle itself, with keys that
// stand in for those that are still to come.
func (s *Source) compile() (*policy.Policy, error) {
	issuers := map[string]ed25519.PublicKey{}
	for _, name := range s.MissingIssuers() {
		issuers[name] = make(ed25519.PublicKey, ed25519.PublicKeySize)
	}
	b, err := s.Bundle(Options{Version: 1, Now: time.Unix(0, 0), Issuers: issuers})
	if err != nil {
		return nil, err
	}
	return policy.Compile(b)
}

// Draft is the policy without components, for trying cases. An issuer without a
// key has a zero key.
func (s *Source) Draft() (*policy.Policy, error) { return s.compile() }

type loader struct {
	Source
	problems
	fsys     fs.FS
	sections map[string][]node
	accepted []declared
	places   []node // of the flows, in their order
}

// declared is a way, and where a flow accepts it.
type declared struct {
	node
	way  policy.Way
	flow int // which one of the draft
}

// warn notes what is no error.
func (l *loader) warn(n node, english, chinese string, args ...any) {
	line, column := n.position()
	l.warnings = append(l.warnings, Problem{n.file, line, column, bilingual.Say(english, chinese, args...)})
}

// read parses every file, collects the values of each top-level key, and returns
// the names of the Cedar files.
func (l *loader) read() (cedarFiles []string) {
	files := 0
	err := fs.WalkDir(l.fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(path.Base(name), ".") && name != "."
		if hidden && entry.IsDir() {
			return fs.SkipDir
		}
		if hidden || entry.IsDir() {
			return nil
		}
		if files++; files > maxFiles {
			l.add(".", 0, 0, bilingual.Say("more than %d files", "文件超过 %d 个", maxFiles))
			return fs.SkipAll
		}
		switch path.Ext(name) {
		case ".yaml", ".yml":
			l.collect(parseYAML(&l.problems, l.fsys, name))
		case ".cedar":
			cedarFiles = append(cedarFiles, name)
		}
		return nil
	})
	if err != nil {
		l.add(".", 0, 0, bilingual.Say("%v", "无法读取文件夹：%v", err))
	}
	return cedarFiles
}

func (l *loader) collect(o *object) {
	if o == nil {
		return
	}
	for _, key := range []string{"guard", "term", "valid", "categories", "zones", "issuers", "objects", "subjects", "flows", "cases"} {
		if v, ok := o.get(key); ok {
			l.sections[key] = append(l.sections[key], v)
		}
	}
	o.done()
}

// once is the one value of a key that is there in one file only.
func (l *loader) once(key string, required bool) (node, bool) {
	values := l.sections[key]
	if len(values) == 0 {
		if required {
			l.add(".", 0, 0, bilingual.Say("no file has the key %q", "没有文件包含键 %q", key))
		}
		return node{}, false
	}
	for _, again := range values[1:] {
		again.fail("key %q is in %s already", "键 %q 已在 %s 中出现", key, values[0].where())
	}
	return values[0], true
}

// items are the entries of a list that may be spread over files.
func (l *loader) items(key string) []*object {
	var all []*object
	for _, section := range l.sections[key] {
		for _, item := range section.list() {
			if o := item.object(); o != nil {
				all = append(all, o)
			}
		}
	}
	return all
}

const maxValid = 400 * 24 * time.Hour

func (l *loader) settings() {
	l.draft.Term, l.valid = 1, 90*24*time.Hour
	if n, ok := l.once("guard", true); ok {
		l.draft.Guard = n.name()
	}
	if n, ok := l.once("term", false); ok {
		l.draft.Term = uint64(n.count(1 << 62))
	}
	if n, ok := l.once("valid", false); ok {
		l.valid = n.duration(maxValid)
	}
	if n, ok := l.once("categories", false); ok {
		if l.draft.Categories = n.texts(); len(l.draft.Categories) > 64 {
			n.fail("%d categories, at most 64", "有 %d 个范畴，至多 64 个", len(l.draft.Categories))
		}
	}
}

// A name has no slash, no space and no sign that a log or a path could trip over.
var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@:-]{0,126}$`)       //nolint:gochecknoglobals // a constant
	partForm = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._@:-]{0,126})?\*?$`) //nolint:gochecknoglobals // a constant
)

func (n node) name() string {
	t := n.text()
	if t != "" && !nameForm.MatchString(t) {
		n.fail("%q is not a name: letters, digits, and . _ @ : - after the first", "%q 不是合法名称：以字母或数字开头，其后可用字母、数字和 . _ @ : -", t)
	}
	return t
}

// needName is the name under a key that must be there.
func (o *object) needName(key string) string {
	if n, ok := o.need(key); ok {
		return n.name()
	}
	return ""
}

// id reads "zone/name"; a family's name ends in "*".
func (l *loader) id(n node, family bool) string {
	t := n.text()
	zone, name, _ := strings.Cut(t, "/")
	switch {
	case t == "":
	case name == "" || !partForm.MatchString(name) || (!family && strings.HasSuffix(name, "*")):
		n.fail("%q is not of the form zone/name", "%q 不是“安全域/名称”的形式", t)
	case !slices.Contains(l.zoneNames(), zone):
		n.fail("no zone %q%s", "没有名为 %q 的安全域%s", zone, suggestion(zone, l.zoneNames()))
	}
	return t
}

func (l *loader) zoneNames() []string {
	return names(l.draft.Zones, func(z policy.Zone) string { return z.Name })
}

func names[T any](items []T, name func(T) string) []string {
	out := make([]string, 0, len(items))
	for _, item := range items {
		out = append(out, name(item))
	}
	return out
}

// class reads a class; what it leaves out is as in usual, where a zero level means
// that it must be there.
func (l *loader) class(n node, usual label.Class) label.Class {
	class := usual
	o := n.object()
	if o == nil {
		return label.Lowest()
	}
	for key, level := range map[string]*label.Level{"confidentiality": &class.Confidentiality, "integrity": &class.Integrity} {
		v, ok := o.get(key)
		if ok {
			*level = v.level()
		} else if !level.Valid() {
			o.fail("key %q is missing", "缺少键 %q", key)
			*level = label.MinLevel
		}
	}
	if v, ok := o.get("categories"); ok {
		class.Categories = l.categories(v)
	}
	o.done()
	return class
}

func (n node) level() label.Level {
	return label.Level(n.bounded(n.integer(), int64(label.MinLevel), int64(label.MaxLevel)))
}

func (l *loader) categories(n node) label.Categories {
	var set label.Categories
	for _, item := range n.list() {
		name := item.oneOf(bilingual.Say("category", "范畴"), l.draft.Categories)
		if bit := slices.Index(l.draft.Categories, name); bit >= 0 && bit < 64 {
			set |= 1 << bit
		}
	}
	return set
}

// unique says that a name is used for the first time in its list.
func (n node) unique(what bilingual.Words, name string, used []string) {
	if slices.Contains(used, name) {
		n.fail("%s %q is there already", "%s %q 已存在", what, name)
	}
}
