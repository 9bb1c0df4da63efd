// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import { bytes, fit, millis, short, stateOf } from './pace';
import { type Component, type Flow, head, maxLanes, place, type View } from './scene';

const component = (id: string, role: Component['role'], zone = ''): Component => ({ id, role, zone, state: 'current', records: 0, passed: 0, refused: 0, pending: 0 });
const flow = (name: string, inwards = true, out = 'fo', inn = 'fi'): Flow => {
  const path = [out, 'go', 'gg', 'gi', inn];
  const ends = inwards ? { from: 'o', to: 'i', entry: out, exit: inn } : { from: 'i', to: 'o', entry: inn, exit: out };
  return { name, ...ends, path: inwards ? path : [...path].reverse(), protocol: 'http', kind: 'ask' } as Flow;
};
const guard = [component('go', 'guard-outer'), component('gg', 'guard-gate'), component('gi', 'guard-inner')];

function view(flows: Flow[], more: Component[] = []): View {
  const zones = [
    { name: 'o', inner: false },
    { name: 'i', inner: true },
  ];
  return { zones, components: [component('fo', 'front', 'o'), ...guard, component('fi', 'front', 'i'), ...more, component('c', 'center')], flows, connections: [] } as unknown as View;
}

describe('the picture', () => {
  it('does not move when numbers and states change', () => {
    const before = view([flow('a'), flow('b', false)]);
    const after = structuredClone(before);
    for (const c of after.components ?? []) c.state = 'unreachable';
    for (const f of after.flows ?? []) f.lately = { seconds: 60, passed: 900, refused: 3, failed: 1, bytes: 1 };
    const shape = (v: View) => {
      const s = place(v);
      return { height: s.height, boxes: s.pillars.map((p) => p.box), ways: s.lanes.map((l) => l.d) };
    };
    expect(shape(after)).toEqual(shape(before));
  });
  it('has each lane below the heads of the fronts it goes through, and straight with one front on each side', () => {
    const s = place(view([flow('a'), flow('b', false), flow('c')]));
    for (const l of s.lanes) {
      const at = s.pillars.filter((p) => l.points.some((q) => q.id === p.component.id));
      expect(at).toHaveLength(5);
      for (const p of at) expect(l.y).toBeGreaterThan(p.box.y + head);
      for (const p of at) expect(l.y).toBeLessThan(p.box.y + p.box.h);
      expect(new Set(l.points.map((q) => q.y)).size).toBe(1);
    }
    expect(s.lanes.find((l) => l.name === 'b')?.inwards).toBe(false);
  });
  it('keeps several fronts and their lanes apart', () => {
    const more = [component('f2', 'front', 'o'), component('f3', 'front', 'i')];
    const s = place(view([flow('a'), flow('b', true, 'f2', 'f3'), flow('c', false, 'f2')], more));
    const boxes = s.pillars.filter((p) => p.component.zone === 'o').map((p) => p.box);
    expect(boxes[0] && boxes[1] && boxes[0].y + boxes[0].h).toBeLessThanOrEqual(boxes[1]?.y ?? 0);
    const ys = s.lanes.map((l) => l.y).sort((a, b) => a - b);
    for (let i = 1; i < ys.length; i++) expect((ys[i] ?? 0) - (ys[i - 1] ?? 0)).toBeGreaterThan(30);
  });
  it('folds the flows that have no room, and loses none', () => {
    const many = Array.from({ length: 30 }, (_, i) => flow(`f${String(i).padStart(2, '0')}`, i % 3 !== 0));
    const s = place(view(many));
    expect(s.lanes).toHaveLength(maxLanes);
    expect(s.lanes.flatMap((l) => l.flows)).toHaveLength(30);
  });
  it('stands without a policy', () => {
    const s = place({ zones: [], components: [component('c', 'center')], flows: [], connections: [] } as unknown as View);
    expect(s.center?.component.id).toBe('c');
    expect(s.height).toBeGreaterThan(200);
  });
});

describe('numbers', () => {
  it('are short', () => {
    expect([0, 0.01, 0.4, 9.96, 12.3, 999.6, 12345].map(short)).toEqual(['0', '<0.1', '0.4', '10', '12', '1.0k', '12k']);
    expect([3.21, 45, 2500].map(millis)).toEqual(['3.2 ms', '45 ms', '2.5 s']);
    expect([512, 2048, 5e9].map(bytes)).toEqual(['512 B', '2.0 KiB', '4.7 GiB']);
  });
  it('cut names by their width', () => {
    expect(fit('front-internet', 14)).toBe('front-internet');
    expect(fit('front-internet-2', 14)).toHaveLength(14);
    expect(fit('互联网前置机一号', 8)).toBe('互联网…');
  });
  it('say that a flow is interrupted when one on its way is away', () => {
    const v = view([flow('a')]);
    const components = v.components ?? [];
    expect(stateOf(v.flows ?? [], components)).toBe('unknown');
    const gate = components.find((c) => c.id === 'gg');
    if (gate) gate.state = 'unreachable';
    expect(stateOf(v.flows ?? [], components)).toBe('broken');
  });
});
