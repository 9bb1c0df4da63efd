// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package bureau

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"dukou.dev/dukou/examples/bank/internal/people"
)

// Purposes lists what a report may be asked for.
func Purposes() []string { return []string{"self-inquiry", "loan-review"} }

type report struct {
	ReportID  string          `json:"report_id"`
	Person    reportPerson    `json:"person"`
	Level     int             `json:"level"`
	Score     int             `json:"score"`
	Accounts  []reportAccount `json:"accounts"`
	Inquiries []reportInquiry `json:"inquiries"`
	Generated string          `json:"generated"`
}

type reportPerson struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	IDNumber string `json:"id_number"`
	Phone    string `json:"phone"`
}

type reportAccount struct {
	ID       string `json:"account_id"`
	Bank     string `json:"bank"`
	Kind     string `json:"kind"`
	Limit    int64  `json:"limit"`   // fen
	Balance  int64  `json:"balance"` // fen
	Opened   string `json:"opened"`
	Payments string `json:"payments"`
}

type reportInquiry struct {
	Date    string `json:"date"`
	By      string `json:"by"`
	Purpose string `json:"purpose"`
}

// newReport is a pure function of its arguments, so that the same books always give
// the same bytes.
func newReport(seed uint64, p *people.Person, purpose string) report {
	sum := sha256.Sum256(fmt.Appendf(nil, "report %d %s %s", seed, p.ID, purpose))
	out := report{
		ReportID:  fmt.Sprintf("CR-%X", sum[:8]),
		Person:    reportPerson{p.ID, p.Name, p.IDNumber, p.Phone},
		Level:     p.Level,
		Score:     p.Score,
		Accounts:  make([]reportAccount, 0, len(p.Accounts)),
		Inquiries: make([]reportInquiry, 0, len(p.Inquiries)),
		Generated: people.Closed().Format(time.RFC3339),
	}
	for _, a := range p.Accounts {
		out.Accounts = append(out.Accounts, reportAccount{
			ID: a.ID, Bank: a.Bank, Kind: a.Kind, Limit: a.Limit, Balance: a.Balance,
			Opened: a.Opened.Format(time.DateOnly), Payments: a.Payments,
		})
	}
	for _, q := range p.Inquiries {
		out.Inquiries = append(out.Inquiries, reportInquiry{q.Date.Format(time.DateOnly), q.By, q.Purpose})
	}
	return out
}

// report answers with a person's report to those who may have it. A sealed one is
// answered as well, with its level: inside, those who may read it are known to the
// bureau; what may go out is not its to decide.
func (b *Bureau) report(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("person")
	purpose := r.URL.Query()["purpose"]
	if len(purpose) != 1 || !slices.Contains(Purposes(), purpose[0]) {
		b.fail(w, http.StatusBadRequest, codePurpose)
		return
	}
	status, code := b.mayRead(r.Header, id)
	if status != http.StatusOK {
		b.log.InfoContext(r.Context(), "report refused", "code", code)
		b.fail(w, status, code)
		return
	}
	p := b.book.ByID(id)
	if p == nil {
		b.fail(w, http.StatusNotFound, codeNoPerson)
		return
	}
	b.log.InfoContext(r.Context(), "report given", "person", p.ID, "purpose", purpose[0],
		"level", p.Level, "subject", r.Header.Get("X-Subject"))
	w.Header().Set("X-Report-Level", strconv.Itoa(p.Level))
	b.answer(w, http.StatusOK, newReport(b.book.Seed, p, purpose[0]))
}

// mayRead decides whether the caller may read the report of the person id. A token
// must be that person's; without one a calling system must name itself.
func (b *Bureau) mayRead(h http.Header, id string) (status int, code string) {
	subjects, credentials := h.Values("X-Subject"), h.Values("Authorization")
	if len(subjects)+len(credentials) == 0 || len(subjects) > 1 || len(credentials) > 1 {
		return http.StatusUnauthorized, codeNoSubject
	}
	if len(subjects) == 1 && !b.subject.MatchString(subjects[0]) {
		return http.StatusUnauthorized, codeNoSubject
	}
	if len(credentials) == 0 {
		return http.StatusOK, ""
	}
	bearer, ok := strings.CutPrefix(credentials[0], "Bearer ")
	if !ok {
		return http.StatusUnauthorized, codeToken
	}
	switch person, err := b.tokens.Person(bearer); {
	case err != nil:
		return http.StatusUnauthorized, codeToken
	case person != id:
		return http.StatusForbidden, codeNotPerson
	}
	return http.StatusOK, ""
}
