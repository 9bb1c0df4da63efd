// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package notify tells people: by mail, by the robots of WeCom, DingTalk and Feishu, by a
// web hook of one's own making, and by syslog.
//
// What is to be told is queued in the database, in the transaction of who tells it, and
// stays there until a channel has taken it: it is told at least once, over restarts. What
// waits while a channel is slow, or has its limit, goes out as one message. A message
// names components, flows, levels and the address of the console, and nothing else.
package notify

import (
	"encoding/json"
	"time"
)

// Kind is how a channel tells.
type Kind string

// The kinds.
const (
	Mail     Kind = "mail"
	Webhook  Kind = "webhook"
	WeCom    Kind = "wecom"    // 企业微信
	DingTalk Kind = "dingtalk" // 钉钉
	Feishu   Kind = "feishu"   // 飞书
	Syslog   Kind = "syslog"
)

// Message is one thing to tell.
type Message struct {
	Alert     string            `json:"alert"` // id, empty for a test
	Rule      string            `json:"rule"`
	Level     int               `json:"level"` // 1 notice, 2 warning, 3 critical
	State     string            `json:"state"` // "firing", "resolved", "test"
	Component string            `json:"component,omitempty"`
	Flow      string            `json:"flow,omitempty"`
	Sentences map[string]string `json:"sentences"` // by language, "en" and "zh"
	At        time.Time         `json:"at"`
	Count     int64             `json:"count"` // how often it fired
}

// The states of a message.
const (
	Firing   = "firing"
	Resolved = "resolved"
	Trial    = "test"
)

// Channel is one way to people. Which of the fields after Least are wanted depends on
// the kind.
type Channel struct {
	ID       string   `json:"id,omitempty" readOnly:"true"`
	Name     string   `json:"name" minLength:"1" maxLength:"64"`
	Kind     Kind     `json:"kind" enum:"mail,webhook,wecom,dingtalk,feishu,syslog"`
	On       bool     `json:"on" doc:"whether it is used"`
	Language string   `json:"language,omitempty" enum:"zh,en" doc:"zh by default"`
	Zone     string   `json:"zone,omitempty" doc:"time zone of times that are shown" example:"Asia/Shanghai"`
	Least    int      `json:"least,omitempty" minimum:"1" maximum:"3" doc:"the least level that it is for, when no window says otherwise; 1 by default"`
	Windows  []string `json:"windows,omitempty" maxItems:"20" doc:"when it is for which levels: DAYS FROM-TO LEAST, Monday is 1; nothing is told outside of them" example:"1-5 09:00-18:00 1"`

	Server    string   `json:"server,omitempty" maxLength:"260" doc:"mail, syslog: HOST:PORT"`
	Security  string   `json:"security,omitempty" enum:"tls,starttls,none" doc:"mail: starttls by default; syslog: tls by default, or none"`
	User      string   `json:"user,omitempty" maxLength:"256" doc:"mail: who signs in, empty for nobody"`
	From      string   `json:"from,omitempty" maxLength:"256" doc:"mail: sender's address"`
	To        []string `json:"to,omitempty" maxItems:"50" doc:"mail: addresses"`
	Framing   string   `json:"framing,omitempty" enum:"length,newline" doc:"syslog: how messages are told apart; length (RFC 5425) by default"`
	Template  string   `json:"template,omitempty" maxLength:"16384" doc:"webhook: body as a Go text/template, a body of JSON by default"`
	Content   string   `json:"contentType,omitempty" maxLength:"128" doc:"webhook: application/json by default"`
	Authority string   `json:"authority,omitempty" maxLength:"65536" doc:"certificates (PEM) that vouch for the server in place of the system's"`
	Proxy     string   `json:"proxy,omitempty" maxLength:"512" doc:"webhook and robots: http://HOST:PORT of a proxy"`

	Set      []string `json:"set,omitempty" readOnly:"true" doc:"the secrets that are set; they are never shown"`
	Revision int64    `json:"revision,omitempty" readOnly:"true"`
}

// Secrets are what of a channel is written and never shown. Empty ones stay as they were.
type Secrets struct {
	URL      string            `json:"url,omitempty" maxLength:"2048" doc:"webhook and robots: where to, with the key that is in it"`
	Secret   string            `json:"secret,omitempty" maxLength:"512" doc:"dingtalk, feishu: of the signature"`
	Password string            `json:"password,omitempty" maxLength:"512" doc:"mail"`
	Headers  map[string]string `json:"headers,omitempty" doc:"webhook: headers of one's own, as an Authorization"`
}

// Standing is how a channel does.
type Standing struct {
	Waiting int64     `json:"waiting" doc:"messages that it has not taken"`
	Failed  int64     `json:"failed" doc:"messages that were given up, within the last 30 days"`
	Last    time.Time `json:"last,omitzero" doc:"when it last took one"`
	Error   string    `json:"error,omitempty" doc:"why it did not take the oldest that waits"`
}

// Trace is what a test sent and heard.
type Trace struct {
	Sent   string `json:"sent" doc:"the bytes that were sent; secrets are shown as •••"`
	Answer string `json:"answer" doc:"what the other side said"`
	OK     bool   `json:"ok"`
	Error  string `json:"error,omitempty"`
}

// names are the secrets that are set.
func (s *Secrets) names() []string {
	names := []string{}
	for _, c := range []struct {
		name string
		set  bool
	}{{"url", s.URL != ""}, {"secret", s.Secret != ""}, {"password", s.Password != ""}, {"headers", len(s.Headers) > 0}} {
		if c.set {
			names = append(names, c.name)
		}
	}
	return names
}

// over is s with what the newer ones set.
func (s Secrets) over(newer Secrets) Secrets {
	if newer.URL != "" {
		s.URL = newer.URL
	}
	if newer.Secret != "" {
		s.Secret = newer.Secret
	}
	if newer.Password != "" {
		s.Password = newer.Password
	}
	if newer.Headers != nil {
		s.Headers = newer.Headers
	}
	return s
}

// String hides the secrets from logs.
func (Secrets) String() string { return hidden }

// hidden stands where a secret was.
const hidden = "•••"

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and times
	}
	return string(b)
}
