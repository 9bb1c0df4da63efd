// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/leodido/go-syslog/v4/rfc5424"

	"dukou.dev/dukou/test/golden"
)

// twoThings are a batch of something lost and something found.
func twoThings(kind Kind, language string) (*Channel, Batch) {
	c := &Channel{Kind: kind, Language: language, Zone: "Asia/Shanghai", From: "dukou@bank.internal", To: []string{"duty@bank.internal"}, Framing: "length"}
	now := time.Date(2026, 11, 22, 13, 40, 5, 0, time.UTC)
	other := found(two)
	other.Component, other.Flow, other.Rule, other.Level, other.Count = "", "credit-query", "flow-failing", 2, 3
	other.Sentences = map[string]string{"en": "6.0 % of what came on flow credit-query in five minutes failed (limit 5.0 %).", "zh": "数据流 credit-query 五分钟内有 6.0% 失败（阈值 5.0%）。"}
	return c, batchOf(c, "https://console.bank.internal", []Message{other, lost(one)}, now)
}

var languages = []string{"zh", "en"} //nolint:gochecknoglobals // a constant

// indent makes JSON readable in a golden file; what is sent is without spaces.
func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return append(b.Bytes(), '\n')
}

// strict decodes JSON that has what the form has and nothing else.
func strict(t *testing.T, body []byte, form any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(form); err != nil {
		t.Fatalf("not of the documented form: %v in %s", err, body)
	}
}

// TestWeCom holds a body to the documented form of a robot's markdown message
// (developer.work.weixin.qq.com/document/path/91770): msgtype is "markdown", content at
// most 4,096 bytes of UTF-8.
func TestWeCom(t *testing.T) {
	for _, l := range languages {
		_, b := twoThings(WeCom, l)
		p, err := weCom(&Secrets{URL: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"}, &b)
		if err != nil {
			t.Fatal(err)
		}
		var form struct {
			MsgType  string `json:"msgtype"`
			Markdown struct {
				Content string `json:"content"`
			} `json:"markdown"`
		}
		strict(t, p.body, &form)
		if form.MsgType != "markdown" || form.Markdown.Content == "" {
			t.Errorf("%+v", form)
		}
		golden.Hold(t, "testdata/wecom."+l+".json", indent(t, p.body))
	}
}

// TestDingTalk holds a body and address to the documented form of a robot's markdown
// message (open.dingtalk.com/document/robots/custom-robot-access): msgtype, markdown with
// title and text, at with atMobiles and isAtAll; timestamp and sign in the query.
func TestDingTalk(t *testing.T) {
	const secret = "SEC10d6e79b42bd"
	for _, l := range languages {
		_, b := twoThings(DingTalk, l)
		p, err := dingTalk(&Secrets{URL: "https://oapi.dingtalk.com/robot/send?access_token=t+k", Secret: secret}, &b, b.At)
		if err != nil {
			t.Fatal(err)
		}
		var form struct {
			MsgType  string `json:"msgtype"`
			Markdown struct {
				Title string `json:"title"`
				Text  string `json:"text"`
			} `json:"markdown"`
			At struct {
				AtMobiles []string `json:"atMobiles"`
				IsAtAll   bool     `json:"isAtAll"`
			} `json:"at"`
		}
		strict(t, p.body, &form)
		if form.MsgType != "markdown" || form.Markdown.Title == "" || form.At.AtMobiles == nil {
			t.Errorf("%+v", form)
		}
		golden.Hold(t, "testdata/dingtalk."+l+".json", indent(t, p.body))
		u, err := url.Parse(p.url)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, []byte(secret)) // the key is the secret
		mac.Write([]byte("1795354805000\nSEC10d6e79b42bd"))
		q := u.Query()
		if q.Get("timestamp") != "1795354805000" || q.Get("sign") != base64.StdEncoding.EncodeToString(mac.Sum(nil)) || q.Get("access_token") != "t k" {
			t.Errorf("query %v", q)
		}
	}
}

// TestFeishu holds a body to the documented form of a robot's card
// (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot): timestamp in seconds and
// sign beside msg_type "interactive" and card.
func TestFeishu(t *testing.T) {
	const secret = "demo"
	for _, l := range languages {
		_, b := twoThings(Feishu, l)
		p, err := feishu(&Secrets{URL: "https://open.feishu.cn/open-apis/bot/v2/hook/x", Secret: secret}, &b, b.At)
		if err != nil {
			t.Fatal(err)
		}
		type text struct {
			Tag     string `json:"tag"`
			Content string `json:"content"`
		}
		var form struct {
			Timestamp string `json:"timestamp"`
			Sign      string `json:"sign"`
			MsgType   string `json:"msg_type"`
			Card      struct {
				Header struct {
					Title    text   `json:"title"`
					Template string `json:"template"`
				} `json:"header"`
				Elements []struct {
					Tag  string `json:"tag"`
					Text text   `json:"text"`
				} `json:"elements"`
			} `json:"card"`
		}
		strict(t, p.body, &form)
		mac := hmac.New(sha256.New, []byte("1795354805\ndemo")) // the key is time and secret, over nothing
		if form.Timestamp != "1795354805" || form.Sign != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			t.Errorf("timestamp %s, sign %s", form.Timestamp, form.Sign)
		}
		if form.MsgType != "interactive" || form.Card.Header.Title.Tag != "plain_text" || form.Card.Header.Template != "red" ||
			len(form.Card.Elements) != 1 || form.Card.Elements[0].Tag != "div" || form.Card.Elements[0].Text.Tag != "lark_md" {
			t.Errorf("%+v", form)
		}
		golden.Hold(t, "testdata/feishu."+l+".json", indent(t, p.body))
	}
}

