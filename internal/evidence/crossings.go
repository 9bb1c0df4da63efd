// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
)

// Passage is a parcel in one row: what it was and how far it came.
type Passage struct {
	Parcel   string    `json:"parcel"`
	First    time.Time `json:"first" doc:"of its records"`
	Last     time.Time `json:"last" doc:"of its records"`
	Records  int       `json:"records" doc:"how many there are that you may see"`
	Flow     string    `json:"flow,omitempty"`
	Subject  string    `json:"subject,omitempty"`
	Object   string    `json:"object,omitempty"`
	Action   string    `json:"action,omitempty"`
	Level    string    `json:"level,omitempty" doc:"confidentiality in the label"`
	From     string    `json:"from,omitempty" doc:"zone, as the policy in force has the flow"`
	To       string    `json:"to,omitempty" doc:"zone, as the policy in force has the flow"`
	Protocol string    `json:"protocol,omitempty" doc:"http or file, as the policy in force has the flow"`
	State    State     `json:"state" enum:"answered,answer-refused,delivered,released,refused,interrupted,passed,unknown"`
	Sentence string    `json:"sentence" doc:"the state in words, no more than the records say"`
	Reason   string    `json:"reason,omitempty" doc:"code of the refusal, where one was its end"`
	By       string    `json:"by,omitempty" doc:"the component that refused it, where that was its end"`
}

// Passages is a page of parcels.
type Passages struct {
	Items  []Passage `json:"items" doc:"newest first, by the newest of their records that were asked for"`
	Next   string    `json:"next,omitempty" doc:"cursor to go on with; none when the whole window was searched"`
	Back   time.Time `json:"back" doc:"searched back to here: older records were not looked at"`
	Looked int       `json:"looked" doc:"records that were looked at"`
}

// MaxPassages is the most parcels of one page.
const MaxPassages = 200

// passageClasses are the records of a parcel that a page is made by. There are others of a
// parcel nowhere.
func passageClasses(s Scope) (list []string) {
	for _, c := range []audit.Class{audit.ClassDecision, audit.ClassDelivery, audit.ClassSession} {
		if s.Sees(c) {
			list = append(list, string(c))
		}
	}
	return list
}

// passing is one search for parcels.
type passing struct {
	f      *filter
	not    map[Field][]string // what no record of a parcel may have
	unlike wordFilters        // the same of words
	states []State
	begin  place // of the page
	limit  int
	page   Passages
	seen   map[[16]byte]bool
}

type wordFilters struct{ subject, object wordFilter }

// Crossings finds the parcels of which a query chooses a record that the scope shows. What
// the query excludes no such record of the parcel may have; states, where there are any,
// are those that are wanted. How far a parcel came is told of all of its records, as
// Crossing does. Records of a parcel that lie further apart than a delivery is tried again
// for are not brought together.
func (x *Index) Crossings(ctx context.Context, s Scope, q Query, states []State) (Passages, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if len(passageClasses(s)) == 0 {
		return Passages{Items: []Passage{}}, nil
	}
	p, err := x.passing(ctx, s, q, states)
	if err == nil {
		err = x.passages(ctx, s, p, q.After)
	}
	if err != nil {
		return Passages{}, x.late(ctx, err)
	}
	return p.page, nil
}

