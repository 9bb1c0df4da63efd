// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// take takes the events that are there.
func take(events <-chan Event) (list []Event) {
	for {
		select {
		case e := <-events:
			list = append(list, e)
		default:
			return list
		}
	}
}

// TestEventsAreFolded: however much happens to a topic, a listener hears of it at once,
// twice a second at most, and last after all of it.
func TestEventsAreFolded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEvents()
		events, leave := e.Listen()
		defer leave()
		heard := map[string]int{}
		for i := range 10_000 { // a thousand a second
			e.Tell("evidence", "")
			if i%100 == 0 {
				e.Tell("drafts", strconv.Itoa(i))
			}
			time.Sleep(time.Millisecond)
			if i == 0 {
				synctest.Wait()
				if got := take(events); !slices.Equal(got, []Event{{"evidence", ""}, {"drafts", "0"}, {"inbox", ""}}) {
					t.Errorf("at once %v", got)
				}
			}
			for _, event := range take(events) {
				heard[event.Topic]++
			}
		}
		for _, topic := range []string{"evidence", "drafts", "inbox"} {
			if n := heard[topic]; n < 18 || n > 21 {
				t.Errorf("%s was told %d times in ten seconds", topic, n)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		take(events)
		e.Tell("drafts", "a")
		e.Tell("drafts", "b")
		e.Tell("drafts", "b")
		e.Tell("reports", "r")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		last := map[string]Event{}
		for _, event := range take(events) {
			last[event.Topic] = event
		}
		if last["drafts"] != (Event{"drafts", "b"}) && last["drafts"] != (Event{"drafts", ""}) || last["reports"].ID != "r" {
			t.Errorf("last %v", last)
		}
		e.Tell("drafts", "a")
		take(events)
		e.Tell("drafts", "a")
		e.Tell("drafts", "b")
		time.Sleep(time.Second)
		synctest.Wait()
		got := take(events)
		slices.SortFunc(got, func(a, b Event) int { return strings.Compare(a.Topic, b.Topic) })
		if !slices.Equal(got, []Event{{"drafts", ""}, {"inbox", ""}}) {
			t.Errorf("several are told as %v", got)
		}
	})
}

// TestEventsMissed: a listener that reads nothing is told that it has missed some.
func TestEventsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEvents()
		events, leave := e.Listen()
		for range pendingEvents + 10 {
			e.Tell("reports", "r")
			time.Sleep(time.Second)
		}
		if got := take(events); len(got) != pendingEvents || got[len(got)-1].Topic != "all" {
			t.Errorf("%d events, the last %v", len(got), got[len(got)-1])
		}
		leave()
		e.Tell("reports", "r")
		time.Sleep(time.Second)
		if got := take(events); len(got) != 0 {
			t.Errorf("after it has left: %v", got)
		}
	})
}

// TestTopics holds the list of topics, which the description shows, against what the
// packages tell in their sources.
func TestTopics(t *testing.T) {
	told := map[string]bool{}
	root := filepath.Join("..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return toldIn(path, told)
	})
	if err != nil {
		t.Fatal(err)
	}
	listed, help := map[string]bool{}, topicsHelp()
	for _, topic := range Topics() {
		if listed[topic.Name] {
			t.Errorf("topic %s twice", topic.Name)
		}
		if listed[topic.Name] = true; !strings.Contains(help, "\n  "+topic.Name+": ") || topic.What == "" {
			t.Errorf("topic %s is not in the description", topic.Name)
		}
		if !told[topic.Name] && topic.Name != inboxTopic {
			t.Errorf("nobody tells of topic %s", topic.Name)
		}
	}
	for topic := range told {
		if !listed[topic] {
			t.Errorf("topic %s is told, and not in the list", topic)
		}
	}
	if len(told) < 15 {
		t.Errorf("only %d topics were found in the sources", len(told))
	}
}

// toldIn finds the topics that one package tells, by name or constant.
func toldIn(dir string, told map[string]bool) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	constants, calls := map[string]string{}, []ast.Expr{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if i < len(n.Values) {
						constants[id.Name] = textOf(n.Values[i])
					}
				}
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "Tell" || s.Sel.Name == "tell") && len(n.Args) == 2 {
					calls = append(calls, n.Args[0])
				}
			}
			return true
		})
	}
	for _, arg := range calls {
		topic := textOf(arg)
		if id, ok := arg.(*ast.Ident); ok {
			topic = constants[id.Name]
		}
		if topic != "" {
			told[topic] = true
		}
	}
	return nil
}

// textOf is the value of a text in a source, empty for anything else.
func textOf(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		text, _ := strconv.Unquote(lit.Value) // the parser took it
		return text
	}
	return ""
}
