// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"encoding/json"
	"strings"

	"dukou.dev/dukou/internal/audit"
)

// ocsfVersion is the version of the schema that events are of (https://schema.ocsf.io).
const ocsfVersion = "1.8.0"

// event is what an entry is in OCSF.
type event struct {
	category, class, activity int
	name                      string // of the activity, where it is 99 (other)
}

// ocsfOther is the activity that the schema has no number for.
const ocsfOther = 99

// ofClass is the mapping of all but administrators' acts.
func (e *Entry) event() event {
	switch e.Class {
	case audit.ClassDecision, audit.ClassDelivery:
		if e.file() {
			return event{category: 6, class: 6006, activity: 6} // File Hosting Activity: Copy
		}
		return event{4, 4002, ocsfOther, "Cross"} // HTTP Activity; which method is in the sealed detail
	case audit.ClassSession:
		return sessionEvent(e.Action)
	case audit.ClassComponent:
		return lifecycleEvent(e.Action)
	case audit.ClassHealth:
		return event{6, 6002, ocsfOther, "Health"} // Application Lifecycle
	case audit.ClassPolicy:
		return event{category: 5, class: 5019, activity: 1} // Device Config State Change: Log
	case audit.ClassAdmin:
		return adminEvent(e.Action)
	case audit.ClassForeign:
		return event{0, 0, ocsfOther, "Foreign"} // Base Event: it is another system's
	default:
		return event{0, 0, ocsfOther, string(e.Class)}
	}
}

// sessionEvent is one of Authentication.
func sessionEvent(action string) event {
	switch action {
	case "connect", "link":
		return event{category: 3, class: 3002, activity: 1} // Logon
	case "disconnect":
		return event{category: 3, class: 3002, activity: 2} // Logoff
	default:
		return event{3, 3002, ocsfOther, "Session"}
	}
}

// lifecycleEvent is one of Application Lifecycle.
func lifecycleEvent(action string) event {
	switch action {
	case "start":
		return event{category: 6, class: 6002, activity: 3}
	case "stop":
		return event{category: 6, class: 6002, activity: 4}
	default:
		return event{6, 6002, ocsfOther, "Component"}
	}
}

// adminEvents maps the administrators' acts that the schema has classes of their own
// for: Authentication 3002, Account Change 3001, User Access Management 3005, Event Log
// Activity 1008. The keys are the acts, as routes are named.
func adminEvents() map[string]event {
	return map[string]event{
		"sign-in": {category: 3, class: 3002, activity: 1}, "sign-out": {category: 3, class: 3002, activity: 2},
		"end-session":    {category: 3, class: 3002, activity: 2},
		"create-account": {category: 3, class: 3001, activity: 1}, "disable-account": {category: 3, class: 3001, activity: 5},
		"unlock-account": {category: 3, class: 3001, activity: 12}, "change-password": {category: 3, class: 3001, activity: 3},
		"add-passkey": {category: 3, class: 3001, activity: 10}, "confirm-totp": {category: 3, class: 3001, activity: 10},
		"remove-passkey": {category: 3, class: 3001, activity: 11},
		"grant-duty":     {category: 3, class: 3005, activity: 3},
		"export-entries": {category: 1, class: 1008, activity: 3},
	}
}

func adminEvent(action string) event {
	found, ok := adminEvents()[action]
	if !ok {
		found = event{category: 6, class: 6003, activity: apiActivity(action)}
	}
	if found.activity == ocsfOther {
		found.name = "Act"
	}
	return found
}

// apiActivity is that of API Activity 6003.
func apiActivity(action string) int {
	verb, _, _ := strings.Cut(action, "-")
	switch verb {
	case "create", "add", "open", "make", "offer", "ask", "save", "hand", "import":
		return 1
	case "get", "list", "read", "show", "find", "count", "look", "check", "diff", "prove", "export":
		return 2
	case "change", "set", "put", "rename", "renew", "approve", "refuse", "accept", "admit", "move", "switch":
		return 3
	case "delete", "remove", "end", "revoke", "withdraw", "destroy", "dismiss":
		return 4
	default:
		return ocsfOther
	}
}

// OCSF is an entry as an event of OCSF in JSON, without line breaks. version is this
// program's.
func (e *Entry) OCSF(version string) ([]byte, error) {
	v := e.event()
	m := map[string]any{
		"category_uid": v.category, "class_uid": v.class, "activity_id": v.activity, "type_uid": v.class*100 + v.activity,
		"severity_id": e.severity().ocsf, "time": e.Time, "message": e.sentence(),
		"metadata": object{
			"version": ocsfVersion, "uid": e.ID(), "log_name": e.Origin, "sequence": e.Index,
			"product": object{"name": "Dukou", "vendor_name": "Dukou", "version": version},
		},
		"unmapped": e.unmapped(),
	}
	if v.name != "" {
		m["activity_name"] = v.name
	}
	if e.Verdict != "begun" && e.Verdict != "info" {
		m["status_id"] = 1 // Success
		if e.bad() {
			m["status_id"], m["status_code"] = 2, e.Reason
		}
	}
	e.objects(v, m)
	prune(m)
	return json.Marshal(m)
}

