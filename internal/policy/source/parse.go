// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"dukou.dev/dukou/internal/bilingual"
)

// Limits on what is read. The depth is that of brackets and indentation together;
// it keeps the recursion of the YAML parser bounded.
const (
	maxFile  = 1 << 20
	maxFiles = 1000
	maxDepth = 64
)

// parseYAML gives the one mapping of a file, nil where it has none.
func parseYAML(p *problems, fsys fs.FS, name string) *object {
	text, ok := readText(p, fsys, name)
	if !ok {
		return nil
	}
	if line := tooDeep(text); line > 0 {
		p.add(name, line, 1, tooDeeply())
		return nil
	}
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			pos := at.GetToken().Position
			p.add(name, pos.Line, pos.Column, bilingual.Say("%s", "YAML 语法有误：%s", at.GetMessage()))
		} else {
			p.add(name, 0, 0, bilingual.Say("%v", "YAML 语法有误：%v", err))
		}
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			node{p, name, doc.Body}.fail("a second document in one file", "一个文件中有第二个 YAML 文档")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		return nil
	}
	return node{p, name, body}.object()
}

// Keys are the top-level keys of one YAML file of a folder, in their order.
func Keys(fsys fs.FS, name string) ([]string, error) {
	var p problems
	var keys []string
	if o := parseYAML(&p, fsys, name); o != nil {
		o.each(func(key, _ node) { keys = append(keys, key.text()) })
	}
	return keys, p.join()
}

func readText(p *problems, fsys fs.FS, name string) (string, bool) {
	info, err := fs.Stat(fsys, name)
	if err == nil && info.Size() > maxFile {
		p.add(name, 0, 0, bilingual.Say("%d bytes, at most %d", "有 %d 字节，至多 %d 字节", info.Size(), maxFile))
		return "", false
	}
	var text []byte
	if err == nil {
		text, err = fs.ReadFile(fsys, name)
	}
	if err != nil {
		p.add(name, 0, 0, bilingual.Say("%v", "无法读取文件：%v", err))
		return "", false
	}
	return string(text), true
}

func tooDeeply() bilingual.Words {
	return bilingual.Say("nested deeper than %d", "嵌套超过 %d 层", maxDepth)
}

// tooDeep is the first line on which brackets and indentation could nest too deep,
// or 0. It counts generously: text in quotes counts as well.
func tooDeep(text string) int {
	depth := 0
	for i, line := range strings.Split(text, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " -?\t"))
		for _, c := range line {
			switch c {
			case '[', '{', '(':
				depth++
			case ']', '}', ')':
				depth = max(depth-1, 0)
			}
			if depth+indent/2 > maxDepth {
				return i + 1
			}
		}
	}
	return 0
}
