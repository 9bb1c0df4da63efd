// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/finding"
)

func (s *Server) findingRoutes() []Route {
	const group = "findings"
	return []Route{
		route(Route{ID: "list-findings", Method: http.MethodGet, Path: "/findings", Verb: "finding list", Group: group, May: everyDuty(), Quiet: true,
			Summary: "List audit findings, the newest first"}, s.listFindings),
		route(Route{ID: "open-finding", Method: http.MethodPost, Path: "/findings", Verb: "finding open", Group: group, May: only(account.Audit),
			Summary: "Open a finding from audit entries, for a duty to mend",
			Help:    "Name the entries that show it as LOG and index, as `audit find` lists them."}, s.openFinding),
		route(Route{ID: "show-finding", Method: http.MethodGet, Path: "/findings/{id}", Verb: "finding show", Group: group, May: everyDuty(),
			Summary: "Show a finding, the entries that show it, and all that happened to it"}, s.showFinding),
		route(Route{ID: "change-finding", Method: http.MethodPatch, Path: "/findings/{id}", Verb: "finding change", Group: group, May: only(account.Audit),
			Summary: "Correct the title, severity, owner or due date of a finding"}, s.changeFinding),
		route(Route{ID: "comment-finding", Method: http.MethodPost, Path: "/findings/{id}/comments", Verb: "finding comment", Group: group, May: everyDuty(),
			Summary: "Say something to a finding that is yours, or as audit"}, s.commentFinding),
		route(Route{ID: "move-finding", Method: http.MethodPost, Path: "/findings/{id}/state", Verb: "finding move", Group: group, May: everyDuty(),
			Summary: "Say that a finding is being mended, mended, verified or closed",
			Help:    "Its owner says mending and mended; audit says verified and closed, or sends it back to mending."}, s.moveFinding),
	}
}

// FindingInbox is what waits for a duty to mend, and for audit to verify or close.
func FindingInbox(f *finding.Findings) InboxSource {
	return func(ctx context.Context, who account.Caller) ([]InboxItem, error) {
		wanted := []finding.Filter{
			{State: finding.Opened, Owner: who.Duty, Limit: 100}, {State: finding.Mending, Owner: who.Duty, Limit: 100},
		}
		do := "mended"
		if who.Duty == account.Audit {
			wanted, do = []finding.Filter{{State: finding.Mended, Limit: 100}}, "verified"
		}
		var items []InboxItem
		for _, by := range wanted {
			list, _, err := f.List(ctx, by)
			if err != nil {
				return nil, err
			}
			for i := range list {
				items = append(items, InboxItem{
					Kind: "finding", ID: list[i].ID, Title: list[i].Title, About: InboxAbout{Code: "finding", Name: list[i].Title}, Since: list[i].Opened, Until: list[i].Due,
					Do: "dukou finding move " + list[i].ID + " --state " + do,
				})
			}
		}
		return items, nil
	}
}

// FindingID is the part of a path that names a finding.
type FindingID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the finding"`
}

type findingOut struct {
	ETag string `header:"ETag"`
	Body finding.Finding
}

func answerFinding(f finding.Finding, err error) (*findingOut, error) {
	if err != nil {
		return nil, err
	}
	return &findingOut{ETag: etag(f.Revision), Body: f}, nil
}

type listFindingsIn struct {
	State    string `query:"state" enum:"open,mending,mended,verified,closed" doc:"only in this state"`
	Owner    string `query:"owner" enum:"system,security" doc:"only of this duty"`
	Severity int    `query:"severity" minimum:"0" maximum:"3" doc:"only of this severity: 1 notice, 2 warning, 3 grave"`
	Overdue  bool   `query:"overdue" doc:"only those that are due and not mended"`
	Log      string `query:"log" maxLength:"250" doc:"only those that were opened from an entry of this component's log; with index"`
	Index    uint64 `query:"index" doc:"of the entry"`
	After    string `query:"after" maxLength:"200" doc:"go on behind here: next of the list before"`
	Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many at most"`
}

