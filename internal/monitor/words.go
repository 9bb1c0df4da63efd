// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"cmp"
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/bilingual"
)

// Sentence says what is wrong: names of components and flows, numbers, and the words of
// the part that raised it. Nothing of what crosses is in it.
func (a *Alert) Sentence() bilingual.Words {
	of, v, limit := cmp.Or(a.Component, a.Flow), a.Value, a.Threshold
	switch a.Rule {
	case RuleUnreachable:
		return bilingual.Say("%s does not answer.", "部件 %s 没有应答。", of)
	case RuleUntrusted:
		return bilingual.Say("%s was not started under the signed manifest and gets neither policy nor keys.", "部件 %s 未按签名清单启动，不向其下发策略和密钥。", of)
	case RuleBehind:
		return bilingual.Say("%s has not taken the bundle or the lease in force.", "部件 %s 尚未启用现行的策略包或密钥租约。", of)
	case RuleLog:
		return bilingual.Say("The audit log of %s is not sound: %s.", "部件 %s 的审计日志不可信：%s。", of, a.Detail)
	case RuleClock:
		return bilingual.Say("The clock of %s is off by %s s (limit %s s).", "部件 %s 的时钟偏差 %s 秒（阈值 %s 秒）。", of, whole(v), whole(limit))
	case RuleBacklog:
		return bilingual.Say("%[2]s deliveries wait at %[1]s (limit %[3]s).", "部件 %s 有 %s 个文件等待投递（阈值 %s）。", of, whole(v), whole(limit))
	case RuleDiskFree:
		return bilingual.Say("%[2]s %% of the disk of %[1]s is free (limit %[3]s %%). What cannot be recorded does not pass.", "部件 %s 的磁盘剩余 %s%%（阈值 %s%%）。无法记录时不再放行。", of, tenths(v), tenths(limit))
	case RuleDiskFull:
		return bilingual.Say("At this rate the disk of %s is full in %s hours.", "按当前速度，部件 %s 的磁盘将在 %s 小时后写满。", of, whole(v))
	case RuleEndMonth, RuleEndWeek, RuleEndDay:
		return a.end()
	case RuleInterrupted:
		return bilingual.Say("Flow %s is interrupted: a component on its way does not answer.", "数据流 %s 中断：途中有部件没有应答。", of)
	case RuleRefused:
		return bilingual.Say("%[2]s %% of what came on flow %[1]s in five minutes was refused (limit %[3]s %%).", "数据流 %s 五分钟内有 %s%% 被拒绝（阈值 %s%%）。", of, whole(v), whole(limit))
	case RuleFailing:
		return bilingual.Say("%[2]s %% of what came on flow %[1]s in five minutes failed (limit %[3]s %%).", "数据流 %s 五分钟内有 %s%% 失败（阈值 %s%%）。", of, tenths(v), tenths(limit))
	case RuleSlow:
		return bilingual.Say("One of a hundred questions on flow %s takes longer than %s s (limit %s s).", "数据流 %s 有百分之一的请求耗时超过 %s 秒（阈值 %s 秒）。", of, brief(v), brief(limit))
	case RuleSilent:
		return bilingual.Say("Nothing has come on flow %s for %s minutes, though it is usually busy at this hour.", "数据流 %s 已 %s 分钟没有业务，而平日此时段繁忙。", of, whole(v))
	case RuleDrift:
		return a.withDetail(bilingual.Say("The configuration of %s differs from the one intended.", "部件 %s 的配置与预期不一致。", of))
	case RuleNotTold:
		return a.withDetail(bilingual.Say("Channel %s does not take notifications.", "通知渠道 %s 无法送达。", of))
	default:
		return a.withDetail(bilingual.Say("A security event concerns %s.", "发生与 %s 有关的安全事件。", of))
	}
}

func whole(n float64) string  { return strconv.FormatFloat(n, 'f', 0, 64) }
func tenths(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

// brief is a number in two digits.
func brief(n float64) string { return strconv.FormatFloat(n, 'g', 2, 64) }

// withDetail puts the words of the part that raised it, which are in one language only,
// behind a sentence.
func (a *Alert) withDetail(w bilingual.Words) bilingual.Words {
	detail := bilingual.Plain(strings.TrimSpace(a.Detail))
	return then(w, bilingual.Words{English: detail, Chinese: detail})
}

// then puts a sentence behind another: Chinese has no space between them.
func then(w, next bilingual.Words) bilingual.Words {
	if next.English == "" {
		return w
	}
	return bilingual.Words{English: w.English + " " + next.English, Chinese: w.Chinese + next.Chinese}
}

// end says that something ends, or has ended.
func (a *Alert) end() bilingual.Words {
	of := partOf(a.Part)
	if a.Component != "" {
		of = bilingual.Say("%s of %s", "部件 %[2]s 的%[1]s", of, a.Component)
	}
	if a.Value <= 0 {
		return bilingual.Say("%s has ended.", "%s已到期。", of)
	}
	return bilingual.Say("%s ends in %s days.", "%s将在 %s 天后到期。", of, tenths(a.Value))
}

// partOf names what ends: its kind, and its own name behind it where there are several.
func partOf(part string) bilingual.Words {
	kind, name, named := strings.Cut(part, " ")
	chinese := cmp.Or(map[string]string{"certificate": "证书", "lease": "密钥租约", "bundle": "策略包"}[kind], kind)
	if named {
		chinese += " " + name + " "
	}
	return bilingual.Words{English: "The " + part, Chinese: chinese}
}

// maxNames bounds how many names a sentence lists.
const maxNames = 8

// Sentence says what is wrong, and what else is by it, for people outside: without the
// words of the part that raised it.
func (n *News) Sentence() bilingual.Words {
	var flows, components []string
	for i := range n.Follows {
		switch f := &n.Follows[i]; {
		case f.Rule == RuleInterrupted:
			flows = append(flows, f.Flow)
		case f.Component != "":
			components = append(components, f.Component)
		}
	}
	told := n.Alert
	if r := ruleOf(told.Rule); r != nil && r.Told {
		told.Detail = "" // words of others: they may name files
	}
	text := told.Sentence()
	if told.State == Resolved {
		return text
	}
	if len(flows) > 0 {
		text = then(text, bilingual.Say("Interrupted flows: %s.", "受影响的数据流：%s。", names(flows)))
	}
	if len(components) > 0 {
		text = then(text, bilingual.Say("Behind it: %s.", "其后的部件：%s。", names(components)))
	}
	return text
}

func names(list []string) bilingual.Words {
	first := list[:min(len(list), maxNames)]
	w := bilingual.Words{English: strings.Join(first, ", "), Chinese: strings.Join(first, "、")}
	if n := len(list) - maxNames; n > 0 {
		return bilingual.Say("%s and %d more", "%s 等另外 %d 项", w, n)
	}
	return w
}
