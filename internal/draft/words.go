// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// bundles compares all but the components, which are not of a folder, and what is sealed.
func (w *words) bundles(a, b *policy.Bundle) {
	w.installation(a, b)
	compare(a.Zones, b.Zones, func(z *policy.Zone) string { return z.Name }, w.zoneAdded, w.zoneRemoved, w.zone)
	compare(a.Issuers, b.Issuers, func(i *policy.Issuer) string { return i.Name },
		func(i *policy.Issuer) {
			w.add("issuer", i.Name, Wider, "issuer %s: its tokens prove subjects, with %s", "签发者 %s：其令牌可证明主体身份，使用%s", i.Name, keyName(i.Key))
		},
		func(i *policy.Issuer) {
			w.add("issuer", i.Name, Narrower, "issuer %s is gone: its tokens prove nobody", "签发者 %s 已移除：其令牌不再证明任何主体身份", i.Name)
		}, w.issuer)
	compare(a.Subjects, b.Subjects, func(s *policy.Subject) string { return s.ID }, w.subjectAdded, w.subjectRemoved, w.subject)
	compare(a.Objects, b.Objects, func(o *policy.Object) string { return o.ID }, w.objectAdded, w.objectRemoved, w.object)
	compare(a.Flows, b.Flows, func(f *policy.Flow) string { return f.Name }, w.flowAdded, w.flowRemoved, w.flow)
	w.cedar(a, b)
}

// compare calls added, removed or both for each thing of two lists, by its name.
func compare[T any](a, b []T, name func(*T) string, added, removed func(*T), both func(a, b *T)) {
	before := map[string]*T{}
	for i := range a {
		before[name(&a[i])] = &a[i]
	}
	after := map[string]bool{}
	for i := range b {
		n := name(&b[i])
		after[n] = true
		if old := before[n]; old != nil {
			both(old, &b[i])
		} else {
			added(&b[i])
		}
	}
	for i := range a {
		if !after[name(&a[i])] {
			removed(&a[i])
		}
	}
}

func (w *words) installation(a, b *policy.Bundle) {
	if a.Guard != b.Guard {
		w.add("installation", "guard", Other, "the guard is %s, not %s", "安全互联部件为 %s，原为 %s", b.Guard, a.Guard)
	}
	if a.Term != b.Term {
		w.add("installation", "term", Other, "the term is %d, not %d", "任期为 %d，原为 %d", b.Term, a.Term)
	}
	if before, after := holds(a), holds(b); a.Version != 0 && before != after {
		w.add("installation", "valid", grows(before, after), "a bundle holds for %s, not %s", "策略包有效期为 %s，原为 %s", days(after), days(before))
	}
	for i := range max(len(a.Categories), len(b.Categories)) {
		before, after := nth(a.Categories, i), nth(b.Categories, i)
		switch {
		case before == after:
		case before == "":
			w.add("category", after, Other, "category %s is new", "新增范畴 %s", after)
		default:
			w.add("category", before, Other, "category %s is %q from now on, in all that has it: categories keep their places",
				"范畴 %s 从此改为 %q，凡标有该范畴者一并改变：范畴的位置固定不变", before, after)
		}
	}
}

func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// holds is for how long a bundle holds.
func holds(b *policy.Bundle) time.Duration {
	return time.Duration(b.NotAfter-b.NotBefore) * time.Millisecond
}

func days(d time.Duration) any {
	if d >= 48*time.Hour {
		return bilingual.Say("%d days", "%d 天", d/(24*time.Hour))
	}
	return d.Round(time.Minute)
}

// grows is the effect of a bound that is raised.
func grows[T cmp.Ordered](before, after T) Effect {
	switch {
	case after > before:
		return Wider
	case after < before:
		return Narrower
	default:
		return Other
	}
}

func shrinks[T cmp.Ordered](before, after T) Effect { return grows(after, before) }

func (w *words) zoneAdded(z *policy.Zone) {
	w.add("zone", z.Name, Wider, "zone %s is new, %s; up to %s may enter it", "新增安全域 %s，位于%s；最高 %s 的内容可进入", z.Name, side(z), w.class(z.Class))
}

func (w *words) zoneRemoved(z *policy.Zone) {
	w.add("zone", z.Name, Narrower, "zone %s is gone", "安全域 %s 已移除", z.Name)
}

func side(z *policy.Zone) bilingual.Words {
	if z.Inner {
		return bilingual.Say("inside", "内侧")
	}
	return bilingual.Say("outside", "外侧")
}

func (w *words) zone(a, b *policy.Zone) {
	if a.Inner != b.Inner {
		w.add("zone", b.Name, Other, "zone %s is %s, not %s", "安全域 %s 位于%s，原位于%s", b.Name, side(b), side(a))
	}
	w.classes("zone", b.Name, bilingual.Say("zone %s: what may enter", "安全域 %s：可进入的内容", b.Name), a.Class, b.Class, true)
}

