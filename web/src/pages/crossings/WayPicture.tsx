// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { theme } from 'antd';
import { Fragment } from 'react';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { toneOf } from '../evidence/columns';
import { useWords, wordOf } from '../evidence/search/text';
import '../evidence/evidence.css';
import { useText } from './text';
import type { Step, Way } from './way';

// WayPicture is the way that a parcel took, from left to right and back. Places stay where
// they are; what each has recorded is in them.
export function WayPicture({ way, roles, go }: { way: Way; roles: ReadonlyMap<string, string>; go: (component: string) => void }) {
  const t = useText();
  const answered = way.back.some((s) => s.hops.length > 0);
  const columns = way.there.map((_, i) => (i === 0 ? 'minmax(0, 1fr)' : '32px minmax(0, 1fr)')).join(' ');
  return (
    <div className="way" style={{ gridTemplateColumns: `auto ${columns}` }}>
      <Leg title={t.there} steps={way.there} other={way.back} arrow="→" roles={roles} go={go} />
      {answered && <Leg title={t.back} steps={way.back} other={way.there} arrow="←" roles={roles} go={go} />}
    </div>
  );
}

interface LegProps {
  title: string;
  steps: Step[];
  other: Step[]; // the other way; the fronts, at the ends, make one record for both
  arrow: string;
  roles: ReadonlyMap<string, string>;
  go: (component: string) => void;
}

function Leg({ title, steps, other, arrow, roles, go }: LegProps) {
  return (
    <>
      <strong className="way-title">{title}</strong>
      {steps.map((step, i) => (
        <Fragment key={step.component}>
          {i > 0 && <Between arrow={arrow} link={isLink(roles, steps[i - 1], step)} />}
          <Place step={step} both={(i === 0 || i === steps.length - 1) && recorded(other, step.component)} go={() => go(step.component)} />
        </Fragment>
      ))}
    </>
  );
}

const recorded = (way: Step[], component: string) => way.some((s) => s.component === component && s.hops.length > 0);

// isLink tells whether the link between the halves is between two places.
function isLink(roles: ReadonlyMap<string, string>, a: Step | undefined, b: Step): boolean {
  const both = [roles.get(a?.component ?? ''), roles.get(b.component)];
  return both.includes('guard-outer') && both.includes('guard-gate');
}

function Between({ arrow, link }: { arrow: string; link: boolean }) {
  const t = useText();
  return (
    <span className="way-between" title={link ? t.link : undefined}>
      <span aria-hidden="true">{link ? '≈' : arrow}</span>
      {link && <span className="way-link">{t.link}</span>}
    </span>
  );
}

function Place({ step, both, go }: { step: Step; both: boolean; go: () => void }) {
  const t = useText();
  const words = useWords();
  const may = useMay();
  const { token } = theme.useToken();
  const last = step.hops.at(-1);
  const verdict = last?.verdict ?? '';
  const none = both ? t.bothWays : may('read-detail') ? t.noRecord : t.noneSeen;
  const border = last === undefined ? `1px dashed ${token.colorBorder}` : `1px solid ${toneOf(verdict) === 'bad' ? token.colorError : token.colorBorder}`;
  return (
    <button type="button" className="way-place" style={{ border, background: token.colorBgContainer, color: token.colorText }} onClick={go} disabled={last === undefined}>
      <strong className="wrap-anywhere">{step.component}</strong>
      {last === undefined ? <Mark tone="quiet">{none}</Mark> : <Mark tone={toneOf(verdict)}>{wordOf(words, 'verdict', verdict)}</Mark>}
      {last?.reason && <span className="way-reason">{wordOf(words, 'reason', last.reason)}</span>}
      {last && <span className="way-time"><Time at={last.time} millis /></span>}
      {step.hops.length > 1 && <span className="way-time">{t.tries(step.hops.length)}</span>}
    </button>
  );
}