// prune leaves out what is empty.
func prune(m object) {
	for name, v := range m {
		switch v := v.(type) {
		case string:
			if v == "" {
				delete(m, name)
			}
		case object:
			prune(v)
		}
	}
}

type object = map[string]any

// objects adds what the class of an event asks for.
func (e *Entry) objects(v event, m object) {
	switch v.class {
	case 6006: // File Hosting Activity
		m["actor"], m["file"] = e.actor(), object{"name": orUnknown(e.Object), "type_id": 1, "uid": e.Parcel}
		e.endpoints(m)
		e.control(m)
	case 4002: // HTTP Activity
		m["http_request"] = object{"uid": e.Parcel, "url": object{"path": orUnknown(e.Object)}}
		m["app_name"] = e.Flow
		e.endpoints(m)
		e.control(m)
	case 3002: // Authentication
		m["user"], m["service"] = object{"name": orUnknown(e.Subject)}, object{"name": e.component()}
		m["src_endpoint"] = e.source()
	case 3001, 3005: // Account Change, User Access Management: the object is whose account it is
		m["actor"], m["user"], m["src_endpoint"] = e.actor(), object{"name": orUnknown(e.Object)}, e.source()
	case 6003: // API Activity
		m["actor"], m["api"], m["src_endpoint"] = e.actor(), object{"operation": orUnknown(e.Action), "service": object{"name": e.component()}}, e.source()
		m["resources"] = []object{{"name": orUnknown(e.Object)}}
	case 1008: // Event Log Activity
		m["actor"], m["log_name"], m["src_endpoint"] = e.actor(), orUnknown(e.Object), e.source()
	case 5019: // Device Config State Change; the device is who applied it
		m["device"] = object{"type_id": 0, "name": e.component()}
		m["actor"] = e.actor()
	case 6002: // Application Lifecycle
		m["app"] = object{"name": e.component()}
	}
}

// control is the profile Security Control: what the guard did.
func (e *Entry) control(m object) {
	m["metadata"].(object)["profiles"] = []string{"security_control"}
	action, disposition := 1, 1 // Allowed
	switch {
	case e.Verdict == "quarantined":
		action, disposition = 2, 3
	case e.bad():
		action, disposition = 2, 2 // Denied, Blocked
	}
	m["action_id"], m["disposition_id"] = action, disposition
	if e.Flow != "" {
		m["policy"] = object{"name": e.Flow}
	}
}

func (e *Entry) endpoints(m object) {
	m["src_endpoint"] = e.source()
	if zone := zoneOf(e.Object); zone != "" {
		m["dst_endpoint"] = object{"name": zone}
	}
}

// source is where an act came from: its address where it is known, else the zone of who
// did it, else who recorded it.
func (e *Entry) source() object {
	switch zone := zoneOf(e.Subject); {
	case e.From != "" && e.From != "local":
		return object{"ip": e.From}
	case e.Class == audit.ClassAdmin || zone == "":
		return object{"name": e.component()}
	default:
		return object{"name": zone}
	}
}

func (e *Entry) actor() object { return object{"user": object{"name": orUnknown(e.Subject)}} }

// unmapped is the entry in Dukou's own words, all of it.
func (e *Entry) unmapped() object {
	m := object{}
	for name, value := range map[string]string{
		"class": string(e.Class), "verdict": e.Verdict, "reason": e.Reason, "flow": e.Flow, "subject": e.Subject,
		"object": e.Object, "action": e.Action, "parcel": e.Parcel, "leaf": e.Leaf,
	} {
		m[name] = value
	}
	return m
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// sentence says in a line what happened.
func (e *Entry) sentence() string {
	parts := []string{string(e.Class), e.Verdict, e.Reason, e.Action, e.Subject, e.Object}
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " ")
}

// severity is how grave an entry is, on each scale.
type severity struct {
	ocsf   int // 1 informational to 6 fatal
	cef    int // 0 to 10
	syslog int // 0 emergency to 7 debug, RFC 5424
}

func (e *Entry) severity() severity {
	switch {
	case e.good() && e.Class == audit.ClassForeign:
		return severity{1, 2, 6}
	case e.good():
		return severity{1, 3, 5} // notice: it is audit, not chatter
	case e.Class == audit.ClassHealth || e.Verdict == "failed":
		return severity{4, 8, 3}
	default:
		return severity{3, 6, 4}
	}
}
