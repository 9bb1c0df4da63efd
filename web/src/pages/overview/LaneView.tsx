// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useMay } from '../../session/session';
import { Sign } from './Sign';
import { fit, millis, paceOf, short, stateOf } from './pace';
import { at, type Component, type Lane } from './scene';
import { useText } from './text';

// LaneView is a flow: its line through the components that it goes through, its name and
// numbers on the water. It leads to what crossed on it.
export function LaneView({ lane, components }: { lane: Lane; components: Component[] }) {
  const t = useText();
  const may = useMay();
  const pace = paceOf(lane.flows);
  const state = stateOf(lane.flows, components);
  const one = lane.flows.length === 1 ? lane.flows[0] : undefined;
  const name = one ? one.name : t.others(lane.flows.length);
  const says = t.laneSays(name, one?.from ?? '', one?.to ?? '', t.states[state], short(pace.passed ?? 0), short(pace.refused ?? 0));
  const to = may('show-crossing') ? '#/crossings' : '#/alerts';
  const { x, w } = at.water;
  return (
    <a className={`ov-lane ov-lane-${state}`} href={one ? `${to}?flow=${encodeURIComponent(one.name)}` : to} aria-label={says}>
      <title>{says}</title>
      <rect className="ov-aim" x={x - 4} y={lane.y - 22} width={w + 8} height={44} rx={8} />
      <path className="ov-line" d={lane.d} strokeWidth={thickness(pace.passed)} />
      <Arrows lane={lane} />
      {lane.points.map((p) => (
        <circle key={p.id} className="ov-ring" cx={p.x} cy={p.y} r={4.5} />
      ))}
      <text className="ov-flow" x={x + 4} y={lane.y - 8}>
        {fit(name, 20)}
      </text>
      <text className="ov-rate" x={x + w - 4} y={lane.y - 8} textAnchor="end">
        {state === 'broken' && <Sign tone="bad" />}
        {state === 'broken' ? t.states.broken : pace.passed === undefined ? t.states.unknown : t.per(short(pace.passed))}
      </text>
      <text className="ov-small" x={x + 4} y={lane.y + 17}>
        {pace.p95 !== undefined && !pace.failed ? `p95 ${millis(pace.p95)}` : ''}
      </text>
      <Lost refused={pace.refused} failed={pace.failed} y={lane.y + 17} />
    </a>
  );
}

// Lost says what did not pass.
function Lost({ refused, failed, y }: { refused: number | undefined; failed: number | undefined; y: number }) {
  const t = useText();
  if (refused === undefined) return null;
  const some = refused > 0 || (failed ?? 0) > 0;
  const said = [t.refused(short(refused)), failed ? t.failed(short(failed)) : ''].filter(Boolean).join(' · ');
  return (
    <text className={some ? 'ov-lost' : 'ov-small'} x={at.water.x + at.water.w - 4} y={y} textAnchor="end">
      {some && <Sign tone="warn" />}
      {said}
    </text>
  );
}

// Arrows show the direction: where the lane leaves the water, and where it arrives.
function Arrows({ lane: { inwards, y, ends } }: { lane: Lane }) {
  const tip = (x: number, h: number) => (inwards ? `M${x} ${h}l-10 -6v12Z` : `M${x} ${h}l10 -6v12Z`);
  const leave = inwards ? at.gate.x - 1 : at.outer.x + at.outer.w + 1;
  return <path className="ov-tip" d={`${tip(leave, y)}${tip(...ends)}`} />;
}

// thickness of a line: a little more for each ten times as much.
function thickness(passed: number | undefined): number {
  return passed ? Math.min(8, 2 + 1.5 * Math.log10(1 + 10 * passed)) : 2;
}
