// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/test/bench/load"
	"dukou.dev/dukou/test/bench/parts"
)

const together = 32 // appenders, and clients of the comparison

// disk measures what one fdatasync costs here.
func (b *bench) disk(ctx context.Context) error {
	b.tell("the disk")
	var ways []way
	for _, n := range []int{1, together} {
		ways = append(ways, way{fmt.Sprintf("%d at once", n), func(ctx context.Context) ([]float64, error) {
			dir, err := b.folder("disk")
			if err != nil {
				return nil, err
			}
			times, err := parts.Disk(ctx, dir, n, b.short)
			if err != nil || len(times) == 0 {
				return nil, fmt.Errorf("nothing was synced: %w", err)
			}
			return []float64{
				load.Quantile(times, .5).Seconds(), load.Quantile(times, .99).Seconds(), float64(len(times)) / b.short.Seconds(),
			}, nil
		}})
	}
	list := b.rounds(ctx, b.progress, ways...)
	b.section("The disk", "An append of 4 KiB with fdatasync, each writer to a file of its own.")
	var rows [][]string
	for _, s := range list {
		b.failed(s, true)
		rows = append(rows, []string{s.name, spread(s, 0, span), spread(s, 1, span), spread(s, 2, number), count(s)})
	}
	b.table([]string{"writers", "p50", "p99", "syncs a second", "runs"}, rows)
	b.medians["sync p50"], b.medians["sync p99"] = list[0].median(0), list[0].median(1)
	return nil
}

// The numbers of policies that are compared.
const (
	fewPolicies  = 50
	manyPolicies = 10_000
)

// judges measures decisions of the two judges before few and many policies.
func (b *bench) judges(ctx context.Context) error {
	b.tell("the judges")
	folder, err := benchPolicy()
	if err != nil {
		return err
	}
	e, err := exchange(nil)
	if err != nil {
		return err
	}
	benches := map[string]*parts.Bench{}
	for _, spread := range []parts.Spread{parts.Mixed, parts.One} {
		for _, policies := range []int{fewPolicies, manyPolicies} {
			p, err := parts.Crowded(folder, policies, spread, e.Flow)
			if err != nil {
				return err
			}
			for _, kind := range []string{"question", "answer"} {
				if benches[crowd(kind, spread, policies)], err = parts.NewBench(p, e, kind == "answer"); err != nil {
					return err
				}
			}
		}
	}
	b.section("Decisions", "Decisions of one judge a second of processor time, from the bytes of a parcel to the verdict.\n"+
		"\"Mixed\" policies are for other objects or other persons; \"all for one flow\" are such that every one must be looked at.")
	var rows [][]string
	for _, spread := range []parts.Spread{parts.Mixed, parts.One} {
		for _, kind := range []string{"question", "answer"} {
			rows = append(rows, b.decisions(ctx, benches, kind, spread)...)
		}
	}
	b.table([]string{"judge, parcel, policies", fmt.Sprintf("at %d", fewPolicies), fmt.Sprintf("at %d", manyPolicies), "time at many / at few", "runs"}, rows)
	return nil
}

func crowd(kind string, spread parts.Spread, policies int) string {
	return fmt.Sprintf("%s, %s, %d", kind, spread, policies)
}

func (b *bench) decisions(ctx context.Context, benches map[string]*parts.Bench, kind string, s parts.Spread) (rows [][]string) {
	for _, judge := range []string{"first", "second"} {
		var ways []way
		for _, policies := range []int{fewPolicies, manyPolicies} {
			name := crowd(kind, s, policies)
			ways = append(ways, way{judge + ", " + name, func(context.Context) ([]float64, error) {
				rate, err := benches[name].Rate(judge, b.short/4)
				return []float64{rate}, err
			}})
		}
		list := b.rounds(ctx, b.progress, ways...)
		b.failed(list[0], true)
		b.failed(list[1], true)
		few, many := list[0].median(0), list[1].median(0)
		if s == parts.Mixed {
			b.medians["policies"] = max(b.medians["policies"], few/many)
		}
		rows = append(rows, []string{
			fmt.Sprintf("%s, %s, %s", judge, kind, s), spread(list[0], 0, number), spread(list[1], 0, number), ratio(few, many), count(list[0]),
		})
	}
	return rows
}

// journal measures durable records.
func (b *bench) journal(ctx context.Context) error {
	b.tell("the journal")
	list := b.rounds(ctx, b.progress, way{fmt.Sprintf("%d appenders", together), func(ctx context.Context) ([]float64, error) {
		dir, err := b.folder("journal")
		if err != nil {
			return nil, err
		}
		rate, err := parts.Journal(ctx, dir, together, 2*b.short)
		return []float64{rate}, err
	}})
	b.section("Records", "Records a second in a journal, each appender waiting until its record is on the disk before the next; the tree is kept beside.")
	b.failed(list[0], true)
	b.table([]string{"", "records a second", "runs"}, [][]string{{list[0].name, spread(list[0], 0, number), count(list[0])}})
	b.medians["records"] = list[0].median(0)
	return os.RemoveAll(b.dir + "/journal")
}

// exchange is the question for a report and its answer, as the fronts take them apart.
func exchange(token []byte) (parts.Exchange, error) {
	e := parts.Exchange{
		Flow: "credit-query", Form: "report", Subject: demo.ZoneOuter + "/" + demo.Zhang().Person, Evidence: token,
		Question: parcel.Record{
			"path":  parcel.Record{"person": demo.Zhang().Person},
			"query": parcel.Record{"purpose": "self-inquiry"},
		},
	}
	answer, err := answerBytes()
	if err != nil {
		return e, err
	}
	_, text, _ := strings.Cut(string(answer), "\r\n\r\n")
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil {
		return e, err
	}
	e.Answer = parcel.Record{"status": int64(200), "header": parcel.Record{"x-report-level": int64(3)}, "body": typed(body)}
	return e, nil
}

// typed makes of what JSON gives what a parcel holds.
func typed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		r := parcel.Record{}
		for name, member := range v {
			r[name] = typed(member)
		}
		return r
	case []any:
		for i := range v {
			v[i] = typed(v[i])
		}
		return v
	case json.Number:
		n, _ := strconv.ParseInt(v.String(), 10, 64) // the answer has whole numbers only
		return n
	default:
		return v
	}
}

func seconds(d time.Duration) float64 { return d.Seconds() }
