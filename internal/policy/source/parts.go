// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

func zoneWord() bilingual.Words { return bilingual.Say("zone", "安全域") }

func issuerWord() bilingual.Words { return bilingual.Say("issuer", "签发者") }

func flowWord() bilingual.Words { return bilingual.Say("flow", "数据流") }

func (l *loader) zones() {
	for _, o := range l.items("zones") {
		var z policy.Zone
		if n, ok := o.need("name"); ok {
			z.Name = n.name()
			n.unique(zoneWord(), z.Name, l.zoneNames())
		}
		if n, ok := o.need("class"); ok {
			z.Class = l.class(n, label.Class{})
		}
		if n, ok := o.get("inner"); ok {
			z.Inner = n.boolean()
		}
		o.done()
		l.draft.Zones = append(l.draft.Zones, z)
	}
}

func (l *loader) zone(name string) *policy.Zone {
	for i := range l.draft.Zones {
		if l.draft.Zones[i].Name == name {
			return &l.draft.Zones[i]
		}
	}
	return nil
}

// ParsePublicKey reads an Ed25519 public key: PKIX in PEM.
func ParsePublicKey(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New(`no "PUBLIC KEY" in PEM`)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	ed, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("a key of %T, not Ed25519", key)
	}
	return ed, nil
}

func (l *loader) issuers() {
	for _, o := range l.items("issuers") {
		var i policy.Issuer
		if n, ok := o.need("name"); ok {
			i.Name = n.name()
			n.unique(issuerWord(), i.Name, l.issuerNames())
		}
		if n, ok := o.need("key-file"); ok {
			i.Key = l.keyFile(n)
		}
		if n, ok := o.get("audience"); ok {
			i.Audience = n.text()
		} else {
			l.warn(o.node, "issuer %q has no audience: a token that it gave for something else, and that does not say so, passes",
				"签发者 %q 没有受众（audience）：它为其他用途签发且未注明用途的令牌也会被接受", i.Name)
		}
		o.done()
		l.draft.Issuers = append(l.draft.Issuers, i)
	}
}

func (l *loader) issuerNames() []string {
	return names(l.draft.Issuers, func(i policy.Issuer) string { return i.Name })
}

// keyFile is nil where there is no such file: the key comes with Options then.
func (l *loader) keyFile(n node) ed25519.PublicKey {
	name := n.text()
	if !fs.ValidPath(name) {
		n.fail("%q is not a path below the folder", "%q 不是文件夹内的路径", name)
		return nil
	}
	text, err := fs.ReadFile(l.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		n.fail("%v", "无法读取公钥文件：%v", err)
		return nil
	}
	key, err := ParsePublicKey(text)
	if err != nil {
		n.fail("%s: %v", "公钥文件 %s 有误：%v", name, err)
	}
	return key
}

func (l *loader) objects() {
	taken := map[policy.Alias]bool{}
	for _, o := range l.items("objects") {
		var object policy.Object
		if n, ok := o.need("id"); ok {
			object.ID = l.id(n, false)
			n.unique(bilingual.Say("object", "客体"), object.ID, l.objectIDs())
		}
		if n, ok := o.need("class"); ok {
			object.Class = l.class(n, label.Class{})
		}
		if n, ok := o.get("groups"); ok {
			object.Groups = n.texts()
		}
		if n, ok := o.get("aliases"); ok {
			for _, pair := range l.perZone(n) {
				alias := policy.Alias{Zone: pair.zone, Name: pair.id}
				if taken[alias] {
					pair.fail("alias %q is that of another object", "别名 %q 已属于另一个客体", pair.id)
				}
				taken[alias] = true
				object.Aliases = append(object.Aliases, alias)
			}
		}
		o.done()
		l.homes["objects "+object.ID] = o.file
		l.draft.Objects = append(l.draft.Objects, object)
	}
}

func (l *loader) objectIDs() []string {
	return names(l.draft.Objects, func(o policy.Object) string { return o.ID })
}

type zoned struct {
	node
	zone, id string
}

// perZone reads a mapping of zones to ids in that zone.
func (l *loader) perZone(n node) []zoned {
	o := n.object()
	if o == nil {
		return nil
	}
	var pairs []zoned
	o.each(func(key, value node) {
		zone, id := key.oneOf(zoneWord(), l.zoneNames()), l.id(value, true)
		if zone != "" && id != "" && !strings.HasPrefix(id, zone+"/") {
			value.fail("%q is not in zone %q", "%q 不在安全域 %q 中", id, zone)
		}
		pairs = append(pairs, zoned{value, zone, id})
	})
	slices.SortFunc(pairs, func(a, b zoned) int { return strings.Compare(a.zone, b.zone) })
	return pairs
}

