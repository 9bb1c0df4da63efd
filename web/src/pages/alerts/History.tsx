// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Timeline } from 'antd';
import { Link } from 'react-router';
import type { Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Time } from '../../parts/Time';

type Event = Schemas['MonitorEvent'];

const useText = texts(
  {
    fired: 'It fired.',
    'fired-again': 'It fired again.',
    resolved: 'What was wrong has ended.',
    folded: 'Another alert explains it, and is told in its place.',
    unfolded: 'No other alert explains it any more.',
    silenced: 'A silence keeps it from being told.',
    unsilenced: 'No silence keeps it from being told any more.',
    told: 'It was handed to the channels, which tell people.',
    acknowledged: (who: string) => `${who} has acknowledged it.`,
    level: 'Its level changed with the rule.',
    which: 'That alert',
    note: (text: string) => `“${text}”`,
  },
  {
    fired: '告警发生。',
    'fired-again': '告警再次发生。',
    resolved: '异常已消除。',
    folded: '由其他告警引起，只通知其原因。',
    unfolded: '不再由其他告警引起。',
    silenced: '进入静默，不再通知。',
    unsilenced: '静默结束。',
    told: '已交给通知渠道。',
    acknowledged: (who) => `${who} 已认领。`,
    level: '级别随规则变更。',
    which: '原因告警',
    note: (text) => `“${text}”`,
  },
);

const colours: Partial<Record<Event['what'], string>> = { fired: 'red', 'fired-again': 'red', resolved: 'green', acknowledged: 'blue' };

// History is what happened to an alert, oldest first.
export function History({ events }: { events: Event[] }) {
  const t = useText();
  const say = (e: Event) => (e.what === 'acknowledged' ? t.acknowledged(e.who ?? '') : t[e.what]);
  return (
    <Timeline
      items={events.map((e, i) => ({
        key: i,
        color: colours[e.what] ?? 'gray',
        content: (
          <>
            <Time at={e.at} /> <span className="wrap-anywhere">{say(e)}</span>{' '}
            {e.what === 'folded' && e.text ? <Link to={`/alerts/${e.text}`}>{t.which}</Link> : null}
            {e.text && ['fired', 'fired-again', 'acknowledged'].includes(e.what) ? <span className="wrap-anywhere">{t.note(e.text)}</span> : null}
          </>
        ),
      }))}
    />
  );
}
