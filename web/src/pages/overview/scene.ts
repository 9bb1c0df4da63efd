// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';

export type View = Schemas['Overview'];
export type Component = Schemas['OverviewComponent'];
export type Flow = Schemas['OverviewFlow'];
export type Connection = Schemas['Connection'];

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

// Pillar is a component in the picture: its name in the head, and below it a body
// through which lanes go.
export interface Pillar {
  component: Component;
  box: Box;
}

// Lane is a flow in the picture, or all that have no lane of their own.
export interface Lane {
  name: string;
  flows: Flow[];
  inwards: boolean;
  d: string; // its way, in its direction
  y: number; // on the water
  ends: [x: number, y: number]; // where it arrives
  points: { id: string; x: number; y: number }[]; // where it goes through components
}

export interface Scene {
  height: number;
  shore: number; // the bottom of both shores' buildings
  zones: { zone: Schemas['OverviewZone']; box: Box }[];
  pillars: Pillar[];
  center: Pillar | undefined;
  lanes: Lane[];
}

// Places by role only. The unit is the picture's own; it is scaled to the page.
export const width = 1240;
export const head = 72;
export const top = 34;
export const at = {
  appsOut: { x: 12, w: 88 },
  front: { x: 126, w: 124 },
  outer: { x: 302, w: 124 },
  water: { x: 452, w: 220 },
  gate: { x: 698, w: 110 },
  inner: { x: 820, w: 110 },
  frontIn: { x: 990, w: 124 },
  appsIn: { x: 1140, w: 88 },
};
const zoneHead = 32;
const pitch = 46;
const gap = 12;
export const maxLanes = 8;

interface Bundle {
  name: string;
  flows: Flow[];
  inwards: boolean;
  out: string; // front on the outer side
  in: string; // front on the inner side
}

// bundles are the flows with a lane each, and the rest in one lane for each direction.
function bundles(view: View): Bundle[] {
  const inner = new Map((view.zones ?? []).map((z) => [z.name, z.inner]));
  const one = (f: Flow): Bundle => {
    const inwards = !inner.get(f.from);
    return { name: f.name, flows: [f], inwards, out: inwards ? f.entry : f.exit, in: inwards ? f.exit : f.entry };
  };
  const all = (view.flows ?? []).map(one);
  if (all.length <= maxLanes) return all;
  const rest = all.slice(maxLanes - 2);
  const folded = [true, false].flatMap((inwards) => {
    const same = rest.filter((b) => b.inwards === inwards);
    const usual = mostOften(same);
    return usual ? [{ ...usual, name: '', flows: same.flatMap((b) => b.flows) }] : [];
  });
  return [...all.slice(0, maxLanes - 2), ...folded];
}

// mostOften is one of those whose two fronts the most have.
function mostOften(list: Bundle[]): Bundle | undefined {
  const like = (a: Bundle) => list.filter((b) => b.out === a.out && b.in === a.in).length;
  return list.reduce<Bundle | undefined>((best, b) => (best && like(best) >= like(b) ? best : b), undefined);
}

interface Side {
  zones: Scene['zones'];
  pillars: Pillar[];
  bottom: number;
}

// side stacks the zones of one side, and in each its fronts, as high as their lanes want.
function side(view: View, inner: boolean, lanes: Bundle[]): Side {
  const column = inner ? at.frontIn : at.front;
  const wide = inner ? { x: column.x - 14, w: width - 6 - (column.x - 14) } : { x: 6, w: column.x + column.w + 14 - 6 };
  const result: Side = { zones: [], pillars: [], bottom: top };
  for (const zone of (view.zones ?? []).filter((z) => z.inner === inner)) {
    let y = result.bottom + zoneHead;
    for (const component of fronts(view, zone.name)) {
      const n = lanes.filter((l) => (inner ? l.in : l.out) === component.id).length;
      const h = head + Math.max(n, 1) * pitch + 8;
      result.pillars.push({ component, box: { ...column, y, h } });
      y += h + gap;
    }
    y = Math.max(y, result.bottom + zoneHead + gap);
    result.zones.push({ zone, box: { ...wide, y: result.bottom, h: y - result.bottom } });
    result.bottom = y + gap;
  }
  return result;
}

function fronts(view: View, zone: string): Component[] {
  return (view.components ?? []).filter((c) => c.role === 'front' && c.zone === zone);
}

