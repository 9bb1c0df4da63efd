// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/description"
)

// openapi is the description of the center's interface that belongs to this version
// (make openapi).
//
//go:embed openapi.json
var openapi []byte //nolint:gochecknoglobals // go:embed knows nothing else

// addGenerated adds a command for every call of the interface that has a verb and is not
// done by a command written by hand.
func addGenerated(root *cobra.Command) error {
	operations, err := description.Read(openapi)
	if err != nil {
		return err
	}
	byHand := handWritten()
	for i := range operations {
		o := &operations[i]
		if _, done := byHand[o.ID]; o.Verb == "" || done {
			continue
		}
		g := &generated{operation: o, all: operations}
		place(root, strings.Fields(o.Verb), g.command())
	}
	return nil
}

// handWritten are the calls that have a better command than the one that would be made
// of their description, and which.
func handWritten() map[string]string {
	return map[string]string{
		"redeem-link":           "account redeem",
		"confirm-link":          "account redeem",
		"look-at-link":          "account redeem",
		"approve-proposal":      "proposal approve",
		"refuse-proposal":       "proposal refuse",
		"prove-entry":           "audit proof",
		"watch-events":          "watch",
		"start-rehearsal":       "policy rehearse",
		"confirm-publication":   "policy confirm",
		"propose-release":       "quarantine release",
		"roll-back-publication": "policy rollback",
		"sign-in":               "login",
		"show-factor":           "login",
		"refresh-session":       "login",
		"sign-out":              "logout",
		"change-password":       "account password",
	}
}

// place puts a command under the words of its verb, and makes the groups that are not
// there yet.
func place(root *cobra.Command, words []string, c *cobra.Command) {
	parent := root
	for i, word := range words[:len(words)-1] {
		at := slices.IndexFunc(parent.Commands(), func(c *cobra.Command) bool { return c.Name() == word })
		if at < 0 {
			group := newGroupCommand(word, groupSummary(strings.Join(words[:i+1], " ")))
			parent.AddCommand(group)
			parent = group
			continue
		}
		parent = parent.Commands()[at]
	}
	parent.AddCommand(c)
}

func newGroupCommand(name, summary string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: summary, Args: usage(noMore),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
}

// noMore refuses words after a group's name, and says which one may have been meant.
func noMore(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	err := fmt.Errorf("%q has no command %q", c.CommandPath(), args[0])
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
	}
	return err
}

// generated is a command made of the description of a call.
type generated struct {
	operation *description.Operation
	all       []description.Operation // to find what is read before a change

	connection
	bound            []bound
	file, output     string
	revision         string
	everything       bool
	secretFiles      map[string]*string // by the name of an argument that is a secret
	argumentsOnPaths []description.Value
}

// bound is a value that a flag gives.
type bound struct {
	description.Value

	flag    string
	inQuery bool
}

func (g *generated) command() *cobra.Command {
	o := g.operation
	words := strings.Fields(o.Verb)
	use := words[len(words)-1]
	for _, a := range o.Arguments {
		if !a.Secret {
			g.argumentsOnPaths = append(g.argumentsOnPaths, a)
			use += " " + strings.ToUpper(flagName(a.Name))
		}
	}
	c := &cobra.Command{
		Use: use, Short: o.Summary, Long: g.long(), Args: usage(cobra.ExactArgs(len(g.argumentsOnPaths))),
		RunE: func(c *cobra.Command, args []string) error { return g.run(c, args) },
	}
	g.register(c)
	g.addValues(c)
	return c
}

// long is the help beyond the line.
func (g *generated) long() string {
	o := g.operation
	var b strings.Builder
	b.WriteString(strings.TrimRight(o.Summary, ".") + ".")
	if o.Help != "" {
		b.WriteString("\n\n" + strings.TrimSpace(o.Help))
	}
	for i, a := range g.argumentsOnPaths {
		if i == 0 {
			b.WriteString("\n")
		}
		if a.Help != "" {
			fmt.Fprintf(&b, "\n  %s: %s", strings.ToUpper(flagName(a.Name)), a.Help)
		}
	}
	b.WriteString("\n\nFor " + audience(o.May) + ".")
	if o.Fresh {
		b.WriteString(" The second factor is asked for when it was shown longer than five minutes ago.")
	}
	fmt.Fprintf(&b, "\nIt calls %s %s (%s).", o.Method, o.Path, o.ID)
	return b.String()
}

