// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { componentTone } from './looks';
import { fit } from './pace';
import { head, type Pillar } from './scene';
import { Sign } from './Sign';
import { useText } from './text';

// PillarView is the head of a component: what it is, its name, and how it stands. It
// leads to the component's page.
export function PillarView({ pillar: { component: c, box } }: { pillar: Pillar }) {
  const t = useText();
  const tone = componentTone[c.state] ?? 'quiet';
  const role = t.roles[c.role] ?? c.role;
  const stands = t.stands[c.state] ?? c.state;
  const h = Math.min(head, box.h);
  const center = c.role === 'center';
  const said = c.pending > 0 ? `${stands} · ${t.waiting(c.pending)}` : stands;
  return (
    <a className={`ov-pillar ov-${tone}`} href={`#/components/${encodeURIComponent(c.id)}`} aria-label={t.pillarSays(role, c.id, c.zone ?? '', said)}>
      <title>{t.pillarSays(role, c.id, c.zone ?? '', said)}</title>
      <rect className="ov-head" x={box.x} y={box.y} width={box.w} height={h} rx={10} />
      <text className="ov-small" x={box.x + 10} y={box.y + (center ? 22 : 20)}>
        {role}
      </text>
      <text className="ov-name" x={box.x + 10} y={box.y + 40}>
        {fit(c.id, Math.floor((box.w - 16) / 7.6))}
      </text>
      <text className="ov-state" x={center ? box.x + box.w - 10 : box.x + 10} y={box.y + (center ? 22 : 60)} textAnchor={center ? 'end' : 'start'}>
        <Sign tone={tone} />
        {fit(said, Math.floor((box.w - 26) / 6.6))}
      </text>
    </a>
  );
}
