// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package description_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dukou.dev/dukou/cmd/dukou/internal/description"
)

const sample = `{
  "openapi": "3.1.0",
  "paths": {
    "/api/drafts/{id}/files/{path...}": {
      "put": {
        "operationId": "put-file", "summary": "Put a file", "x-dukou-verb": "policy draft put",
        "x-dukou-may": ["security"], "x-dukou-fresh": true, "tags": ["policy"],
        "parameters": [
          {"name": "path...", "in": "path", "required": true, "schema": {"type": "string"}},
          {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
          {"name": "id", "in": "path", "description": "of the draft", "required": true, "schema": {"type": "string"}},
          {"name": "code", "in": "query", "schema": {"type": "string"}},
          {"name": "state", "in": "query", "schema": {"type": ["array", "null"], "items": {"type": "string", "enum": ["open", "done"]}}}
        ],
        "requestBody": {"content": {"text/plain": {"schema": {"type": "string", "format": "binary"}}}}
      }
    },
    "/api/accounts": {
      "post": {
        "operationId": "create-account", "x-dukou-verb": "account create",
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}}
      }
    }
  },
  "components": {"schemas": {
    "New": {"type": "object", "required": ["name"], "properties": {
      "name": {"type": "string", "description": "to sign in with"},
      "oldPassword": {"type": "string"},
      "pin": {"type": "string", "writeOnly": true},
      "until": {"type": "string", "format": "date-time"},
      "most": {"type": "integer", "default": 5},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}},
      "keys": {"type": "array", "items": {"type": "string", "contentEncoding": "base64"}},
      "part": {"$ref": "#/components/schemas/Part"},
      "on": {"type": "boolean"}
    }},
    "Part": {"type": "object", "properties": {"a": {"type": "string"}}}
  }}
}`

func TestRead(t *testing.T) {
	got, err := description.Read([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	want := []description.Operation{
		{
			ID: "create-account", Method: "POST", Path: "/api/accounts", Verb: "account create",
			Body: &description.Body{Type: "application/json", Required: true, Fields: []description.Value{
				{Name: "keys", Kind: description.JSON},
				{Name: "labels", Kind: description.Pairs},
				{Name: "most", Kind: description.Whole, Default: "5"},
				{Name: "name", Help: "to sign in with", Required: true},
				{Name: "oldPassword", Secret: true},
				{Name: "on", Kind: description.Yes},
				{Name: "part", Kind: description.JSON},
				{Name: "pin", Secret: true},
				{Name: "until", Kind: description.Time},
			}},
		},
		{
			ID: "put-file", Method: "PUT", Path: "/api/drafts/{id}/files/{path...}", Verb: "policy draft put", Group: "policy",
			Summary: "Put a file", May: []string{"security"}, Fresh: true, Conditional: true,
			Arguments: []description.Value{{Name: "id", Help: "of the draft", Required: true}, {Name: "path...", Required: true}},
			Query: []description.Value{
				{Name: "code"}, // of a refusal: only what is sent in a body is a secret by its name
				{Name: "state", Kind: description.Texts, Enum: []string{"open", "done"}},
			},
			Body: &description.Body{Type: "text/plain"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":           `{`,
		"another version":   `{"openapi": "2.0", "paths": {}}`,
		"without an id":     `{"openapi": "3.1.0", "paths": {"/a": {"get": {}}}}`,
		"nothing there":     strings.Replace(sample, "schemas/Part", "schemas/Other", 1),
		"refers to itself":  strings.Replace(sample, `"Part": {`, `"Part": {"$ref": "#/components/schemas/Part", `, 1),
		"a type of no kind": strings.Replace(sample, `"type": "boolean"`, `"type": {}`, 1),
	} {
		if _, err := description.Read([]byte(text)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// TestOfThisVersion reads the description that is built in.
func TestOfThisVersion(t *testing.T) {
	text, err := os.ReadFile("../../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	list, err := description.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list, func(o description.Operation) bool { return o.ID == "get-health" }) {
		t.Error("it lacks get-health")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := description.Read(text)
		if err != nil && list != nil {
			t.Error("calls and an error")
		}
	})
}
