// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/problem"
)

// Rules are what is asked of passwords and sessions. What weakens one of them is an act
// of two persons.
type Rules struct {
	MinLength    int `json:"minLength" minimum:"8" maximum:"64" doc:"characters of a password"`
	Classes      int `json:"classes" minimum:"3" maximum:"4" doc:"of lower case, upper case, digits, others: how many a password has"`
	History      int `json:"history" minimum:"5" maximum:"24" doc:"how many earlier passwords may not be used again"`
	Days         int `json:"days" minimum:"1" maximum:"365" doc:"after which a password must be changed"`
	Failures     int `json:"failures" minimum:"3" maximum:"10" doc:"after which an account is locked"`
	LockMinutes  int `json:"lockMinutes" minimum:"10" maximum:"1440" doc:"for which it is locked"`
	IdleMinutes  int `json:"idleMinutes" minimum:"5" maximum:"120" doc:"without a call after which a session ends"`
	SessionHours int `json:"sessionHours" minimum:"1" maximum:"24" doc:"after which a session ends in any case"`
}

// DefaultRules are those of an installation that has not set any.
func DefaultRules() Rules {
	return Rules{MinLength: 12, Classes: 3, History: 5, Days: 90, Failures: 5, LockMinutes: 30, IdleMinutes: 30, SessionHours: 12}
}

// rule is one number of Rules, with what may be set.
type rule struct {
	name        string
	chinese     string // what it is, for who does not read the name
	value       int
	least, most int
	more        bool // a higher value is stronger
}

func (r Rules) list() []rule {
	return []rule{
		{"minLength", "口令最少字符数", r.MinLength, 8, 64, true}, {"classes", "口令最少字符类别数", r.Classes, 3, 4, true},
		{"history", "口令不得与最近若干个重复", r.History, 5, 24, true}, {"days", "口令更换周期（天）", r.Days, 1, 365, false},
		{"failures", "锁定前的失败次数", r.Failures, 3, 10, false}, {"lockMinutes", "锁定时长（分钟）", r.LockMinutes, 10, 1440, true},
		{"idleMinutes", "会话空闲上限（分钟）", r.IdleMinutes, 5, 120, false}, {"sessionHours", "会话最长时间（小时）", r.SessionHours, 1, 24, false},
	}
}

// Check tells what of r cannot be set at all.
func (r Rules) Check() error {
	p := problem.New(problem.Invalid, "not every rule may be set to this")
	for _, one := range r.list() {
		if one.value < one.least || one.value > one.most {
			p.Fields = append(p.Fields, problem.Between(problem.Number, one.least, one.most).At(one.name))
		}
	}
	if len(p.Fields) > 0 {
		return p
	}
	return nil
}

// Changes are the differences from before to r, a line each in both languages, and whether one of them
// weakens what protects.
func (r Rules) Changes(before Rules) (lines []string, weaker bool) {
	old := before.list()
	for i, one := range r.list() {
		if one.value == old[i].value {
			continue
		}
		lines = append(lines, bilingual.Words{
			English: fmt.Sprintf("%s: %d -> %d", one.name, old[i].value, one.value),
			Chinese: fmt.Sprintf("%s：%d -> %d", one.chinese, old[i].value, one.value),
		}.Line())
		if (one.value < old[i].value) == one.more {
			weaker = true
		}
	}
	return lines, weaker
}

// RulesInForce are rules in force, and their revision.
type RulesInForce struct {
	Rules
	Revision int64
}

const rulesRow = "account-rules"

// Rules are those in force.
func (a *Accounts) Rules(ctx context.Context) (RulesInForce, error) { return readRules(ctx, a.db) }

func readRules(ctx context.Context, q queries) (RulesInForce, error) {
	var text string
	set := RulesInForce{Rules: DefaultRules()}
	err := q.QueryRowContext(ctx, `SELECT value, revision FROM settings WHERE name = $1`, rulesRow).Scan(&text, &set.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return set, nil
	}
	if err != nil {
		return set, err
	}
	if err := json.Unmarshal([]byte(text), &set.Rules); err != nil {
		return set, fmt.Errorf("the setting %s: %w", rulesRow, err)
	}
	return set, set.Check()
}

// Tighten sets rules of which none is weaker than now.
func (a *Accounts) Tighten(ctx context.Context, r Rules, revision int64) error {
	return a.setRules(ctx, r, func(now RulesInForce) error {
		if now.Revision != revision {
			return problem.New(problem.Stale, "the rules were changed meanwhile: read them again")
		}
		if _, weaker := r.Changes(now.Rules); weaker {
			return problem.New(problem.Conflict, "this weakens a rule, which takes two persons")
		}
		return nil
	})
}

// SetRules sets any rules that may be set. Two persons stand behind it.
func (a *Accounts) SetRules(ctx context.Context, r Rules) error {
	return a.setRules(ctx, r, func(RulesInForce) error { return nil })
}

func (a *Accounts) setRules(ctx context.Context, r Rules, may func(now RulesInForce) error) error {
	if err := r.Check(); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		now, err := readRules(ctx, tx)
		if err != nil {
			return err
		}
		if err := may(now); err != nil || now.Rules == r {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO settings (name, value, revision) VALUES ($1, $2, 1)
			ON CONFLICT (name) DO UPDATE SET value = $2, revision = settings.revision + 1`, rulesRow, string(text))
		return err
	})
	if err == nil {
		a.tell("settings", rulesRow)
	}
	return err
}

// MaxPassword bounds what is hashed, in bytes.
const MaxPassword = 256

// fits refuses a password that the rules do not allow.
func (r Rules) fits(password, name string) error {
	var wrong []problem.Why
	if utf8.RuneCountInString(password) < r.MinLength {
		wrong = append(wrong, problem.AtLeast(problem.Characters, r.MinLength))
	}
	if len(password) > MaxPassword || !utf8.ValidString(password) {
		wrong = append(wrong, problem.AtMost(problem.Bytes, MaxPassword))
	}
	if classesOf(password) < r.Classes {
		why := problem.AtLeast(problem.Classes, r.Classes)
		why.Detail = fmt.Sprintf("%d of lower case, upper case, digits and other characters", r.Classes)
		wrong = append(wrong, why)
	}
	if name != "" && strings.Contains(strings.ToLower(password), strings.ToLower(name)) {
		wrong = append(wrong, problem.Because(problem.OwnName, "not the account's name in it"))
	}
	if len(wrong) == 0 {
		return nil
	}
	p := &problem.Error{Code: problem.Invalid}
	var said []string
	for _, why := range wrong {
		p.Fields, said = append(p.Fields, why.At("password")), append(said, why.Detail)
	}
	p.Detail = "a password has " + strings.Join(said, ", ")
	return p
}

func classesOf(password string) int {
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}
