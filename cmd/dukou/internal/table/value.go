// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package table shows JSON to people: a list as a table, a thing as its fields, in the
// order in which the sender wrote them.
package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Object is a JSON object that keeps its order.
type Object struct {
	Names  []string
	Values map[string]any
}

// maxDepth bounds how deep a value is read.
const maxDepth = 64

// Parse reads one JSON value: nil, bool, json.Number, string, []any or *Object.
func Parse(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := read(d, 0)
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not JSON: more after its end")
	}
	return v, nil
}

func read(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	mark, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == maxDepth {
		return nil, errors.New("nested too deep")
	}
	if mark == '[' {
		return readList(d, depth)
	}
	return readObject(d, depth)
}

func readList(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := read(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, said(v))
	}
	_, err := d.Token()
	return list, err
}

// isCode tells whether a part of an answer says for other languages, in a code with what
// belongs to it, what a sentence beside it says.
func isCode(v any) bool {
	o, ok := v.(*Object)
	return ok && o.Values["code"] != nil
}

// said is a thing of a list as people read it: its sentence, where it has one and a code.
func said(v any) any {
	if isCode(v) {
		if text, ok := v.(*Object).Values["text"].(string); ok {
			return text
		}
	}
	return v
}

func readObject(d *json.Decoder, depth int) (any, error) {
	o := &Object{Values: map[string]any{}}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("a name that is no text")
		}
		v, err := read(d, depth+1)
		if err != nil {
			return nil, err
		}
		if isCode(v) {
			continue
		}
		if _, twice := o.Values[name]; !twice {
			o.Names = append(o.Names, name)
		}
		o.Values[name] = v
	}
	_, err := d.Token()
	return o, err
}

// Get is a field, or nil.
func (o *Object) Get(name string) any { return o.Values[name] }

// Text is a field as it is shown in a cell, or empty.
func (o *Object) Text(name string) string { return cell(o.Values[name]) }

// Rows are what a list of the interface lists, and the name of its field: a value that is a
// list, or an object that begins with one and has nothing else that has parts. Ok is false
// for anything else.
func Rows(v any) (name string, rows []any, ok bool) {
	if list, isList := v.([]any); isList {
		return "", list, true
	}
	o, isObject := v.(*Object)
	if !isObject || len(o.Names) == 0 {
		return "", nil, false
	}
	rows, ok = o.Values[o.Names[0]].([]any)
	if !ok {
		return "", nil, false
	}
	for _, field := range o.Names[1:] {
		if isBlock(o.Values[field]) {
			return "", nil, false
		}
	}
	return o.Names[0], rows, true
}

// columns are the names of all fields of rows, each after the one that it follows in
// the first row that has it.
func columns(rows []any) []string {
	var names []string
	for _, row := range rows {
		o, ok := row.(*Object)
		if !ok {
			return nil
		}
		at := 0
		for _, name := range o.Names {
			if i := slices.Index(names, name); i >= 0 {
				at = i + 1
				continue
			}
			names = slices.Insert(names, at, name)
			at++
		}
	}
	return names
}