// passing prepares a search.
func (x *Index) passing(ctx context.Context, s Scope, q Query, states []State) (*passing, error) {
	if q.Limit < 0 || q.Limit > MaxPassages {
		return nil, invalid("limit", problem.Between(problem.Number, 1, MaxPassages))
	}
	p := &passing{not: q.Not, states: states, limit: cmp.Or(q.Limit, defaultMax), seen: map[[16]byte]bool{}}
	p.page.Items = []Passage{}
	q.Is = narrowedTo(q.Is, FieldClass, passageClasses(s))
	if s.all && onlyRefused(states) && len(q.Is[FieldVerdict]) == 0 { // others may not see the record that it ends with
		q.Is[FieldVerdict] = []string{verdictRefuse}
	}
	byClass, words := true, false
	for field, values := range q.Is {
		_, ofKind := field.inShape()
		byClass = byClass && (!ofKind || field == FieldClass || len(values) == 0)
		words = words || !ofKind && len(values) > 0
	}
	var err error
	if p.f, err = x.compile(ctx, s, &q); err != nil {
		return nil, err
	}
	p.f.byClass, p.f.broad = byClass, byClass && !words && q.Parcel == "" && q.Text == ""
	p.page.Back = time.UnixMilli(p.f.from).UTC()
	if p.begin = (place{at: p.f.to}); q.After != "" {
		after, err := parseCursor(q.After)
		if err != nil {
			return nil, err
		}
		if after.compare(p.begin) < 0 {
			p.begin = after
		}
	}
	p.unlike.subject.not, p.unlike.object.not = p.f.subject.not, p.f.object.not
	return p, nil
}

// onlyRefused tells whether all of some states end with a refusal.
func onlyRefused(states []State) bool {
	return len(states) > 0 && !slices.ContainsFunc(states, func(s State) bool { return s != Refused && s != AnswerRefused && s != Interrupted })
}

// narrowedTo is a choice of fields in which one has these values.
func narrowedTo(is map[Field][]string, field Field, values []string) map[Field][]string {
	all := map[Field][]string{}
	for f, v := range is {
		all[f] = v
	}
	all[field] = values
	return all
}

// passages fills the page. Each round looks for as many parcels as are missing, and leaves
// out those that an earlier page has shown, and those that are not as wanted.
func (x *Index) passages(ctx context.Context, s Scope, p *passing, after string) error {
	end := time.Now().Add(x.most.time) // not the clock: it bounds work
	for {
		var parcels []row
		w, err := x.walk(ctx, p.f, after, func(r row) bool {
			if r.parcel != [16]byte{} && !p.seen[r.parcel] {
				p.seen[r.parcel] = true
				parcels = append(parcels, r)
			}
			return len(p.page.Items)+len(parcels) < p.limit
		})
		if err != nil {
			return err
		}
		if err := x.addPassages(ctx, s, p, parcels); err != nil {
			return err
		}
		p.page.Looked += w.looked
		if w.whole {
			return nil
		}
		after = cursorOf(w.last)
		if len(p.page.Items) >= p.limit || p.page.Looked >= x.most.rows || time.Now().After(end) {
			p.page.Next, p.page.Back = after, time.UnixMilli(w.last.at).UTC()
			return nil
		}
	}
}

// addPassages adds those of some parcels that belong on the page.
func (x *Index) addPassages(ctx context.Context, s Scope, p *passing, parcels []row) error {
	byParcel, err := x.rowsOf(ctx, parcels)
	if err != nil {
		return err
	}
	for _, first := range parcels {
		rows := byParcel[first.parcel]
		if err := x.know(ctx, p.f.text, rows); err != nil {
			return err
		}
		if len(rows) == 0 || p.shown(rows) || x.excluded(s, p, rows) {
			continue
		}
		found, err := x.show(ctx, rows)
		if err != nil {
			return err
		}
		inOrder(found)
		if one := passage(s, found); len(p.states) == 0 || slices.Contains(p.states, one.State) {
			p.page.Items = append(p.page.Items, one)
		}
	}
	return nil
}

// shown tells whether an earlier page has a parcel: by a record that is chosen, and newer
// than where this page begins.
func (p *passing) shown(rows []row) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.compare(p.begin) >= 0 && p.f.matches(&r) })
}

// excluded tells whether a record that the scope shows has what none may have.
func (x *Index) excluded(s Scope, p *passing, rows []row) bool {
	if len(p.not) == 0 {
		return false
	}
	k, q := x.allKinds(), Query{Not: p.not}
	return slices.ContainsFunc(rows, func(r row) bool {
		shape := k.shapes[r.kind]
		return s.Sees(audit.Class(shape[inClass])) &&
			(!shape.fits(&q) || !p.unlike.subject.matches(r.subject) || !p.unlike.object.matches(r.object))
	})
}

