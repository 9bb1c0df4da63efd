// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"dukou.dev/dukou/internal/problem"
)

// fieldOf is what the library says of a field. It says it in a sentence only, so the code
// is found by the forms of sentences that it exports; a form that it has not exported is
// told as other.
func fieldOf(e *huma.ErrorDetail) problem.Field {
	if name, ok := blank(e.Message, validation.MsgExpectedRequiredProperty); ok {
		return problem.Field{Name: e.Location + "." + name, Why: problem.Because(problem.Missing, e.Message)}
	}
	return problem.Field{Name: e.Location, Why: whyOf(e.Message)}
}

func whyOf(message string) problem.Why {
	for _, m := range measures() {
		if why, ok := m.why(message); ok {
			return why
		}
	}
	if words, ok := blank(message, validation.MsgExpectedOneOf); ok {
		return problem.Because(problem.Choice, message, strings.Split(words, ", ")...)
	}
	if code, ok := wordless()[message]; ok {
		return problem.Because(code, message)
	}
	for form, kind := range kinds() {
		if message == form {
			return problem.Because(problem.Kind, message, kind)
		}
	}
	if _, ok := blank(message, validation.MsgExpectedMatchPattern); ok || strings.HasPrefix(message, before(validation.MsgExpectedBePattern)) {
		return problem.Because(problem.Form, message)
	}
	return problem.Because(problem.Other, message)
}

// measure is a form of sentence with one number.
type measure struct {
	form  string
	code  problem.FieldCode
	least bool
}

func measures() []measure {
	return []measure{
		{validation.MsgExpectedMinimumNumber, problem.Number, true}, {validation.MsgExpectedMaximumNumber, problem.Number, false},
		{validation.MsgExpectedMinLength, problem.Characters, true}, {validation.MsgExpectedMaxLength, problem.Characters, false},
		{validation.MsgExpectedMinItems, problem.Count, true}, {validation.MsgExpectedMaxItems, problem.Count, false},
		{validation.MsgExpectedMinProperties, problem.Count, true}, {validation.MsgExpectedMaxProperties, problem.Count, false},
	}
}

func (m measure) why(message string) (problem.Why, bool) {
	text, ok := blank(message, m.form)
	if !ok {
		return problem.Why{}, false
	}
	var n float64
	if _, err := fmt.Sscanf(text, "%g", &n); err != nil || n != float64(int64(n)) {
		return problem.Why{}, false
	}
	why := problem.Because(m.code, message)
	if m.least {
		why.Least = new(int64(n))
	} else {
		why.Most = new(int64(n))
	}
	return why, true
}

func wordless() map[string]problem.FieldCode {
	return map[string]problem.FieldCode{
		validation.MsgUnexpectedProperty: problem.Unexpected, validation.MsgExpectedArrayItemsUnique: problem.Repeated,
		validation.MsgExpectedRFC3339DateTime: problem.Form, validation.MsgExpectedRFC3339Date: problem.Form,
		validation.MsgExpectedRFC3339Time: problem.Form, validation.MsgExpectedBase64String: problem.Form,
	}
}

func kinds() map[string]string {
	return map[string]string{
		validation.MsgExpectedBoolean: "boolean", validation.MsgExpectedNumber: "number", validation.MsgExpectedInteger: "integer",
		validation.MsgExpectedString: "string", validation.MsgExpectedArray: "array", validation.MsgExpectedObject: "object",
	}
}

// blank is what stands in a sentence where its form has its one blank.
func blank(message, form string) (string, bool) {
	rest, ok := strings.CutPrefix(message, before(form))
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, form[len(before(form))+len("%s"):])
}

func before(form string) string {
	text, _, _ := strings.Cut(form, "%")
	return text
}