func (l *loader) subjects() {
	for _, o := range l.items("subjects") {
		var s policy.Subject
		if n, ok := o.need("id"); ok {
			s.ID = l.id(n, true)
			n.unique(bilingual.Say("subject", "主体"), s.ID, l.subjectIDs())
		}
		if n, ok := o.get("groups"); ok {
			s.Groups = n.texts()
		}
		if n, ok := o.need("clearance"); ok {
			s.Clearance = l.class(n, label.Class{Integrity: label.MinLevel})
		}
		if n, ok := o.get("proxies"); ok {
			for _, pair := range l.perZone(n) {
				if strings.HasSuffix(pair.id, "*") && !strings.HasSuffix(s.ID, "*") {
					pair.fail(`the proxy ends in "*", the subject does not`, `代理主体以 "*" 结尾，而主体不是`)
				}
				s.Proxies = append(s.Proxies, policy.Proxy{Zone: pair.zone, Subject: pair.id})
			}
		}
		if n, ok := o.get("credentials"); ok {
			l.subjectCredentials(n, s.ID)
		}
		if n, ok := o.get("bind"); ok {
			l.bind(n, s.ID)
		}
		o.done()
		l.homes["subjects "+s.ID] = o.file
		l.draft.Subjects = append(l.draft.Subjects, s)
	}
}

func (l *loader) subjectIDs() []string {
	return names(l.draft.Subjects, func(s policy.Subject) string { return s.ID })
}

func (l *loader) subjectCredentials(n node, subject string) {
	if strings.HasSuffix(subject, "*") {
		n.fail("a family of subjects has no credentials: tokens name its members", "一族主体没有凭据：其成员由令牌给出")
	}
	for _, item := range n.list() {
		o := item.object()
		if o == nil {
			continue
		}
		c := o.credential()
		c.Subject = subject
		if len(o.keys) != 1 {
			o.fail("a credential is one of api-key, password, certificate", "一项凭据须恰为 api-key、password、certificate 之一")
		}
		o.done()
		zone, _, _ := strings.Cut(subject, "/")
		for _, other := range l.credentials {
			same := other.Method == c.Method && other.Name == c.Name && (c.Name != "" || other.Value == c.Value)
			if same && strings.HasPrefix(other.Subject, zone+"/") {
				item.fail("the same %s is a credential of %q", "同一个 %s 已是 %q 的凭据", c.Method, other.Subject)
			}
		}
		l.credentials = append(l.credentials, c)
	}
}

// credential reads what proves a subject; a secret itself is nowhere in the files.
func (o *object) credential() policy.Credential {
	if n, ok := o.get("api-key"); ok {
		return policy.Credential{Method: label.ByAPIKey, Value: n.digest(bilingual.Say("an API key is given as its SHA-256", "API 密钥须以其 SHA-256 给出"))}
	}
	if n, ok := o.get("certificate"); ok {
		return policy.Credential{Method: label.ByCertificate, Value: n.digest(bilingual.Say("a certificate is given as the SHA-256 of its public key (SPKI)",
			"证书须以其公钥（SPKI）的 SHA-256 给出"))}
	}
	c := policy.Credential{Method: label.ByPassword}
	n, ok := o.get("password")
	if !ok {
		return c
	}
	p := n.object()
	if p == nil {
		return c
	}
	c.Name = p.needName("user")
	if hash, ok := p.need("hash"); ok {
		if c.Value = hash.text(); !strings.HasPrefix(c.Value, "$argon2id$v=19$m=") || strings.Count(c.Value, "$") != 5 {
			hash.fail("a password is given as argon2id in PHC form: $argon2id$v=19$m=...,t=...,p=...$salt$hash",
				"口令须以 PHC 格式的 argon2id 散列给出：$argon2id$v=19$m=...,t=...,p=...$salt$hash")
		}
	}
	p.done()
	return c
}

func (n node) digest(what bilingual.Words) string {
	t := n.raw()
	if b, err := hex.DecodeString(t); err != nil || len(b) != 32 || t != strings.ToLower(t) {
		n.fail("%s: 64 lower-case hexadecimal digits", "%s：64 位小写十六进制数字", what)
	}
	return t
}