// passage is what is told of a parcel.
func passage(s Scope, all []Found) Passage {
	one := Passage{Parcel: all[0].Parcel}
	var end *Found
	if one.State, one.Sentence, end = endOf(all); end != nil {
		one.Reason, one.By = end.Reason, end.Log
	}
	for i := range all {
		f := &all[i]
		if !s.Sees(audit.Class(f.Class)) {
			continue
		}
		if one.Records++; one.First.IsZero() {
			one.First = f.Time
		}
		one.Last = f.Time
		one.Flow, one.Subject = cmp.Or(one.Flow, f.Flow), cmp.Or(one.Subject, f.Subject)
		one.Object, one.Action, one.Level = cmp.Or(one.Object, f.Object), cmp.Or(one.Action, f.Action), cmp.Or(one.Level, f.Level)
	}
	return one
}

// nearParts is how many parts before and behind a record others of its parcel are looked
// for in: a delivery is tried again for two weeks.
const nearParts = 2

// rowsOf finds all records of some parcels, with one query for many.
func (x *Index) rowsOf(ctx context.Context, parcels []row) (map[[16]byte][]row, error) {
	near := map[int64]bool{}
	for _, r := range parcels {
		for part := r.at/partLength - nearParts; part <= r.at/partLength+nearParts; part++ {
			near[part] = true
		}
	}
	byParcel := map[[16]byte][]row{}
	for some := range slices.Chunk(parcels, wordsAtOnce/2) {
		rows, err := x.rowsOfSome(ctx, near, some)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			byParcel[r.parcel] = append(byParcel[r.parcel], r)
		}
	}
	return byParcel, nil
}

// rowsOfSome finds the records of a few parcels, of each as many as Crossing looks at.
// Where they have very many, they are asked for one by one.
func (x *Index) rowsOfSome(ctx context.Context, near map[int64]bool, parcels []row) ([]row, error) {
	most := maxHops * min(len(parcels), 8)
	args := make([]any, 0, 1+len(near)+len(parcels))
	args = append(args, most)
	for part := range near {
		args = append(args, part)
	}
	for i := range parcels {
		args = append(args, parcels[i].parcel[:])
	}
	var rows []row
	err := each(ctx, x.db, func(found *sql.Rows) error {
		r, err := scanRow(found)
		rows = append(rows, r)
		return err
	}, `SELECT `+rowColumns+` FROM evidence WHERE part IN (`+params(2, len(near))+`) AND parcel IN (`+params(2+len(near), len(parcels))+
		`) ORDER BY at DESC, log DESC, idx DESC LIMIT $1`, args...)
	if err != nil {
		return nil, err
	}
	if len(rows) == most && len(parcels) > 1 {
		half := len(parcels) / 2
		first, err := x.rowsOfSome(ctx, near, parcels[:half])
		if err != nil {
			return nil, err
		}
		rest, err := x.rowsOfSome(ctx, near, parcels[half:])
		return append(first, rest...), err
	}
	return rows, nil
}

// inStates keeps the rows of parcels that came as far as one of some states, as a list of
// parcels tells it; all of them where no state is named.
func (x *Index) inStates(ctx context.Context, rows []row, states []State) ([]row, error) {
	if len(states) == 0 || len(rows) == 0 {
		return rows, nil
	}
	seen := map[[16]byte]bool{{}: true} // none is no parcel
	var parcels []row
	for _, r := range rows {
		if !seen[r.parcel] {
			seen[r.parcel] = true
			parcels = append(parcels, r)
		}
	}
	byParcel, err := x.rowsOf(ctx, parcels)
	if err != nil {
		return nil, err
	}
	wanted := map[[16]byte]bool{}
	for parcel, all := range byParcel {
		found, err := x.show(ctx, all)
		if err != nil {
			return nil, err
		}
		inOrder(found)
		state, _ := stateOf(found)
		wanted[parcel] = slices.Contains(states, state)
	}
	return slices.DeleteFunc(rows, func(r row) bool { return !wanted[r.parcel] }), nil
}
