// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fronttest

import (
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Names in the suite's bundle that adapters may need.
const (
	Front    = "front-outside" // component of the entry
	Listener = "suite"
	Target   = "suite"
)

// The suite's accounts: one may ask, one is known but not permitted.
const (
	askerKey    = "key-of-the-asker"
	strangerKey = "key-of-the-stranger"

	askerPassword    = "password of the asker"
	strangerPassword = "password of the stranger"
)

func accounts() []Account {
	return []Account{
		{Subject: "outside/asker", APIKey: askerKey, User: "asker", Password: askerPassword},
		{Subject: "outside/stranger", APIKey: strangerKey, User: "stranger", Password: strangerPassword},
	}
}

// Item and Level are the schemas of two values of the suite's form, "item":
// a question has an item (Item), may have a note (Note), and its answer with status
// 200 has a text (Note) and a level (Level), which classifies the answer.
func Item() policy.Schema {
	return policy.Schema{Type: policy.Text, Min: 1, Max: 32, Pattern: "[a-z0-9-]+"}
}

// Note is the schema of the longer text of a question and of an answer.
func Note() policy.Schema { return policy.Schema{Type: policy.Text, Max: noteLength} }

// Level is the schema of the answer's level.
func Level() policy.Schema {
	return policy.Schema{Type: policy.Integer, Min: 1, Max: 5, Classifies: true}
}

const (
	noteLength   = 2000
	requestBytes = 4 << 10
	answerBytes  = 8 << 10
	timeoutMs    = 400
)

// Bundle is a bundle with one flow, which protocol completes: it sets Protocol,
// Forms and Routes. Tests of an adapter may change it before they compile it.
func Bundle(version uint64, permit string, protocol func(*policy.Flow)) policy.Bundle {
	class := func(c, i label.Level) label.Class { return label.Class{Confidentiality: c, Integrity: i} }
	f := policy.Flow{
		Name: "suite", From: "outside", To: "inside", Kind: "ask", Entry: Front, Exit: "front-inside", Listener: Listener, Target: Target,
		Object: "inside/items", Action: "read", Purpose: "test", Class: class(1, 1), Answer: class(2, 3), Raise: 3, Checks: []string{"form"},
		Accept: []label.Assurance{label.ByAPIKey}, Unknown: "refuse",
		Limits: policy.Limits{RequestBytes: requestBytes, AnswerBytes: answerBytes, TimeoutMillis: timeoutMs},
	}
	protocol(&f)
	subject := func(name string) policy.Subject {
		return policy.Subject{ID: "outside/" + name, Clearance: class(3, 1), Proxies: []policy.Proxy{{Zone: "inside", Subject: "inside/proxy-" + name}}}
	}
	return policy.Bundle{
		Format: policy.Format, Version: version, NotBefore: 1, NotAfter: 1 << 50, Guard: "guard",
		Zones: []policy.Zone{{Name: "outside", Class: class(3, 1)}, {Name: "inside", Class: class(5, 3), Inner: true}},
		Components: []policy.Component{
			{ID: Front, Role: policy.RoleFront, Zone: "outside"}, {ID: "front-inside", Role: policy.RoleFront, Zone: "inside"},
		},
		Subjects: []policy.Subject{subject("asker"), subject("stranger")},
		Objects:  []policy.Object{{ID: "inside/items", Class: class(5, 3)}},
		Flows:    []policy.Flow{f},
		Cedar:    []policy.CedarFile{{Name: "suite.cedar", Text: permit}},
	}
}

// Permit lets the asker ask; Forbid lets nobody.
const (
	Permit = `permit(principal == Subject::"outside/asker", action == Action::"read", resource == Object::"inside/items");`
	Forbid = Permit + ` forbid(principal, action, resource);`
)
