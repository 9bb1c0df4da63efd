// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"slices"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/proposal"
)

// PolicyActs are the acts of two persons about policy.
func PolicyActs(d *draft.Desk) []proposal.Act {
	return []proposal.Act{
		{
			Kind: draft.PublishKind, Duty: account.Security,
			Check: func(ctx context.Context, p proposal.Proposal) error { return d.CheckPublish(ctx, p.Payload) },
			Vote: func(ctx context.Context, p proposal.Proposal, v proposal.Vote) error {
				return d.CheckBallot(ctx, p.Payload, ballotOf(v), ballotsOf(p, v.Account))
			},
			Do: func(ctx context.Context, p proposal.Proposal) (string, error) {
				return d.Publish(ctx, p.Payload, ballotsOf(p, ""))
			},
		},
		{
			Kind: draft.AdmitPartner, Duty: account.Security,
			Check: func(ctx context.Context, p proposal.Proposal) error { return d.CheckPartner(ctx, p.Payload) },
			Do: func(ctx context.Context, p proposal.Proposal) (string, error) {
				return d.AdmitPartner(ctx, p.Payload)
			},
		},
		{
			Kind: draft.DismissPartner, Duty: account.Security,
			Check: func(ctx context.Context, p proposal.Proposal) error { return d.CheckDismissal(ctx, p.Payload) },
			Do: func(ctx context.Context, p proposal.Proposal) (string, error) {
				return d.DismissPartner(ctx, p.Payload)
			},
		},
	}
}

func ballotOf(v proposal.Vote) draft.Ballot {
	return draft.Ballot{Account: v.Account, Signatures: v.Signatures}
}

// ballotsOf are the yeses of everybody but one.
func ballotsOf(p proposal.Proposal, but string) []draft.Ballot {
	var list []draft.Ballot
	for _, v := range p.Votes {
		if v.Yes && v.Account != but {
			list = append(list, ballotOf(v))
		}
	}
	return list
}

// PolicyInbox is what waits for the security administrators: a policy in force that is not
// confirmed, and the parts of partners.
func PolicyInbox(d *draft.Desk) InboxSource {
	return func(ctx context.Context, who account.Caller) ([]InboxItem, error) {
		if who.Duty != account.Security {
			return nil, nil
		}
		waiting, err := d.Waiting(ctx)
		if err != nil {
			return nil, err
		}
		var list []InboxItem
		for _, w := range waiting {
			about := InboxAbout{Code: w.Kind, Name: w.Name, Partner: w.Partner, Serial: w.Serial}
			list = append(list, InboxItem{Kind: w.Kind, ID: w.ID, Title: w.Title, About: about, Since: w.Since, Until: w.Until, Do: "dukou " + w.Verb + " " + w.ID})
		}
		return list, nil
	}
}

// policyRoutes are about policy at work.
func (s *Server) policyRoutes() []Route {
	return slices.Concat(s.draftRoutes(), s.draftFileRoutes(), s.publicationRoutes(), s.rehearsalRoutes(), s.partnerRoutes())
}

// policyReaders see drafts and what comes of them.
func policyReaders() Who { return only(account.Security, account.Audit) }

func (s *Server) draftRoutes() []Route {
	const group = "drafts"
	security := only(account.Security)
	return []Route{
		route(Route{ID: "list-drafts", Method: http.MethodGet, Path: "/drafts", Verb: "policy draft list", Group: group, May: policyReaders(),
			Summary: "List the drafts of policy, the latest first"}, s.listDrafts),
		route(Route{ID: "create-draft", Method: http.MethodPost, Path: "/drafts", Verb: "policy draft create", Group: group, May: security, Body: draftBody,
			Summary: "Make a draft of what is in force, of an earlier version, or of files"}, s.createDraft),
		route(Route{ID: "show-draft", Method: http.MethodGet, Path: "/drafts/{id}", Verb: "policy draft show", Group: group, May: policyReaders(),
			Summary: "Show what a draft is and which files it has"}, s.showDraft),
		route(Route{ID: "delete-draft", Method: http.MethodDelete, Path: "/drafts/{id}", Verb: "policy draft delete", Group: group, May: security,
			Summary: "Delete a draft; what was published of it stays"}, s.deleteDraft),
		route(Route{ID: "check-draft", Method: http.MethodGet, Path: "/drafts/{id}/check", Verb: "policy draft check", Group: group, May: policyReaders(),
			Summary: "Say whether a draft is whole, and where it is not"}, s.checkDraft),
		route(Route{ID: "try-draft", Method: http.MethodPost, Path: "/drafts/{id}/check", Group: group, May: security, Typed: true, Body: draftBody,
			Summary: "Say whether a draft would be whole with some files as they are given here",
			Help:    "For an editor while somebody types: nothing is kept, and that it was asked is recorded once in five minutes."}, s.tryDraft),
		route(Route{ID: "ask-draft", Method: http.MethodGet, Path: "/drafts/{id}/cases", Verb: "policy draft cases", Group: group, May: policyReaders(),
			Summary: "Ask a draft its cases"}, s.askDraft),
		route(Route{ID: "compare-draft", Method: http.MethodGet, Path: "/drafts/{id}/difference", Verb: "policy draft difference", Group: group, May: policyReaders(),
			Summary: "Say what a draft changes in what is in force, in words and as text"}, s.compareDraft),
	}
}

