// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"strings"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

// condition reads "key=one,two".
func condition(when string) (key string, values []string) {
	key, list, _ := strings.Cut(when, "=")
	return key, strings.Split(list, ",")
}

func topLevel() []property {
	in := func(file string, s schema) schema { return s.with("x-file", file) }
	once := func(s schema) schema { return in("dukou.yaml", s).with("x-once", true) }
	return []property{
		{"guard", false, "", once(named("guard-1")).with("x-needed", true), "name of the guard; in one file only", "安全互联部件的名称；只能出现在一个文件中"},
		{"term", false, "", once(whole(1, 1<<62).with("default", 1)), "reign of the guard, which grows at a takeover", "任期，接管时增大"},
		{"valid", false, "", once(timeUpTo("90d", maxValid)), "how long a policy holds", "策略的有效期"},
		{"categories", false, "", once(distinct(schema{"type": "string"}).with("maxItems", 64)), "names of the compartments, in an order that stays", "范畴的名称，顺序不可改变"},
		{"zones", false, "", in("zones.yaml", listOf(described(zoneKeys()))), "graded systems with their networks", "定级系统及其网络"},
		{"issuers", false, "", in("subjects.yaml", listOf(described(issuerKeys()))), "who gives tokens", "令牌签发者"},
		{"objects", false, "", in("objects.yaml", listOf(described(objectKeys()))), "what is asked for or delivered to", "客体：被访问或接收文件的对象"},
		{"subjects", false, "", in("subjects.yaml", listOf(described(subjectKeys()))), "who may ask", "主体：可以发起访问者"},
		{"flows", false, "", in("flows/NAME.yaml", listOf(described(flowKeys()))), "permitted ways from one zone to another", "安全域之间允许的数据流"},
		{"cases", false, "", in("cases/NAME.yaml", listOf(apart(described(caseKeys()), "answer", "path", "query", "header", "body"))), "questions with the answer that their author expects", "测试用例：问题及其作者预期的结果"},
	}
}

// apart is a mapping that has no others of some keys beside one.
func apart(s schema, one string, others ...string) schema {
	none := schema{}
	for _, key := range others {
		none[key] = false
	}
	return s.with("dependentSchemas", schema{one: schema{"properties": none}})
}

func zoneKeys() []property {
	return []property{
		{"name", true, "", named("outside"), "of the zone", "安全域名称"},
		{"class", true, "", ref("class"), "the most confidential that may enter, the least integrity that may enter, the categories that may", "可进入内容的最高机密性、最低完整性和允许的范畴"},
		{"inner", false, "", flag(false), "on the center's side of the guard", "位于管理中心一侧"},
	}
}

func issuerKeys() []property {
	return []property{
		{"name", true, "", named("bureau"), "of the issuer", "签发者名称"},
		{"key-file", true, "", plain("bureau.pub"), "path of its public key in the folder: Ed25519, PKIX in PEM", "文件夹中其公钥的路径：Ed25519，PEM 格式的 PKIX"},
		{"audience", false, "", plain("the-bureau"), "whom its tokens must be for", "令牌必须面向的对象（aud）"},
	}
}

func objectKeys() []property {
	return []property{
		{"id", true, "", ref("id").with("examples", []string{"inside/reports"}), "zone/name", "安全域/名称"},
		{"class", true, "", ref("class"), "the most that it takes", "可接收的最高等级"},
		{"groups", false, "", distinct(plain("reports")), "for the rules in Cedar", "供 Cedar 规则使用的组"},
		{"aliases", false, "", mapOf(ref("family")).with("examples", []any{map[string]string{"outside": "outside/reports"}}), "its name in other zones: zone to zone/name", "在其他安全域的别名：安全域 → 安全域/名称"},
	}
}

