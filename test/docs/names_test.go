// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the folder of the module.
const root = "../.."

// names are the declared names of each package, by its path below internal/ or the
// module: functions, types, constants, variables, tests, and Type.Method, Type.Field.
type names map[string]declared

func readNames(t *testing.T) names {
	t.Helper()
	all := names{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(rel), "internal/")
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if all[pkg] == nil {
			all[pkg] = declared{}
		}
		for _, decl := range file.Decls {
			all[pkg].declare(decl)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (n names) has(pkg, name string) bool { return n[pkg][name] }

// declared are the names of one package.
type declared map[string]bool

func (d declared) declare(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			d[decl.Name.Name] = true
			return
		}
		d[receiver(decl.Recv.List[0].Type)+"."+decl.Name.Name] = true
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					d[name.Name] = true
				}
			case *ast.TypeSpec:
				d[spec.Name.Name] = true
				d.members(spec)
			}
		}
	}
}

func (d declared) members(spec *ast.TypeSpec) {
	var list *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	for _, field := range list.List {
		for _, name := range field.Names {
			d[spec.Name.Name+"."+name.Name] = true
		}
	}
}

func receiver(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return "?"
	}
}

// page is one file of the documentation.
type page struct {
	name string // below the root
	text string
}

func readPages(t *testing.T) []page {
	t.Helper()
	var pages []page
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		pages = append(pages, page{filepath.ToSlash(rel), string(text)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) == 0 {
		t.Fatal("no pages")
	}
	return pages
}

// fence is a block of code or of a picture, which holds no names.
var fence = regexp.MustCompile("(?ms)^ *```.*?^ *```")

var quoted = regexp.MustCompile("`([^`\n]+)`")

// name is a package's path, a dot, and one or two names.
var name = regexp.MustCompile(`^([a-z][a-z0-9]*(?:[/-][a-z0-9]+)*)\.([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?$`)

// isFile are the endings that make a dot part of a file's name.
var isFile = regexp.MustCompile(`^(md|go|yaml|yml|cedar|csv|json|svg|deps|txt|dukou|key|pub|mod|sum|sh|seed|html|ready|part|tmp|pem|log|html|css|request|proto|note|dev|com)$`)

func TestNames(t *testing.T) {
	all := readNames(t)
	for _, p := range readPages(t) {
		for _, q := range quoted.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
			if complaint := check(all, q[1]); complaint != "" {
				t.Errorf("%s: `%s`: %s", p.name, q[1], complaint)
			}
		}
	}
}

// check says what is wrong with a quoted text, if it is a name of the code.
func check(all names, text string) string {
	m := name.FindStringSubmatch(strings.TrimSuffix(text, "()"))
	if m == nil || isFile.MatchString(m[2]) || isFile.MatchString(m[3]) {
		return ""
	}
	pkg, member := m[1], m[2]
	if m[3] != "" {
		member += "." + m[3]
	}
	switch upper := m[2][0] >= 'A' && m[2][0] <= 'Z'; {
	case all[pkg] != nil && !all.has(pkg, member):
		return "the package has no such name"
	case all[pkg] != nil || !upper || standard(pkg):
		return ""
	default:
		return "there is no such package; write its path below internal/"
	}
}

func standard(pkg string) bool {
	p, err := build.Default.Import(pkg, "", build.FindOnly)
	return err == nil && p.Goroot
}

func TestCheck(t *testing.T) {
	all := readNames(t)
	for text, ok := range map[string]bool{
		"parcel.Header":           true,
		"parcel.Header.Fields":    true,
		"front.Front.Ask":         true,
		"front.Front.Ask()":       true,
		"front.Front.ask":         true,
		"front/http.Entry.Run":    true,
		"docs.TestCheck":          false,
		"test/docs.TestCheck":     true,
		"parcel.Heading":          false,
		"parcel.Header.Colour":    false,
		"http.Entry":              false,
		"net/http.Server":         true,
		"os.Root":                 true,
		"docs/formats/label.md":   true,
		"go.mod":                  true,
		"bureau.key.pub":          true,
		"make demo":               true,
		"internal/front.Front.Do": false,
	} {
		if complaint := check(all, text); (complaint == "") != ok {
			t.Errorf("%q: %q", text, complaint)
		}
	}
}
