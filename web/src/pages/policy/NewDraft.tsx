// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { FolderOpenOutlined } from '@ant-design/icons';
import { Alert, Button, Form, Input, InputNumber, Modal, Radio } from 'antd';
import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { ProblemView } from '../../parts/ProblemView';

const useText = texts(
  {
    title: 'A new draft',
    name: 'Title, one line for people',
    example: 'as: The portal looks after the bureau',
    of: 'Made of',
    force: 'what is in force',
    version: 'an earlier version',
    upload: 'a folder of files on this computer',
    which: 'Version',
    folder: 'Choose the folder',
    chosen: (n: number, left: number) => `${n} files are read${left > 0 ? `; ${left} others are left out, which are not .yaml, .yml, .cedar, .pub, .pem or .md` : ''}.`,
    wanted: 'Choose a folder with files of policy.',
    make: 'Make the draft',
    leave: 'Leave it',
    needed: 'Give it a title.',
  },
  {
    title: '新建草稿',
    name: '标题（一行）',
    example: '例如：门户检查征信系统状态',
    of: '来源',
    force: '生效策略',
    version: '历史版本',
    upload: '本机上的文件夹',
    which: '版本',
    folder: '选择文件夹',
    chosen: (n: number, left: number) => `已读取 ${n} 个文件${left > 0 ? `；另有 ${left} 个文件不是 .yaml、.yml、.cedar、.pub、.pem 或 .md，未读取` : ''}。`,
    wanted: '请选择含有策略文件的文件夹。',
    make: '新建',
    leave: '取消',
    needed: '请填写标题。',
  },
);

type From = 'in-force' | 'version' | 'upload';
interface Values {
  title: string;
  from: From;
  version?: number;
}

// policyFiles reads what belongs to a folder of policy; its first folder is the folder itself.
async function policyFiles(list: FileList): Promise<{ files: Schemas['DraftFile'][]; left: number }> {
  const paths = [...list].map((f) => ({ file: f, path: f.webkitRelativePath.split('/').slice(1).join('/') || f.name }));
  const fit = paths.filter(({ path }) => /\.(ya?ml|cedar|pub|pem|md)$/.test(path) && !/(^|\/)\./.test(path));
  return { files: await Promise.all(fit.map(async ({ file, path }) => ({ path, text: await file.text() }))), left: paths.length - fit.length };
}

// NewDraft makes a draft and goes to it.
export function NewDraft({ open, from, version, onClose }: { open: boolean; from: From; version?: number | undefined; onClose: () => void }) {
  const t = useText();
  const go = useNavigate();
  const queries = useQueryClient();
  const [form] = Form.useForm<Values>();
  const chosen = Form.useWatch('from', form) ?? from;
  const [read, setRead] = useState<{ files: Schemas['DraftFile'][]; left: number } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const folder = useRef<HTMLInputElement | null>(null);
  const make = async (v: Values) => {
    setBusy(true);
    setError(null);
    try {
      const { data } = await client.POST('/api/drafts', {
        body: { title: v.title, from: v.from, ...(v.from === 'version' ? { version: v.version ?? 0 } : {}), ...(v.from === 'upload' ? { files: read?.files ?? [] } : {}) },
      });
      void queries.invalidateQueries({ queryKey: ['get', '/api/drafts'] });
      onClose();
      void go(`/policy/drafts/${data!.id}`);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal open={open} title={t.title} okText={t.make} cancelText={t.leave} confirmLoading={busy} onOk={form.submit} onCancel={onClose} destroyOnHidden okButtonProps={{ disabled: chosen === 'upload' && !read?.files.length }}>
      <Form<Values> form={form} layout="vertical" initialValues={{ title: '', from, version }} onFinish={(v) => void make(v)} name="new-draft">
        {error !== null && <ProblemView error={error} />}
        <Form.Item name="title" label={t.name} extra={t.example} rules={[{ required: true, message: t.needed }]}>
          <Input maxLength={60} autoFocus />
        </Form.Item>
        <Form.Item name="from" label={t.of}>
          <Radio.Group options={[{ value: 'in-force', label: t.force }, { value: 'version', label: t.version }, { value: 'upload', label: t.upload }]} />
        </Form.Item>
        {chosen === 'version' && (
          <Form.Item name="version" label={t.which} rules={[{ required: true, message: t.which }]}>
            <InputNumber min={1} precision={0} />
          </Form.Item>
        )}
      </Form>
      {chosen === 'upload' && (
        <div className="stack">
          <div>
            <Button icon={<FolderOpenOutlined />} onClick={() => folder.current?.click()}>
              {t.folder}
            </Button>
            <input
              hidden
              type="file"
              multiple
              aria-label={t.folder}
              ref={(e) => {
                folder.current = e;
                e?.setAttribute('webkitdirectory', '');
              }}
              onChange={(e) => e.target.files && void policyFiles(e.target.files).then(setRead)}
            />
          </div>
          <Alert type={read?.files.length ? 'success' : 'info'} title={read ? t.chosen(read.files.length, read.left) : t.wanted} />
        </div>
      )}
    </Modal>
  );
}
