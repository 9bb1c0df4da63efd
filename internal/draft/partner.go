// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Partner is the management center of another graded system, which may submit its part of
// the policy: it is looked at by security and never applied by itself.
type Partner struct {
	Name        string    `json:"name"`
	Key         string    `json:"key" doc:"Ed25519 public key that signs its parts, in hexadecimal"`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256 of the key: compare it with what the partner reads out"`
	Zones       []string  `json:"zones" doc:"whose subjects and objects it may name"`
	Lists       []string  `json:"lists" doc:"what it may name: subjects, objects"`
	Serial      uint64    `json:"serial" doc:"of the last part that was taken, 0 for none"`
	Admitted    time.Time `json:"admitted"`
}

// The acts of two persons that partners come and go by.
const (
	AdmitPartner   = "admit-partner"
	DismissPartner = "dismiss-partner"
)

// NewPartner is the payload of AdmitPartner. The partner of that name, if there is or was
// one, is replaced; its serial goes on, so that no part of before is taken again.
type NewPartner struct {
	Name  string   `json:"name"`
	Key   string   `json:"key"`
	Zones []string `json:"zones"`
	Lists []string `json:"lists"`
}

// OldPartner is the payload of DismissPartner.
type OldPartner struct {
	Name string `json:"name"`
}

// Lists that a partner may be allowed to name.
const (
	listSubjects = "subjects"
	listObjects  = "objects"
)

// maxPartners bounds how many there are.
const maxPartners = 100

var partnerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`) //nolint:gochecknoglobals // a constant

// CheckPartner refuses a payload of AdmitPartner that cannot be.
func (d *Desk) CheckPartner(_ context.Context, payload json.RawMessage) error {
	_, _, err := d.newPartner(payload)
	return err
}

func (d *Desk) newPartner(payload json.RawMessage) (NewPartner, ed25519.PublicKey, error) {
	var n NewPartner
	if err := strictly(payload, &n, "this act"); err != nil {
		return n, nil, err
	}
	e := &problem.Error{Code: problem.Invalid, Detail: "no such partner can be admitted"}
	wrong := func(name string, why problem.Why) { e.Fields = append(e.Fields, why.At(name)) }
	key, err := hex.DecodeString(n.Key)
	if err != nil || len(key) != ed25519.PublicKeySize {
		wrong("key", problem.Hex(2*ed25519.PublicKeySize))
	}
	if !partnerName.MatchString(n.Name) {
		wrong("name", problem.PlainName(63))
	}
	d.zonesThere(n.Zones, wrong)
	if len(n.Lists) == 0 || repeated(n.Lists) || slices.ContainsFunc(n.Lists, func(l string) bool { return l != listSubjects && l != listObjects }) {
		wrong("lists", problem.Because(problem.Choice, "subjects, objects or both", listSubjects, listObjects))
	}
	if len(e.Fields) > 0 {
		return n, nil, e
	}
	return n, key, nil
}

// zonesThere holds the zones of a partner against those in force.
func (d *Desk) zonesThere(zones []string, wrong func(name string, why problem.Why)) {
	p := d.InForce()
	if len(zones) == 0 || len(zones) > 16 {
		wrong("zones", problem.Between(problem.Count, 1, 16))
		return
	}
	if repeated(zones) {
		wrong("zones", problem.Because(problem.Repeated, "1 to 16 different zones"))
		return
	}
	for _, z := range zones {
		if p == nil || p.Zone(z) == nil {
			wrong("zones", problem.Because(problem.NoSuch, fmt.Sprintf("no zone %q is in force", clipped(z, 64)), clipped(z, 64)))
		}
	}
}

func repeated(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) < len(list)
}

// strictly reads the payload of something, which has no keys but its own.
func strictly(payload json.RawMessage, into any, of string) error {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return problem.Wrap(problem.Invalid, err, "the payload is not that of %s", of)
	}
	return nil
}

// ProposeAdmission is what two persons see of a partner to be.
func (d *Desk) ProposeAdmission(ctx context.Context, n NewPartner) (Proposed, error) {
	payload, err := json.Marshal(n)
	if err != nil {
		return Proposed{}, err
	}
	_, key, err := d.newPartner(payload)
	if err != nil {
		return Proposed{}, err
	}
	text := bilingual.Say("partner %s may submit %s of zone %s, signed by key %s", "伙伴 %s 可提交 %s，限安全域 %s，以密钥 %s 签名",
		n.Name, listed(n.Lists), strings.Join(n.Zones, ", "), envelope.IDOf(key)).Line() + "\n"
	old, err := d.Partner(ctx, n.Name)
	if err == nil {
		text += bilingual.Say("instead of: %s of zone %s, signed by key %s", "原为：%s，限安全域 %s，以密钥 %s 签名",
			listed(old.Lists), strings.Join(old.Zones, ", "), old.Fingerprint).Line() + "\n"
	} else if problem.CodeOf(err) != problem.Unknown {
		return Proposed{}, err
	}
	return Proposed{Title: "Admit partner " + n.Name, Partner: n.Name, Key: envelope.IDOf(key).String(), Payload: payload, Difference: text}, nil
}

// AdmitPartner admits a partner, as two persons have decided.
func (d *Desk) AdmitPartner(ctx context.Context, payload json.RawMessage) (string, error) {
	n, key, err := d.newPartner(payload)
	if err != nil {
		return "", err
	}
	zones, _ := json.Marshal(n.Zones) //nolint:errcheck // lists of texts
	lists, _ := json.Marshal(n.Lists) //nolint:errcheck // likewise
	err = d.db.Tx(ctx, func(tx *sql.Tx) error {
		var count int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM partners WHERE name <> $1 AND admitted > 0`, n.Name).Scan(&count); err != nil {
			return err
		}
		if count >= maxPartners {
			return problem.New(problem.TooMany, "there are %d partners", count)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO partners (name, key, zones, lists, serial, admitted) VALUES ($1, $2, $3, $4, 0, $5)
			ON CONFLICT (name) DO UPDATE SET key = $2, zones = $3, lists = $4, admitted = $5`,
			n.Name, []byte(key), string(zones), string(lists), d.Now().UnixMilli())
		return err
	})
	if err != nil {
		return "", again(err)
	}
	d.Tell(topicPartners, n.Name)
	return fmt.Sprintf("Partner %s may submit its part, signed by key %s.", n.Name, envelope.IDOf(key)), nil
}

// again makes an error that says nothing of the act itself one to try again after.
func again(err error) error {
	if problem.CodeOf(err) == problem.Internal {
		return problem.Wrap(problem.Unavailable, err, "the database does not answer")
	}
	return err
}

// ProposeDismissal is what two persons see of a partner that is to go.
func (d *Desk) ProposeDismissal(ctx context.Context, name string) (Proposed, error) {
	p, err := d.Partner(ctx, name)
	if err != nil {
		return Proposed{}, err
	}
	payload, err := json.Marshal(OldPartner{Name: name})
	return Proposed{Title: "Dismiss partner " + name, Partner: name, Key: p.Fingerprint, Payload: payload,
		Difference: bilingual.Say("partner %s, key %s, may submit nothing any more; what is in force of its parts stays",
			"伙伴 %s（密钥 %s）不可再提交任何内容；其已生效的部分保留", name, p.Fingerprint).Line() + "\n"}, err
}

// listed is what a partner may name.
func listed(lists []string) bilingual.Words {
	subjects, objects := bilingual.Say("subjects", "主体"), bilingual.Say("objects", "客体")
	switch {
	case slices.Contains(lists, listSubjects) && slices.Contains(lists, listObjects):
		return bilingual.Say("%s and %s", "%s和%s", subjects, objects)
	case slices.Contains(lists, listObjects):
		return objects
	default:
		return subjects
	}
}

// CheckDismissal refuses to dismiss who is none.
func (d *Desk) CheckDismissal(ctx context.Context, payload json.RawMessage) error {
	var o OldPartner
	if err := strictly(payload, &o, "this act"); err != nil {
		return err
	}
	_, err := d.Partner(ctx, o.Name)
	return err
}

// DismissPartner dismisses a partner, as two persons have decided.
func (d *Desk) DismissPartner(ctx context.Context, payload json.RawMessage) (string, error) {
	var o OldPartner
	if err := strictly(payload, &o, "this act"); err != nil {
		return "", err
	}
	err := d.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE partners SET admitted = 0 WHERE name = $1`, o.Name)
		return err
	})
	if err != nil {
		return "", again(err)
	}
	d.Tell(topicPartners, o.Name)
	return fmt.Sprintf("Partner %s may submit nothing any more.", o.Name), nil
}

const partnerColumns = `name, key, zones, lists, serial, admitted`

func scanPartner(row store.Row) (Partner, error) {
	var p Partner
	var key []byte
	var zones, lists string
	var serial, admitted int64
	if err := row.Scan(&p.Name, &key, &zones, &lists, &serial, &admitted); err != nil {
		return p, err
	}
	p.Key, p.Fingerprint, p.Serial, p.Admitted = hex.EncodeToString(key), envelope.IDOf(key).String(), uint64(serial), store.Time(admitted)
	return p, errors.Join(json.Unmarshal([]byte(zones), &p.Zones), json.Unmarshal([]byte(lists), &p.Lists))
}

func readPartner(ctx context.Context, q querier, name string) (Partner, error) {
	return scanPartner(q.QueryRowContext(ctx, `SELECT `+partnerColumns+` FROM partners WHERE name = $1 AND admitted > 0`, name))
}

// Partner is one partner.
func (d *Desk) Partner(ctx context.Context, name string) (Partner, error) {
	p, err := readPartner(ctx, d.db, name)
	return p, unknown(err, "partner", name)
}

// Partners are all partners.
func (d *Desk) Partners(ctx context.Context) ([]Partner, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT `+partnerColumns+` FROM partners WHERE admitted > 0 ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Partner{}
	for rows.Next() {
		p, err := scanPartner(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}
