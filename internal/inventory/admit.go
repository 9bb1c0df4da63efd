// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/problem"
)

// maxPayload bounds the payload of a plan of this package.
const maxPayload = 2 * MaxRequest

// admission is the payload of admitting: the whole request, so that what both persons
// saw is what the signer gets.
type admission struct {
	Component   string `json:"component"`
	Role        string `json:"role"`
	Zone        string `json:"zone,omitempty"`
	Fingerprint string `json:"fingerprint"`
	Request     []byte `json:"request"` // the file
}

// PlanAdmission prepares the admission of a request. Its fingerprint must have been
// compared with the component's own screen by each of the two persons.
func (v *Inventory) PlanAdmission(ctx context.Context, request string) (Plan, error) {
	r, data, err := v.request(ctx, request)
	if err != nil {
		return Plan{}, err
	}
	if r.State == removed {
		return Plan{}, problem.New(problem.Conflict, "the request was removed: hand it in again")
	}
	a := admission{Component: r.Component, Role: r.Role, Zone: r.Zone, Fingerprint: r.Fingerprint, Request: data}
	if err := v.checkAdmission(ctx, a); err != nil {
		return Plan{}, err
	}
	var text strings.Builder
	line := func(w bilingual.Words) { text.WriteString(w.Line() + "\n") }
	line(bilingual.Say("component    %s", "部件：%s", r.Component))
	line(bilingual.Say("role         %s", "角色：%s", r.Role))
	if r.Zone != "" {
		line(bilingual.Say("zone         %s", "安全域：%s", r.Zone))
	}
	line(bilingual.Say("fingerprint  %s", "指纹：%s", r.Fingerprint))
	text.WriteString("\n")
	line(bilingual.Say("Compare the fingerprint with what `dukou enrol request` printed on the component's own host.", "请将指纹与部件所在主机上 `dukou enrol request` 打印的指纹核对。"))
	line(bilingual.Say("Once admitted, the component may connect, and a policy that names it gives it keys.", "准入后部件即可连接；策略列入该部件后，部件获得密钥。"))
	return planOf(Plan{Title: "Admit " + r.Component, Component: r.Component, Fingerprint: r.Fingerprint, Difference: text.String()}, a)
}

// Fingerprint is that of the request or component in the payload of a plan, for who must
// have compared it.
func Fingerprint(payload json.RawMessage) string {
	var a struct {
		Fingerprint string `json:"fingerprint"`
	}
	if json.Unmarshal(payload, &a) != nil {
		return ""
	}
	return a.Fingerprint
}

// CheckAdmission tells whether an admission can be done.
func (v *Inventory) CheckAdmission(ctx context.Context, payload json.RawMessage) error {
	var a admission
	if err := open(payload, &a); err != nil {
		return err
	}
	return v.checkAdmission(ctx, a)
}

func (v *Inventory) checkAdmission(ctx context.Context, a admission) error {
	r, err := pki.OpenRequest(a.Request)
	if err != nil {
		return problem.Wrap(problem.Invalid, err, "the request does not verify")
	}
	if r.Fingerprint() != a.Fingerprint || r.ID != a.Component || r.Role != a.Role || r.Zone != a.Zone {
		return problem.New(problem.Invalid, "the request is not the one that is described")
	}
	list, err := v.admitted(ctx)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ID == r.ID && !other.Key.Equal(r.Key) {
			return problem.New(problem.Conflict, "%s is admitted with another key (%s): dismiss it first", r.ID, other.Fingerprint())
		}
	}
	return nil
}

// Admit has the signer admit a component. It may be done again.
func (v *Inventory) Admit(ctx context.Context, payload json.RawMessage) (string, error) {
	var a admission
	if err := open(payload, &a); err != nil {
		return "", err
	}
	if err := v.checkAdmission(ctx, a); err != nil {
		return "", err
	}
	r, err := v.Signer.Admit(ctx, a.Request, a.Fingerprint)
	if err != nil {
		return "", problem.Wrap(problem.Unavailable, err, "the signer did not admit %s", a.Component)
	}
	if err := v.setRequest(ctx, a.Fingerprint, admitted); err != nil {
		return "", problem.Wrap(problem.Unavailable, err, "%s is admitted, and that could not be noted", a.Component)
	}
	v.Tell(topic, r.ID)
	return fmt.Sprintf("%s is admitted; carry its answer to its host (dukou component answer %s)", r.ID, r.ID), nil
}

// Answer is the signed admission of a component, for its host. It is no secret.
func (v *Inventory) Answer(ctx context.Context, component string) ([]byte, error) {
	if _, err := v.admittedOne(ctx, component); err != nil {
		return nil, err
	}
	data, err := v.Signer.Answer(ctx, component)
	if err != nil {
		return nil, problem.Wrap(problem.Unavailable, err, "the signer does not answer")
	}
	return data, nil
}

