// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// months is how far back the payment history goes.
const months = 24

// kind is a sort of credit with the range of its limits in yuan.
type kind struct {
	name          string
	least, most   int64
	step          int64
	alwaysDrawn   bool // a loan is drawn in full; a card is not
	monthsToRepay int
}

func kinds() []kind {
	return []kind{
		{name: "credit-card", least: 3_000, most: 150_000, step: 1_000},
		{name: "credit-card", least: 5_000, most: 60_000, step: 1_000},
		{name: "mortgage", least: 300_000, most: 6_000_000, step: 10_000, alwaysDrawn: true, monthsToRepay: 360},
		{name: "car-loan", least: 50_000, most: 400_000, step: 5_000, alwaysDrawn: true, monthsToRepay: 60},
		{name: "consumer-loan", least: 2_000, most: 200_000, step: 1_000, alwaysDrawn: true, monthsToRepay: 36},
	}
}

// accounts makes up none to eight accounts, opened since the person came of age.
func accounts(r *rand.Rand, n int, birth time.Time) []Account {
	// How careful the person is: late payments come in persons, not in accounts.
	careless := max(0, r.IntN(100)-85)
	all := make([]Account, 0, 8)
	for i := range r.IntN(9) {
		k := pick(r, kinds())
		a := Account{
			ID:     fmt.Sprintf("A-%06d-%02d", n, i+1),
			Bank:   pick(r, banks()),
			Kind:   k.name,
			Limit:  100 * (k.least + k.step*r.Int64N((k.most-k.least)/k.step+1)),
			Opened: opened(r, birth),
		}
		age := monthsBetween(a.Opened, Closed())
		a.Balance = balance(r, k, a.Limit, age)
		a.Payments = payments(r, careless, age)
		all = append(all, a)
	}
	return all
}

func opened(r *rand.Rand, birth time.Time) time.Time {
	adult := birth.AddDate(18, 0, 0)
	earliest := date(2008, 1, 1)
	if adult.After(earliest) {
		earliest = adult
	}
	days := int(date(2025, 12, 1).Sub(earliest) / (24 * time.Hour))
	return earliest.AddDate(0, 0, r.IntN(days))
}

func balance(r *rand.Rand, k kind, limit int64, age int) int64 {
	if !k.alwaysDrawn {
		return r.Int64N(limit + 1)
	}
	left := max(0, k.monthsToRepay-age)
	return limit * int64(left) / int64(k.monthsToRepay)
}

// payments makes up the history of an account that is age months old.
func payments(r *rand.Rand, careless, age int) string {
	line := make([]byte, months)
	late := 0
	for i := range line {
		switch {
		case months-i > age:
			line[i] = '*'
			continue
		case r.IntN(40) < careless:
			late = min(late+1, 7)
		default:
			late = 0
		}
		line[i] = "N1234567"[late]
	}
	return string(line)
}

// inquiries makes up none to twelve looks at the report in the last two years.
func inquiries(r *rand.Rand) []Inquiry {
	all := make([]Inquiry, 0, 12)
	for range r.IntN(13) {
		purpose := pick(r, []string{"self-inquiry", "loan-review", "card-approval", "post-loan"})
		by := pick(r, banks())
		if purpose == "self-inquiry" {
			by = "本人"
		}
		all = append(all, Inquiry{date(2025, 12, 31).AddDate(0, 0, -r.IntN(730)), by, purpose})
	}
	slices.SortStableFunc(all, func(a, b Inquiry) int { return b.Date.Compare(a.Date) })
	return all
}

func score(r *rand.Rand, all []Account) int {
	points := 720 + r.IntN(131)
	for _, a := range all {
		for i := range len(a.Payments) {
			if c := a.Payments[i]; c >= '1' && c <= '7' {
				points -= 3 * int(c-'0')
			}
		}
		if a.Limit > 0 && a.Kind == "credit-card" && a.Balance*10 > a.Limit*8 {
			points -= 25
		}
	}
	return max(300, points)
}

func monthsBetween(from, to time.Time) int {
	return (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
}
