// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// refusals has one vector for each code that a judge gives.
func refusals() []*vector {
	all := labelForm()
	all = append(all, labelUse()...)
	all = append(all, labelRules()...)
	all = append(all, parcelForm()...)
	return append(all, policyRefusals()...)
}

func labelForm() []*vector {
	ask := maker{kind: parcel.Ask}
	missing, version, judge, life := ask, ask, ask, ask
	missing.parcel = func(p *vectorParcel) { p.Label = nil }
	version.label = func(l *label.Label) { l.Version = 2 }
	judge.sealed = func(s *label.Sealed, _ label.Label) { s.Tags[0].Judge = "guard-outer" }
	life.sealed = func(s *label.Sealed, l label.Label) {
		s.Tags[0].Window[0]++
		s.Tags[0].MAC = label.MAC(keyOf(l.Maker, l.Epoch), "guard-inner", s.Tags[0].Window, s.Body)
	}
	old, lower, other := ask, ask, ask
	old.label = func(l *label.Label) { l.Epoch -= 2 }
	lower.sealed = func(s *label.Sealed, l label.Label) {
		l.Subject = "out/p-2"
		s.Body = canon.Must(l)
	}
	other.label = func(l *label.Label) { l.Binding[0]++ }
	return []*vector{
		refused(fault.LabelMissing, "no label", missing, nil),
		refused(fault.LabelMalformed, "a label of an unknown version", version, nil),
		refused(fault.LabelWrongJudge, "tagged for the other judge only", judge, nil),
		refused(fault.LabelWindow, "tagged for an earlier life of this judge", life, nil),
		refused(fault.LabelEpoch, "a key of ten minutes ago, although the judge still holds it", old, nil),
		refused(fault.LabelAltered, "another subject written into the label after it was tagged", lower, nil),
		refused(fault.LabelTransplanted, "a good label of another parcel", other, nil),
	}
}

func labelUse() []*vector {
	ask := maker{kind: parcel.Ask}
	stolen, early, expired, life := ask, ask, ask, ask
	stolen.parcel = func(p *vectorParcel) { p.Presenter, p.Relayed = "front-other", false }
	early.label = func(l *label.Label) { l.NotBefore = clock + 5001 }
	expired.label = func(l *label.Label) { l.NotAfter = clock }
	life.label = func(l *label.Label) { l.Boot = 8 }
	return []*vector{
		refused(fault.LabelStolen, "presented by another than its maker", stolen, nil),
		refused(fault.LabelEarly, "valid from more than 5 s on", early, nil),
		refused(fault.LabelExpired, "valid until now", expired, nil),
		refused(fault.LabelReplayed, "the same label a second time", ask, func(v *vector) { v.Before = []vectorParcel{v.Parcel} }),
		refused(fault.LabelOld, "of an earlier life of its maker", ask, func(v *vector) { v.Before = []vectorParcel{life.make()} }),
	}
}

func labelRules() []*vector {
	ask, answer := maker{kind: parcel.Ask}, maker{kind: parcel.Answer}
	dimension, claim := ask, ask
	dimension.label = func(l *label.Label) { l.Purpose = "marketing" }
	claim.label = func(l *label.Label) { l.Class.Integrity = 3 }
	high, low, cleared := answer, answer, answer
	high.content = parcel.Record{"form": "report", "status": int64(200), "level": int64(4)}
	high.label = func(l *label.Label) { l.Class = class(4, 3) }
	low.content = parcel.Record{"form": "report", "status": int64(200), "level": int64(3)}
	low.label = func(l *label.Label) { l.Class = class(2, 3) }
	cleared.content = low.content
	cleared.label = func(l *label.Label) { l.Class, l.Subject = class(3, 3), "out/low" }
	return []*vector{
		refused(fault.LabelTerm, "made under a lower term than the bundle in force has", ask, func(v *vector) {
			b := bundle()
			b.Term = 2
			v.Bundle = sign(b, 1, 2)
		}),
		refused(fault.LabelDimension, "another purpose than the flow's", dimension, nil),
		refused(fault.LabelLevel, "an answer of level 4 towards a zone of level 3", high, nil),
		refused(fault.LabelLow, "an answer labelled 2 whose content says 3", low, nil),
		refused(fault.LabelIntegrity, "claims more integrity than its zone vouches for", claim, nil),
		refused(fault.SubjectLevel, "an answer of level 3 for a subject cleared for 2", cleared, nil),
	}
}

