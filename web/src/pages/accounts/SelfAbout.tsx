// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Form, Radio, Select } from 'antd';
import { client } from '../../api/client';
import type { Language } from '../../language/texts';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { type Shade, usePreferences } from '../../session/preferences';
import { usePerson } from '../../session/session';
import { DutyName } from './marks';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';
import { zoneOptions } from './zones';

// SelfAbout is who one is, and how one is shown things.
export function SelfAbout() {
  const t = useText();
  const words = t.self.about;
  const { account, session } = usePerson();
  return (
    <>
      <Facts
        of={[
          [words.account, account.name],
          [words.person, account.person],
          [words.duty, <DutyName key="duty" duty={account.duty} />],
          [words.since, <Time key="since" at={account.redeemed} />],
          [words.password, account.passwordUntil && <Time at={account.passwordUntil} />],
          [words.until, <Time key="until" at={session.endsAt} />],
        ]}
      />
      <section className="section narrow">
        <h2 className="part-title">{words.preferences}</h2>
        <ShownHow />
      </section>
    </>
  );
}

interface Typed {
  language: Language;
  zone: string;
}

function ShownHow() {
  const t = useText();
  const words = t.self.about;
  const { language, zone, shade, set } = usePreferences();
  const [form] = Form.useForm<Typed>();
  const [busy, act] = useAct();
  const readAnew = useReadAnew();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const save = (typed: Typed) =>
    act(async () => {
      await client.PUT('/api/self/preferences', { body: { language: typed.language, timeZone: typed.zone } });
      set(typed);
      await readAnew('/api/session', '/api/accounts');
    }, words.saved);
  const shades = (['light', 'dark', 'system'] as const).map((value) => ({ value, label: words[value] }));
  return (
    <Form key={language + zone} form={form} name="preferences" layout="vertical" requiredMark={false} initialValues={{ language, zone }} onFinish={(v) => void save(v)}>
      <Form.Item name="language" label={words.language}>
        <Radio.Group
          aria-label={words.language}
          options={[
            { value: 'zh', label: '中文' },
            { value: 'en', label: 'English' },
          ]}
        />
      </Form.Item>
      <Form.Item name="zone" label={words.zone} extra={words.zoneHint} rules={[{ required: true, message: t.wanted }]}>
        <Select
          showSearch={{ filterOption: (typed, option) => (option?.search ?? '').includes(typed.trim().toLowerCase()) }}
          options={zoneOptions(language)}
        />
      </Form.Item>
      <Button className="zone-here" type="link" size="small" onClick={() => form.setFieldValue('zone', own)}>
        {words.here} ({own})
      </Button>
      <Form.Item label={words.shade} extra={words.shadeHint} htmlFor="shade">
        <Radio.Group id="shade" aria-label={words.shade} value={shade} onChange={(e) => set({ shade: e.target.value as Shade })} options={shades} />
      </Form.Item>
      <Act call="set-preferences" type="primary" htmlType="submit" loading={busy}>
        {words.save}
      </Act>
    </Form>
  );
}
