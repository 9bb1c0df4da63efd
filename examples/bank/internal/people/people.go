// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package people makes up the persons whom the example bureau keeps books on.
//
// Everything follows from a seed, nothing is stored, and person i is the same
// whatever the number of persons. No person, town, employer or bank exists:
// identity numbers use a province prefix with prefecture 00 and county 99, which
// GB/T 2260 never assigns, and phone numbers a block that no carrier uses as far
// as we know. Forms and check characters are right, so that checks which look for
// such data find it.
package people

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Max is the largest number of persons: ids have six digits.
const Max = 999_999

// SealedFrom is the lowest level at which a report is sealed and must not go out.
const SealedFrom = 4

// Person is one person and what the bureau knows of them.
type Person struct {
	ID        string // person-000001 and on
	Login     string // the name to sign in with: the ID, or a friendly one
	Name      string // family name first
	IDNumber  string // 18 characters with the check character of GB 11643
	Phone     string // 11 digits
	Birth     time.Time
	Address   string
	Employer  string
	Level     int // confidentiality of the report, 1 to 5
	Score     int // 300 to 850
	Accounts  []Account
	Inquiries []Inquiry // newest first
}

// Account is one credit account. Amounts are in fen.
type Account struct {
	ID       string
	Bank     string
	Kind     string // credit-card, mortgage, car-loan or consumer-loan
	Limit    int64
	Balance  int64
	Opened   time.Time
	Payments string // 24 months, oldest first: N paid, 1 to 7 months overdue, * not yet open
}

// Inquiry is one earlier look at the report.
type Inquiry struct {
	Date    time.Time
	By      string
	Purpose string
}

// Sealed reports whether the report must never go out.
func (p *Person) Sealed() bool { return p.Level >= SealedFrom }

// Book is all persons of one seed. It does not change once made.
type Book struct {
	Seed    uint64
	persons []Person
	byID    map[string]int
	byLogin map[string]int
}

// Closed returns the moment at which the books were closed: every date in them
// is before it, and reports carry it, so that they are the same at any time.
func Closed() time.Time {
	return time.Date(2026, 1, 1, 2, 0, 0, 0, time.FixedZone("", 8*60*60))
}

// New generates n persons, 1 to [Max], from seed.
func New(n int, seed uint64) (*Book, error) {
	if n < 1 || n > Max {
		return nil, fmt.Errorf("make up people: %d is not between 1 and %d", n, Max)
	}
	b := &Book{
		Seed:    seed,
		persons: make([]Person, 0, n),
		byID:    make(map[string]int, n),
		byLogin: make(map[string]int, n),
	}
	taken := make(map[string]bool, n)
	for i := range n {
		p := generate(seed, i+1, taken)
		b.byID[p.ID] = i
		b.byLogin[p.Login] = i
		b.persons = append(b.persons, p)
	}
	return b, nil
}

// Len is the number of persons.
func (b *Book) Len() int { return len(b.persons) }

// At returns person i, counted from 0. The caller must not change it.
func (b *Book) At(i int) *Person { return &b.persons[i] }

// ByID finds a person by id; nil if there is none.
func (b *Book) ByID(id string) *Person { return b.find(b.byID, id) }

// ByLogin finds a person by the name that they sign in with; nil if there is none.
func (b *Book) ByLogin(name string) *Person { return b.find(b.byLogin, name) }

func (b *Book) find(index map[string]int, key string) *Person {
	i, ok := index[key]
	if !ok {
		return nil
	}
	return &b.persons[i]
}

// ID is the id of the n-th person, counted from 1.
func ID(n int) string { return fmt.Sprintf("person-%06d", n) }

// generate makes up person n. taken holds the identity numbers of those before.
func generate(seed uint64, n int, taken map[string]bool) Person {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	p := Person{ID: ID(n), Login: ID(n), Phone: phone(seed, n)}
	male := r.IntN(2) == 0
	p.Name = name(r, male)
	p.Level = level(r)
	if f, ok := friendly(n); ok {
		p.Login, p.Name, p.Level, male = f.login, f.name, f.level, f.male
	}
	// 20 to 70 years old when the books are closed.
	p.Birth = date(1956, 1, 1).AddDate(0, 0, r.IntN(50*365))
	town := pick(r, towns())
	p.IDNumber = idNumber(r, town.region, p.Birth, male, taken)
	p.Address = fmt.Sprintf("%s%s%d号%d室", town.name, pick(r, streets()), 1+r.IntN(300), 101+r.IntN(30)*100+r.IntN(4))
	p.Employer = town.short + pick(r, employers())
	p.Accounts = accounts(r, n, p.Birth)
	p.Inquiries = inquiries(r)
	p.Score = score(r, p.Accounts)
	return p
}

func level(r *rand.Rand) int {
	switch x := r.IntN(100); {
	case x < 4:
		return 1
	case x < 14:
		return 2
	case x < 94:
		return 3
	case x < 98:
		return 4
	default:
		return 5
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