func parcelForm() []*vector {
	ask, deliver := maker{kind: parcel.Ask}, maker{kind: parcel.Deliver}
	suite, huge, large, content := ask, deliver, deliver, ask
	suite.header = func(h *parcel.Header) { h.Suite = 9 }
	huge.header = func(h *parcel.Header) { h.Body.Size = parcel.MaxBody + 1 }
	large.header = func(h *parcel.Header) {
		h.Body = bodyOf(make([]byte, 101))
		h.Fields = canon.Must(parcel.Record{"form": "file", "size": int64(101)})
	}
	content.content = parcel.Record{"form": "report", "person": "p-1", "and": "more"}
	return []*vector{
		refused(fault.ParcelMalformed, "an unknown suite", suite, nil),
		refused(fault.ParcelTooLarge, "a body above the limit of the format", huge, nil),
		refused(fault.ParcelAltered, "a chunk of the right length that is not of the body", deliver, func(v *vector) {
			v.Stage, v.Chunks = "body", chunks([]byte("name,amounts"))
		}),
		refused(fault.ParcelUnknown, "an answer to another question", ask, func(v *vector) {
			other := maker{kind: parcel.Answer, header: func(h *parcel.Header) { h.InReplyTo[0]++ }}.make()
			v.Stage, v.Answer = "answer", &other
		}),
		refused(fault.ContentInvalid, "a field that the form does not have", content, nil),
		refused(fault.ContentTooLarge, "a body above the flow's limit", large, nil),
	}
}

func policyRefusals() []*vector {
	ask := maker{kind: parcel.Ask}
	flow, place, nobody, nine, eight := ask, ask, ask, ask, ask
	flow.header = func(h *parcel.Header) { h.Flow = "other" }
	place.header = func(h *parcel.Header) { h.Destination = "front-other" }
	nobody.label = func(l *label.Label) { l.Subject = "out/nobody" }
	nine.label = func(l *label.Label) { l.Subject = "out/p-9" }
	eight.label = func(l *label.Label) { l.Subject = "out/p-8" }
	stage := func(data octets) func(*vector) {
		return func(v *vector) { v.Stage, v.Bundle = "bundle", data }
	}
	ended, broken := bundle(), bundle()
	ended.NotAfter = clock
	broken.Flows[0].Object = "in/nothing"
	return []*vector{
		refused(fault.PolicyMissing, "no bundle in force", ask, func(v *vector) { v.Bundle = nil }),
		refused(fault.PolicyExpired, "the bundle in force ended", ask, func(v *vector) { v.Bundle = sign(ended, 1, 2) }),
		refused(fault.PolicyMalformed, "an approved bundle with a flow to no object", ask, stage(sign(broken, 1, 2))),
		refused(fault.PolicyUnsigned, "one approval of the two that are needed", ask, stage(sign(bundle(), 1))),
		refused(fault.PolicyOld, "a version below one that was in force", ask, func(v *vector) { v.Stage, v.Floor = "bundle", 4 }),
		refused(fault.PolicyDenied, "a policy forbids it", nine, nil),
		refused(fault.PolicyError, "a policy that cannot be decided", eight, nil),
		refused(fault.FlowUnknown, "a flow that the bundle does not have", flow, nil),
		refused(fault.FlowDirection, "towards a component that is not the flow's", place, nil),
		refused(fault.SubjectUnknown, "a subject that the bundle does not have", nobody, nil),
	}
}
