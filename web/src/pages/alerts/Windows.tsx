// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { MinusCircleOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Form, Input, Select } from 'antd';
import { useChannelText } from './channelText';
import { useLevels } from './Level';
import type { Window } from './week';

const office: Window = { first: 1, last: 5, from: '09:00', to: '18:00', least: 1 };

// Windows are the times of the week in which a channel is used.
export function Windows() {
  const t = useChannelText();
  const levels = useLevels();
  const days = ([1, 2, 3, 4, 5, 6, 7] as const).map((d) => ({ value: d, label: t.days[d] }));
  const clock = [{ required: true, pattern: /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, message: '00:00 – 24:00' }];
  return (
    <Form.Item label={t.windows} extra={t.windowsHint}>
      <Form.List name="times">
        {(lines, { add, remove }) => (
          <>
            {lines.map((line) => (
              <div key={line.key} className="alert-window">
                <Form.Item name={[line.name, 'first']} noStyle>
                  <Select aria-label={t.first} options={days} />
                </Form.Item>
                <Form.Item name={[line.name, 'last']} noStyle>
                  <Select aria-label={t.last} options={days} />
                </Form.Item>
                <Form.Item name={[line.name, 'from']} noStyle rules={clock}>
                  <Input aria-label={t.from} placeholder="09:00" maxLength={5} />
                </Form.Item>
                <Form.Item name={[line.name, 'to']} noStyle rules={clock}>
                  <Input aria-label={t.to} placeholder="18:00" maxLength={5} />
                </Form.Item>
                <Form.Item name={[line.name, 'least']} noStyle>
                  <Select aria-label={t.level} options={[1, 2, 3].map((n) => ({ value: n, label: `≥ ${levels[n]}` }))} />
                </Form.Item>
                <Button type="text" aria-label={t.remove} icon={<MinusCircleOutlined />} onClick={() => remove(line.name)} />
              </div>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add(office)}>
              {t.window}
            </Button>
          </>
        )}
      </Form.List>
    </Form.Item>
  );
}
