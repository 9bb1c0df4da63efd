// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"strings"
)

func flowKeys() []property {
	const http, file = "protocol=http", "protocol=file"
	zone := func(example string) schema { return ref("zone").with("examples", []string{example}) }
	return []property{
		{"name", true, "", named("query"), "of the flow", "数据流名称"},
		{"from", true, "", zone("outside"), "zone that it begins in", "起始安全域"},
		{"to", true, "", zone("inside"), "zone that it ends in; exactly one of both is inner", "目的安全域；两者中恰有一个为内侧"},
		{"protocol", true, "", oneOfTexts("http", "file"), "kind of crossing; http asks and is answered, file delivers", "交换方式；http 为问答，file 为文件投递"},
		{"entry", true, "", ref("listener"), "front that takes the protocol apart", "解析协议的前置"},
		{"exit", true, "", ref("target"), "front that builds it anew", "重新构造协议的前置"},
		{"object", true, "", schema{"type": "string", "x-ref": "objects", "examples": []string{"inside/reports"}}, "what is asked for or delivered to; also as the source zone names it", "客体；也可用起始安全域中的别名"},
		{"action", true, "", named("read"), "what is done with it", "操作"},
		{"purpose", true, "", named("inquiry"), "what for", "用途"},
		{"class", true, "", ref("base"), "that what crosses has at least", "通过内容的最低等级"},
		{"raise", false, "", described(raiseKeys()), "integrity after named checks", "经指定检查后提升的完整性"},
		{"accept", true, "", distinct(schema{"type": "string", "pattern": wayPattern(), "examples": []string{"api-key"}}).with("minItems", 1), "ways to establish the subject; in their order, + joins methods that must all hold: certificate+password", "鉴别主体的方式；按顺序，用 + 连接必须同时满足的方式：certificate+password"},
		{"issuer", false, "", schema{"type": "string", "x-ref": "issuers", "examples": []string{"bureau"}}, "of tokens, where they are accepted", "令牌签发者，接受令牌时必填"},
		{"limits", false, "", described(limitKeys()), "rates and sizes", "速率与大小限制"},
		{"answer", true, http, ref("base"), "class that answers have at least", "应答的最低等级"},
		{"unknown", false, http, oneOfTexts("drop", "refuse").with("default", "refuse"), "what becomes of what the forms do not name", "表单未列出的内容如何处理"},
		{"routes", true, http, listOf(described(routeKeys())).with("minItems", 1), "requests that may cross, with their answers", "可通过的请求及其应答"},
		{"files", true, file, described(fileKeys()), "which files may cross", "可通过的文件"},
	}
}

// wayPattern is one method, or several joined by "+".
func wayPattern() string {
	one := "(" + strings.Join(assurances(), "|") + ")"
	return "^ *" + one + " *(\\+ *" + one + " *)*$"
}

func raiseKeys() []property {
	level := whole(1, 5)
	return []property{
		{"integrity", true, "", level, "after the checks", "检查后的等级"},
		{"by", true, "", distinct(plain("form")).with("minItems", 1), "named checks; form is made by the judges too", "指定的检查；form 由两个裁决器执行"},
	}
}

func limitKeys() []property {
	return []property{
		{"request", false, "", bytesUpTo("64KiB", mostContent), "most bytes of a request", "请求的最大字节数"},
		{"answer", false, "", bytesUpTo("256KiB", mostContent), "most bytes of an answer", "应答的最大字节数"},
		{"rate", false, "", measured("rate", `^[0-9]+ *(/s|/m)$`, "50/s", mostRate), "requests a second or minute of each subject", "每个主体每秒或每分钟的请求数"},
		{"burst", false, "", whole(1, 2*mostRate), "requests at once; usually twice the rate", "突发请求数，默认为速率的两倍"},
		{"concurrent", false, "", whole(1, mostConcurrent).with("default", usualConcurrent), "requests under way", "并发请求数"},
		{"timeout", false, "", timeUpTo(usualTimeout.String(), mostTimeout), "for one request", "单个请求的超时"},
		{"label", false, "", timeUpTo(usualLabelLife.String(), mostLabelLife), "how long a label is valid", "安全标记的有效期"},
	}
}

func routeKeys() []property {
	fields := ref("fields").with("examples", []any{map[string]any{"q": map[string]any{}}})
	answer := []property{
		{"status", true, "", whole(200, 599), "of the answer; each once", "应答状态码，各出现一次"},
		{"header", false, "", fields, "headers that cross, in lower case", "可通过的头字段，小写"},
		{"body", false, "", ref("value"), "JSON that crosses", "可通过的 JSON 正文"},
	}
	return []property{
		{"name", true, "", named("one"), "of the route, and of its form", "路由（及其表单）的名称"},
		{"method", true, "", oneOfTexts("GET", "POST", "PUT", "PATCH", "DELETE").with("examples", []string{"POST"}), "of HTTP", "HTTP 方法"},
		{"path", true, "", schema{"type": "string", "pattern": `^/`, "maxLength": defaultText, "examples": []string{"/things"}}, "template: literal segments, or one {name} each", "路径模板：每段为字面值或一个 {name}"},
		{"path-parameters", false, "", ref("fields").with("examples", []any{map[string]any{}}), "what each {name} of the path may be", "路径中每个 {name} 的约束"},
		{"query", false, "", fields, "parameters behind the question mark that cross", "可通过的查询参数"},
		{"header", false, "", fields, "headers that cross, in lower case", "可通过的头字段，小写"},
		{"body", false, "", ref("value"), "JSON that crosses; not with GET or DELETE", "可通过的 JSON 正文；GET 和 DELETE 没有"},
		{"answers", true, "", listOf(described(answer)).with("minItems", 1), "one for each status", "每个状态码一项"},
	}
}

func fileKeys() []property {
	return []property{
		{"max-size", false, "", bytesUpTo("64MiB", mostFile), "of one file", "单个文件的最大大小"},
		{"extensions", false, "", distinct(schema{"type": "string", "pattern": extensionForm.String(), "examples": []string{".csv"}}), "that names may end in; none: any", "允许的扩展名；不写则不限"},
		{"ready", false, "", oneOfTexts("rename", "marker", "settled").with("default", "rename"), "how a file in the directory is known to be whole", "如何判断目录中的文件已写完"},
		{"receipts", false, "", flag(false), "whether the sender finds receipts beside its files", "是否给发送方留下回执"},
	}
}
