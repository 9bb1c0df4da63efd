// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/report"
)

func (s *Server) reportRoutes() []Route {
	const group = "reports"
	auditor := only(account.Audit)
	return []Route{
		route(Route{ID: "list-reports", Method: http.MethodGet, Path: "/reports", Verb: "report list", Group: group, May: auditor, Quiet: true,
			Summary: "List audit reports, the newest first"}, s.listReports),
		route(Route{ID: "make-report", Method: http.MethodPost, Path: "/reports", Verb: "report make", Group: group, May: auditor,
			Summary: "Make a report of a period that is over"}, s.makeReport),
		route(Route{ID: "show-report", Method: http.MethodGet, Path: "/reports/{id}", Verb: "report show", Group: group, May: auditor,
			Summary: "Show what is known of a report, with the SHA-256 of its files"}, s.showReport),
		route(Route{ID: "get-report-file", Method: http.MethodGet, Path: "/reports/{id}/{form}", Verb: "report get", Group: group, May: auditor,
			Summary: "Get the file of a report: html or pdf"}, s.getReportFile),
		route(Route{ID: "list-report-schedules", Method: http.MethodGet, Path: "/report-schedules", Verb: "report schedule list", Group: group, May: auditor, Quiet: true,
			Summary: "List which reports are made by themselves"}, s.listReportSchedules),
		route(Route{ID: "add-report-schedule", Method: http.MethodPost, Path: "/report-schedules", Verb: "report schedule add", Group: group, May: auditor,
			Summary: "Have a report made daily, weekly or monthly",
			Help:    "A daily one is of the day before, a weekly one is made on Monday, a monthly one on the first."}, s.addReportSchedule),
		route(Route{ID: "end-report-schedule", Method: http.MethodDelete, Path: "/report-schedules/{id}", Verb: "report schedule end", Group: group, May: auditor,
			Summary: "Have a report made no more; those that were made stay"}, s.endReportSchedule),
		route(Route{ID: "show-report-settings", Method: http.MethodGet, Path: "/report-settings", Verb: "report settings show", Group: group, May: auditor, Quiet: true,
			Summary: "Show the name and the zone that are on all reports"}, s.showReportSettings),
		route(Route{ID: "set-report-settings", Method: http.MethodPut, Path: "/report-settings", Verb: "report settings set", Group: group, May: auditor,
			Summary: "Set the name of the organisation and the zone of all times in reports"}, s.setReportSettings),
	}
}

// ReportID is the part of a path that names a report.
type ReportID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the report"`
}

type reportOut struct{ Body report.Report }

func answerReport(r report.Report, err error) (*reportOut, error) { return &reportOut{r}, err }

type listReportsIn struct {
	After string `query:"after" maxLength:"200" doc:"go on behind here: next of the list before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many at most"`
}

type listReportsOut struct {
	Body struct {
		Items []report.Report `json:"items"`
		Next  string          `json:"next,omitempty" doc:"after, for the rest"`
	}
}

func (s *Server) listReports(ctx context.Context, in *listReportsIn) (*listReportsOut, error) {
	list, next, err := s.Reports.List(ctx, in.After, in.Limit)
	out := &listReportsOut{}
	out.Body.Items, out.Body.Next = orEmpty(list), next
	return out, err
}

type makeReportIn struct {
	Body struct {
		From     time.Time `json:"from" doc:"begin of the period"`
		To       time.Time `json:"to" doc:"its end, not included"`
		Language string    `json:"language" enum:"zh,en"`
	}
}

func (s *Server) makeReport(ctx context.Context, in *makeReportIn) (*reportOut, error) {
	return answerReport(s.Reports.Make(ctx, callerOf(ctx), in.Body.From, in.Body.To, report.Language(in.Body.Language)))
}

func (s *Server) showReport(ctx context.Context, in *ReportID) (*reportOut, error) {
	return answerReport(s.Reports.Get(ctx, in.ID))
}

type reportFileIn struct {
	ReportID
	Form string `path:"form" enum:"html,pdf" doc:"html or pdf"`
}

// reportFileOut is a file that a browser shows with no more rights than it needs.
type reportFileOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

func (s *Server) getReportFile(ctx context.Context, in *reportFileIn) (*reportFileOut, error) {
	data, err := s.Reports.File(ctx, in.ID, in.Form)
	if err != nil {
		return nil, err
	}
	kind := "text/html; charset=utf-8"
	if in.Form == "pdf" {
		kind = "application/pdf"
	}
	return &reportFileOut{
		ContentType: kind, Disposition: "inline; filename=" + strconv.Quote("dukou-report-"+in.ID+"."+in.Form),
		Policy: "sandbox; " + report.ContentPolicy(), Body: data,
	}, nil
}

type listSchedulesOut struct {
	Body struct {
		Items []report.Schedule `json:"items"`
	}
}

func (s *Server) listReportSchedules(ctx context.Context, _ *struct{}) (*listSchedulesOut, error) {
	list, err := s.Reports.Schedules(ctx)
	out := &listSchedulesOut{}
	out.Body.Items = orEmpty(list)
	return out, err
}

type addScheduleIn struct {
	Body struct {
		Every    string `json:"every" enum:"daily,weekly,monthly"`
		Hour     int    `json:"hour,omitempty" minimum:"0" maximum:"23" doc:"of the day, in the zone of the settings; midnight when left out"`
		Language string `json:"language" enum:"zh,en"`
	}
}

type reportScheduleOut struct{ Body report.Schedule }

func (s *Server) addReportSchedule(ctx context.Context, in *addScheduleIn) (*reportScheduleOut, error) {
	plan, err := s.Reports.AddSchedule(ctx, callerOf(ctx), report.Schedule{
		Every: report.Every(in.Body.Every), Hour: in.Body.Hour, Language: report.Language(in.Body.Language),
	})
	return &reportScheduleOut{plan}, err
}

func (s *Server) endReportSchedule(ctx context.Context, in *ReportScheduleID) (*struct{}, error) {
	return nil, s.Reports.EndSchedule(ctx, in.ID)
}

// ReportScheduleID is the part of a path that names a schedule.
type ReportScheduleID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the schedule"`
}

type reportSettingsOut struct {
	ETag string `header:"ETag"`
	Body report.Settings
}

func (s *Server) showReportSettings(ctx context.Context, _ *struct{}) (*reportSettingsOut, error) {
	settings, err := s.Reports.Settings(ctx)
	return &reportSettingsOut{etag(settings.Revision), settings}, err
}

type setReportSettingsIn struct {
	IfMatch string `header:"If-Match" doc:"revision that was read"`
	Body    struct {
		Unit string `json:"unit" maxLength:"100" doc:"name of the organisation, on every report"`
		Zone string `json:"zone" minLength:"1" maxLength:"64" doc:"of all times in reports" example:"Asia/Shanghai"`
	}
}

func (s *Server) setReportSettings(ctx context.Context, in *setReportSettingsIn) (*reportSettingsOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	remark(ctx, "unit "+in.Body.Unit+", zone "+in.Body.Zone)
	settings, err := s.Reports.SetSettings(ctx, report.Settings{Unit: in.Body.Unit, Zone: in.Body.Zone}, revision)
	return &reportSettingsOut{etag(settings.Revision), settings}, err
}
