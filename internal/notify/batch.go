// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Batch is what a channel is told at once. A webhook's template is filled from it.
type Batch struct {
	Title string // one line
	Level int    // the worst of the items that fire; 0 when none does
	Items []Item
	More  int // that are not listed, for there are too many
	At    time.Time
	Link  string // of the console's list of alerts, empty where the console has no address

	language string
}

// Item is one message in a channel's language.
type Item struct {
	Alert     string
	Rule      string
	Level     int    // 1 notice, 2 warning, 3 critical
	LevelWord string // in the channel's language
	State     string // "firing", "resolved", "test"
	StateWord string
	Component string
	Flow      string
	Sentence  string
	Time      string // RFC 3339 in the channel's zone, to the second
	Count     int64
	Link      string
}

// listed bounds how many items a message lists.
const listed = 15

// words are those of a language.
type words struct {
	levels                           [4]string
	states                           map[string]string
	component, flow, at, count, link string
	colon, more, titleOne, titleMany string
}

func wordsOf(language string) words {
	if language == "en" {
		return words{
			levels: [4]string{"", "notice", "warning", "critical"}, states: map[string]string{Firing: "alert", Resolved: "resolved", Trial: "test"},
			more: "and %d more", component: "component", flow: "flow", at: "time", count: "times", link: "open",
			colon: ": ", titleOne: "Dukou %s (%s)", titleMany: "Dukou: %d messages (%s)",
		}
	}
	return words{
		levels: [4]string{"", "提示", "警告", "严重"}, states: map[string]string{Firing: "告警", Resolved: "恢复", Trial: "测试"},
		more: "另有 %d 条", component: "部件", flow: "数据流", at: "时间", count: "次数", link: "查看",
		colon: "：", titleOne: "渡口%s（%s）", titleMany: "渡口：%d 条消息（%s）",
	}
}

// batchOf is a batch of messages for a channel, the worst first.
func batchOf(c *Channel, console string, messages []Message, now time.Time) Batch {
	w := wordsOf(c.Language)
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC
	}
	b := Batch{At: now.In(zone), language: c.Language}
	if console != "" {
		b.Link = strings.TrimSuffix(console, "/") + "/#/alerts"
	}
	for _, m := range messages {
		item := itemOf(&m, w, zone, c.Language)
		if item.Alert != "" && b.Link != "" {
			item.Link = b.Link + "/" + item.Alert
		}
		if item.State != Resolved {
			b.Level = max(b.Level, item.Level)
		}
		b.Items = append(b.Items, item)
	}
	slices.SortStableFunc(b.Items, func(x, y Item) int { return cmp.Compare(y.Level, x.Level) })
	if n := len(b.Items) - listed; n > 0 {
		b.Items, b.More = b.Items[:listed], n
	}
	b.Title = titleOf(&b, w, len(messages))
	return b
}

func itemOf(m *Message, w words, zone *time.Location, language string) Item {
	level := min(max(m.Level, 1), 3)
	return Item{
		Alert: m.Alert, Rule: plain(m.Rule), Level: level, LevelWord: w.levels[level], State: m.State, StateWord: w.states[m.State],
		Component: plain(m.Component), Flow: plain(m.Flow), Sentence: plain(m.Sentences[language]),
		Time: m.At.In(zone).Format(time.RFC3339), Count: m.Count,
	}
}

func titleOf(b *Batch, w words, all int) string {
	worst := w.states[Resolved]
	if b.Level > 0 {
		worst = w.levels[b.Level]
	}
	if all == 1 {
		return fmt.Sprintf(w.titleOne, b.Items[0].StateWord, b.Items[0].LevelWord)
	}
	return fmt.Sprintf(w.titleMany, all, worst)
}

// plain makes a text one line, and takes from it what a chat would take for markup or
// for a call of somebody.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '<':
			return '‹'
		case '>':
			return '›'
		case '[':
			return '('
		case ']':
			return ')'
		case '`':
			return '\''
		case '*':
			return '·'
		case '@':
			return '＠'
		}
		if r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 || r == 0x202e {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// style is how a text marks its parts.
type style struct {
	bold    string // on both sides of what is bold
	prefix  string // of a line below an item's first
	breaks  string // between lines
	between string // between items
	links   bool   // [text](address)
}

// text is a batch as lines of text, of at most limit bytes; 0 is no limit. Items that do
// not fit are counted.
func (b *Batch) text(s style, limit int) string {
	w := wordsOf(b.language)
	var parts []string
	size, shown := 0, 0
	for i := range b.Items {
		part := b.item(&b.Items[i], w, s)
		if limit > 0 && shown > 0 && size+len(part)+len(s.between) > limit-64 { // room for the count
			break
		}
		parts = append(parts, part)
		size += len(part) + len(s.between)
		shown++
	}
	if more := b.More + len(b.Items) - shown; more > 0 {
		parts = append(parts, fmt.Sprintf(w.more, more))
	}
	return shorten(strings.Join(parts, s.between), limit)
}

func (b *Batch) item(i *Item, w words, s style) string {
	lines := []string{fmt.Sprintf("%s%s %s%s %s", s.bold, i.LevelWord, i.StateWord, s.bold, i.Sentence)}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, s.prefix+name+w.colon+value)
		}
	}
	add(w.component, i.Component)
	add(w.flow, i.Flow)
	add(w.at, i.Time)
	if i.Count > 1 {
		add(w.count, fmt.Sprint(i.Count))
	}
	if i.Link != "" && s.links {
		lines = append(lines, s.prefix+"["+w.link+"]("+i.Link+")")
	} else {
		add(w.link, i.Link)
	}
	return strings.Join(lines, s.breaks)
}

// shorten cuts a text to at most limit bytes, at a character; 0 is no limit.
func shorten(text string, limit int) string {
	if limit <= 0 || len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-3], "") + "…"
}
