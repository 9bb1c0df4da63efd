// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Popover } from 'antd';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';

interface PanelProps {
  label: string;
  icon: ReactNode;
  placement?: 'bottomLeft' | 'bottomRight';
  children: (close: () => void) => ReactNode;
}

const reached = 'input, button, a[href], textarea, [tabindex="0"]';

// Panel is a button that opens a small panel below it. The keyboard goes into the panel,
// and Escape leads back to the button.
export function Panel({ label, icon, placement = 'bottomLeft', children }: PanelProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const inside = useRef<HTMLDivElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const escape = (e: KeyboardEvent) => {
    // Escape closes an open list of choices first.
    if (e.key === 'Escape' && (e.target as Element).getAttribute('aria-expanded') !== 'true') close();
  };
  const content = (
    <div ref={inside} role="dialog" aria-label={label} onKeyDown={escape}>
      {children(close)}
    </div>
  );
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      afterOpenChange={(shown) => shown && inside.current?.querySelector<HTMLElement>(reached)?.focus()}
      trigger="click"
      placement={placement}
      destroyOnHidden
      getPopupContainer={(e) => e.parentElement ?? document.body} // so that Tab leads from the button into it
      content={content}
    >
      <Button ref={button} icon={icon} aria-haspopup="dialog" aria-expanded={open}>
        {label}
      </Button>
    </Popover>
  );
}