func (s *Server) draftFileRoutes() []Route {
	const group = "drafts"
	security := only(account.Security)
	return []Route{
		route(Route{ID: "get-draft-files", Method: http.MethodGet, Path: "/drafts/{id}/files", Verb: "policy draft get", Group: group, May: policyReaders(),
			Summary: "Get all files of a draft"}, s.getDraftFiles),
		route(Route{ID: "put-draft-files", Method: http.MethodPut, Path: "/drafts/{id}/files", Verb: "policy draft put", Group: group, May: security, Body: draftBody,
			Summary: "Replace all files of a draft"}, s.putDraftFiles),
		route(Route{ID: "get-draft-file", Method: http.MethodGet, Path: "/drafts/{id}/file", Verb: "policy draft get-file", Group: group, May: policyReaders(),
			Summary: "Get one file of a draft"}, s.getDraftFile),
		route(Route{ID: "put-draft-file", Method: http.MethodPut, Path: "/drafts/{id}/file", Verb: "policy draft put-file", Group: group, May: security, Body: draftBody,
			Summary: "Put one file into a draft, or replace it there"}, s.putDraftFile),
		route(Route{ID: "delete-draft-file", Method: http.MethodDelete, Path: "/drafts/{id}/file", Verb: "policy draft delete-file", Group: group, May: security,
			Summary: "Take one file out of a draft"}, s.deleteDraftFile),
	}
}

// draftBody is the most bytes of a body with the files of a draft: JSON writes some signs
// in several bytes.
const draftBody = 3 * draft.MaxFolder

func (s *Server) publicationRoutes() []Route {
	const group = "policies"
	security := only(account.Security)
	return []Route{
		route(Route{ID: "show-policy-in-force", Method: http.MethodGet, Path: "/policies/in-force", Verb: "policy in-force", Group: group, May: everyDuty(), Quiet: true,
			Summary: "Say which policy is in force, and whether it waits to be confirmed"}, s.showInForce),
		route(Route{ID: "list-names", Method: http.MethodGet, Path: "/policies/names", Verb: "policy names", Group: group, May: policyReaders(),
			Summary: "List what subjects and objects of one zone are in another",
			Help:    "Who stands in for a subject there, and what an object is called there; in force, or in a draft."}, s.listNames),
		route(Route{ID: "get-policy-schema", Method: http.MethodGet, Path: "/policies/schema", Group: group, May: policyReaders(), Quiet: true,
			Summary: "Get the JSON Schema of the YAML files of a policy folder",
			Help:    "For forms and completion: draft 2020-12, with texts in English and Chinese. What a folder must be beyond it, check-draft says."}, s.getPolicySchema),
		route(Route{ID: "list-publications", Method: http.MethodGet, Path: "/policies", Verb: "policy list", Group: group, May: everyDuty(),
			Summary: "List the publications of policy, the latest first"}, s.listPublications),
		route(Route{ID: "prepare-publication", Method: http.MethodPost, Path: "/policies", Verb: "policy prepare", Group: group, May: security,
			Summary: "Make the bundles of a draft that two persons are to sign",
			Help: "One bundle is the draft with the components that are admitted. The other is what is in force now, under a still higher version: " +
				"it is put back unless somebody confirms in time. Nothing is in force by this. `policy submit` proposes them."}, s.preparePublication),
		route(Route{ID: "show-publication", Method: http.MethodGet, Path: "/policies/{id}", Verb: "policy publication", Group: group, May: everyDuty(),
			Summary: "Show where a publication stands"}, s.showPublication),
		route(Route{ID: "compare-publication", Method: http.MethodGet, Path: "/policies/{id}/difference", Verb: "policy difference", Group: group, May: policyReaders(),
			Summary: "Show what both persons are shown of a publication"}, s.comparePublication),
		route(Route{ID: "get-bundle", Method: http.MethodGet, Path: "/policies/{id}/bundle", Verb: "policy bundle", Group: group, May: policyReaders(),
			Summary: "Get the bundle of a publication, to look at and to sign"}, s.getBundle),
		route(Route{ID: "get-return", Method: http.MethodGet, Path: "/policies/{id}/return", Verb: "policy return", Group: group, May: policyReaders(),
			Summary: "Get the bundle that a publication goes back to, to look at and to sign"}, s.getReturn),
		route(Route{ID: "propose-publication", Method: http.MethodPost, Path: "/policies/{id}/proposal", Verb: "policy submit", Group: group, May: security, Fresh: true,
			Summary: "Propose a publication, with your signatures over its bundles",
			Help:    "A second security administrator approves it with signatures of their own. The signatures are made on your machine, by your approver key."}, s.proposePublication),
		route(Route{ID: "confirm-publication", Method: http.MethodPost, Path: "/policies/{id}/confirm", Verb: "policy confirm", Group: group, May: security, Fresh: true,
			Summary: "Confirm that the policy in force does what it should, so that it stays"}, s.confirmPublication),
		route(Route{ID: "roll-back-publication", Method: http.MethodPost, Path: "/policies/{id}/rollback", Verb: "policy rollback", Group: group, May: security, Fresh: true,
			Summary: "Put back at once what was in force before a policy that is not confirmed"}, s.rollBackPublication),
	}
}

