// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useLevels } from '../alerts/Level';
import { short } from './pace';
import type { View } from './scene';
import { useText } from './text';
import type { Sample } from './useTrail';

// Strip is what the picture stands under: what waits, what is wrong, what holds, what passes.
export function Strip({ view, trail }: { view: View; trail: Sample[] }) {
  const t = useText();
  return (
    <div className="ov-strip">
      <Fact title={t.hand}>
        <div className="ov-big">
          <Link to="/inbox">{view.inbox}</Link>
        </div>
        <p>{view.inbox === 0 && t.handNone}</p>
      </Fact>
      <Fact title={t.alerts}>
        <Alerts of={view.alerts} />
      </Fact>
      <Fact title={t.policy}>
        <Policy view={view} />
      </Fact>
      <Fact title={t.traffic}>
        <Traffic trail={trail} />
      </Fact>
    </div>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="ov-fact" role="group" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function Alerts({ of }: { of: View['alerts'] }) {
  const t = useText();
  const levels = useLevels();
  const list = [
    { n: of.critical, tone: 'bad' as const, level: 3 },
    { n: of.warning, tone: 'warn' as const, level: 2 },
    { n: of.notice, tone: 'busy' as const, level: 1 },
  ];
  return (
    <>
      <div className="ov-big ov-levels">
        <Link to="/alerts">{of.critical + of.warning + of.notice}</Link>
        {list.filter((l) => l.n > 0).map((l) => (
          <Mark key={l.level} tone={l.tone}>
            {l.n} {levels[l.level]}
          </Mark>
        ))}
      </div>
      <p>{of.critical + of.warning + of.notice === 0 && t.calm}</p>
    </>
  );
}

function Policy({ view }: { view: View }) {
  const t = useText();
  const { version, until, waits } = view.policy;
  const left = waits?.deadline ? Math.max(0, Math.round((Date.parse(waits.deadline) - Date.parse(view.time)) / 1000)) : 0;
  return (
    <>
      <div className="ov-big">
        <Link to="/policy">{version === 0 ? t.none : t.version(version)}</Link>
      </div>
      {waits?.deadline ? (
        <p>
          <Link to={`/policy/publications/${waits.id}`}>{t.confirm(`${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`)}</Link>
        </p>
      ) : waits ? (
        <p>
          <Link to={`/policy/publications/${waits.id}`}>{t.underway(waits.version)}</Link>
        </p>
      ) : (
        version > 0 && (
          <p>
            {t.until} <Time at={until} />
          </p>
        )
      )}
    </>
  );
}

function Traffic({ trail }: { trail: Sample[] }) {
  const t = useText();
  const last = trail.at(-1);
  return (
    <div className="ov-traffic">
      <div>
        <div className="ov-big">
          {last ? t.per(short(last.passed)) : '–'} <small>{t.passedWord}</small>
        </div>
        <Spark values={trail.map((s) => s.passed)} />
      </div>
      <div>
        <div className="ov-big">
          {last ? t.per(short(last.refused)) : '–'} <small>{t.refusedWord}</small>
        </div>
        <Spark values={trail.map((s) => s.refused)} bad />
      </div>
    </div>
  );
}

// Spark is the trail of a number; the number itself stands above it.
function Spark({ values, bad = false }: { values: number[]; bad?: boolean }) {
  const most = 1.15 * Math.max(...values, 0.1);
  const points = values.map((v, i) => `${((i + 300 - values.length) * 100) / 299},${(19 - (18 * v) / most).toFixed(1)}`).join(' ');
  return (
    <svg className={bad ? 'ov-spark ov-spark-bad' : 'ov-spark'} viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
      <line x1={0} y1={19.5} x2={100} y2={19.5} />
      <polyline points={points} />
    </svg>
  );
}
