// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Most bytes of the text of a message, by the pages below.
const (
	weComText    = 4096
	dingTalkText = 18000 // a body of 20,000 bytes
	feishuText   = 18000 // a body of 20 KB
)

// post is one POST of JSON.
type post struct {
	url  string
	body []byte
	sign string // that is in it, and not shown
}

// weCom is a message of type markdown to a group's robot (消息类型 markdown, content at
// most 4,096 bytes, at most 20 messages a minute):
// https://developer.work.weixin.qq.com/document/path/91770
func weCom(s *Secrets, b *Batch) (post, error) {
	type markdown struct {
		Content string `json:"content"`
	}
	body, err := json.Marshal(struct {
		MsgType  string   `json:"msgtype"`
		Markdown markdown `json:"markdown"`
	}{"markdown", markdown{b.text(style{bold: "**", prefix: "> ", breaks: "\n", between: "\n\n", links: true}, weComText)}})
	return post{url: s.URL, body: body}, err
}

// dingTalk is a message of type markdown to a group's own robot, signed where it has a
// secret (自定义机器人接入, 安全设置 加签; at most 20 messages a minute):
// https://open.dingtalk.com/document/robots/custom-robot-access
func dingTalk(s *Secrets, b *Batch, now time.Time) (post, error) {
	type markdown struct {
		Title string `json:"title"`
		Text  string `json:"text"`
	}
	type at struct {
		AtMobiles []string `json:"atMobiles"`
		IsAtAll   bool     `json:"isAtAll"`
	}
	text := "#### " + b.Title + "\n\n" + b.text(style{bold: "**", prefix: "- ", breaks: "\n", between: "\n\n", links: true}, dingTalkText)
	body, err := json.Marshal(struct {
		MsgType  string   `json:"msgtype"`
		Markdown markdown `json:"markdown"`
		At       at       `json:"at"`
	}{"markdown", markdown{b.Title, text}, at{AtMobiles: []string{}}})
	p := post{url: s.URL, body: body}
	if err != nil || s.Secret == "" {
		return p, err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return p, errURL
	}
	q := u.Query()
	ms := strconv.FormatInt(now.UnixMilli(), 10)
	p.sign = dingTalkSign(ms, s.Secret)
	q.Set("timestamp", ms)
	q.Set("sign", p.sign)
	u.RawQuery = q.Encode()
	p.url = u.String()
	return p, nil
}

var errURL = errors.New("the address is not a URL")

// dingTalkSign is base64(HMAC-SHA256(key: secret, timestamp "\n" secret)), the timestamp
// in milliseconds.
func dingTalkSign(timestamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// feishu is an interactive card to a group's own robot, signed where it has a secret
// (自定义机器人使用指南; at most 100 messages a minute and 5 a second, 20 KB a body):
// https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
func feishu(s *Secrets, b *Batch, now time.Time) (post, error) {
	type text struct {
		Tag     string `json:"tag"`
		Content string `json:"content"`
	}
	type element struct {
		Tag  string `json:"tag"`
		Text text   `json:"text"`
	}
	type header struct {
		Title    text   `json:"title"`
		Template string `json:"template"`
	}
	type card struct {
		Header   header    `json:"header"`
		Elements []element `json:"elements"`
	}
	m := struct {
		Timestamp string `json:"timestamp,omitempty"`
		Sign      string `json:"sign,omitempty"`
		MsgType   string `json:"msg_type"`
		Card      card   `json:"card"`
	}{MsgType: "interactive", Card: card{Header: header{text{"plain_text", b.Title}, colour(b.Level)}}}
	words := b.text(style{bold: "**", breaks: "\n", between: "\n\n", links: true}, feishuText)
	m.Card.Elements = []element{{"div", text{"lark_md", words}}}
	if s.Secret != "" {
		m.Timestamp = strconv.FormatInt(now.Unix(), 10)
		m.Sign = feishuSign(m.Timestamp, s.Secret)
	}
	body, err := json.Marshal(m)
	return post{url: s.URL, body: body, sign: m.Sign}, err
}

// colour is the colour of a card's head.
func colour(level int) string {
	return [...]string{"green", "blue", "orange", "red"}[min(max(level, 0), 3)]
}

// feishuSign is base64(HMAC-SHA256(key: timestamp "\n" secret, nothing)), the timestamp
// in seconds.
func feishuSign(timestamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(timestamp+"\n"+secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// understood reads what a robot answered: HTTP 200 says nothing, the code in the body does.
func understood(kind Kind, body []byte) error {
	var a struct {
		ErrCode    *int64 `json:"errcode"` // WeCom, DingTalk
		ErrMsg     string `json:"errmsg"`
		Code       *int64 `json:"code"` // Feishu
		Msg        string `json:"msg"`
		StatusCode *int64 `json:"StatusCode"` // Feishu, as it was at first
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return errors.New("what it answered is not the JSON of a robot: is the address right?")
	}
	code, words := a.ErrCode, a.ErrMsg
	if kind == Feishu {
		if code, words = a.Code, a.Msg; code == nil {
			code = a.StatusCode
		}
	}
	if code == nil {
		return errors.New("what it answered has no code: is the address right?")
	}
	if *code != 0 {
		return fmt.Errorf("refused with code %d: %s", *code, shorten(plain(words), 200))
	}
	return nil
}
