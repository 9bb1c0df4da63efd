// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName names a type in the description. Packages have types of the same name, so
// that those of other packages have the package's before theirs: "FindingEntry"; but for
// the one that a package is about: "Account", "Proposal".
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	of := path.Base(t.PkgPath())
	if t.Name() == "" || of == "." || of == "management" || strings.HasPrefix(strings.ToLower(name), of) {
		return name
	}
	return strings.ToUpper(of[:1]) + of[1:] + name
}
