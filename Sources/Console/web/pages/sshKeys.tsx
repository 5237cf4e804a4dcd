// The customer's SSH keys.

import { useRef, useState } from 'react';
import { useApp, useQuery } from '../app';
import { nothing, sshKey, sshKeys } from '../data/decode';
import { ApiError } from '../data/http';
import type { FieldError } from '../data/http';
import type { SSHKey } from '../data/types';
import { usePage } from '../router';
import { Icon } from '../ui/icons';
import {
  Ago, Button, ConfirmDialog, CopyButton, Empty, ErrorPanel, Field, Skeleton, TextField, fieldMessage, useErrorFocus,
} from '../ui/parts';

export const keysKey = ['ssh-keys'] as const;

export function SSHKeys() {
  const { http, cache, toasts } = useApp();
  const heading = usePage('SSH keys');
  const { data, error, isFetching, refetch } = useQuery<SSHKey[]>(keysKey, {
    fetch: () => http.get('/ssh-keys', sshKeys),
  });
  const [isAdding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<SSHKey>();

  const remove = async (key: SSHKey) => {
    setLeaving(undefined);
    // The list is right at once; it is put right again if the server does not agree.
    const takeBack = cache.update<SSHKey[]>(keysKey, (keys) => keys.filter((one) => one.id !== key.id));
    try {
      await http.delete(`/ssh-keys/${key.id}`, nothing);
      toasts.done(`The key ${key.name} is deleted.`);
    } catch (failure) {
      if (failure instanceof ApiError && failure.code === 'NOT_FOUND') return;
      takeBack();
      toasts.trouble(failure);
    }
  };

  return (
    <div className="page narrow">
      <div className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>SSH keys</h1>
          <p className="sub">The public keys that your virtual machines are made with.</p>
        </div>
        {!isAdding && data && data.length > 0 && <Button look="primary" icon="plus" onClick={() => setAdding(true)}>Add a key</Button>}
      </div>
      {(isAdding || data?.length === 0) && (
        <section className="card" aria-label="Add a key">
          <AddKeyForm onAdded={() => setAdding(false)} {...(data && data.length > 0 ? { onCancel: () => setAdding(false) } : {})} />
        </section>
      )}
      {error !== undefined && <ErrorPanel error={error} onRetry={() => void refetch()} isBusy={isFetching} />}
      {data === undefined && error === undefined && <div className="card"><Skeleton lines={3} label="Loading the keys" /></div>}
      {data?.length === 0 && <Empty icon="key" title="No keys yet"><p>Add the public half of a key pair. <code>ssh-keygen -t ed25519</code> makes one.</p></Empty>}
      {data && data.length > 0 && (
        <ul className="card keys">
          {data.map((key) => (
            <li key={key.id}>
              <span className="empty-icon small"><Icon name="key" size={18} /></span>
              <div className="key-text">
                <strong>{key.name}</strong>
                <span className="muted"><code>{key.fingerprint}</code></span>
                <span className="muted">{key.publicKey.split(' ')[0]}, added <Ago time={key.createdAt} /></span>
              </div>
              <CopyButton text={key.publicKey} label={`the public key ${key.name}`} />
              <button type="button" className="icon-button danger" aria-label={`Delete the key ${key.name}`} onClick={() => setLeaving(key)}><Icon name="trash" size={16} /></button>
            </li>
          ))}
        </ul>
      )}
      {leaving && (
        <ConfirmDialog title={`Delete ${leaving.name}?`} action="Delete key" isBusy={false} onConfirm={() => void remove(leaving)} onCancel={() => setLeaving(undefined)}>
          <p>New deployments cannot use it any more. Virtual machines that were made with it keep it.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

/** Adds a key, on a page of its own or inside another form. */
export function AddKeyForm({ isNested = false, onAdded, onCancel }: {
  isNested?: boolean;
  onAdded(key: SSHKey): void;
  onCancel?: () => void;
}) {
  const { http, cache, toasts } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const [name, setName] = useState('');
  const [publicKey, setPublicKey] = useState('');
  const [errors, setErrors] = useState<FieldError[]>([]);
  const [isBusy, setBusy] = useState(false);

  useErrorFocus(box, errors);
  const comment = publicKey.trim().split(/\s+/)[2] ?? '';
  const add = async () => {
    if (isBusy) return;
    setBusy(true);
    setErrors([]);
    try {
      const key = await http.post('/ssh-keys', sshKey, { body: { name: name.trim() || comment, publicKey } });
      cache.update<SSHKey[]>(keysKey, (keys) => [...keys.filter((one) => one.id !== key.id), key]);
      void cache.invalidate(keysKey);
      toasts.done(`The key ${key.name} is added.`);
      setName('');
      setPublicKey('');
      onAdded(key);
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : [];
      setErrors(fields);
      if (fields.length === 0) toasts.trouble(error);
    }
    setBusy(false);
  };
  const content = (
    <div ref={box} className={isNested ? 'nested' : 'stack'}>
      <Field label="Public key" hint={<>The one line of <code>~/.ssh/id_ed25519.pub</code>.</>} error={fieldMessage(errors, '/publicKey')}>
        {(control) => (
          <textarea
            {...control} className="input mono" rows={3} spellCheck={false} autoComplete="off"
            placeholder="ssh-ed25519 AAAA… you@laptop" value={publicKey}
            onChange={(event) => setPublicKey(event.target.value)}
          />
        )}
      </Field>
      <TextField label="Name of the key" autoComplete="off" maxLength={100} placeholder={comment || 'laptop'} value={name} onChange={(event) => setName(event.target.value)} error={fieldMessage(errors, '/name')} />
      <div className="row">
        <Button type={isNested ? 'button' : 'submit'} look={isNested ? 'outline' : 'primary'} icon="plus" isBusy={isBusy} {...(isNested ? { onClick: () => void add() } : {})}>Add key</Button>
        {onCancel && <Button look="ghost" onClick={onCancel}>Cancel</Button>}
      </div>
    </div>
  );
  // A form inside a form is not allowed.
  return isNested ? content : <form noValidate onSubmit={(event) => { event.preventDefault(); void add(); }}>{content}</form>;
}