// TestUnsigned: without a secret nothing is signed.
func TestUnsigned(t *testing.T) {
	_, b := twoThings(Feishu, "zh")
	p, err := feishu(&Secrets{URL: "https://x/y"}, &b, b.At)
	if err != nil || bytes.Contains(p.body, []byte("sign")) || bytes.Contains(p.body, []byte("timestamp")) {
		t.Errorf("%s, %v", p.body, err)
	}
	d, err := dingTalk(&Secrets{URL: "https://x/y?access_token=t"}, &b, b.At)
	if err != nil || d.url != "https://x/y?access_token=t" {
		t.Errorf("%s, %v", d.url, err)
	}
}

func TestWebhookBody(t *testing.T) {
	for _, l := range languages {
		_, b := twoThings(Webhook, l)
		b.Items[0].Sentence = "a \"quote\", a \\ and\na line, <script>"
		body, err := fill("", &b)
		if err != nil {
			t.Fatal(err)
		}
		golden.Hold(t, "testdata/webhook."+l+".json", indent(t, body))
	}
}

func TestTemplates(t *testing.T) {
	_, b := twoThings(Webhook, "en")
	for text, want := range map[string]string{
		`{"msg":{{json .Title}}}`:                          `{"msg":"Dukou: 2 messages (critical)"}`,
		`{{range .Items}}{{.Component}};{{end}}`:           `gate-1;;`,
		`{{with .Link}}{{.}}{{end}}`:                       `https://console.bank.internal/#/alerts`,
		`{{if gt .Level 2}}page{{else}}mail{{end}}`:        `page`,
		`{{range $.Items}}{{.LevelWord}} {{end}}{{.More}}`: `critical warning 0`,
	} {
		if got, err := fill(text, &b); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{
		`{{.Nothing}}`, `{{`, `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`, `{{range $i := 1000000000}}{{end}}`,
		`{{range .Items}}{{range $.Items}}x{{end}}{{end}}`, strings.Repeat("x", maxTemplate+1),
		`{{if true}}{{range $.Items}}{{if true}}{{range .Items}}{{end}}{{end}}{{end}}{{end}}`,
	} {
		if got, err := fill(text, &b); err == nil {
			t.Errorf("%.60s: %.100s", text, got)
		}
	}
}

// TestMail holds a mail to what a reader of mail makes of it.
func TestMail(t *testing.T) {
	for _, l := range languages {
		c, b := twoThings(Mail, l)
		s, err := byMail(c, &Secrets{}, &b)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(strings.NewReader(s.shown))
		if err != nil {
			t.Fatal(err)
		}
		at, err := m.Header.Date()
		if err != nil || !at.Equal(b.At.Truncate(time.Second)) || m.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("date %s, %v; headers %v", at, err, m.Header)
		}
		golden.Hold(t, "testdata/mail."+l+".eml", []byte(s.shown))
	}
}