// dismissal is the payload of dismissing.
type dismissal struct {
	Component   string `json:"component"`
	Fingerprint string `json:"fingerprint"`
}

// PlanDismissal prepares the dismissal of an admitted component.
func (v *Inventory) PlanDismissal(ctx context.Context, component string) (Plan, error) {
	r, err := v.admittedOne(ctx, component)
	if err != nil {
		return Plan{}, err
	}
	d := dismissal{Component: r.ID, Fingerprint: r.Fingerprint()}
	if err := v.checkDismissal(d); err != nil {
		return Plan{}, err
	}
	var text strings.Builder
	line := func(w bilingual.Words) { text.WriteString(w.Line() + "\n") }
	line(bilingual.Say("component    %s", "部件：%s", r.ID))
	line(bilingual.Say("role         %s", "角色：%s", r.Role))
	line(bilingual.Say("fingerprint  %s", "指纹：%s", r.Fingerprint()))
	text.WriteString("\n")
	line(bilingual.Say("It gets no lease any more, and its name is free for another key.", "部件不再获得租约，其名称可用于另一密钥。"))
	if slices.ContainsFunc(v.Standings(), func(s Standing) bool { return s.ID == r.ID }) {
		var until string
		if end := v.PolicyEnd(); !end.IsZero() {
			until = " (" + end.UTC().Format("2006-01-02 15:04 UTC") + ")"
		}
		line(bilingual.Say("It is in the policy in force, and holds keys until that ends%s: publish one without it to cut it off now.",
			"部件在生效的策略中，在策略到期%s前仍持有密钥：如需立即切断，请发布不含该部件的策略。", until))
	}
	return planOf(Plan{Title: "Dismiss " + r.ID, Component: r.ID, Fingerprint: d.Fingerprint, Difference: text.String()}, d)
}

// CheckDismissal tells whether a dismissal can be done.
func (v *Inventory) CheckDismissal(ctx context.Context, payload json.RawMessage) error {
	var d dismissal
	if err := open(payload, &d); err != nil {
		return err
	}
	if err := v.checkDismissal(d); err != nil {
		return err
	}
	r, err := v.admittedOne(ctx, d.Component)
	if err == nil && r.Fingerprint() != d.Fingerprint {
		return problem.New(problem.Conflict, "%s has another key by now", d.Component)
	}
	return err
}

func (v *Inventory) checkDismissal(d dismissal) error {
	if d.Component == v.Self {
		return problem.New(problem.Conflict, "%s is this center: it cannot dismiss itself", d.Component)
	}
	return nil
}

// Dismiss has the signer strike a component off. It may be done again.
func (v *Inventory) Dismiss(ctx context.Context, payload json.RawMessage) (string, error) {
	var d dismissal
	if err := open(payload, &d); err != nil {
		return "", err
	}
	if err := v.checkDismissal(d); err != nil {
		return "", err
	}
	if err := v.Signer.Dismiss(ctx, d.Component, d.Fingerprint); err != nil {
		return "", problem.Wrap(problem.Unavailable, err, "the signer did not dismiss %s", d.Component)
	}
	if err := v.setRequest(ctx, d.Fingerprint, dismissed); err != nil {
		return "", problem.Wrap(problem.Unavailable, err, "%s is dismissed, and that could not be noted", d.Component)
	}
	v.Tell(topic, d.Component)
	return d.Component + " is dismissed", nil
}

func (v *Inventory) admitted(ctx context.Context) ([]pki.Request, error) {
	list, err := v.Signer.Admitted(ctx)
	if err != nil {
		return nil, problem.Wrap(problem.Unavailable, err, "the signer does not answer")
	}
	return list, nil
}

func (v *Inventory) admittedOne(ctx context.Context, component string) (pki.Request, error) {
	list, err := v.admitted(ctx)
	if err != nil {
		return pki.Request{}, err
	}
	i := slices.IndexFunc(list, func(r pki.Request) bool { return r.ID == component })
	if i < 0 {
		return pki.Request{}, problem.New(problem.Unknown, "%q is not admitted", component)
	}
	return list[i], nil
}

func planOf(p Plan, payload any) (Plan, error) {
	var err error
	p.Payload, err = json.Marshal(payload)
	return p, err
}

// open reads the payload of a plan strictly.
func open(payload json.RawMessage, v any) error {
	if len(payload) > maxPayload {
		return problem.New(problem.TooLarge, "a payload of %d bytes, at most %d", len(payload), maxPayload)
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil || d.More() {
		return problem.New(problem.Invalid, "the payload is not of this act")
	}
	return nil
}
