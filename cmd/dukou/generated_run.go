// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/description"
	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/fault"
)

// maxBody bounds what is sent from a file; the center has limits of its own.
const maxBody = 64 << 20

// run makes the call.
func (g *generated) run(c *cobra.Command, args []string) error {
	l, err := g.open(c)
	if err != nil {
		return err
	}
	defer l.Close()
	if slices.Equal(g.operation.May, []string{"host"}) {
		l.asHost()
	}
	path, err := g.path(c, args)
	if err != nil {
		return err
	}
	r := &remote.Request{Method: g.operation.Method, Path: path, Header: http.Header{}}
	if r.Query, err = g.query(c); err != nil {
		return &exitError{fault.ExitUsage, err}
	}
	before, err := g.condition(l, r, path)
	if err != nil {
		return err
	}
	if err := g.addBody(c, r, before); err != nil {
		return err
	}
	return g.show(l, r, before)
}

// path is the call's path with the arguments in it.
func (g *generated) path(c *cobra.Command, args []string) (string, error) {
	path := g.operation.Path
	next := 0
	for _, a := range g.operation.Arguments {
		var value string
		if a.Secret {
			var err error
			if value, err = g.secret(c, a); err != nil {
				return "", err
			}
		} else {
			value, next = args[next], next+1
		}
		if value == "" {
			return "", &exitError{fault.ExitUsage, fmt.Errorf("%s is empty", strings.ToUpper(flagName(a.Name)))}
		}
		path = fill(path, a.Name, value)
	}
	return path, nil
}

// fill puts a value in the place of its name. One that stands for the rest of the path
// keeps its slashes.
func fill(path, name, value string) string {
	if strings.HasSuffix(name, "...") {
		parts := strings.Split(value, "/")
		for i := range parts {
			parts[i] = url.PathEscape(parts[i])
		}
		return strings.Replace(path, "{"+name+"}", strings.Join(parts, "/"), 1)
	}
	return strings.Replace(path, "{"+name+"}", url.PathEscape(value), 1)
}

// secret is a value that is not given on the command line.
func (g *generated) secret(c *cobra.Command, v description.Value) (string, error) {
	if file := *g.secretFiles[v.Name]; file != "" {
		return readSecret(file)
	}
	return ask(c, "Enter "+named(v.Help, v.Name)+": ", "--"+flagName(v.Name)+"-file")
}

func (g *generated) query(c *cobra.Command) (url.Values, error) {
	values := url.Values{}
	for _, b := range g.bound {
		if !b.inQuery || !c.Flags().Changed(b.flag) {
			continue
		}
		v, err := flagValue(c, &b)
		if err != nil {
			return nil, err
		}
		list, isList := v.([]string)
		switch {
		case isList && b.Explode:
			values[b.Name] = list
		case isList:
			values.Set(b.Name, strings.Join(list, ","))
		default:
			values.Set(b.Name, fmt.Sprint(v))
		}
	}
	return values, nil
}

// flagValue is what a flag says, as JSON would have it.
func flagValue(c *cobra.Command, b *bound) (any, error) {
	f := c.Flags()
	switch b.Kind {
	case description.Whole:
		return f.GetInt64(b.flag)
	case description.Real:
		return f.GetFloat64(b.flag)
	case description.Yes:
		return f.GetBool(b.flag)
	case description.Texts:
		list, err := f.GetStringArray(b.flag)
		for _, text := range list {
			err = errors.Join(err, oneOf(b, text))
		}
		return list, err
	case description.Pairs:
		return f.GetStringToString(b.flag)
	default:
		text, err := f.GetString(b.flag)
		if err != nil {
			return nil, err
		}
		return writtenValue(b, text)
	}
}

// writtenValue is a value that is written as a text.
func writtenValue(b *bound, text string) (any, error) {
	switch b.Kind {
	case description.Time:
		t, err := moment(text)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", b.flag, err)
		}
		return t.Format(time.RFC3339Nano), nil
	case description.JSON:
		return jsonValue(b.flag, text)
	default:
		return textValue(b, text)
	}
}

