// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"
	"strings"
	"time"
)

// soon is how long before its end something is told of.
const soon = 30 * 24 * time.Hour

// Lack is one thing that is to be done about a component: a sentence for the command
// line, and in a code with what belongs to it for who tells it in another language.
type Lack struct {
	Code        string    `json:"code" enum:"away,untrusted,behind,clock,kernel,request,signer-away,not-admitted,no-policy,version,drift,unaccepted,ended,ends" doc:"behind: it could not be given policy or keys; kernel: its kernel cannot confine it; request: one waits to be admitted"`
	Text        string    `json:"text" doc:"in a sentence"`
	Detail      string    `json:"detail,omitempty" doc:"what was said when it was asked, or what its kernel leaves open"`
	Feature     string    `json:"feature,omitempty" enum:"seccomp,landlock-2,landlock-3,landlock-4,landlock-5,landlock-6,landlock-9,other" doc:"that its kernel lacks"`
	Request     string    `json:"request,omitempty" doc:"id of the one that waits"`
	Fingerprint string    `json:"fingerprint,omitempty" doc:"of the key in that request"`
	Version     string    `json:"version,omitempty" doc:"that it runs"`
	Wanted      string    `json:"wanted,omitempty" doc:"version that it should run"`
	Of          *EndOf    `json:"of,omitempty" doc:"what ends"`
	At          time.Time `json:"at,omitzero" doc:"when it ends"`
}

// End is when something of a component ends.
type End struct {
	What string    `json:"what"`
	Of   EndOf     `json:"of" doc:"what it is, for other languages"`
	At   time.Time `json:"at"`
}

// EndOf is what it is that ends.
type EndOf struct {
	Code string `json:"code" enum:"keys,certificate" doc:"keys: the life of its policy and keys"`
	Path string `json:"path,omitempty" doc:"of the certificate"`
}

func keysEnd(at time.Time) End {
	return End{"the life of its policy and keys", EndOf{Code: "keys"}, at}
}

func certificateEnd(path string, at time.Time) End {
	return End{"certificate " + path, EndOf{"certificate", path}, at}
}

// troubleOf is what the center could not do with a component.
func troubleOf(s Standing) Lack {
	code := map[string]string{"unreachable": "away", "untrusted": "untrusted", "behind": "behind"}[s.State]
	if code == "" {
		code = "clock" // of one that is up to date nothing else is told
	}
	return Lack{Code: code, Text: s.Error, Detail: s.Error}
}

func kernelLack(lacking string) Lack {
	return Lack{Code: "kernel", Text: "its kernel cannot confine it: " + lacking, Detail: lacking, Feature: featureOf(lacking)}
}

// featureOf is the name of what a component says that its kernel lacks. Components tell
// it in words of their own version ([confine.Level.Missing]), so that a word that is not
// known here is another feature.
func featureOf(lacking string) string {
	name, _, _ := strings.Cut(lacking, ":")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "no "), " filter")
	name = strings.ReplaceAll(strings.ToLower(name), " ", "-")
	switch name {
	case "seccomp", "landlock-2", "landlock-3", "landlock-4", "landlock-5", "landlock-6", "landlock-9":
		return name
	default:
		return "other"
	}
}

func requestLack(r Request) Lack {
	return Lack{
		Code: "request", Request: r.ID, Fingerprint: r.Fingerprint,
		Text: fmt.Sprintf("a request with key %s waits to be admitted (dukou component admit %s)", r.Fingerprint, r.ID),
	}
}

// lacks is what is to be done about a component.
func (v *Inventory) lacks(c *Component, signerAway bool) []Lack {
	list := c.Lacks
	add := func(code, text string) { list = append(list, Lack{Code: code, Text: text}) }
	switch {
	case signerAway:
		add("signer-away", "whether it is admitted is not known: the signer does not answer")
	case !c.Admitted && c.State != waiting && c.State != "self":
		add("not-admitted", "it is in the policy in force and not admitted: it gets no keys any more")
	case c.State == admitted:
		add("no-policy", "no policy in force names it")
	}
	if c.Version != "" && c.Version != v.Version {
		list = append(list, Lack{Code: "version", Version: c.Version, Wanted: v.Version, Text: fmt.Sprintf("it runs version %s, this center %s", c.Version, v.Version)})
	}
	switch c.Configuration.State {
	case drift:
		add("drift", fmt.Sprintf("its configuration is not the intended one (dukou component configuration diff %s)", c.ID))
	case unaccepted:
		add("unaccepted", fmt.Sprintf("no configuration of it was accepted yet (dukou component configuration accept %s)", c.ID))
	}
	now := v.Now()
	for _, e := range c.Ends {
		if left := e.At.Sub(now); left < soon {
			list = append(list, endLack(e, left))
		}
	}
	return list
}

func endLack(e End, left time.Duration) Lack {
	l := Lack{Code: "ended", Text: e.What + " has ended", Of: &e.Of, At: e.At}
	if left > 0 {
		l.Code, l.Text = "ends", fmt.Sprintf("%s ends in %d days", e.What, int(left/(24*time.Hour)))
	}
	return l
}
