// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/problem"
)

// evidenceRoutes are about what was recorded. Each duty finds what it may see: audit
// everything, security decisions and policy, system the health of the parts.
func (s *Server) evidenceRoutes() []Route {
	auditor := only(account.Audit)
	return []Route{
		route(Route{ID: "find-entries", Method: http.MethodGet, Path: "/evidence", Verb: "audit find", Group: "evidence", May: everyDuty(), Live: true,
			Summary: "Find audit entries, the newest first",
			Help:    "Values of one field are alternatives, fields come together. A search looks at a bounded number of entries: it says how far back it has looked, and goes on from its cursor."}, s.findEntries),
		route(Route{ID: "count-entries", Method: http.MethodGet, Path: "/evidence/counts", Verb: "audit count", Group: "evidence", May: everyDuty(),
			Summary: "Count audit entries by a field and by time",
			Help:    "Longer windows are counted by whole hours: the answer says what was counted."}, s.countEntries),
		route(Route{ID: "list-logs", Method: http.MethodGet, Path: "/evidence/logs", Verb: "audit logs", Group: "evidence", May: everyDuty(), Quiet: true,
			Summary: "List the logs that are here, and how far each can be searched"}, s.listLogs),
		route(Route{ID: "rebuild-index", Method: http.MethodPost, Path: "/evidence/rebuild", Verb: "audit rebuild", Group: "evidence", May: onHost(),
			Summary: "Make the index of all audit entries again from the logs"}, s.rebuildIndex),
		route(Route{ID: "show-entry", Method: http.MethodGet, Path: "/evidence/{log}/{index}", Verb: "audit entry", Group: "evidence", May: everyDuty(),
			Summary: "Show an audit entry as its log has it, with its label"}, s.showEntry),
		route(Route{ID: "read-detail", Method: http.MethodGet, Path: "/evidence/{log}/{index}/detail", Verb: "audit detail", Group: "evidence", May: auditor,
			Summary: "Open the detail of an audit entry: what crossed, and the rules that decided",
			Help:    "The signer gives the key and records that, as this center does. What the flow calls secret was not recorded."}, s.readDetail),
		route(Route{ID: "prove-entry", Method: http.MethodGet, Path: "/evidence/{log}/{index}/proof", Verb: "audit proof", Group: "evidence", May: everyDuty(),
			Summary: "Give the proof that an entry is in its log, to be checked anywhere",
			Help:    "`dukou audit check` verifies it, and needs nothing else but the keys of the components."}, s.proveEntry),
		route(Route{ID: "list-crossings", Method: http.MethodGet, Path: "/crossings", Verb: "audit crossings", Group: "evidence", May: only(account.Audit, account.Security), Live: true,
			Summary: "List parcels, the newest first, each in one row with how far it came",
			Help: "A parcel is listed when one of its entries that you may see is as asked for; what is excluded none of them may have. " +
				"It stands where the newest entry that is as asked for does. A search looks at a bounded number of entries, as find-entries does. " +
				"What a front that receives files refused for good lies in quarantine there (list-quarantine), and this lists the refusals " +
				"(verdict=refuse of a file flow). On the sending side such a file is in DIR/.dukou/quarantine beside its reason; " +
				"moved back into DIR it is sent anew, as a new parcel."}, s.listCrossings),
		route(Route{ID: "show-crossing", Method: http.MethodGet, Path: "/crossings/{parcel}", Verb: "audit crossing", Group: "evidence", May: only(account.Audit, account.Security),
			Summary: "Tell what became of a parcel: every hop in order, and how it ended"}, s.showCrossing),
		route(Route{ID: "list-questions", Method: http.MethodGet, Path: "/questions", Verb: "audit questions", Group: "evidence", May: everyDuty(), Quiet: true,
			Summary: "List the questions that can be asked by name"}, s.listQuestions),
		route(Route{ID: "ask-question", Method: http.MethodGet, Path: "/questions/{name}", Verb: "audit ask", Group: "evidence", May: everyDuty(),
			Summary: "Ask a question by its name"}, s.askQuestion),
		route(Route{ID: "list-searches", Method: http.MethodGet, Path: "/searches", Verb: "audit search list", Group: "searches", May: everyDuty(), Quiet: true,
			Summary: "List the searches that you have saved"}, s.listSearches),
		route(Route{ID: "save-search", Method: http.MethodPost, Path: "/searches", Verb: "audit search save", Group: "searches", May: everyDuty(),
			Summary: "Save a search under a name; one of the same name is replaced"}, s.saveSearch),
		route(Route{ID: "delete-search", Method: http.MethodDelete, Path: "/searches/{id}", Verb: "audit search delete", Group: "searches", May: everyDuty(),
			Summary: "Delete a search that you have saved"}, s.deleteSearch),
	}
}