type listFindingsOut struct {
	Body struct {
		Items []finding.Finding `json:"items"`
		Next  string            `json:"next,omitempty" doc:"after, for the rest"`
	}
}

func (s *Server) listFindings(ctx context.Context, in *listFindingsIn) (*listFindingsOut, error) {
	list, next, err := s.Findings.List(ctx, finding.Filter{
		State: finding.State(in.State), Owner: account.Duty(in.Owner), Severity: in.Severity, Overdue: in.Overdue,
		Log: in.Log, Index: in.Index, After: in.After, Limit: in.Limit,
	})
	out := &listFindingsOut{}
	out.Body.Items, out.Body.Next = orEmpty(list), next
	return out, err
}

type openFindingIn struct {
	Body struct {
		Title    string          `json:"title" minLength:"1" maxLength:"200" doc:"what was found, in a line"`
		Text     string          `json:"text,omitempty" maxLength:"4000" doc:"more of it"`
		Severity int             `json:"severity" minimum:"1" maximum:"3" doc:"1 notice, 2 warning, 3 grave"`
		Owner    string          `json:"owner" enum:"system,security" doc:"the duty that has to mend it"`
		Due      time.Time       `json:"due" doc:"until when"`
		Entries  []finding.Entry `json:"entries,omitempty" maxItems:"200" doc:"what shows it"`
	}
}

func (s *Server) openFinding(ctx context.Context, in *openFindingIn) (*findingOut, error) {
	b := &in.Body
	f, err := s.Findings.Open(ctx, callerOf(ctx), finding.New{
		Title: b.Title, Text: b.Text, Severity: b.Severity, Owner: account.Duty(b.Owner), Due: b.Due, Entries: b.Entries,
	})
	remark(ctx, "finding "+f.ID+": "+b.Title)
	return answerFinding(f, err)
}

func (s *Server) showFinding(ctx context.Context, in *FindingID) (*findingOut, error) {
	return answerFinding(s.Findings.Get(ctx, in.ID))
}

type changeFindingIn struct {
	FindingID
	IfMatch string `header:"If-Match" doc:"revision that was read"`
	Body    struct {
		Title    *string    `json:"title,omitempty" maxLength:"200"`
		Severity *int       `json:"severity,omitempty" minimum:"1" maximum:"3"`
		Owner    *string    `json:"owner,omitempty" enum:"system,security"`
		Due      *time.Time `json:"due,omitempty"`
		Text     string     `json:"text,omitempty" maxLength:"4000" doc:"why"`
	}
}

func (s *Server) changeFinding(ctx context.Context, in *changeFindingIn) (*findingOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	change := finding.Change{Title: in.Body.Title, Severity: in.Body.Severity, Due: in.Body.Due, Text: in.Body.Text}
	if in.Body.Owner != nil {
		duty := account.Duty(*in.Body.Owner)
		change.Owner = &duty
	}
	return answerFinding(s.Findings.Change(ctx, callerOf(ctx), in.ID, revision, change))
}

type commentFindingIn struct {
	FindingID
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

func (s *Server) commentFinding(ctx context.Context, in *commentFindingIn) (*findingOut, error) {
	return answerFinding(s.Findings.Comment(ctx, callerOf(ctx), in.ID, in.Body.Text))
}

type moveFindingIn struct {
	FindingID
	IfMatch string `header:"If-Match" doc:"revision that was read"`
	Body    struct {
		State string `json:"state" enum:"mending,mended,verified,closed" doc:"what it is from now on"`
		Text  string `json:"text,omitempty" maxLength:"4000" doc:"what was done, or why; wanted for mended, and when it is sent back"`
	}
}

func (s *Server) moveFinding(ctx context.Context, in *moveFindingIn) (*findingOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	remark(ctx, in.Body.State+": "+in.Body.Text)
	return answerFinding(s.Findings.Move(ctx, callerOf(ctx), in.ID, revision, finding.State(in.Body.State), in.Body.Text))
}
