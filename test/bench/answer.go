// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"
)

// answerBytes is a report of about 2 kB in the form that the flow names, with its head.
func answerBytes() ([]byte, error) {
	var b strings.Builder
	b.WriteString(`{"report_id":"CR-EBE7ABF0F8E9F792","person":{"id":"person-000001","name":"张伟","id_number":"11009919960804553X","phone":"15448272000"},"level":3,"score":828,"accounts":[`)
	for i := range 7 {
		comma(&b, i)
		fmt.Fprintf(&b, `{"account_id":"A-000001-%02d","bank":"虚构第一银行","kind":"credit-card","limit":5600000,"balance":1554956,"opened":"2017-06-10","payments":"NNNNNNNNNNNNNNNNNNNNNNNN"}`, i+1)
	}
	b.WriteString(`],"inquiries":[`)
	for i := range 7 {
		comma(&b, i)
		fmt.Fprintf(&b, `{"date":"2025-12-%02d","by":"样本消费金融","purpose":"card-approval"}`, i+1)
	}
	b.WriteString(`],"generated":"2026-01-01T02:00:00+08:00"}`)
	if n := b.Len(); n < 1900 || n > 2200 {
		return nil, errors.New("the answer is not of about 2 kB")
	}
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Report-Level: 3\r\nContent-Length: %d\r\n\r\n", b.Len())
	return []byte(head + b.String()), nil
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}