// CrossingFilter is what entries of parcels, and with them the parcels, are chosen by.
type CrossingFilter struct {
	From      time.Time `query:"from" doc:"entries at or after this time, RFC 3339"`
	To        time.Time `query:"to" doc:"entries before this time, RFC 3339"`
	Last      string    `query:"last" maxLength:"16" example:"24h" doc:"entries of the last so many minutes, hours or days: 30m, 24h, 7d"`
	Verdict   []string  `query:"verdict,explode" maxItems:"50" doc:"allow, refuse, answered, received, delivered, ..."`
	Reason    []string  `query:"reason,explode" maxItems:"50" doc:"code of a refusal"`
	Flow      []string  `query:"flow,explode" maxItems:"50" doc:"name of a flow"`
	Subject   []string  `query:"subject,explode" maxItems:"50" doc:"who, as zone/name or admin/name"`
	Object    []string  `query:"object,explode" maxItems:"50" doc:"what was acted on"`
	Action    []string  `query:"action,explode" maxItems:"50" doc:"what was done"`
	Log       []string  `query:"log,explode" maxItems:"50" doc:"the component whose log it is"`
	Level     []string  `query:"level,explode" maxItems:"5" doc:"confidentiality in the label, 1 to 5"`
	Integrity []string  `query:"integrity,explode" maxItems:"5" doc:"integrity in the label, 1 to 5"`
	Protocol  []string  `query:"protocol,explode" maxItems:"50" doc:"protocol in the label"`
	Purpose   []string  `query:"purpose,explode" maxItems:"50" doc:"purpose in the label"`
	Not       []string  `query:"not,explode" maxItems:"50" example:"verdict=allow" doc:"FIELD=VALUE that entries must not have"`
	Text      string    `query:"text" maxLength:"128" doc:"text in subject, object, action, flow or reason, or the beginning of a parcel's id"`
}

// EntryFilter is what entries are chosen by.
type EntryFilter struct {
	CrossingFilter
	Class   []string `query:"class,explode" maxItems:"50" doc:"decision, delivery, session, component, policy, admin, health or foreign"`
	Address []string `query:"address,explode" maxItems:"50" doc:"where an administrator's act came from"`
	Parcel  string   `query:"parcel" maxLength:"32" doc:"id of a parcel"`
}

// query makes a query of what was asked.
func (f *EntryFilter) query(now time.Time) (evidence.Query, error) {
	q, err := f.CrossingFilter.query(now)
	q.Parcel, q.Is[evidence.FieldClass], q.Is[evidence.FieldAddress] = f.Parcel, f.Class, f.Address
	return q, err
}

// query makes a query of what was asked.
func (f *CrossingFilter) query(now time.Time) (evidence.Query, error) {
	q := evidence.Query{From: f.From, To: f.To, Text: f.Text, Not: map[evidence.Field][]string{}, Is: map[evidence.Field][]string{
		evidence.FieldVerdict: f.Verdict, evidence.FieldReason: f.Reason, evidence.FieldFlow: f.Flow,
		evidence.FieldSubject: f.Subject, evidence.FieldObject: f.Object, evidence.FieldAction: f.Action, evidence.FieldLog: f.Log,
		evidence.FieldLevel: f.Level, evidence.FieldIntegrity: f.Integrity, evidence.FieldProtocol: f.Protocol, evidence.FieldPurpose: f.Purpose,
	}}
	for _, term := range f.Not {
		field, value, ok := strings.Cut(term, "=")
		if !ok {
			return q, problem.New(problem.Invalid, "not: FIELD=VALUE, as verdict=allow, and not %q", term)
		}
		q.Not[evidence.Field(field)] = append(q.Not[evidence.Field(field)], value)
	}
	if f.Last == "" {
		return q, nil
	}
	length, err := spanOf(f.Last)
	if err != nil || !f.From.IsZero() {
		return q, problem.New(problem.Invalid, "last: a time like 30m, 24h or 7d, and no from beside it")
	}
	end := q.To
	if end.IsZero() {
		end = now
	}
	q.From = end.Add(-length)
	return q, nil
}

// maxSpan is the longest time that can be asked for as one: two centuries.
const maxSpan = 200 * 366 * 24 * time.Hour