// TestSyslog holds messages to RFC 5424 by another's parser, and the frames to RFC 5425.
func TestSyslog(t *testing.T) {
	for _, l := range languages {
		c, b := twoThings(Syslog, l)
		b.Items[0].Component = `a"b]c\d`
		lines := syslogLines("center-1", &b)
		if len(lines) != 2 {
			t.Fatalf("%d lines", len(lines))
		}
		for i, line := range lines {
			m, err := rfc5424.NewParser().Parse([]byte(line))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			got := m.(*rfc5424.SyslogMessage)
			if want := []uint8{130, 134}[i]; *got.Priority != want { // local0 critical, local0 informational
				t.Errorf("priority %d, want %d", *got.Priority, want)
			}
			data := (*got.StructuredData)["dukou@32473"]
			if i == 0 && data["component"] != `a"b]c\d` || data["rule"] == "" || !strings.HasSuffix(*got.Message, b.Items[i].Sentence) {
				t.Errorf("%v %q", data, *got.Message)
			}
		}
		golden.Hold(t, "testdata/syslog."+l+".txt", framed(c.Framing, lines))
		if lines := bytes.Split(framed("newline", lines), []byte("\n")); len(lines) != 3 || len(lines[2]) != 0 {
			t.Errorf("%d lines", len(lines))
		}
	}
}

// TestTooMany: a batch of any size stays within a robot's limits, and says how much it
// leaves out.
func TestTooMany(t *testing.T) {
	for _, kind := range []Kind{WeCom, DingTalk, Feishu} {
		c := &Channel{Kind: kind, Language: "zh", Zone: "Asia/Shanghai"}
		var many []Message
		for range maxBatch {
			m := lost(one)
			m.Sentences = map[string]string{"zh": strings.Repeat("长", 300)}
			many = append(many, m)
		}
		b := batchOf(c, "https://console.bank.internal", many, time.Now())
		for _, p := range []struct {
			limit int
			text  func() (post, error)
		}{
			{4096 + 200, func() (post, error) { return weCom(&Secrets{}, &b) }},
			{20000, func() (post, error) { return dingTalk(&Secrets{}, &b, b.At) }},
			{20 << 10, func() (post, error) { return feishu(&Secrets{}, &b, b.At) }},
		} {
			got, err := p.text()
			if err != nil || len(got.body) > p.limit || !bytes.Contains(got.body, []byte("另有")) {
				t.Errorf("%s: %d bytes, %v", kind, len(got.body), err)
			}
		}
	}
}

// TestNoMarkup: what a name or sentence holds calls nobody in a chat and opens no link.
func TestNoMarkup(t *testing.T) {
	c := &Channel{Kind: WeCom, Language: "en", Zone: "UTC"}
	m := lost(one)
	m.Component = "<@all>"
	m.Sentences = map[string]string{"en": "[click](https://evil.example) <at user_id=\"all\"></at> **x** `y`\nz"}
	b := batchOf(c, "", []Message{m}, time.Now())
	text := b.text(style{bold: "**", prefix: "> ", breaks: "\n", between: "\n\n", links: true}, 0)
	if strings.ContainsAny(text, "<@[`") || strings.Count(text, "**") != 2 || strings.Contains(text, "y'\nz") {
		t.Errorf("%q", text)
	}
}

func FuzzText(f *testing.F) {
	f.Add("部件 gate-1 没有应答。", "gate-1", 3, 100)
	f.Add("<@all>\r\n[x](y)", "", -1, 7)
	f.Fuzz(func(t *testing.T, sentence, component string, level, limit int) {
		m := lost(one)
		m.Component, m.Level, m.Sentences = component, level, map[string]string{"zh": sentence, "en": sentence}
		limit = 256 + max(limit, 0)%5000
		for _, l := range languages {
			c := &Channel{Kind: Syslog, Language: l, Zone: "Asia/Shanghai"}
			b := batchOf(c, "https://c", []Message{m, found(two)}, time.Unix(1795354805, 0))
			if text := b.text(style{prefix: "> ", breaks: "\n", between: "\n\n", links: true}, limit); len(text) > limit || strings.Contains(text, "<@") {
				t.Errorf("limit %d: %q", limit, text)
			}
			for _, line := range syslogLines("h", &b) {
				if _, err := rfc5424.NewParser().Parse([]byte(line)); err != nil || strings.Contains(line, "\n") {
					t.Errorf("%q: %v", line, err)
				}
			}
		}
	})
}

