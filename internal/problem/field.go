// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package problem

import (
	"fmt"
	"strings"
)

// FieldCode is told to callers and never changes its meaning.
type FieldCode string

// The codes of what is not right with a field. Least, most, values and like say more,
// where a code has them.
const (
	Number      FieldCode = "number"     // from least to most
	Characters  FieldCode = "characters" // how many: from least to most
	Bytes       FieldCode = "bytes"      // how many: from least to most
	Count       FieldCode = "count"      // how many of them: from least to most
	Missing     FieldCode = "missing"    // it is wanted
	Unexpected  FieldCode = "unexpected" // nobody knows it
	Repeated    FieldCode = "repeated"   // it is there twice
	Kind        FieldCode = "kind"       // values: the kind of JSON that is wanted
	Choice      FieldCode = "choice"     // values: those it may be
	Form        FieldCode = "form"       // like: an example of the form
	Name        FieldCode = "name"       // lower-case letters, digits and hyphens, at most so many
	Label       FieldCode = "label"      // letters, digits, - and _, from least to most
	Hexadecimal FieldCode = "hex"        // so many hexadecimal digits
	OneLine     FieldCode = "one-line"   // one line of text that can be shown
	NotText     FieldCode = "not-text"   // no text in UTF-8
	NoSuch      FieldCode = "no-such"    // values: what there is not
	Days        FieldCode = "days"       // in the future, by at most so many days
	Before      FieldCode = "before"     // values: the time that it must be before
	Classes     FieldCode = "classes"    // a password of at least so many kinds of characters
	OwnName     FieldCode = "own-name"   // a password with the account's name in it
	UsedBefore  FieldCode = "used"       // one of the last most passwords
	Differs     FieldCode = "differs"    // it is not what was compared
	Together    FieldCode = "together"   // values: fields of which there are all or none
	NotHere     FieldCode = "not-here"   // what something of this kind does not have
	InClear     FieldCode = "in-clear"   // it would send a password in clear
	Certificate FieldCode = "pem"        // no certificates in PEM
	FileName    FieldCode = "file-name"  // no name of a file in the directory for it
	Path        FieldCode = "path"       // no path of a file of policy, of at most so many bytes
	NotYours    FieldCode = "not-yours"  // not for this partner to say
	CaseFails   FieldCode = "case-fails" // values: the case, what it expects and what it got
	Other       FieldCode = "other"      // only detail tells
)

// Field is one thing that is not right in what was sent.
type Field struct {
	Name string `json:"name" doc:"where, as a path like body.flows[2].name"`
	Why
}

// Why is what is not right with a field.
type Why struct {
	Code   FieldCode `json:"code" enum:"number,characters,bytes,count,missing,unexpected,repeated,kind,choice,form,name,label,hex,one-line,not-text,no-such,days,before,classes,own-name,used,differs,together,not-here,in-clear,pem,file-name,path,not-yours,case-fails,other" doc:"stable: what is not right"`
	Detail string    `json:"detail" doc:"what is not right, in English, for logs and the command line"`
	Least  *int64    `json:"least,omitempty" doc:"of the number, characters, bytes and so on that code names"`
	Most   *int64    `json:"most,omitempty" doc:"of the same"`
	Values []string  `json:"values,omitempty" doc:"those it may be, or what code says"`
	Like   string    `json:"like,omitempty" doc:"an example of the form"`

	Chinese string `json:"chinese,omitempty" doc:"detail in Chinese, where only detail tells and there is one"`
}

// At is a field of the body.
func (w Why) At(name string) Field { return Field{Name: "body." + name, Why: w} }

// Because is a Why of a code and a detail, and of the values that the code has.
func Because(code FieldCode, detail string, values ...string) Why {
	return Why{Code: code, Detail: detail, Values: values}
}

// Between is that something is outside of what it may be.
func Between(code FieldCode, least, most int) Why {
	return Why{Code: code, Detail: fmt.Sprintf("%d to %d%s", least, most, unit(code)), Least: new(int64(least)), Most: new(int64(most))}
}

// AtLeast is that something is too small.
func AtLeast(code FieldCode, least int) Why {
	return Why{Code: code, Detail: fmt.Sprintf("at least %d%s", least, unit(code)), Least: new(int64(least))}
}

// AtMost is that something is too great.
func AtMost(code FieldCode, most int) Why {
	return Why{Code: code, Detail: fmt.Sprintf("at most %d%s", most, unit(code)), Most: new(int64(most))}
}

func unit(code FieldCode) string {
	switch code {
	case Characters:
		return " characters"
	case Bytes:
		return " bytes"
	default:
		return ""
	}
}

// OneOf is that something is none of some words.
func OneOf(words ...string) Why {
	last := len(words) - 1
	detail := strings.Join(words[:last], ", ")
	if last > 0 {
		detail += " or "
	}
	return Because(Choice, detail+words[last], words...)
}

// Like is that something has not the form of an example.
func Like(example, format string, args ...any) Why {
	return Why{Code: Form, Detail: fmt.Sprintf(format, args...), Like: example}
}

// PlainName is that something is no name of lower-case letters, digits and hyphens.
func PlainName(most int) Why {
	return Why{Code: Name, Detail: fmt.Sprintf("lower-case letters, digits and hyphens, at most %d", most), Most: new(int64(most))}
}

// PlainLabel is that something is no name of letters, digits, - and _.
func PlainLabel(most int) Why {
	return Why{Code: Label, Detail: fmt.Sprintf("1 to %d letters, digits, - and _", most), Least: new(int64(1)), Most: new(int64(most))}
}

// Hex is that something is not so many hexadecimal digits.
func Hex(digits int) Why {
	return Why{Code: Hexadecimal, Detail: fmt.Sprintf("%d hexadecimal digits", digits), Least: new(int64(digits)), Most: new(int64(digits))}
}

// Ahead is that a time is not in the future, or too far in it.
func Ahead(days int) Why {
	return Why{Code: Days, Detail: fmt.Sprintf("in the future, at most %d days from now", days), Most: new(int64(days))}
}