func (s *Server) rehearsalRoutes() []Route {
	const group = "rehearsals"
	return []Route{
		route(Route{ID: "list-rehearsals", Method: http.MethodGet, Path: "/rehearsals", Verb: "policy rehearsal list", Group: group, May: policyReaders(),
			Summary: "List the rehearsals, the latest first"}, s.listRehearsals),
		route(Route{ID: "start-rehearsal", Method: http.MethodPost, Path: "/rehearsals", Verb: "policy rehearse", Group: group, May: only(account.Security),
			Summary: "Decide recorded decisions anew by a draft, and list those that would be others",
			Help: "One rehearsal runs at a time. Nothing is decided of what holds a value that was kept out of the records, " +
				"or whose key was destroyed: those are counted apart."}, s.startRehearsal),
		route(Route{ID: "show-rehearsal", Method: http.MethodGet, Path: "/rehearsals/{id}", Verb: "policy rehearsal show", Group: group, May: policyReaders(), Quiet: true,
			Summary: "Show how far a rehearsal is, or what it found"}, s.showRehearsal),
		route(Route{ID: "cancel-rehearsal", Method: http.MethodPost, Path: "/rehearsals/{id}/cancel", Verb: "policy rehearsal cancel", Group: group, May: only(account.Security),
			Summary: "End a rehearsal that runs"}, s.cancelRehearsal),
	}
}

func (s *Server) partnerRoutes() []Route {
	const group = "partners"
	security := only(account.Security)
	return []Route{
		route(Route{ID: "list-partners", Method: http.MethodGet, Path: "/partners", Verb: "partner list", Group: group, May: policyReaders(),
			Summary: "List the management centers of other systems that may submit their parts of the policy"}, s.listPartners),
		route(Route{ID: "show-partner", Method: http.MethodGet, Path: "/partners/{name}", Verb: "partner show", Group: group, May: policyReaders(),
			Summary: "Show a partner"}, s.showPartner),
		route(Route{ID: "propose-partner", Method: http.MethodPost, Path: "/partners", Verb: "partner admit", Group: group, May: security, Fresh: true,
			Summary: "Propose that the management center of another system may submit its part",
			Help:    "A second security administrator approves it. Compare the fingerprint of the key with what the partner reads out."}, s.proposePartner),
		route(Route{ID: "propose-partner-dismissal", Method: http.MethodPost, Path: "/partners/{name}/dismissal", Verb: "partner dismiss", Group: group, May: security, Fresh: true,
			Summary: "Propose that a partner may submit nothing any more"}, s.proposeDismissal),
		route(Route{ID: "submit-part", Method: http.MethodPost, Path: "/partners/{name}/parts", Verb: "partner submit", Group: group, May: anyone(), Body: draft.MaxPart,
			Summary: "Submit a partner's part of the policy, signed by the partner's key",
			Help:    "What becomes of it is a draft of what is in force with the part merged in, for the security administrators to look at. Nothing is applied by itself."}, s.submitPart),
	}
}
