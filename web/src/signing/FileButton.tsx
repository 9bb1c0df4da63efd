// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, type ButtonProps } from 'antd';
import { type ReactNode, useRef } from 'react';
import type { Call } from '../api/calls';
import { useMay } from '../session/session';

interface FileButtonProps extends Omit<ButtonProps, 'onClick'> {
  call?: Call; // that is made with the file: who may not make it is not shown the button
  accept?: string;
  label: string; // what the file is, for who does not see the button
  onFile: (file: File) => void;
  children: ReactNode;
}

// FileButton has a file chosen. The browser's own button for it speaks the browser's
// language and not the page's, so it is hidden behind this one.
export function FileButton({ call, accept, label, onFile, children, ...button }: FileButtonProps) {
  const may = useMay();
  const input = useRef<HTMLInputElement>(null);
  if (call && !may(call)) return null;
  return (
    <>
      <Button data-call={call} {...button} onClick={() => input.current?.click()}>
        {children}
      </Button>
      <input
        ref={input}
        type="file"
        style={{ display: 'none' }} // a form of Ant Design shows what is only hidden
        accept={accept}
        aria-label={label}
        onChange={(e) => {
          const file = e.target.files?.[0];
          e.target.value = ''; // so that the same file can be chosen again
          if (file) onFile(file);
        }}
      />
    </>
  );
}