// stretch lets the last zone of the lower side end where the other side ends.
function stretch(s: Side, bottom: number) {
  const zone = s.zones.at(-1);
  const pillar = s.pillars.at(-1);
  if (zone) zone.box.h += bottom - s.bottom;
  if (pillar && zone?.zone.name === pillar.component.zone) pillar.box.h += bottom - s.bottom;
  s.bottom = bottom;
}

// guard puts the components of one role of the guard one below the other.
function guard(view: View, role: Component['role'], column: { x: number; w: number }, bottom: number): Pillar[] {
  const list = (view.components ?? []).filter((c) => c.role === role);
  const y = top + zoneHead;
  const each = (bottom - 2 * gap - y - (list.length - 1) * gap) / Math.max(list.length, 1);
  return list.map((component, i) => ({ component, box: { ...column, y: y + i * (each + gap), h: each } }));
}

// slots gives the height of each lane at the fronts of a side: straight on where the other
// side has it, when the front is there, and otherwise from its head downwards.
function slots(pillars: Pillar[], lanes: Bundle[], of: (b: Bundle) => string, other?: Map<Bundle, number>): Map<Bundle, number> {
  const result = new Map<Bundle, number>();
  for (const { component, box } of pillars) {
    const own = lanes.filter((l) => of(l) === component.id);
    const fits = (y: number | undefined) => y !== undefined && y > box.y + head && y < box.y + box.h;
    const straight = own.every((l) => fits(other?.get(l)));
    own.forEach((l, i) => result.set(l, (straight ? other?.get(l) : undefined) ?? box.y + head + (i + 0.5) * pitch));
  }
  return result;
}

// place says where everything of the picture stands. It depends on what there is and not
// on how it is: nothing moves while numbers and states change.
export function place(view: View): Scene {
  const found = bundles(view);
  const rank = new Map((view.components ?? []).map((c, i) => [c.id, i]));
  const lanes = found.sort((a, b) => (rank.get(a.out) ?? 0) - (rank.get(b.out) ?? 0)); // stable: by name within a front
  const out = side(view, false, lanes);
  const inn = side(view, true, lanes);
  const bottom = Math.max(out.bottom, inn.bottom, top + zoneHead + head + 2 * pitch);
  stretch(out, bottom);
  stretch(inn, bottom);
  const shore = bottom - gap;
  const halves = [...guard(view, 'guard-outer', at.outer, shore + gap), ...guard(view, 'guard-gate', at.gate, shore + gap), ...guard(view, 'guard-inner', at.inner, shore + gap)];
  const pillars = [...out.pillars, ...halves, ...inn.pillars];
  const left = slots(out.pillars, lanes, (l) => l.out);
  const right = slots(inn.pillars, lanes, (l) => l.in, left);
  const center = (view.components ?? []).find((c) => c.role === 'center');
  return {
    height: shore + 92,
    shore,
    zones: [...out.zones, ...inn.zones],
    pillars,
    center: center && { component: center, box: { x: at.gate.x, y: shore + 32, w: at.inner.x + at.inner.w - at.gate.x, h: 52 } },
    lanes: lanes.map((l, i) => lane(l, left.get(l) ?? shore - pitch * (i + 0.5), right.get(l) ?? left.get(l) ?? shore - pitch * (i + 0.5), pillars)),
  };
}

// lane draws one way from application to application: straight over the water, and bent
// only where the inner front has another place for it.
function lane(b: Bundle, y: number, yIn: number, pillars: Pillar[]): Lane {
  const x0 = at.appsOut.x + at.appsOut.w;
  const x1 = at.inner.x + at.inner.w;
  const x2 = at.frontIn.x;
  const x3 = at.appsIn.x;
  const mid = (x1 + x2) / 2;
  const d = b.inwards
    ? `M${x0} ${y}H${x1}C${mid} ${y} ${mid} ${yIn} ${x2} ${yIn}H${x3 - 8}`
    : `M${x3} ${yIn}H${x2}C${mid} ${yIn} ${mid} ${y} ${x1} ${y}H${x0 + 8}`;
  const path = b.flows[0]?.path ?? [];
  const points = pillars.filter((p) => path.includes(p.component.id)).map((p) => ({ id: p.component.id, x: p.box.x + p.box.w / 2, y: p.box.x >= x2 ? yIn : y }));
  return { name: b.name, flows: b.flows, inwards: b.inwards, d, y, ends: b.inwards ? [x3, yIn] : [x0, y], points };
}
