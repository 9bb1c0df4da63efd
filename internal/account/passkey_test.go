// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

// device is a passkey in software, as a browser would use it: ES256, no attestation.
type device struct {
	t     *testing.T
	key   *ecdsa.PrivateKey
	id    []byte
	count uint32
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, key: key, id: make([]byte, 16)}
	_, _ = rand.Read(d.id)
	return d
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// clientData is what the browser vouches for.
func (d *device) clientData(kind, challenge, origin string) []byte {
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// data is what the device vouches for (WebAuthn, section 6.1).
func (d *device) data(rp string, flags byte) []byte {
	d.count++
	hash := sha256.Sum256([]byte(rp))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), d.count)
}

// create answers navigator.credentials.create.
func (d *device) create(options json.RawMessage, origin string) json.RawMessage {
	d.t.Helper()
	var in struct {
		PublicKey struct {
			Challenge string `json:"challenge"`
			RP        struct {
				ID string `json:"id"`
			} `json:"rp"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &in); err != nil {
		d.t.Fatal(err)
	}
	point, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	cose, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		d.t.Fatal(err)
	}
	data := append(d.data(in.PublicKey.RP.ID, 0x45), make([]byte, 16)...) // present, verified, with a key
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), cose...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"attestationObject": b64(object), "clientDataJSON": b64(d.clientData("webauthn.create", in.PublicKey.Challenge, origin)),
	})
}

// get answers navigator.credentials.get.
func (d *device) get(options json.RawMessage, origin string) json.RawMessage {
	d.t.Helper()
	var in struct {
		PublicKey struct {
			Challenge string `json:"challenge"`
			RPID      string `json:"rpId"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &in); err != nil {
		d.t.Fatal(err)
	}
	client, data := d.clientData("webauthn.get", in.PublicKey.Challenge, origin), d.data(in.PublicKey.RPID, 0x05)
	hash := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"authenticatorData": b64(data), "clientDataJSON": b64(client), "signature": b64(signature)})
}

func (d *device) answer(response map[string]any) json.RawMessage {
	text, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response})
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

func TestPasskeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, _, _ := s.founded()
		d := newDevice(t)
		options, err := s.PasskeyOffer(ctx, sys, origin)
		s.must("offer", err)
		made, err := s.AddPasskey(ctx, sys, "blue key", d.create(options, origin))
		s.must("add", err)
		if made.Domain != domain || !made.Usable {
			t.Errorf("%+v", made)
		}
		_, err = s.AddPasskey(ctx, sys, "again", d.create(options, origin))
		s.wants("one offer, two answers", err, problem.Conflict)
		options, err = s.PasskeyOffer(ctx, sys, origin)
		s.must("offer", err)
		_, err = s.AddPasskey(ctx, sys, "again", d.create(options, origin))
		s.wants("the same key", err, problem.Conflict)

		half := s.half("sys")
		if strings.Join(half.Factors, " ") != "totp passkey" {
			t.Errorf("factors: %v", half.Factors)
		}
		_, err = s.Factor(ctx, half.Secret, Proof{Passkey: d.get(json.RawMessage(`{"publicKey":{"challenge":"AAAA","rpId":"`+domain+`"}}`), origin)}, "")
		s.wants("without a challenge", err, problem.Conflict)
		options, err = s.PasskeyChallenge(ctx, half.Secret, origin)
		s.must("challenge", err)
		proof := d.get(options, origin)
		o, err := s.Factor(ctx, half.Secret, Proof{Passkey: proof}, "")
		s.must("show the key", err)
		s.identified(o.Secret)
		_, err = s.Refresh(ctx, o.Secret, Proof{Passkey: proof}, "")
		s.wants("what was shown before", err, problem.Conflict)
		options, err = s.PasskeyChallenge(ctx, o.Secret, origin)
		s.must("challenge", err)
		_, err = s.Refresh(ctx, o.Secret, Proof{Passkey: proof}, "")
		s.wants("the answer to another challenge", err, problem.Credentials)
		_, err = s.Refresh(ctx, o.Secret, Proof{Passkey: d.get(options, origin)}, "")
		s.wants("a challenge that was answered wrongly", err, problem.Conflict)
		_, err = s.Unlock(ctx, "sys")
		s.must("unlock", err)

		challenge := func() json.RawMessage {
			options, err := s.PasskeyChallenge(ctx, o.Secret, origin)
			s.must("challenge", err)
			return options
		}
		for what, answer := range map[string]func(json.RawMessage) json.RawMessage{
			"another site's page": func(o json.RawMessage) json.RawMessage { return d.get(o, "https://evil.example") },
			"another key":         func(o json.RawMessage) json.RawMessage { return newDevice(t).get(o, origin) },
			"another domain": func(o json.RawMessage) json.RawMessage {
				return d.get(json.RawMessage(strings.ReplaceAll(string(o), domain, "evil.example")), origin)
			},
			"a copied device":   func(o json.RawMessage) json.RawMessage { d.count = 0; return d.get(o, origin) },
			"what is no answer": func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"id":1}`) },
		} {
			_, err := s.Refresh(ctx, o.Secret, Proof{Passkey: answer(challenge())}, "")
			s.wants(what, err, problem.Credentials)
			_, err = s.Unlock(ctx, "sys")
			s.must("unlock", err)
		}
		d.count = 100
		o, err = s.Refresh(ctx, o.Secret, Proof{Passkey: d.get(challenge(), origin)}, "")
		s.must("the right one after all of them", err)

		who := s.identified(o.Secret)
		list, err := s.Passkeys(ctx, who)
		if err != nil || len(list) != 1 || list[0].Used.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		s.must("remove", s.RemovePasskey(ctx, who, made.ID))
		_, err = s.PasskeyChallenge(ctx, o.Secret, origin)
		s.wants("no key is left", err, problem.Conflict)
	})
}

// TestPasskeysSayWhatToDo opens the console where a passkey cannot work.
func TestPasskeysSayWhatToDo(t *testing.T) {
	db := storetest.SQLite(t)
	s, ctx := newStage(t, db), t.Context()
	sys, _, _ := s.founded()
	for _, at := range []string{"https://10.1.2.3:8443", "https://console:8443", "null", "", "https://console.bank.internal"} {
		_, err := s.PasskeyOffer(ctx, sys, at)
		s.wants("opened at "+at, err, problem.Conflict)
		if err == nil || !strings.Contains(err.Error(), origin) || !strings.Contains(err.Error(), "authenticator") {
			t.Errorf("opened at %q: it does not say where to go and what else there is: %v", at, err)
		}
	}
	d := newDevice(t)
	options, err := s.PasskeyOffer(ctx, sys, origin)
	s.must("offer", err)
	_, err = s.AddPasskey(ctx, sys, "key", d.create(options, origin))
	s.must("add", err)

	// The center gets another name: its passkeys are of no use, and that is said.
	const renamed = "https://center.bank.internal"
	other, err := Open(db, Config{Name: "Dukou", Domain: "center.bank.internal", Origins: []string{renamed}, Key: vault.Key{1}, Now: s.clock, Record: s.Record})
	s.must("open", err)
	list, err := other.Passkeys(ctx, sys)
	if err != nil || len(list) != 1 || list[0].Usable {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = other.PasskeyChallenge(ctx, s.session("sys"), renamed)
	s.wants("a key of the name before", err, problem.Conflict)
	if !strings.Contains(err.Error(), domain) {
		t.Errorf("it does not name the domain of before: %v", err)
	}
}

func TestOpenRefusesDomains(t *testing.T) {
	db := storetest.SQLite(t)
	for what, c := range map[string]Config{
		"an address":             {Domain: "10.1.2.3", Origins: []string{"https://10.1.2.3"}},
		"an address as origin":   {Domain: domain, Origins: []string{"https://10.1.2.3"}},
		"no TLS":                 {Domain: domain, Origins: []string{"http://console.bank.internal"}},
		"another domain":         {Domain: domain, Origins: []string{"https://bank.internal"}},
		"an ending, not a label": {Domain: domain, Origins: []string{"https://evilconsole.bank.internal"}},
		"a path":                 {Domain: domain, Origins: []string{origin + "/console"}},
		"no origin":              {Domain: domain},
	} {
		if _, err := Open(db, c); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	for _, c := range []Config{{}, {Domain: "localhost", Origins: []string{"http://localhost:8443"}}, {Domain: domain, Origins: []string{origin, "https://b." + domain}}} {
		if _, err := Open(db, c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
