// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
)

// style is the whole look of a report; its hash is what the page allows, and nothing else.
const style = `
body { font: 14px/1.5 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Droid Sans Fallback", sans-serif; margin: 2em auto; max-width: 72em; color: #1f2329; background: #fff; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin-top: 2em; border-bottom: 1px solid #d0d3d6; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #d0d3d6; padding: 4px 8px; text-align: left; overflow-wrap: anywhere; }
th { background: #f2f3f5; } dt { float: left; clear: left; width: 8em; color: #646a73; } dd { margin-left: 9em; }
footer { margin-top: 2em; color: #646a73; } @media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
`

const page = `<!doctype html>
<html lang="{{.Words.Tag}}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{.Policy}}">
<title>{{.Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<h1>{{.Title}}</h1>
<dl>{{range .Facts}}<dt>{{index . 0}}</dt><dd>{{index . 1}}</dd>
{{end}}</dl>
{{range .Sections}}<h2>{{.Title}}</h2>
{{if .Rows}}<table>
<thead><tr>{{range .Heads}}<th>{{.}}</th>{{end}}</tr></thead>
<tbody>
{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</tbody>
</table>
{{end}}{{if .Note}}<p>{{.Note}}</p>
{{end}}{{end}}<footer>{{.Words.Kept}}</footer>
</body>
</html>
`

// ContentPolicy is what a browser that shows a report may do: apply its style.
func ContentPolicy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// html makes one file that needs nothing else and runs nothing.
func (d *document) html() ([]byte, error) {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		*document
		Style  template.CSS
		Policy string
	}{d, template.CSS(style), ContentPolicy()}) //nolint:gosec // a constant of this package
	return b.Bytes(), err
}
