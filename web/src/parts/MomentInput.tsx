// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DatePicker, type DatePickerProps, Typography } from 'antd';
import { usePreferences } from '../session/preferences';
import { momentOf, offsetOf, wallNow, wallOf } from './zoned';

interface MomentInputProps {
  id?: string;
  value?: string; // RFC 3339
  onChange?: (moment: string | undefined) => void;
  ahead?: { label: string; days: number }[]; // days from now that one click chooses
}

// MomentInput lets a moment be chosen in the person's zone, whose offset stands below.
export function MomentInput({ id, value, onChange, ahead = [] }: MomentInputProps) {
  const { zone } = usePreferences();
  const presets: DatePickerProps['presets'] = ahead.map((a) => ({ label: a.label, value: () => wallNow(zone).add(a.days, 'day').endOf('day') }));
  return (
    <>
      <DatePicker
        id={id}
        className="whole-width"
        showTime={{ format: 'HH:mm' }}
        format="YYYY-MM-DD HH:mm"
        showNow={false}
        presets={presets}
        value={wallOf(value, zone)}
        onChange={(wall) => onChange?.(momentOf(Array.isArray(wall) ? wall[0] : wall, zone))}
        aria-describedby={id && `${id}-zone`}
      />
      <Typography.Text type="secondary" id={id && `${id}-zone`}>
        {offsetOf(value, zone)} · {zone}
      </Typography.Text>
    </>
  );
}
