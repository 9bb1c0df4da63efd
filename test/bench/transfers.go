// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/bench/peer"
)

const (
	smallSize = 4 << 10
	hops      = 3 // of the relay: as many as there are processes that hand a parcel on
)

// made is where files are made: beside the watched directory, so that dropping is a rename.
func (b *bench) made(name string) string {
	return filepath.Join(b.rig.Installation.Home(demo.FrontInternet), "bench-made-"+name)
}

// withBatch makes files, measures what run does with them, and removes them.
func (b *bench) withBatch(count int, size int64, run func(*batch) error) error {
	dir := b.made(fmt.Sprintf("%d-%d", count, size))
	files, err := makeBatch(dir, count, size)
	if err == nil {
		err = run(files)
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// crossing is our way for a batch. The first time, what has come is held against what went.
func (b *bench) crossing(files *batch) way {
	checked := false
	return way{dukou, func(ctx context.Context) ([]float64, error) {
		took, err := b.rig.cross(ctx, files)
		if err == nil && !checked {
			checked, err = true, files.verify()
		}
		return []float64{seconds(took)}, err
	}}
}

// timed is a way whose result is the time that it takes. What the last run has left
// is removed before.
func (b *bench) timed(name string, run func(ctx context.Context, to string) error) way {
	return way{name, func(ctx context.Context) ([]float64, error) {
		dir, err := b.folder("copies")
		if err != nil {
			return nil, err
		}
		began := time.Now()
		err = run(ctx, filepath.Join(dir, "to"))
		took := time.Since(began)
		return []float64{seconds(took)}, errors.Join(err, os.RemoveAll(dir))
	}}
}

// broken is a peer that is not there.
func broken(name string, err error) way {
	return way{name, func(context.Context) ([]float64, error) { return nil, err }}
}

// scpWays are scp over one hop, and over two with a check between.
func (b *bench) scpWays(ssh *peer.SSH, sshErr error, from string) []way {
	const one, two = "one scp", "two scp, SHA-256 between"
	if sshErr != nil {
		return []way{broken(one, sshErr), broken(two, sshErr)}
	}
	return []way{
		b.timed(one, func(ctx context.Context, to string) error { return ssh.Copy(ctx, from, to) }),
		b.timed(two, func(ctx context.Context, to string) error {
			between := to + "-between"
			if err := ssh.Copy(ctx, from, between); err != nil {
				return err
			}
			if err := peer.Same(from, between); err != nil {
				return err
			}
			return ssh.Copy(ctx, between, to)
		}),
	}
}

func (b *bench) startSSH(ctx context.Context) (*peer.SSH, error) {
	dir, err := b.folder("ssh")
	if err != nil {
		return nil, err
	}
	return peer.StartSSH(ctx, dir)
}

// largeFiles compares ways for one large file, and shows how ours grows.
func (b *bench) largeFiles(ctx context.Context) error {
	ssh, sshErr := b.startSSH(ctx)
	if sshErr == nil {
		defer ssh.Close()
	}
	chain, chainErr := peer.StartChain(ctx, hops)
	if chainErr == nil {
		defer chain.Close()
	}
	if err := b.rig.forgetPeaks(); err != nil {
		return err
	}
	b.section("One large file", "From the watched directory to the released file, which is on the disk then. cp and the relay sync what they have\n"+
		"written, scp does not. The relay is a chain of socat that neither encrypts nor looks.")
	if sshErr == nil {
		b.note("scp encrypts with %s.\n", ssh.Cipher)
	}
	head := []string{"size", "way", "time", "MB/s", "time / Dukou's", "runs"}
	var rows [][]string
	for _, size := range b.large {
		if err := room(b.dir, size); err != nil {
			b.note("%s: not measured, %v.\n", bytes(size), err)
			continue
		}
		b.tell("one file of %s", bytes(size))
		err := b.withBatch(1, size, func(files *batch) error {
			ways := []way{b.crossing(files)}
			if size == usual(b.large) {
				from := filepath.Join(files.dir, files.names[0])
				ways = append(ways, b.timed("cp", func(ctx context.Context, to string) error { return peer.Copy(ctx, from, to) }))
				ways = append(ways, b.scpWays(ssh, sshErr, from)...)
				ways = append(ways, b.relayWay(chain, chainErr, from))
			}
			list := b.rounds(ctx, b.progress, ways...)
			rows = append(rows, b.transferRows(bytes(size), list, float64(size)/1e6)...)
			if size == usual(b.large) {
				b.compare("large", list)
				b.peak("after " + bytes(size))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	b.note("")
	b.table(head, rows)
	return nil
}

func (b *bench) relayWay(chain *peer.Chain, err error, from string) way {
	name := fmt.Sprintf("relay of %d hops", hops)
	if err != nil {
		return broken(name, err)
	}
	return b.timed(name, func(ctx context.Context, to string) error { return chain.Copy(ctx, from, to) })
}

// smallFiles compares ways for many small files, and shows how ours grows.
func (b *bench) smallFiles(ctx context.Context) error {
	ssh, sshErr := b.startSSH(ctx)
	if sshErr == nil {
		defer ssh.Close()
	}
	if err := b.rig.forgetPeaks(); err != nil {
		return err
	}
	b.section("Many small files", "Files of 4 kB, all dropped at once; each is released on its own, recorded, and receipted.")
	var rows [][]string
	for _, n := range b.many {
		b.tell("%d files", n)
		err := b.withBatch(n, smallSize, func(files *batch) error {
			ways := []way{b.crossing(files)}
			if n == usual(b.many) {
				ways = append(ways, b.scpWays(ssh, sshErr, files.dir)...)
			}
			list := b.rounds(ctx, b.progress, ways...)
			rows = append(rows, b.transferRows(fmt.Sprint(n), list, float64(n))...)
			if n == usual(b.many) {
				b.compare("small", list)
				b.peak(fmt.Sprintf("after %d files", n))
				if median := list[0].median(0); median > 0 {
					b.medians["files a second"] = float64(n) / median
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	b.note("")
	b.table([]string{"files", "way", "time", "files a second", "time / Dukou's", "runs"}, rows)
	return nil
}

// transferRows are the ways for one amount, ours first.
func (b *bench) transferRows(what string, list []*series, amount float64) (rows [][]string) {
	for _, s := range list {
		b.failed(s, s.name == dukou)
		perSecond := "-"
		if m := s.median(0); m > 0 {
			perSecond = number(amount / m)
		}
		rows = append(rows, []string{what, s.name, spread(s, 0, span), perSecond, ratio(s.median(0), list[0].median(0)), count(s)})
	}
	return rows
}

// compare keeps how many times as long as we others take.
func (b *bench) compare(what string, list []*series) {
	for _, s := range list[1:] {
		if ours := list[0].median(0); ours > 0 {
			b.medians[what+" "+s.name] = s.median(0) / ours
		}
	}
}

// room wants space for a file at both ends and between.
func room(dir string, size int64) error {
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * disk.Bsize; free < 4*size {
		return fmt.Errorf("there is only room for %d GiB", free>>30)
	}
	return nil
}
