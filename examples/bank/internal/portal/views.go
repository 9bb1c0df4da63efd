// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
)

// views turns answers into pages.
type views struct {
	pages map[string]*template.Template
	log   *slog.Logger
}

type signInView struct {
	Failed bool
	User   string
}

// words is a text in both languages.
type words struct{ Chinese, English string }

type problemView struct {
	*Refusal
	Title, Advice words
}

func newViews(log *slog.Logger) (*views, error) {
	v := &views{pages: make(map[string]*template.Template), log: log}
	for _, name := range []string{"sign-in", "report", "problem"} {
		t, err := template.New("layout.html").Funcs(functions()).
			ParseFS(assets, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
		v.pages[name] = t
	}
	return v, nil
}

func (v *views) signIn(w http.ResponseWriter, status int, view signInView) {
	v.show(w, status, "sign-in", view)
}

func (v *views) report(w http.ResponseWriter, r *Report) { v.show(w, http.StatusOK, "report", r) }

// problem shows a refusal with its own status where that has a meaning for the
// browser, otherwise as 502.
func (v *views) problem(w http.ResponseWriter, r *Refusal) {
	title, advice := explain(r.Status)
	status := r.Status
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		status = http.StatusBadGateway
	}
	v.show(w, status, "problem", problemView{r, title, advice})
}

func (v *views) show(w http.ResponseWriter, status int, page string, data any) {
	var b bytes.Buffer
	if err := v.pages[page].Execute(&b, data); err != nil {
		v.log.Error("page not made", "page", page, "error", err)
		http.Error(w, "500", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := b.WriteTo(w); err != nil {
		v.log.Info("the reader went away", "error", err)
	}
}

// explain says in plain words what a status means here.
func explain(status int) (title, advice words) {
	switch status {
	case http.StatusBadRequest:
		return words{"请求无法识别", "The request was not understood"},
			words{"请返回后重新填写。", "Please go back and fill in the form again."}
	case http.StatusForbidden:
		return words{"这项内容不能在这里提供", "This may not be given out here"},
			words{"安全规定不允许这次请求或它的答复通过。这不是故障，重试不会有不同结果；如有疑问，请携带下面的编号到柜台咨询。",
				"The rules do not let this request, or the answer to it, pass. It is not a fault and trying again will not help; if you have questions, bring the number below to a counter."}
	case http.StatusNotFound:
		return words{"没有找到", "Not found"},
			words{"您要的页面或报告不存在。", "There is no such page or report."}
	case http.StatusTooManyRequests:
		return words{"请求太多", "Too many requests"},
			words{"请稍等片刻再试。", "Please wait a moment and try again."}
	case http.StatusServiceUnavailable:
		return words{"暂时无法受理", "Not available at the moment"},
			words{"您的请求没有被处理，请稍后再试。", "Your request was not carried out. Please try again later."}
	case http.StatusGatewayTimeout:
		return words{"没有按时得到答复", "No answer in time"},
			words{"征信中心没有按时答复。请求可能已经送达，系统不会自动重发；您可以稍后再查。",
				"The bureau did not answer in time. Your request may have reached it and was not sent again; you may ask once more later."}
	default:
		return words{"没有得到完整的答复", "No complete answer"},
			words{"与征信中心的通信中断。请求可能已经送达，系统不会自动重发；您可以稍后再查。",
				"The exchange with the bureau broke off. Your request may have reached it and was not sent again; you may ask once more later."}
	}
}

func functions() template.FuncMap {
	return template.FuncMap{
		"yuan": yuan, "mask": mask, "kind": kindWords, "purpose": purposeWords,
		"history": history, "late": late, "date": func(s string) string { return firstPart(s, 'T') },
	}
}

// yuan writes an amount in fen as yuan with separators.
func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign = "-"
	}
	whole := fmt.Sprint(abs(fen / 100))
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s¥%s.%02d", sign, whole, abs(fen%100))
}

func abs(n int64) int64 { return max(n, -n) }

// mask leaves the first characters and the last four of a number.
func mask(number string, first int) string {
	c := []rune(number)
	for i := first; i < len(c)-4; i++ {
		c[i] = '*'
	}
	return string(c)
}

func kindWords(kind string) words {
	switch kind {
	case "credit-card":
		return words{"信用卡", "Credit card"}
	case "mortgage":
		return words{"住房贷款", "Mortgage"}
	case "car-loan":
		return words{"汽车贷款", "Car loan"}
	case "consumer-loan":
		return words{"消费贷款", "Consumer loan"}
	}
	return words{kind, ""}
}

func purposeWords(purpose string) words {
	switch purpose {
	case "self-inquiry":
		return words{"本人查询", "Own inquiry"}
	case "loan-review":
		return words{"贷款审批", "Loan review"}
	case "card-approval":
		return words{"信用卡审批", "Card approval"}
	case "post-loan":
		return words{"贷后管理", "Post-loan review"}
	}
	return words{purpose, ""}
}

// month is one cell of a payment history.
type month struct{ Class, Mark string }

func history(payments string) []month {
	cells := make([]month, 0, len(payments))
	for _, c := range payments {
		switch {
		case c == 'N':
			cells = append(cells, month{"paid", ""})
		case c >= '1' && c <= '7':
			cells = append(cells, month{"late", string(c)})
		default:
			cells = append(cells, month{"none", ""})
		}
	}
	return cells
}

// late counts the months with a payment overdue.
func late(payments string) int {
	n := 0
	for _, c := range payments {
		if c >= '1' && c <= '7' {
			n++
		}
	}
	return n
}

func firstPart(s string, end byte) string {
	before, _, _ := strings.Cut(s, string(end))
	return before
}
