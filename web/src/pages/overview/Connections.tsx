// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Tone } from '../../parts/Mark';
import { connectionTone } from './looks';
import { type Connection, head, type Pillar } from './scene';
import { Sign } from './Sign';
import { useText } from './text';

// Connections join neighbours at their heads; the link is written out over the water.
export function Connections({ list, pillars }: { list: Connection[]; pillars: Pillar[] }) {
  return list.map((c) => {
    const outer = pillars.find((p) => p.component.id === c.outer);
    const inner = pillars.find((p) => p.component.id === c.inner);
    return outer && inner && <One key={`${c.outer} ${c.inner}`} of={c} outer={outer} inner={inner} />;
  });
}

function One({ of: c, outer, inner }: { of: Connection; outer: Pillar; inner: Pillar }) {
  const t = useText();
  const tone = connectionTone[c.state] ?? 'quiet';
  const state = t.connection[c.state] ?? c.state;
  const says = t.between(c.outer, c.inner, state);
  const down = inner.component.role === 'center';
  const front = outer.component.role === 'front' ? outer : inner;
  const y = front.box.y + head / 2;
  const x1 = outer.box.x + outer.box.w;
  const way = down ? `M${outer.box.x + outer.box.w / 2} ${outer.box.y + outer.box.h}V${inner.box.y}` : `M${x1} ${y}H${inner.box.x}`;
  const sign = down ? [outer.box.x + outer.box.w / 2, (outer.box.y + outer.box.h + inner.box.y) / 2] : [(x1 + inner.box.x) / 2, y];
  return (
    <g className={`ov-connection ov-${tone}`} role="img" aria-label={says}>
      <title>{says}</title>
      <path className={c.link ? 'ov-link' : 'ov-join'} d={way} />
      {c.link ? <Plate at={sign} w={164} tone={tone} text={`${t.link} · ${state}`} /> : tone !== 'good' && <Plate at={sign} w={20} tone={tone} />}
    </g>
  );
}

// Plate is written on a connection, so that its state is not told by colour alone.
function Plate({ at: [x = 0, y = 0], w, tone, text }: { at: number[]; w: number; tone: Tone; text?: string }) {
  return (
    <>
      <rect className="ov-plate" x={x - w / 2} y={y - 11} width={w} height={22} rx={11} />
      <text className="ov-state" x={x} y={y + 4.5} textAnchor="middle">
        <Sign tone={tone} last={!text} />
        {text}
      </text>
    </>
  );
}
