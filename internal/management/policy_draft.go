// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/policy/source"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// PolicyPage is which part of a list is wanted.
type PolicyPage struct {
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many at most"`
	After string `query:"after" maxLength:"200" doc:"go on behind here: next of the list before"`
}

func (p PolicyPage) page() store.Page { return store.Page{Limit: p.Limit, After: p.After} }

type draftList struct {
	Body struct {
		Items []draft.Draft `json:"items"`
		Next  string        `json:"next,omitempty" doc:"after, for the rest"`
	}
}

func (s *Server) listDrafts(ctx context.Context, in *struct{ PolicyPage }) (*draftList, error) {
	var out draftList
	var err error
	out.Body.Items, out.Body.Next, err = s.Policy.List(ctx, in.page())
	return &out, err
}

type draftOut struct {
	ETag string `header:"ETag"`
	Body draft.Draft
}

func answerDraft(ctx context.Context, d draft.Draft, err error) (*draftOut, error) {
	if err != nil {
		return nil, err
	}
	remark(ctx, fmt.Sprintf("draft %s %q at revision %d: %d files, %d bytes", d.ID, d.Title, d.Revision, d.Files, d.Size))
	return &draftOut{ETag: etag(d.Revision), Body: d}, nil
}

type createDraftIn struct {
	Body struct {
		Title   string       `json:"title" minLength:"1" maxLength:"200" doc:"one line for people" example:"Credit reports for the branch"`
		From    string       `json:"from,omitempty" enum:"in-force,version,upload" default:"in-force" doc:"what it is made of"`
		Version uint64       `json:"version,omitempty" doc:"with from version: which one"`
		Files   []draft.File `json:"files,omitempty" maxItems:"500" doc:"with from upload: the files"`
	}
}

func (s *Server) createDraft(ctx context.Context, in *createDraftIn) (*draftOut, error) {
	d, err := s.Policy.Create(ctx, callerOf(ctx), draft.New{Title: in.Body.Title, Origin: draft.Origin(in.Body.From), Version: in.Body.Version, Files: in.Body.Files})
	return answerDraft(ctx, d, err)
}

// DraftID names a draft.
type DraftID struct {
	ID string `path:"id" maxLength:"32" doc:"of the draft"`
}

// DraftChange names a draft that was read before, to change it.
type DraftChange struct {
	DraftID
	IfMatch string `header:"If-Match" doc:"the ETag that was read"`
}

type draftShown struct {
	ETag string `header:"ETag"`
	Body struct {
		draft.Draft
		Paths []draftPath `json:"paths"`
	}
}

type draftPath struct {
	Path string `json:"path"`
	Size int    `json:"size" doc:"bytes"`
}

func (s *Server) showDraft(ctx context.Context, in *DraftID) (*draftShown, error) {
	d, folder, err := s.Policy.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &draftShown{ETag: etag(d.Revision)}
	out.Body.Draft, out.Body.Paths = d, []draftPath{}
	for i := range folder {
		out.Body.Paths = append(out.Body.Paths, draftPath{folder[i].Path, len(folder[i].Text)})
	}
	return out, nil
}

func (s *Server) deleteDraft(ctx context.Context, in *DraftChange) (*struct{}, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, s.Policy.Delete(ctx, in.ID, revision)
}

type draftFiles struct {
	ETag string `header:"ETag"`
	Body struct {
		Files []draft.File `json:"files"`
	}
}

func (s *Server) getDraftFiles(ctx context.Context, in *DraftID) (*draftFiles, error) {
	d, folder, err := s.Policy.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &draftFiles{ETag: etag(d.Revision)}
	out.Body.Files = append([]draft.File{}, folder...)
	return out, nil
}

type putDraftFilesIn struct {
	DraftChange
	Body struct {
		Files []draft.File `json:"files" maxItems:"500" doc:"all files that the draft is to have"`
	}
}

func (s *Server) putDraftFiles(ctx context.Context, in *putDraftFilesIn) (*draftOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	d, err := s.Policy.Put(ctx, in.ID, revision, in.Body.Files)
	return answerDraft(ctx, d, err)
}

// DraftFileID names a file of a draft.
type DraftFileID struct {
	DraftID
	Path string `query:"path" required:"true" maxLength:"200" doc:"of the file, below the folder" example:"flows/query.yaml"`
}

type draftFile struct {
	ETag string `header:"ETag"`
	Body draft.File
}

func (s *Server) getDraftFile(ctx context.Context, in *DraftFileID) (*draftFile, error) {
	d, folder, err := s.Policy.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	text, ok := folder.Find(in.Path)
	if !ok {
		return nil, problem.New(problem.Unknown, "the draft has no file %q", in.Path)
	}
	return &draftFile{ETag: etag(d.Revision), Body: draft.File{Path: in.Path, Text: text}}, nil
}

type putDraftFileIn struct {
	DraftFileID
	IfMatch string `header:"If-Match" doc:"the ETag that was read"`
	Body    struct {
		Text string `json:"text" maxLength:"1048576" doc:"what the file is to hold"`
	}
}

func (s *Server) putDraftFile(ctx context.Context, in *putDraftFileIn) (*draftOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	d, err := s.Policy.PutFile(ctx, in.ID, revision, draft.File{Path: in.Path, Text: in.Body.Text})
	return answerDraft(ctx, d, err)
}

type deleteDraftFileIn struct {
	DraftFileID
	IfMatch string `header:"If-Match" doc:"the ETag that was read"`
}

func (s *Server) deleteDraftFile(ctx context.Context, in *deleteDraftFileIn) (*draftOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	d, err := s.Policy.DeleteFile(ctx, in.ID, revision, in.Path)
	return answerDraft(ctx, d, err)
}

type draftChecked struct{ Body draft.Checked }

func (s *Server) checkDraft(ctx context.Context, in *DraftID) (*draftChecked, error) {
	c, err := s.Policy.Check(ctx, in.ID)
	return &draftChecked{c}, err
}

type tryDraftIn struct {
	DraftID
	Body struct {
		Files   []draft.File `json:"files,omitempty" maxItems:"500" doc:"laid over those of the draft"`
		Without []string     `json:"without,omitempty" maxItems:"500" doc:"paths of files of the draft to be left out"`
	}
}

func (s *Server) tryDraft(ctx context.Context, in *tryDraftIn) (*draftChecked, error) {
	c, err := s.Policy.CheckWith(ctx, in.ID, in.Body.Files, in.Body.Without)
	return &draftChecked{c}, err
}

type draftTried struct {
	Body struct {
		Failed int           `json:"failed" doc:"how many cases get another answer than their author expects"`
		Items  []draft.Tried `json:"items"`
	}
}

func (s *Server) askDraft(ctx context.Context, in *DraftID) (*draftTried, error) {
	list, err := s.Policy.Cases(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var out draftTried
	out.Body.Items = list
	for i := range list {
		if !list[i].OK {
			out.Body.Failed++
		}
	}
	return &out, nil
}

type draftDifference struct{ Body draft.Difference }

func (s *Server) compareDraft(ctx context.Context, in *DraftID) (*draftDifference, error) {
	d, err := s.Policy.Difference(ctx, in.ID)
	return &draftDifference{d}, err
}

type policySchema struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) getPolicySchema(context.Context, *struct{}) (*policySchema, error) {
	text, err := source.Describe()
	return &policySchema{ContentType: "application/schema+json", Body: text}, err
}
