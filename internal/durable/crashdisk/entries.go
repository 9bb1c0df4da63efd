// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package crashdisk

// change takes names out of a directory and puts one in, at once.
type change struct {
	remove, put string
	node        *node
	stray       bool    // a failed sync gave it up: no later sync takes it to the disk
	failed      bool    // it was refused, and may have come to the disk until the next sync
	done        bool    // it is on the disk
	keep        bool    // it survives the power cut that is being decided
	into        *node   // of a move to another directory: that directory,
	landing     *change // and the change there, without which this one is not kept
}

func (c *change) apply(names map[string]*node) {
	if c.remove != "" {
		delete(names, c.remove)
	}
	if c.put != "" {
		names[c.put] = c.node
	}
}

// change makes c in dir, both in what is seen and in what may survive.
func (d *Disk) change(dir *node, c change) error {
	return d.step(func(stray bool) {
		c.failed = stray
		dir.changes = append(dir.changes, &c)
		if !stray {
			c.apply(dir.live)
		}
	})
}

// moveAcross is one change in each of two directories.
func (d *Disk) moveAcross(dir *node, from string, other *node, to string) error {
	put := &change{put: to, node: dir.live[from]}
	remove := &change{remove: from, into: other, landing: put}
	if d.atomic {
		put.into, put.landing = dir, remove
	}
	return d.step(func(stray bool) {
		if put.failed, remove.failed = stray, stray; stray {
			put.into, put.landing = dir, remove
		}
		other.changes, dir.changes = append(other.changes, put), append(dir.changes, remove)
		if !stray {
			put.apply(other.live)
			remove.apply(dir.live)
		}
	})
}

// settle takes the first changes of a directory to the disk, and before each of them
// what must be there first.
func (n *node) settle(count int) {
	for _, c := range append([]*change(nil), n.changes[:count]...) {
		if c.landing != nil && c.landing.stray {
			c.stray = true
		}
		if c.done || c.stray {
			continue
		}
		c.done = true
		if c.landing != nil {
			c.into.settleUpTo(c.landing)
		}
		if !c.failed { // else the directory is on the disk now as it is seen
			c.apply(n.kept)
		}
	}
	var left []*change
	for _, c := range n.changes {
		if !c.done {
			left = append(left, c)
		}
	}
	n.changes = left
}

func (n *node) settleUpTo(last *change) {
	for i, c := range n.changes {
		if c == last {
			n.settle(i + 1)
			return
		}
	}
}

// giveUp is what a failed sync leaves: no later one takes these changes to the disk.
func (n *node) giveUp() {
	for _, c := range n.changes {
		c.stray = true
	}
}

// survivor copies the file system as it may be after the power went.
func (d *Disk) survivor() *node {
	d.decide(d.root, map[*node]bool{})
	for d.land(d.root, map[*node]bool{}) {
	}
	return d.copyOf(d.root, map[*node]*node{})
}

// decide chooses for each directory which of its changes are kept.
func (d *Disk) decide(n *node, seen map[*node]bool) {
	if !n.isDir() || seen[n] {
		return
	}
	seen[n] = true
	mode := d.rng.IntN(3)
	for _, c := range n.changes {
		c.keep = mode == 0 || mode == 2 && d.rng.IntN(2) == 0
	}
	n.each(func(child *node) { d.decide(child, seen) })
}

// land lets no moved file be lost between two directories. It tells whether it had to
// change what decide chose.
func (d *Disk) land(n *node, seen map[*node]bool) (changed bool) {
	if !n.isDir() || seen[n] {
		return false
	}
	seen[n] = true
	for _, c := range n.changes {
		if !c.keep || c.landing == nil || c.landing.keep || c.landing.done {
			continue
		}
		c.landing.keep = d.rng.IntN(2) == 0
		c.keep = c.landing.keep
		changed = true
	}
	n.each(func(child *node) { changed = d.land(child, seen) || changed })
	return changed
}

// each visits what a directory holds, may hold, or held, in a fixed order.
func (n *node) each(visit func(*node)) {
	for _, name := range sortedNames(n.kept) {
		visit(n.kept[name])
	}
	for _, c := range n.changes {
		if c.node != nil {
			visit(c.node)
		}
	}
}

// copyOf copies n; a file with two names stays one.
func (d *Disk) copyOf(n *node, copies map[*node]*node) *node {
	if done := copies[n]; done != nil {
		return done
	}
	if !n.isDir() {
		copies[n] = d.surviving(n)
		return copies[n]
	}
	names := map[string]*node{}
	for name, child := range n.kept {
		names[name] = child
	}
	for _, c := range n.changes {
		if c.keep {
			c.apply(names)
		}
	}
	dir := newDir(n.inode)
	copies[n] = dir
	for _, name := range sortedNames(names) {
		child := d.copyOf(names[name], copies)
		dir.live[name], dir.kept[name] = child, child
	}
	return dir
}
