// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import "dukou.dev/dukou/internal/problem"

// Language is what a report is written in.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// Valid tells whether l is one of the languages.
func (l Language) Valid() bool { return l == Chinese || l == English }

func (l Language) check() error {
	if !l.Valid() {
		return problem.New(problem.Invalid, "a report is in zh or en")
	}
	return nil
}

// words are all that a report says by itself.
type words struct {
	Tag, Title, Unit, Period, Made, By, Number, None, Unknown, Yes, No, Kept string
	Of, More                                                                 string // with a number

	Entries, Class, Count                                   string
	Volumes, Flow, Passed, Refused, Bytes                   string
	Reasons, Reason                                         string
	Acts, At, Who, Act, Object, Verdict                     string
	Logins, Account, Done, Last                             string
	Components, Component, Role, Zone, State, Bundle, Ends  string
	Findings, Finding, Severity, Owner, Due, Overdue        string
	Logs, Log, Recorded, Verified, Witnessed                string
	Notice, Warning, Grave, System, Security                string
	Opened, Mending, Mended, VerifiedState, Closed, Through string
}

func wordsOf(l Language) words {
	if l == Chinese {
		return chinese()
	}
	return english()
}

func english() words {
	return words{
		Tag: "en", Title: "Audit report", Unit: "Organisation", Period: "Period", Made: "Made", By: "Made by", Number: "Number",
		More: "%s more are not shown.", None: "none", Unknown: "not known", Yes: "yes", No: "no",
		Kept: "The SHA-256 of this file is in the audit log under the number of the report.",

		Entries: "Audit entries", Class: "Class", Count: "Count",
		Volumes: "Volumes by flow", Flow: "Flow", Passed: "Passed", Refused: "Refused", Bytes: "Bytes",
		Reasons: "Refusals by reason", Reason: "Reason",
		Acts: "Acts of administrators", At: "Time", Who: "Who", Act: "Act", Object: "On", Verdict: "Outcome",
		Logins: "Sign-ins", Account: "Account", Done: "Done", Last: "Last",
		Components: "Components", Component: "Component", Role: "Role", Zone: "Zone", State: "State", Bundle: "Policy", Ends: "Valid until",
		Findings: "Findings", Finding: "Finding", Severity: "Severity", Owner: "Owner", Due: "Due", Overdue: "Overdue",
		Logs: "Proof of the logs", Log: "Log", Recorded: "Entries", Verified: "Verified up to", Witnessed: "Witnessed up to",
		Notice: "notice", Warning: "warning", Grave: "grave", System: "system", Security: "security",
		Opened: "open", Mending: "being mended", Mended: "mended", VerifiedState: "verified", Closed: "closed", Of: "%s in all.", Through: "to",
	}
}

func chinese() words {
	return words{
		Tag: "zh-CN", Title: "安全审计报告", Unit: "单位", Period: "统计时段", Made: "生成时间", By: "生成人", Number: "编号",
		More: "另有 %s 条未列出。", None: "无", Unknown: "未知", Yes: "是", No: "否",
		Kept: "本文件的 SHA-256 摘要已按报告编号记入审计日志。",

		Entries: "审计记录数", Class: "类别", Count: "数量",
		Volumes: "各业务流传输量", Flow: "业务流", Passed: "通过", Refused: "拒绝", Bytes: "字节数",
		Reasons: "拒绝原因统计", Reason: "原因",
		Acts: "管理员操作", At: "时间", Who: "操作人", Act: "操作", Object: "对象", Verdict: "结果",
		Logins: "登录情况", Account: "账户", Done: "成功", Last: "最近一次",
		Components: "部件状态", Component: "部件", Role: "角色", Zone: "安全域", State: "状态", Bundle: "策略版本", Ends: "有效期至",
		Findings: "审计发现", Finding: "发现", Severity: "级别", Owner: "责任方", Due: "期限", Overdue: "逾期",
		Logs: "日志完整性证明", Log: "日志", Recorded: "记录数", Verified: "已校验至", Witnessed: "已见证至",
		Notice: "提示", Warning: "警告", Grave: "严重", System: "系统管理员", Security: "安全管理员",
		Opened: "待处理", Mending: "整改中", Mended: "已整改", VerifiedState: "已核实", Closed: "已关闭", Of: "共 %s 条。", Through: "至",
	}
}

func (w *words) severity(n int) string {
	switch n {
	case 1:
		return w.Notice
	case 2:
		return w.Warning
	default:
		return w.Grave
	}
}

func (w *words) owner(duty string) string {
	if duty == "system" {
		return w.System
	}
	return w.Security
}

func (w *words) state(state string) string {
	switch state {
	case "open":
		return w.Opened
	case "mending":
		return w.Mending
	case "mended":
		return w.Mended
	case "verified":
		return w.VerifiedState
	default:
		return w.Closed
	}
}

func (w *words) yes(b bool) string {
	if b {
		return w.Yes
	}
	return w.No
}