func subjectKeys() []property {
	return []property{
		{"id", true, "", ref("family").with("examples", []string{"outside/portal"}), "zone/name; a name that ends in * is a family, whose members tokens name", "安全域/名称；以 * 结尾的是一族主体，其成员由令牌给出"},
		{"clearance", true, "", ref("base"), "what may be told to it", "可告知的最高等级"},
		{"groups", false, "", distinct(plain("portals")), "for the rules in Cedar", "供 Cedar 规则使用的组"},
		{"proxies", false, "", mapOf(ref("family")).with("examples", []any{map[string]string{"inside": "inside/portal"}}), "who stands in for it in other zones: zone to zone/name", "在其他安全域的代理主体：安全域 → 安全域/名称"},
		{"credentials", false, "", listOf(described(credentialKeys()).with("minProperties", 1).with("maxProperties", 1)), "what proves it; never a secret itself", "身份凭据；从不包含秘密本身"},
		{"bind", false, "", described(bindKeys()).with("minProperties", 1), "from where it may come", "绑定的来源"},
	}
}

func credentialKeys() []property {
	digest := ref("digest").with("examples", []string{strings.Repeat("01", 32)})
	password := []property{
		{"user", true, "", named("portal"), "name that is given with it", "用户名"},
		{"hash", true, "", schema{"type": "string", "pattern": `^\$argon2id\$v=19\$m=[^$]*\$[^$]*\$[^$]*$`, "examples": []string{"$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"}}, "argon2id in PHC form", "PHC 格式的 argon2id 散列"},
	}
	return []property{
		{"api-key", false, "", digest, "SHA-256 of an API key, hexadecimal", "API 密钥的 SHA-256，十六进制"},
		{"certificate", false, "", digest, "SHA-256 of a certificate's public key (SPKI), hexadecimal", "证书公钥（SPKI）的 SHA-256，十六进制"},
		{"password", false, "", described(password), "a name and the hash of its password", "用户名及口令散列"},
	}
}

func bindKeys() []property {
	return []property{
		{"addresses", false, "", distinct(plain("10.1.2.0/24")), "IP addresses and prefixes", "IP 地址与前缀"},
		{"hardware", false, "", distinct(schema{"type": []string{"string", "integer"}, "examples": []string{"02:00:5e:10:00:01"}}), "addresses of network cards", "网卡地址（MAC）"},
	}
}

func caseKeys() []property {
	content := schema{"type": "object"}
	parts := func() []property {
		return []property{
			{"path", false, "", content, "parameters of the path", "路径参数"},
			{"query", false, "", content, "of the request", "请求的查询参数"},
			{"header", false, "", content, "headers that the form names", "表单列出的头字段"},
			{"body", false, "", schema{}, "of the request or answer", "请求或应答的正文"},
		}
	}
	answer := []property{{"status", true, "", whole(200, 599), "of the answer", "应答状态码"}, parts()[2], parts()[3]}
	expects := []string{"allow"}
	for _, code := range fault.Codes() {
		expects = append(expects, string(code))
	}
	all := parts()
	for i := range all {
		all[i].is = all[i].is.with("x-without", []string{"answer"})
	}
	return append(all,
		property{"name", true, "", plain("it is allowed"), "for people", "用例名称"},
		property{"flow", true, "", schema{"type": "string", "x-ref": "flows", "examples": []string{"query"}}, "that it is asked of", "所问的数据流"},
		property{"route", false, "", schema{"type": "string", "x-ref": "routes", "examples": []string{"one"}}, "where the flow has several", "流有多条路由时须指明"},
		property{"subject", true, "", plain("outside/portal"), "zone/name", "安全域/名称"},
		property{"assurance", false, "", oneOfTexts(assurances()...), "how the subject was established; else by the flow's first way", "主体的鉴别方式；省略时取流的第一种"},
		property{"content", false, "", content, "all of it, where the parts do not say it", "完整内容，用于各部分无法表达时"},
		property{"answer", false, "", described(answer), "the parcel is the answer to the subject's request", "该数据包是对主体请求的应答"},
		property{"label", false, "", ref("change"), "parts of the class that a front would not have labelled so", "与前置所标不同的等级部分"},
		property{"expect", true, "", oneOfTexts(expects...), "allow, or the code of the refusal", "allow，或拒绝代码"},
	)
}

func assurances() []string {
	return []string{
		string(label.ByComponent), string(label.ByAddress), string(label.ByHardware), string(label.ByAPIKey),
		string(label.ByPassword), string(label.ByCertificate), string(label.ByToken),
	}
}
