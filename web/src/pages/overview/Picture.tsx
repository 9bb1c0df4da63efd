// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Connections } from './Connections';
import { Ground } from './Ground';
import { LaneView } from './LaneView';
import { PillarView } from './PillarView';
import { at, place, type View, width } from './scene';
import { useText } from './text';

// Picture is the installation as two shores with the crossing between. Everything stands
// where its role puts it; only words, numbers, colour and the width of lines change.
export function Picture({ view }: { view: View }) {
  const t = useText();
  const scene = place(view);
  const pillars = [...scene.pillars, ...(scene.center ? [scene.center] : [])];
  return (
    <svg className="ov-picture" viewBox={`0 0 ${width} ${scene.height}`} role="group" aria-label={t.picture}>
      <Ground scene={scene} guard={view.guard} />
      {scene.pillars.map((p) => (
        <rect key={p.component.id} className="ov-body" x={p.box.x} y={p.box.y} width={p.box.w} height={p.box.h} rx={10} />
      ))}
      <Connections list={view.connections ?? []} pillars={pillars} />
      {scene.lanes.map((lane) => (
        <LaneView key={`${lane.name}/${lane.inwards}`} lane={lane} components={view.components ?? []} />
      ))}
      {pillars.map((p) => (
        <PillarView key={p.component.id} pillar={p} />
      ))}
      {[t.legend, t.legendBroken, t.legendDots].map((line, i) => (
        <text key={line} className="ov-small" x={at.appsOut.x} y={scene.shore + 34 + 19 * i}>
          {line}
        </text>
      ))}
    </svg>
  );
}
