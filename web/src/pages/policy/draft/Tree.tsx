// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DeleteOutlined, FileAddOutlined, FileTextOutlined } from '@ant-design/icons';
import { Button, Form, Input, Modal, Tooltip } from 'antd';
import { useState } from 'react';
import { texts } from '../../../language/texts';
import { Act } from '../../../parts/Act';
import type { Work } from './work';

const useText = texts(
  {
    files: 'Files',
    add: 'New file',
    addTitle: 'A new file',
    path: 'Path below the folder',
    pathHint: 'as: flows/health.yaml or policies/health.cedar. Any file may hold any part; the folders are for readers.',
    there: 'There is such a file already.',
    needed: 'This is needed.',
    make: 'Add it',
    leave: 'Leave it',
    remove: (path: string) => `Take out ${path}`,
    unsaved: 'not saved',
    wrong: 'has mistakes',
  },
  {
    files: '文件',
    add: '新建文件',
    addTitle: '新建文件',
    path: '文件夹内的路径',
    pathHint: '例如 flows/health.yaml 或 policies/health.cedar。任何文件都可放任何内容，文件夹只为便于阅读。',
    there: '该文件已存在。',
    needed: '必填。',
    make: '添加',
    leave: '取消',
    remove: (path: string) => `移除 ${path}`,
    unsaved: '未保存',
    wrong: '有错误',
  },
);

interface Folder {
  folders: Map<string, Folder>;
  files: string[];
}

function folderOf(paths: Iterable<string>): Folder {
  const root: Folder = { folders: new Map(), files: [] };
  for (const path of paths) {
    let at = root;
    for (const step of path.split('/').slice(0, -1)) {
      const next: Folder = at.folders.get(step) ?? { folders: new Map(), files: [] };
      at.folders.set(step, next);
      at = next;
    }
    at.files.push(path);
  }
  return root;
}

interface TreeProps {
  work: Work;
  path: string | undefined;
  wrong: Set<string>;
  onPath: (path: string) => void;
}

// Tree is the files of a draft; new ones are made here, and the open one is taken out.
export function Tree({ work, path, wrong, onPath }: TreeProps) {
  const t = useText();
  const [adding, setAdding] = useState(false);
  return (
    <div className="stack">
      <nav aria-label={t.files} className="policy-tree">
        <Branch of={folderOf(work.texts.keys())} work={work} path={path} wrong={wrong} onPath={onPath} />
      </nav>
      <div>
        <Act call="put-draft-file" icon={<FileAddOutlined />} onClick={() => setAdding(true)}>
          {t.add}
        </Act>{' '}
        {path !== undefined && work.texts.has(path) && (
          <Tooltip title={t.remove(path)}>
            <Act call="delete-draft-file" type="text" danger icon={<DeleteOutlined />} aria-label={t.remove(path)} onClick={() => work.put({ [path]: null })} />
          </Tooltip>
        )}
      </div>
      <NewFile
        open={adding}
        taken={(p) => work.texts.has(p)}
        onClose={() => setAdding(false)}
        onPath={(p) => {
          work.put({ [p]: beginning(p) });
          setAdding(false);
          onPath(p);
        }}
      />
    </div>
  );
}

const beginning = (path: string) => (path.endsWith('.cedar') ? '// \n' : '# \n');

function Branch({ of, work, path, wrong, onPath }: TreeProps & { of: Folder }) {
  const t = useText();
  return (
    <ul>
      {[...of.folders].map(([name, folder]) => (
        <li key={name}>
          <span className="folder">{name}/</span>
          <Branch of={folder} work={work} path={path} wrong={wrong} onPath={onPath} />
        </li>
      ))}
      {of.files.map((file) => (
        <li key={file}>
          <Button type="text" size="small" icon={<FileTextOutlined />} aria-current={file === path ? 'true' : undefined} onClick={() => onPath(file)} title={file}>
            <span>
              {file.split('/').pop()}
              {work.changed.includes(file) && <span aria-label={t.unsaved}> ●</span>}
              {wrong.has(file) && <span aria-label={t.wrong}> ✖</span>}
            </span>
          </Button>
        </li>
      ))}
    </ul>
  );
}

function NewFile({ open, taken, onClose, onPath }: { open: boolean; taken: (path: string) => boolean; onClose: () => void; onPath: (path: string) => void }) {
  const t = useText();
  const [form] = Form.useForm<{ path: string }>();
  return (
    <Modal open={open} title={t.addTitle} okText={t.make} cancelText={t.leave} onOk={form.submit} onCancel={onClose} destroyOnHidden>
      <Form form={form} layout="vertical" name="new-file" preserve={false} onFinish={({ path }) => onPath(path.trim())}>
        <Form.Item
          name="path"
          label={t.path}
          extra={t.pathHint}
          rules={[
            { required: true, message: t.needed },
            { validator: (_, p: string) => (taken((p ?? '').trim()) ? Promise.reject(new Error(t.there)) : Promise.resolve()) },
          ]}
        >
          <Input className="mono" maxLength={200} autoFocus />
        </Form.Item>
      </Form>
    </Modal>
  );
}