// spanOf reads a length of time, in days too.
func spanOf(text string) (time.Duration, error) {
	length, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint16
		if n, err = parseDays(days); err == nil {
			length = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || length <= 0 || length > maxSpan {
		return 0, fmt.Errorf("%q is no length of time", text)
	}
	return length, nil
}

func parseDays(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err
}

// index is the index of entries, where there is one.
func (s *Server) index() (*evidence.Index, error) {
	if s.Evidence == nil {
		return nil, problem.New(problem.Unavailable, "this center has no index of audit entries")
	}
	return s.Evidence, nil
}

// search is what is searched, and the query that was asked for.
func (s *Server) search(in interface {
	query(now time.Time) (evidence.Query, error)
}) (*evidence.Index, evidence.Query, error) {
	x, err := s.index()
	if err != nil {
		return nil, evidence.Query{}, err
	}
	q, err := in.query(s.now())
	return x, q, err
}

// sees is what the caller may see.
func sees(ctx context.Context) evidence.Scope { return evidence.ScopeOf(callerOf(ctx).Duty) }

type findIn struct {
	EntryFilter
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many at most"`
	After string `query:"after" maxLength:"200" doc:"go on behind here: next of the answer before"`
	LiveAsked
}

type findOut struct{ Body evidence.Page }

func (s *Server) findEntries(ctx context.Context, in *findIn) (*findOut, error) {
	x, q, err := s.search(in)
	if err != nil {
		return nil, err
	}
	q.Limit, q.After = in.Limit, in.After
	page, err := x.Search(ctx, sees(ctx), q)
	if err != nil {
		return nil, err
	}
	remark(ctx, fmt.Sprintf("%d entries found", len(page.Entries)))
	return &findOut{page}, nil
}

type countIn struct {
	EntryFilter
	By     string `query:"by" enum:"log,class,flow,action,verdict,reason,level,integrity,protocol,purpose,subject,object,address" doc:"count by this field"`
	Bucket string `query:"bucket" maxLength:"16" example:"1h" doc:"count by time in steps of this length: 5m, 1h, 1d"`
}

type countOut struct{ Body evidence.Counts }

func (s *Server) countEntries(ctx context.Context, in *countIn) (*countOut, error) {
	x, chosen, err := s.search(in)
	if err != nil {
		return nil, err
	}
	q := evidence.CountQuery{Query: chosen, By: evidence.Field(in.By)}
	if in.Bucket != "" {
		if q.Bucket, err = spanOf(in.Bucket); err != nil {
			return nil, problem.New(problem.Invalid, "bucket: a time like 5m, 1h or 1d")
		}
	}
	counts, err := x.Count(ctx, sees(ctx), q)
	return &countOut{counts}, err
}

type logsOut struct {
	Body struct {
		Items []evidence.LogStatus `json:"items"`
	}
}

func (s *Server) listLogs(context.Context, *struct{}) (*logsOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	var out logsOut
	out.Body.Items = orEmpty(x.Status())
	return &out, nil
}

func (s *Server) rebuildIndex(ctx context.Context, _ *struct{}) (*struct{}, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	return nil, x.Rebuild(ctx)
}

// EntryName names an entry.
type EntryName struct {
	Log   string `path:"log" maxLength:"256" doc:"the component whose log it is"`
	Index uint64 `path:"index" doc:"its place in that log"`
}

type entryOut struct{ Body evidence.Entry }

func (s *Server) showEntry(ctx context.Context, in *EntryName) (*entryOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	e, err := x.Entry(ctx, sees(ctx), in.Log, in.Index)
	return &entryOut{e}, err
}

func (s *Server) readDetail(ctx context.Context, in *EntryName) (*entryOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	e, err := x.Detail(ctx, sees(ctx), in.Log, in.Index)
	if err != nil {
		return nil, err
	}
	remark(ctx, fmt.Sprintf("%d bytes of detail read", len(e.Detail)))
	return &entryOut{e}, nil
}

type proofOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) proveEntry(ctx context.Context, in *EntryName) (*proofOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	proof, err := x.Proof(ctx, sees(ctx), in.Log, in.Index)
	return &proofOut{ContentType: "text/plain; charset=utf-8", Body: proof}, err
}

type crossingIn struct {
	Parcel  string `path:"parcel" minLength:"32" maxLength:"32" doc:"id of the parcel, as callers are told it"`
	Details bool   `query:"details" doc:"open the details of the decisions: the rules that decided; audit only"`
}

type crossingOut struct{ Body evidence.Crossing }

func (s *Server) showCrossing(ctx context.Context, in *crossingIn) (*crossingOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	if in.Details && callerOf(ctx).Duty != account.Audit {
		return nil, problem.New(problem.DutyWrong, "only audit opens details")
	}
	c, err := x.Crossing(ctx, sees(ctx), in.Parcel, in.Details)
	if err != nil {
		return nil, err
	}
	if in.Details {
		remark(ctx, "with details")
	}
	return &crossingOut{c}, nil
}
