// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { fit } from './pace';
import { at, type Scene, top, width } from './scene';
import { useText } from './text';

// Ground is what stands still: the shores and the water, zones, hosts, applications.
export function Ground({ scene, guard }: { scene: Scene; guard: string | undefined }) {
  const t = useText();
  const foot = scene.shore;
  const left = at.outer.x - 14;
  const right = at.gate.x - 14;
  const inner = at.inner.x + at.inner.w + 14;
  return (
    <g>
      <Water height={scene.height} />
      {scene.zones.map(({ zone, box }) => (
        <g key={zone.name}>
          <rect className="ov-zone" x={box.x} y={box.y} width={box.w} height={box.h} rx={12}>
            <title>{t.classes(zone.class.confidentiality, zone.class.integrity)}</title>
          </rect>
          <text className="ov-title" x={box.x + 12} y={box.y + 21}>
            {fit(zone.name, 16)}
            <tspan className="ov-small" dx={8}>
              {zone.inner ? t.inside : t.outside}
            </tspan>
          </text>
          <Apps x={zone.inner ? at.appsIn.x : at.appsOut.x} y={box.y + 32} h={box.h - 44} name={t.apps} />
        </g>
      ))}
      <rect className="ov-zone" x={left} y={top} width={at.outer.w + 28} height={foot - top} rx={12} />
      <text className="ov-small" x={left + 12} y={top + 21}>
        {t.outerHalf}
      </text>
      <rect className="ov-zone" x={right} y={top} width={inner - right} height={foot - top} rx={12} />
      <text className="ov-small" x={right + 12} y={top + 21}>
        {t.innerHalf}
      </text>
      {guard && (
        <text className="ov-title" x={at.water.x + at.water.w / 2} y={22} textAnchor="middle">
          {fit(guard, 26)}
        </text>
      )}
    </g>
  );
}

function Apps({ x, y, h, name }: { x: number; y: number; h: number; name: string }) {
  const { w } = at.appsOut;
  return (
    <g>
      <rect className="ov-apps" x={x} y={y} width={w} height={h} rx={10} />
      <text className="ov-small" x={x + w / 2} y={y + 22} textAnchor="middle">
        {name}
      </text>
    </g>
  );
}

// Water lies between the shores, with a few quiet waves.
function Water({ height }: { height: number }) {
  const { x, w } = at.water;
  const a = x - 6;
  const b = x + w + 6;
  const bank = (from: number, bend: number) => `C${from + bend} ${height * 0.3} ${from - bend} ${height * 0.7} ${from} ${height}`;
  const wave = (y: number, from: number) => `M${from} ${y}q9 -6 18 0t18 0t18 0t18 0`;
  return (
    <g>
      <path className="ov-water" d={`M${a} 0${bank(a, 12)}H${b}${`C${b - 12} ${height * 0.7} ${b + 12} ${height * 0.3} ${b} 0`}Z`} />
      {[height - 62, height - 44, height - 26].map((y, i) => (
        <path key={y} className="ov-wave" d={wave(y, x + 24 + ((i * 62) % 120))} />
      ))}
      <path className="ov-ground" d={`M0 0H${a}${bank(a, 12)}H0Z`} />
      <path className="ov-ground" d={`M${width} 0H${b}${bank(b, 12)}H${width}Z`} />
    </g>
  );
}
