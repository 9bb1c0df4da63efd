// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Tooltip } from 'antd';
import type { Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Mark, type Tone } from '../../parts/Mark';

type State = Schemas['DraftPublication']['state'];
type JobState = Schemas['Rehearsal']['state'];

const useText = texts(
  {
    publication: {
      prepared: 'prepared',
      applying: 'being applied',
      unconfirmed: 'waits to be confirmed',
      confirmed: 'confirmed',
      returning: 'going back',
      returned: 'gone back',
      failed: 'failed',
      superseded: 'replaced before it was confirmed',
      lapsed: 'lapsed',
    } as Record<string, string>,
    publicationMeans: {
      prepared: 'Its bundles are made, and want the signatures of two persons.',
      applying: 'Approved, on its way into force.',
      unconfirmed: 'In force. Unless it is confirmed in time, what was in force before is put back.',
      confirmed: 'In force for good, or until the next one.',
      returning: 'What was in force before is on its way back into force.',
      returned: 'What was in force before is so again.',
      failed: 'It was not put in force; the result says why.',
      superseded: 'Another policy was put in force before this one was confirmed.',
      lapsed: 'Nobody approved it for long, and its bundles were forgotten.',
    } as Record<string, string>,
    job: { running: 'running', finished: 'finished', cancelled: 'cancelled', failed: 'failed', interrupted: 'interrupted' } as Record<string, string>,
    jobMeans: {
      running: 'It is deciding recorded decisions anew.',
      finished: 'All decisions of its time were looked at.',
      cancelled: 'Somebody ended it; what it had found by then is kept.',
      failed: 'It could not read the copies of the logs.',
      interrupted: 'The center was restarted meanwhile. Start it again.',
    } as Record<string, string>,
  },
  {
    publication: {
      prepared: '已准备',
      applying: '正在下发',
      unconfirmed: '待确认',
      confirmed: '已确认',
      returning: '正在回退',
      returned: '已回退',
      failed: '失败',
      superseded: '确认前被取代',
      lapsed: '已失效',
    },
    publicationMeans: {
      prepared: '策略包已生成，等待两人签名。',
      applying: '已批准，正在生效。',
      unconfirmed: '已生效。如未按时确认，将自动恢复此前的策略。',
      confirmed: '正式生效，直至下一次发布。',
      returning: '此前的策略正在恢复生效。',
      returned: '此前的策略已恢复生效。',
      failed: '未能生效，原因见结果。',
      superseded: '确认之前，另一策略已生效。',
      lapsed: '长时间无人批准，策略包已清除。',
    },
    job: { running: '进行中', finished: '已完成', cancelled: '已取消', failed: '失败', interrupted: '已中断' },
    jobMeans: {
      running: '正在用草稿重新判定历史记录。',
      finished: '该时段的判定已全部查看。',
      cancelled: '有人结束了预演，已有结果保留。',
      failed: '无法读取日志副本。',
      interrupted: '期间中心重启，请重新开始。',
    },
  },
);

const tones: Record<State, Tone> = {
  prepared: 'quiet',
  applying: 'busy',
  unconfirmed: 'warn',
  confirmed: 'good',
  returning: 'busy',
  returned: 'quiet',
  failed: 'bad',
  superseded: 'quiet',
  lapsed: 'quiet',
};

const jobTones: Record<JobState, Tone> = { running: 'busy', finished: 'good', cancelled: 'quiet', failed: 'bad', interrupted: 'warn' };

// PublicationState is where a publication stands, in a word.
export function PublicationState({ state }: { state: State }) {
  const t = useText();
  return (
    <Tooltip title={`${state}: ${t.publicationMeans[state] ?? ''}`}>
      <span>
        <Mark tone={tones[state] ?? 'quiet'}>{t.publication[state] ?? state}</Mark>
      </span>
    </Tooltip>
  );
}

// RehearsalState is where a rehearsal stands, in a word.
export function RehearsalState({ state }: { state: JobState }) {
  const t = useText();
  return (
    <Tooltip title={`${state}: ${t.jobMeans[state] ?? ''}`}>
      <span>
        <Mark tone={jobTones[state] ?? 'quiet'}>{t.job[state] ?? state}</Mark>
      </span>
    </Tooltip>
  );
}

// usePublicationMeaning is the sentence for a state.
export function usePublicationMeaning(): (state: State) => string {
  const t = useText();
  return (state) => t.publicationMeans[state] ?? state;
}
