// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func book(t *testing.T, n int, seed uint64) *Book {
	t.Helper()
	b, err := New(n, seed)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCheckCharacter(t *testing.T) {
	// The examples of GB 11643-1999, appendix A.
	for body, want := range map[string]byte{
		"11010519491231002": 'X',
		"44052418800101001": '4',
	} {
		if got := CheckCharacter(body); got != want {
			t.Errorf("CheckCharacter(%s) = %c, want %c", body, got, want)
		}
	}
	for _, body := range []string{"", "1101051949123100", "1101051949123100a", "110105194912310021"} {
		if got := CheckCharacter(body); got != 0 {
			t.Errorf("CheckCharacter(%q) = %c, want 0", body, got)
		}
	}
}

// TestCheckCharacterByDefinition checks every number against the other way in which
// the standard is stated: the weighted sum with the character is 1 modulo 11.
func TestCheckCharacterByDefinition(t *testing.T) {
	b := book(t, 3000, 1)
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1}
	for i := range b.Len() {
		number := b.At(i).IDNumber
		sum := 0
		for k, w := range weights {
			v := int(number[k] - '0')
			if number[k] == 'X' {
				v = 10
			}
			sum += w * v
		}
		if sum%11 != 1 {
			t.Errorf("%s: sum %d, not 1 modulo 11", number, sum%11)
		}
	}
}

func TestSameSeedSamePeople(t *testing.T) {
	a, b := book(t, 500, 7), book(t, 500, 7)
	if d := cmp.Diff(a.persons, b.persons); d != "" {
		t.Error(d)
	}
	more := book(t, 900, 7)
	if d := cmp.Diff(a.persons, more.persons[:500]); d != "" {
		t.Error("a larger book has other first persons:", d)
	}
	if other := book(t, 500, 8); cmp.Equal(a.persons, other.persons) {
		t.Error("another seed gave the same people")
	}
}

func TestForms(t *testing.T) {
	var (
		id      = regexp.MustCompile(`^person-[0-9]{6}$`)
		number  = regexp.MustCompile(`^[1-6][0-9]0099(19[5-9][0-9]|200[0-9])(0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9X]$`)
		phone   = regexp.MustCompile(`^154[0-9]{8}$`)
		account = regexp.MustCompile(`^A-[0-9]{6}-[0-9]{2}$`)
		history = regexp.MustCompile(`^\**[N1-7]*$`)
		masked  = regexp.MustCompile(`^.\*{1,3}$`)
	)
	b := book(t, 3000, 1)
	for i := range b.Len() {
		p := b.At(i)
		ok := id.MatchString(p.ID) && number.MatchString(p.IDNumber) && phone.MatchString(p.Phone) &&
			masked.MatchString(p.MaskedName()) && p.Level >= 1 && p.Level <= 5 &&
			p.Score >= 300 && p.Score <= 850 && len(p.Accounts) <= 8 && len(p.Inquiries) <= 12 &&
			strings.Contains(p.Employer, "虚构") && len(p.Name) <= 12 &&
			p.IDNumber[6:14] == p.Birth.Format("20060102")
		if !ok {
			t.Fatalf("out of form: %+v", p)
		}
		for _, a := range p.Accounts {
			if !account.MatchString(a.ID) || len(a.Payments) != 24 || !history.MatchString(a.Payments) ||
				a.Balance < 0 || a.Balance > a.Limit || a.Limit > 1e12 || !a.Opened.Before(Closed()) ||
				a.Opened.Before(p.Birth.AddDate(18, 0, 0)) {
				t.Fatalf("%s: account out of form: %+v", p.ID, a)
			}
		}
		for _, q := range p.Inquiries {
			if !q.Date.Before(Closed()) {
				t.Fatalf("%s: inquiry after the books were closed: %v", p.ID, q)
			}
		}
	}
}

func TestNobodyTwice(t *testing.T) {
	b := book(t, 30_000, 3)
	numbers, phones := map[string]bool{}, map[string]bool{}
	for i := range b.Len() {
		numbers[b.At(i).IDNumber] = true
		phones[b.At(i).Phone] = true
	}
	if len(numbers) != b.Len() || len(phones) != b.Len() {
		t.Errorf("%d persons, %d identity numbers, %d phones", b.Len(), len(numbers), len(phones))
	}
}

func TestLevels(t *testing.T) {
	b := book(t, 3000, 1)
	var count [6]int
	for i := range b.Len() {
		count[b.At(i).Level]++
	}
	t.Log("persons at level 1 to 5:", count[1:])
	if count[3] < 2200 || count[4] < 50 || count[5] < 20 || count[1] == 0 || count[2] == 0 {
		t.Error("levels are not spread as the README says:", count[1:])
	}
}

func TestDemoUsers(t *testing.T) {
	b := book(t, 10, 1)
	var got []string
	for _, p := range b.Friendly() {
		got = append(got, p.Login, p.ID, p.Name, b.Password(p))
		if p.Sealed() != (p.Login == "gaojian") {
			t.Errorf("%s: sealed is %v", p.Login, p.Sealed())
		}
	}
	want := []string{
		"zhangwei", "person-000001", "张伟", "ferry-zhangwei-2026",
		"wangfang", "person-000002", "王芳", "ferry-wangfang-2026",
		"gaojian", "person-000007", "高健", "ferry-gaojian-2026",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if b.ByLogin("person-000001") != nil || b.ByLogin("zhangwei") != b.ByID("person-000001") {
		t.Error("zhangwei signs in with that name and no other")
	}
}

func TestSizeRefused(t *testing.T) {
	for _, n := range []int{-1, 0, Max + 1} {
		if _, err := New(n, 1); err == nil {
			t.Errorf("New(%d) made people", n)
		}
	}
}