// classes compares two classes. A ceiling bounds what may come; what is no ceiling is what
// something has, at least.
func (w *words) classes(area, name string, what bilingual.Words, a, b label.Class, ceiling bool) {
	effect := func(e Effect) Effect {
		switch {
		case ceiling || e == Other:
			return e
		case e == Wider:
			return Narrower
		default:
			return Wider
		}
	}
	if a.Confidentiality != b.Confidentiality {
		w.add(area, name, effect(grows(a.Confidentiality, b.Confidentiality)), "%s: confidentiality %d → %d", "%s：密级 %d → %d", what, a.Confidentiality, b.Confidentiality)
	}
	if a.Integrity != b.Integrity {
		w.add(area, name, effect(shrinks(a.Integrity, b.Integrity)), "%s: integrity %d → %d", "%s：完整性 %d → %d", what, a.Integrity, b.Integrity)
	}
	if more := b.Categories &^ a.Categories; more != 0 {
		w.add(area, name, effect(Wider), "%s: gains %s", "%s：增加范畴 %s", what, w.names.categories(more))
	}
	if less := a.Categories &^ b.Categories; less != 0 {
		w.add(area, name, effect(Narrower), "%s: loses %s", "%s：减少范畴 %s", what, w.names.categories(less))
	}
}

func (w *words) class(c label.Class) string {
	return strings.TrimSpace(fmt.Sprintf("C%d I%d %s", c.Confidentiality, c.Integrity, w.names.categories(c.Categories)))
}

func (w *words) issuer(a, b *policy.Issuer) {
	if !absent(b.Key) && !bytes.Equal(a.Key, b.Key) {
		w.add("issuer", b.Name, Other, "issuer %s has another key: %s, not %s", "签发者 %s 更换了密钥：现为%s，原为%s", b.Name, keyName(b.Key), keyName(a.Key))
	}
	if a.Audience != b.Audience {
		w.add("issuer", b.Name, Other, "issuer %s: its tokens must be for %q, not %q", "签发者 %s：其令牌的受众须为 %q，原为 %q", b.Name, b.Audience, a.Audience)
	}
}

// absent tells whether a key only stands in for one that is still to come.
func absent(k ed25519.PublicKey) bool { return bytes.Count(k, []byte{0}) == len(k) }

func keyName(k ed25519.PublicKey) bilingual.Words {
	if absent(k) {
		return bilingual.Say("the key in force", "现行密钥")
	}
	return bilingual.Say("key %s", "密钥 %s", envelope.IDOf(k))
}

func (w *words) subjectAdded(s *policy.Subject) {
	w.add("subject", s.ID, Wider, "subject %s is new: cleared for %s%s%s", "新增主体 %s：许可级别 %s%s%s", s.ID, w.class(s.Clearance), among(s.Groups), proxied(s.Proxies))
}

func (w *words) subjectRemoved(s *policy.Subject) {
	w.add("subject", s.ID, Narrower, "subject %s is gone: it may do nothing any more", "主体 %s 已移除：不再有任何权限", s.ID)
}

func among(groups []string) bilingual.Words {
	if len(groups) == 0 {
		return bilingual.Words{}
	}
	return bilingual.Say(", in %s", "，属于组 %s", strings.Join(groups, ", "))
}

func proxied(list []policy.Proxy) (all bilingual.Words) {
	for _, p := range list {
		one := bilingual.Say(", as %s in %s", "，代理主体为 %s（在安全域 %s 中）", p.Subject, p.Zone)
		all.English, all.Chinese = all.English+one.English, all.Chinese+one.Chinese
	}
	return all
}

func (w *words) subject(a, b *policy.Subject) {
	w.classes("subject", b.ID, bilingual.Say("subject %s: clearance", "主体 %s：许可级别", b.ID), a.Clearance, b.Clearance, true)
	w.sets(a.Groups, b.Groups, func(g string) {
		w.add("subject", b.ID, Wider, "subject %s joins %s: what that group may do, it may do", "主体 %s 加入组 %s：该组的权限它都有", b.ID, g)
	}, func(g string) {
		w.add("subject", b.ID, Narrower, "subject %s leaves %s", "主体 %s 退出组 %s", b.ID, g)
	})
	compare(a.Proxies, b.Proxies, func(p *policy.Proxy) string { return p.Zone },
		func(p *policy.Proxy) {
			w.add("subject", b.ID, Wider, "subject %s is %s in %s", "主体 %[1]s 在安全域 %[3]s 中由 %[2]s 代理", b.ID, p.Subject, p.Zone)
		},
		func(p *policy.Proxy) {
			w.add("subject", b.ID, Narrower, "subject %s is nobody in %s any more, where it was %s", "主体 %s 在安全域 %s 中不再有代理主体，原为 %s", b.ID, p.Zone, p.Subject)
		},
		func(x, y *policy.Proxy) {
			if x.Subject != y.Subject {
				w.add("subject", b.ID, Other, "subject %s is %s in %s, not %s", "主体 %[1]s 在安全域 %[3]s 中由 %[2]s 代理，原为 %[4]s", b.ID, y.Subject, y.Zone, x.Subject)
			}
		})
}