func audience(may []string) string {
	names := make([]string, 0, len(may))
	for _, m := range may {
		switch m {
		case "anyone":
			return "anyone, also without signing in"
		case "host":
			names = append(names, "the center's own host (--center unix:PATH)")
		default:
			names = append(names, m)
		}
	}
	return strings.Join(names, ", ")
}

// addValues adds a flag for each value that the call takes beside its arguments, after
// those that belong to every command of its kind.
func (g *generated) addValues(c *cobra.Command) {
	o := g.operation
	g.secretFiles = map[string]*string{}
	g.addOwn(c)
	for _, a := range o.Arguments {
		if a.Secret {
			g.addSecret(c, a)
		}
	}
	for _, v := range o.Query {
		g.addFlag(c, bound{Value: v, inQuery: true})
	}
	if o.Body != nil {
		for _, v := range o.Body.Fields {
			g.addFlag(c, bound{Value: v})
		}
	}
}

// addOwn adds the flags that are about the call and not a part of it.
func (g *generated) addOwn(c *cobra.Command) {
	o := g.operation
	if o.Body != nil {
		what := "file with the whole body as JSON; flags change it"
		if o.Body.Fields == nil {
			what = "file to send"
		}
		c.Flags().StringVar(&g.file, "file", "", what+" (- for standard input)")
	}
	if slices.ContainsFunc(o.Query, func(v description.Value) bool { return v.Name == "after" }) {
		c.Flags().BoolVar(&g.everything, "all", false, "follow the list to its end; with --json one row a line")
	}
	if o.Conditional {
		c.Flags().StringVar(&g.revision, "revision", "", "change only this revision (default: what is there now, which is read first)")
	}
	if o.Method == http.MethodGet {
		c.Flags().StringVarP(&g.output, "output", "o", "", "file to write the answer to")
	}
}

// addSecret adds a flag for the name of a file with a secret.
func (g *generated) addSecret(c *cobra.Command, v description.Value) {
	file := new(string)
	g.secretFiles[v.Name] = file
	c.Flags().StringVar(file, flagName(v.Name)+"-file", "", "file with "+named(v.Help, v.Name)+" (asked for on a terminal)")
}

func named(help, name string) string {
	if help == "" {
		return "the " + strings.ReplaceAll(flagName(name), "-", " ")
	}
	return help
}

func (g *generated) addFlag(c *cobra.Command, b bound) {
	if b.Secret {
		g.bound = append(g.bound, b)
		g.addSecret(c, b.Value)
		return
	}
	b.flag = flagName(b.Name)
	if c.Flags().Lookup(b.flag) != nil || b.flag == "help" {
		b.flag = "with-" + b.flag
	}
	help := b.Help
	if len(b.Enum) > 0 && len(b.Enum) <= 12 {
		help = strings.TrimSpace(help + " (" + strings.Join(b.Enum, ", ") + ")")
	}
	f := c.Flags()
	switch b.Kind {
	case description.Whole:
		f.Int64(b.flag, 0, help)
	case description.Real:
		f.Float64(b.flag, 0, help)
	case description.Yes:
		f.Bool(b.flag, false, help)
	case description.Texts:
		f.StringArray(b.flag, nil, strings.TrimSpace(help+" (may be given several times)"))
	case description.Pairs:
		f.StringToString(b.flag, nil, strings.TrimSpace(help+" NAME=VALUE"))
	case description.Time:
		f.String(b.flag, "", strings.TrimSpace(help+" [RFC 3339, or 15m ago as 15m, in 15m as +15m]"))
	case description.JSON:
		f.String(b.flag, "", strings.TrimSpace(help+" [JSON, or @FILE]"))
	default:
		if b.Long {
			help = strings.TrimSpace(help + " [text, or @FILE]")
		}
		f.String(b.flag, "", help)
	}
	if b.Default != "" {
		f.Lookup(b.flag).DefValue = b.Default // for the help; what is not given is not sent
	}
	if len(b.Enum) > 0 {
		words := b.Enum
		_ = c.RegisterFlagCompletionFunc(b.flag, func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return words, cobra.ShellCompDirectiveNoFileComp
		}) // fails only for a flag that is not there, or one that has it
	}
	g.bound = append(g.bound, b)
}

// flagName is a name of the interface as a flag: "notAfter" is not-after.
func flagName(name string) string {
	var b strings.Builder
	lower := false
	for _, r := range strings.ReplaceAll(strings.TrimSuffix(name, "..."), "_", "-") {
		if unicode.IsUpper(r) && lower {
			b.WriteByte('-')
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