func FuzzUnderstood(f *testing.F) {
	f.Add(`{"errcode":0,"errmsg":"ok"}`)
	f.Add(`{"code":19021,"msg":"sign match fail"}`)
	f.Add(`{"StatusCode":0}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, k := range []Kind{WeCom, DingTalk, Feishu} {
			if err := understood(k, []byte(body)); err == nil && !strings.Contains(body, "0") {
				t.Errorf("%s takes %q for a yes", k, body)
			}
		}
	})
}

func TestUnderstood(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		body string
		ok   bool
	}{
		{WeCom, `{"errcode":0,"errmsg":"ok"}`, true},
		{WeCom, `{"errcode":45009,"errmsg":"api freq out of limit"}`, false},
		{WeCom, `{"code":0}`, false},
		{DingTalk, `{"errcode":310000,"errmsg":"sign not match"}`, false},
		{DingTalk, `{"errcode":0,"errmsg":"ok"}`, true},
		{Feishu, `{"code":0,"msg":"success","data":{}}`, true},
		{Feishu, `{"StatusCode":0,"StatusMessage":"success"}`, true},
		{Feishu, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`, false},
		{Feishu, `{"errcode":0}`, false},
		{WeCom, `<html>login</html>`, false}, {WeCom, ``, false}, {WeCom, `{}`, false}, {WeCom, `null`, false},
	} {
		if err := understood(c.kind, []byte(c.body)); (err == nil) != c.ok {
			t.Errorf("%s %s: %v", c.kind, c.body, err)
		}
	}
}

func FuzzWindow(f *testing.F) {
	f.Add("1-5 09:00-18:00 1")
	f.Add("6-1 22:00-06:00 3")
	f.Add("7 00:00-24:00 2")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := parseWindow(text)
		if err != nil {
			return
		}
		again, err := parseWindow(w.String())
		if err != nil || again != w {
			t.Errorf("%q is %+v, and again %+v: %v", text, w, again, err)
		}
	})
}

func TestWindows(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		window string
		at     string // 2026-11-22 is a Sunday
		open   bool
	}{
		{"1-5 09:00-18:00 1", "2026-11-23 09:00", true},
		{"1-5 09:00-18:00 1", "2026-11-23 08:59", false},
		{"1-5 09:00-18:00 1", "2026-11-23 18:00", false},
		{"1-5 09:00-18:00 1", "2026-11-22 12:00", false},
		{"7 00:00-24:00 1", "2026-11-22 23:59", true},
		{"6-7 00:00-24:00 1", "2026-11-23 00:00", false},
		{"5 22:00-06:00 1", "2026-11-27 23:00", true},  // Friday
		{"5 22:00-06:00 1", "2026-11-28 05:59", true},  // Saturday, of Friday's
		{"5 22:00-06:00 1", "2026-11-28 06:00", false}, // over
		{"5 22:00-06:00 1", "2026-11-27 05:00", false}, // of Thursday's
		{"7 22:00-06:00 1", "2026-11-23 01:00", true},  // Monday, of Sunday's
		{"6-1 08:00-09:00 1", "2026-11-23 08:30", true},
		{"6-1 08:00-09:00 1", "2026-11-24 08:30", false},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, zone)
		if err != nil {
			t.Fatal(err)
		}
		w, err := parseWindow(c.window)
		if err != nil || w.open(at) != c.open {
			t.Errorf("%s at %s: %t, %v", c.window, c.at, w.open(at), err)
		}
	}
	for _, bad := range []string{"", "0 09:00-10:00 1", "1-8 09:00-10:00 1", "1 09:00-25:00 1", "1 24:00-01:00 1", "1 09:00-09:00 1", "1 09:00-10:00 4", "1 9:00-10:00 1", "1 09:00-10:00 1\n"} {
		if w, err := parseWindow(bad); err == nil {
			t.Errorf("%q is %+v", bad, w)
		}
	}
	c := Channel{On: true, Zone: "Asia/Shanghai", Least: 1, Windows: []string{"1-5 09:00-18:00 1", "1-7 00:00-24:00 3"}}
	night := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	if c.takes(2, night) || !c.takes(3, night) || !c.takes(1, night.Add(13*time.Hour)) || c.takes(0, night) {
		t.Error("levels by time")
	}
	if c.On = false; c.takes(3, night) {
		t.Error("a channel that is off")
	}
}
