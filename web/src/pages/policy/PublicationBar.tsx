// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Link } from 'react-router';
import { texts } from '../../language/texts';
import { Decide } from './Decide';
import './policy.css';
import { clock, useForce, useSecondsTo } from './useForce';

const useText = texts(
  {
    label: 'A publication that is not settled',
    applying: (v: number) => `Policy version ${v} is being put in force.`,
    unconfirmed: (v: number) => `Policy version ${v} is in force and waits to be confirmed.`,
    returning: (v: number) => `Policy version ${v} goes back: what was before is being put in force.`,
    left: 'Goes back by itself in',
    show: 'Look at it',
  },
  {
    label: '尚未确定的发布',
    applying: (v: number) => `策略版本 ${v} 正在下发。`,
    unconfirmed: (v: number) => `策略版本 ${v} 已生效，等待确认。`,
    returning: (v: number) => `策略版本 ${v} 正在回退，恢复此前的策略。`,
    left: '自动回退倒计时',
    show: '查看',
  },
);

// PublicationBar is on every page while a publication is on its way, or waits to be
// confirmed. Only its sentence is told to who listens; its clock is not read out.
export function PublicationBar() {
  const t = useText();
  const { data } = useForce();
  const waits = data?.force.waits;
  const seconds = useSecondsTo(waits?.state === 'unconfirmed' ? waits.deadline : undefined, data?.skew ?? 0);
  const said = waits && (waits.state === 'applying' || waits.state === 'unconfirmed' || waits.state === 'returning') ? t[waits.state](waits.version) : '';
  return (
    <section aria-label={t.label} className={said ? `publication-bar ${waits!.state}` : undefined}>
      <span role="status" aria-live="polite">
        {said && (
          <>
            <span aria-hidden="true">{waits!.state === 'unconfirmed' ? '▲' : '◐'} </span>
            {said}
          </>
        )}
      </span>
      {waits && said && (
        <>
          {seconds !== null && (
            <span>
              {t.left}{' '}
              <strong role="timer" aria-live="off" className="mono clock">
                {clock(seconds)}
              </strong>
            </span>
          )}
          <Link to={`/policy/publications/${waits.id}`}>{t.show}</Link>
          <Decide of={waits} size="small" />
        </>
      )}
    </section>
  );
}