// sets compares lists whose order says nothing.
func (w *words) sets(a, b []string, gained, lost func(string)) {
	for _, x := range b {
		if !slices.Contains(a, x) {
			gained(x)
		}
	}
	for _, x := range a {
		if !slices.Contains(b, x) {
			lost(x)
		}
	}
}

func (w *words) objectAdded(o *policy.Object) {
	w.add("object", o.ID, Wider, "object %s is new: it takes up to %s%s", "新增客体 %s：最高接收 %s%s", w.names.object(o.ID), w.class(o.Class), among(o.Groups))
}

func (w *words) objectRemoved(o *policy.Object) {
	w.add("object", o.ID, Narrower, "object %s is gone", "客体 %s 已移除", o.ID)
}

func (w *words) object(a, b *policy.Object) {
	name := w.names.object(b.ID)
	w.classes("object", b.ID, bilingual.Say("object %s: what it takes", "客体 %s：可接收的内容", name), a.Class, b.Class, true)
	w.sets(a.Groups, b.Groups, func(g string) {
		w.add("object", b.ID, Wider, "object %s joins %s: who may use that group's, may use it", "客体 %s 加入组 %s：可使用该组客体者均可使用它", name, g)
	}, func(g string) {
		w.add("object", b.ID, Narrower, "object %s leaves %s", "客体 %s 退出组 %s", name, g)
	})
	compare(a.Aliases, b.Aliases, func(x *policy.Alias) string { return x.Zone },
		func(x *policy.Alias) {
			w.add("object", b.ID, Other, "object %s is called %s in %s", "客体 %[1]s 在安全域 %[3]s 中称为 %[2]s", b.ID, x.Name, x.Zone)
		},
		func(x *policy.Alias) {
			w.add("object", b.ID, Other, "object %s has no name in %s any more, where it was %s", "客体 %s 在安全域 %s 中不再有别名，原为 %s", b.ID, x.Zone, x.Name)
		},
		func(x, y *policy.Alias) {
			if x.Name != y.Name {
				w.add("object", b.ID, Other, "object %s is called %s in %s, not %s", "客体 %[1]s 在安全域 %[3]s 中称为 %[2]s，原为 %[4]s", b.ID, y.Name, y.Zone, x.Name)
			}
		})
}

// directories compares what proves subjects, and from where they may come.
func (w *words) directories(a, b policy.Directory) {
	compare(a.Credentials, b.Credentials, credentialName,
		func(c *policy.Credential) {
			w.add("credential", c.Subject, Wider, "subject %s: %s proves it", "主体 %s：%s 可证明其身份", c.Subject, credential(c))
		},
		func(c *policy.Credential) {
			w.add("credential", c.Subject, Narrower, "subject %s: %s proves it no more", "主体 %s：%s 不再证明其身份", c.Subject, credential(c))
		},
		func(x, y *policy.Credential) {
			if x.Value != y.Value {
				w.add("credential", y.Subject, Other, "subject %s: the password of user %s is another", "主体 %s：用户 %s 的口令已更换", y.Subject, y.Name)
			}
		})
	compare(a.Bindings, b.Bindings, func(b *policy.Binding) string { return b.Subject },
		func(b *policy.Binding) {
			w.add("credential", b.Subject, Narrower, "subject %s may come only from %s", "主体 %s 只能从 %s 接入", b.Subject, places(b))
		},
		func(b *policy.Binding) {
			w.add("credential", b.Subject, Wider, "subject %s may come from anywhere, not only from %s", "主体 %s 可从任何地方接入，原只能从 %s 接入", b.Subject, places(b))
		},
		func(x, y *policy.Binding) {
			if places(x) != places(y) {
				w.add("credential", y.Subject, Other, "subject %s may come from %s, not from %s", "主体 %s 可从 %s 接入，原为 %s", y.Subject, places(y), places(x))
			}
		})
}

// credentialName tells credentials apart. A password is that of its user, whatever it is.
func credentialName(c *policy.Credential) string {
	if c.Method == label.ByPassword {
		return c.Subject + " " + string(c.Method) + " " + c.Name
	}
	return c.Subject + " " + string(c.Method) + " " + c.Value
}

func credential(c *policy.Credential) bilingual.Words {
	if c.Method == label.ByPassword {
		return bilingual.Say("the password of user %s", "用户 %s 的口令", c.Name)
	}
	return bilingual.Say("%s %.12s…", "凭据 %s %.12s…", c.Method, c.Value)
}

func places(b *policy.Binding) string {
	return strings.Join(slices.Concat(b.Addresses, b.Hardware), ", ")
}
