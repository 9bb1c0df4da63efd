// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"cmp"
	"fmt"
	"strings"
)

// Language is what people are told things in.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Sentence says what is wrong: names of components and flows, numbers, and the words of
// the part that raised it. Nothing of what crosses is in it.
func (a *Alert) Sentence(l Language) string {
	of := a.Component
	if a.Component == "" {
		of = a.Flow
	}
	if l == Chinese {
		return chinese(a, of, a.Value, a.Threshold)
	}
	return strings.TrimSpace(english(a, of, a.Value, a.Threshold))
}

func english(a *Alert, of string, v, t float64) string {
	switch a.Rule {
	case RuleUnreachable:
		return fmt.Sprintf("%s does not answer.", of)
	case RuleUntrusted:
		return fmt.Sprintf("%s was not started under the signed manifest and gets neither policy nor keys.", of)
	case RuleBehind:
		return fmt.Sprintf("%s has not taken the bundle or the lease in force.", of)
	case RuleLog:
		return fmt.Sprintf("The audit log of %s is not sound: %s.", of, a.Detail)
	case RuleClock:
		return fmt.Sprintf("The clock of %s is off by %.0f s (limit %.0f s).", of, v, t)
	case RuleBacklog:
		return fmt.Sprintf("%.0f deliveries wait at %s (limit %.0f).", v, of, t)
	case RuleDiskFree:
		return fmt.Sprintf("%.1f %% of the disk of %s is free (limit %.1f %%). What cannot be recorded does not pass.", v, of, t)
	case RuleDiskFull:
		return fmt.Sprintf("At this rate the disk of %s is full in %.0f hours.", of, v)
	case RuleEndMonth, RuleEndWeek, RuleEndDay:
		return englishEnd(a, v)
	case RuleInterrupted:
		return fmt.Sprintf("Flow %s is interrupted: a component on its way does not answer.", of)
	case RuleRefused:
		return fmt.Sprintf("%.0f %% of what came on flow %s in five minutes was refused (limit %.0f %%).", v, of, t)
	case RuleFailing:
		return fmt.Sprintf("%.1f %% of what came on flow %s in five minutes failed (limit %.1f %%).", v, of, t)
	case RuleSlow:
		return fmt.Sprintf("One of a hundred questions on flow %s takes longer than %.2g s (limit %.2g s).", of, v, t)
	case RuleSilent:
		return fmt.Sprintf("Nothing has come on flow %s for %.0f minutes, though it is usually busy at this hour.", of, v)
	case RuleDrift:
		return fmt.Sprintf("The configuration of %s differs from the one intended. %s", of, a.Detail)
	case RuleNotTold:
		return fmt.Sprintf("Channel %s does not take notifications. %s", of, a.Detail)
	default:
		return fmt.Sprintf("A security event concerns %s. %s", of, a.Detail)
	}
}

func englishEnd(a *Alert, days float64) string {
	of := "The " + a.Part
	if a.Component != "" {
		of += " of " + a.Component
	}
	if days <= 0 {
		return of + " has ended."
	}
	return fmt.Sprintf("%s ends in %.1f days.", of, days)
}

func chinese(a *Alert, of string, v, t float64) string {
	switch a.Rule {
	case RuleUnreachable:
		return fmt.Sprintf("部件 %s 没有应答。", of)
	case RuleUntrusted:
		return fmt.Sprintf("部件 %s 未按签名清单启动，不向其下发策略和密钥。", of)
	case RuleBehind:
		return fmt.Sprintf("部件 %s 尚未启用现行的策略包或密钥租约。", of)
	case RuleLog:
		return fmt.Sprintf("部件 %s 的审计日志不可信：%s。", of, a.Detail)
	case RuleClock:
		return fmt.Sprintf("部件 %s 的时钟偏差 %.0f 秒（阈值 %.0f 秒）。", of, v, t)
	case RuleBacklog:
		return fmt.Sprintf("部件 %s 有 %.0f 个文件等待投递（阈值 %.0f）。", of, v, t)
	case RuleDiskFree:
		return fmt.Sprintf("部件 %s 的磁盘剩余 %.1f%%（阈值 %.1f%%）。无法记录时不再放行。", of, v, t)
	case RuleDiskFull:
		return fmt.Sprintf("按当前速度，部件 %s 的磁盘将在 %.0f 小时后写满。", of, v)
	case RuleEndMonth, RuleEndWeek, RuleEndDay:
		return chineseEnd(a, v)
	case RuleInterrupted:
		return fmt.Sprintf("数据流 %s 中断：途中有部件没有应答。", of)
	case RuleRefused:
		return fmt.Sprintf("数据流 %s 五分钟内有 %.0f%% 被拒绝（阈值 %.0f%%）。", of, v, t)
	case RuleFailing:
		return fmt.Sprintf("数据流 %s 五分钟内有 %.1f%% 失败（阈值 %.1f%%）。", of, v, t)
	case RuleSlow:
		return fmt.Sprintf("数据流 %s 有百分之一的请求耗时超过 %.2g 秒（阈值 %.2g 秒）。", of, v, t)
	case RuleSilent:
		return fmt.Sprintf("数据流 %s 已 %.0f 分钟没有业务，而平日此时段繁忙。", of, v)
	case RuleDrift:
		return fmt.Sprintf("部件 %s 的配置与预期不一致。%s", of, a.Detail)
	case RuleNotTold:
		return fmt.Sprintf("通知渠道 %s 无法送达。%s", of, a.Detail)
	default:
		return fmt.Sprintf("发生与 %s 有关的安全事件。%s", of, a.Detail)
	}
}

func chineseEnd(a *Alert, days float64) string {
	kind, name, named := strings.Cut(a.Part, " ")
	part := cmp.Or(map[string]string{"certificate": "证书", "lease": "密钥租约", "bundle": "策略包"}[kind], kind)
	if named {
		part += " " + name + " "
	}
	if a.Component != "" {
		part = "部件 " + a.Component + " 的" + part
	}
	if days <= 0 {
		return part + "已到期。"
	}
	return fmt.Sprintf("%s将在 %.1f 天后到期。", part, days)
}

// maxNames bounds how many names a sentence lists.
const maxNames = 8

// Sentence says what is wrong, and what else is by it, for people outside: without the
// words of the part that raised it.
func (n *News) Sentence(l Language) string {
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
	text := told.Sentence(l)
	if told.State == Resolved {
		return text
	}
	join, mid := " ", []string{"Interrupted flows: ", "Behind it: ", "."}
	if l == Chinese {
		join, mid = "", []string{"受影响的数据流：", "其后的部件：", "。"}
	}
	if len(flows) > 0 {
		text += join + mid[0] + names(l, flows) + mid[2]
	}
	if len(components) > 0 {
		text += join + mid[1] + names(l, components) + mid[2]
	}
	return text
}

func names(l Language, list []string) string {
	comma, more := ", ", " and %d more"
	if l == Chinese {
		comma, more = "、", " 等另外 %d 项"
	}
	if n := len(list) - maxNames; n > 0 {
		return strings.Join(list[:maxNames], comma) + fmt.Sprintf(more, n)
	}
	return strings.Join(list, comma)
}
