// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"encoding/json"
	"errors"
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// problem is what a caller is told of a refusal or failure. The message is fixed
// for each code.
type problem struct {
	Error   fault.Code `json:"error"`
	ID      string     `json:"id"`
	Message string     `json:"message"`
}

// routeError says that no flow has a path, or not by this method.
type routeError struct {
	allow []string // methods of the path
}

func (e *routeError) Error() string {
	return "no route, methods of the path: " + strings.Join(e.allow, " ")
}

// status is fault.HTTPStatus but for RouteUnknown, where clients expect what a web
// server says: 404, or 405 where the path has other methods.
func status(err error) int {
	var route *routeError
	switch code := fault.CodeOf(err); {
	case code != fault.RouteUnknown:
		return fault.HTTPStatus(code)
	case errors.As(err, &route) && len(route.allow) > 0:
		return nethttp.StatusMethodNotAllowed
	default:
		return nethttp.StatusNotFound
	}
}

// refuse has a refusal recorded, tells the caller why there is no answer, and gives
// the id that it was told.
func refuse(w nethttp.ResponseWriter, r *nethttp.Request, c front.Crossing, f *policy.Flow, err error) parcel.ID {
	var id parcel.ID
	var asked *front.Error
	if errors.As(err, &asked) {
		id = asked.ID
	} else {
		id = c.Refuse(f, r.RemoteAddr, err)
	}
	code, h := fault.CodeOf(err), w.Header()
	if code == fault.InternalError || !fault.Known(code) {
		code = fault.InternalError
	}
	kind := fault.KindOf(code)
	switch kind {
	case fault.Unavailable:
		h.Set("Retry-After", "5")
	case fault.TooMany:
		h.Set("Retry-After", "1")
	case fault.Unauthenticated:
		h["Www-Authenticate"] = challenges(f)
	default:
	}
	if route := new(routeError); errors.As(err, &route) && len(route.allow) > 0 {
		h.Set("Allow", strings.Join(route.allow, ", "))
	}
	// What follows a refused message may be read otherwise by others. And for a body that
	// nobody has read the server would wait, before it answers, as long as its sender likes.
	if r.ProtoMajor == 1 && (kind == fault.Invalid || kind == fault.TooLarge || code == fault.UpgradeRefused || asked == nil && r.ContentLength != 0) {
		h.Set("Connection", "close")
	}
	body, encErr := json.Marshal(problem{code, id.String(), message(code)})
	if encErr != nil {
		panic(encErr)
	}
	write(w, id, status(err), body)
	return id
}

// challenges name the credentials that a flow accepts, in any of its ways.
func challenges(f *policy.Flow) []string {
	var list []string
	if f == nil {
		return nil
	}
	for _, w := range f.Ways() {
		for _, m := range w.Methods {
			if c := challenge(m); c != "" && !slices.Contains(list, c) {
				list = append(list, c)
			}
		}
	}
	return list
}

func challenge(m label.Assurance) string {
	switch m {
	case label.ByPassword:
		return `Basic realm="dukou", charset="UTF-8"`
	case label.ByToken:
		return `Bearer realm="dukou"`
	case label.ByAPIKey:
		return `X-API-Key realm="dukou"`
	case label.ByCertificate:
		return `Certificate realm="dukou"`
	default:
		return ""
	}
}

// write sends one whole answer. Its errors are the client's absence.
func write(w nethttp.ResponseWriter, id parcel.ID, status int, body []byte) {
	h := w.Header()
	h.Set("Dukou-Id", id.String())
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if body != nil {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if body != nil {
		_, _ = w.Write(body)
	}
}

// message is one sentence on what happened and one on what to do.
func message(c fault.Code) string {
	switch c {
	case fault.RouteUnknown:
		return "No flow has this method and path. Compare both with the interface description."
	case fault.UpgradeRefused:
		return "Upgrade, tunnel, trailer, partial and streaming requests do not cross. Send one plain request with one plain answer."
	case fault.ContentType:
		return "Only JSON in UTF-8 crosses here. Send Content-Type: application/json and no content encoding."
	case fault.ContentInvalid:
		return "A field is missing, unknown or outside of its limits. Compare the message with the interface description, then ask the security administrator with the id."
	case fault.CredentialInvalid:
		return "The credential does not prove an identity. Renew it and try again."
	case fault.BindingMismatch:
		return "This identity may not be used from here. Use it where it belongs, or ask the security administrator with the id."
	case fault.EvidenceInvalid:
		return "The token or certificate does not prove its subject. Sign in again."
	case fault.SubjectUnknown, fault.SubjectUnmapped:
		return "This identity is not known to the policy. Ask the security administrator with the id."
	case fault.TargetUnavailable:
		return "The application was not reached, so nothing was done. Try again later."
	case fault.TargetFailed, fault.Interrupted:
		return "The application may have received the request but gave no proper answer. Find out its effect before sending it again."
	case fault.TargetTimeout:
		return "The application may have received the request but did not answer in time. Find out its effect before sending it again."
	default:
		return messageOf(fault.KindOf(c))
	}
}

func messageOf(k fault.Kind) string {
	switch k {
	case fault.Invalid:
		return "The request is not well formed. Mend it and send it again."
	case fault.Unauthenticated:
		return "No acceptable credential came with the request. Send one that the flow accepts."
	case fault.Refused:
		return "The policy does not permit this. Ask the security administrator with the id."
	case fault.TooLarge:
		return "The message is larger than the flow permits. Send less."
	case fault.TooMany:
		return "More requests than the flow permits. Wait, then send it again."
	case fault.BadAnswer:
		return "The application gave no proper answer. Find out its effect before sending the request again."
	case fault.Unavailable:
		return "The crossing is not available and nothing was passed on. Try again later."
	case fault.Timeout:
		return "There was no answer in time. Find out the effect before sending the request again."
	default:
		return "Something failed inside. Tell the operator the id."
	}
}
