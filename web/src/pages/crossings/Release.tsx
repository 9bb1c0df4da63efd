// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, App, type ButtonProps, Form, Input, Modal, Skeleton } from 'antd';
import { useMemo, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { ProblemView } from '../../parts/ProblemView';
import { base64 } from '../../signing/cose';
import { Failure } from '../../signing/Failure';
import { KeyFile } from '../../signing/KeyFile';
import { type Shown, signRelease } from '../../signing/release';
import { ReleaseFacts } from './ReleaseFacts';
import { useText } from './text';

type Item = Schemas['QuarantineItem'];

const shownOf = ({ front, flow, parcel, name, size, root, bundle, code }: Item): Shown => ({ front, flow, parcel, name, size, root, bundle, code });

// useDocument is the document by which a file is released, as long as it is looked at: the
// bytes that are shown are those that are signed.
function useDocument(of: Item, open: boolean) {
  const path = { front: of.front, parcel: of.parcel };
  const init = { params: { path }, parseAs: 'arrayBuffer' as const };
  const answer = api.useQuery('get', '/api/quarantine/{front}/{parcel}/document', init, { enabled: open, gcTime: 0, staleTime: Infinity, retry: false, meta: { still: true } });
  const document = useMemo(() => answer.data && new Uint8Array(answer.data), [answer.data]);
  return { document, error: answer.error, again: () => void answer.refetch() };
}

// Release proposes to release a file: it shows the document, and has it signed here.
export function Release({ of, open, onLeave }: { of: Item; open: boolean; onLeave: () => void }) {
  const t = useText();
  const { message } = App.useApp();
  const go = useNavigate();
  const { document, error: missing, again } = useDocument(of, open);
  const shown = useMemo(() => shownOf(of), [of]);
  const [key, setKey] = useState('');
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const leave = () => {
    setKey('');
    setReason('');
    setError(null);
    onLeave();
  };
  const propose = async () => {
    if (!document) return;
    setBusy(true);
    setError(null);
    try {
      const body = { document: base64(document), signature: signRelease(document, shown, key), reason };
      const { data } = await client.POST('/api/quarantine/{front}/{parcel}/release', { params: { path: { front: of.front, parcel: of.parcel } }, body });
      void message.success(t.releaseSaid);
      leave();
      void go(`/proposals/${data!.id}`);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const ready = document !== undefined && key !== '' && reason.trim() !== '';
  return (
    <Modal
      open={open}
      title={t.releaseTitle}
      okText={t.releaseDo}
      okButtonProps={{ disabled: !ready, loading: busy, 'data-call': 'propose-release' } as ButtonProps}
      cancelText={t.releaseLeave}
      onOk={() => void propose()}
      onCancel={leave}
      destroyOnHidden
      width={880}
      style={{ top: 24 }}
    >
      <div className="stack">
        <Alert type="warning" showIcon title={t.releaseMeans} description={t.releaseNotAsked} />
        {missing && <ProblemView error={missing} retry={again} />}
        {!missing && !document && <Skeleton active />}
        {document && <ReleaseFacts document={document} shown={shown} />}
        <Form layout="vertical">
          <Form.Item label={t.releaseWhy} htmlFor="release-reason" required>
            <Input.TextArea id="release-reason" value={reason} onChange={(e) => setReason(e.target.value)} maxLength={2000} autoSize={{ minRows: 2, maxRows: 6 }} />
          </Form.Item>
          <KeyFile onKey={setKey} />
        </Form>
        {error !== null && <Failure error={error} />}
      </div>
    </Modal>
  );
}