// textValue is a text, or that of the file that is named for a long one.
func textValue(b *bound, text string) (string, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok && b.Long {
		data, err := readFile(file, maxBody)
		return string(data), err
	}
	return text, oneOf(b, text)
}

func oneOf(b *bound, text string) error {
	if len(b.Enum) == 0 || slices.Contains(b.Enum, text) {
		return nil
	}
	return fmt.Errorf("--%s: %q is none of %s", b.flag, text, strings.Join(b.Enum, ", "))
}

func jsonValue(flag, text string) (any, error) {
	data := []byte(text)
	if file, ok := strings.CutPrefix(text, "@"); ok {
		var err error
		if data, err = readFile(file, maxBody); err != nil {
			return nil, err
		}
	}
	if !json.Valid(data) {
		return nil, fmt.Errorf("--%s is not JSON; @FILE reads it from a file", flag)
	}
	return json.RawMessage(data), nil
}

// addBody makes the body: the file, or what is there now for a change of all of it, and
// over that the flags.
func (g *generated) addBody(c *cobra.Command, r *remote.Request, before *earlier) error {
	o := g.operation
	if o.Body == nil {
		return nil
	}
	r.Type = o.Body.Type
	if o.Body.Fields == nil {
		if g.file == "" {
			return &exitError{fault.ExitUsage, errors.New("give --file FILE (- for standard input)")}
		}
		var err error
		r.Body, err = readInput(c.InOrStdin(), g.file)
		return err
	}
	fields := map[string]any{}
	switch {
	case g.file != "":
		data, err := readInput(c.InOrStdin(), g.file)
		if err != nil {
			return err
		}
		var whole map[string]json.RawMessage
		if err := json.Unmarshal(data, &whole); err != nil {
			return &exitError{fault.ExitUsage, fmt.Errorf("%s is not a JSON object: %w", g.file, err)}
		}
		for name, value := range whole {
			fields[name] = value
		}
	case o.Method == http.MethodPut:
		before.keep(fields, o.Body.Fields)
	}
	if err := g.flagsInto(c, fields); err != nil {
		return &exitError{fault.ExitUsage, err}
	}
	var err error
	r.Body, err = json.Marshal(fields)
	return err
}

// flagsInto puts what flags say into a body, and asks for secrets that it must have.
func (g *generated) flagsInto(c *cobra.Command, fields map[string]any) error {
	for i := range g.bound {
		b := &g.bound[i]
		if b.inQuery {
			continue
		}
		_, there := fields[b.Name]
		switch {
		case b.Secret:
			if *g.secretFiles[b.Name] == "" && (there || !b.Required) {
				continue
			}
			text, err := g.secret(c, b.Value)
			if err != nil {
				return err
			}
			fields[b.Name] = text
		case c.Flags().Changed(b.flag):
			v, err := flagValue(c, b)
			if err != nil {
				return err
			}
			fields[b.Name] = v
		case b.Required && !there:
			return fmt.Errorf("give --%s%s", b.flag, hint(b.Help))
		}
	}
	return nil
}

func hint(help string) string {
	if help == "" {
		return ""
	}
	return ": " + help
}

// readInput reads a file, or standard input for "-".
func readInput(in io.Reader, name string) ([]byte, error) {
	if name != "-" {
		data, err := readFile(name, maxBody)
		if errors.Is(err, os.ErrNotExist) {
			return nil, &exitError{fault.ExitUsage, err}
		}
		return data, err
	}
	data, err := io.ReadAll(io.LimitReader(in, maxBody+1))
	if err == nil && len(data) > maxBody {
		return nil, fmt.Errorf("standard input: more than %d bytes", maxBody)
	}
	return data, err
}

// etagOf is a revision as If-Match wants it.
func etagOf(revision string) string {
	if strings.HasPrefix(revision, `"`) || strings.HasPrefix(revision, "W/") {
		return revision
	}
	return strconv.Quote(revision)
}
