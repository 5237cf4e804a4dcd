// Asks for a deployment.

import { useEffect, useMemo, useRef, useState } from 'react';
import type { FormEvent } from 'react';
import { useApp, useQuery } from '../app';
import { deploymentsKey } from '../data/deploymentCache';
import { deploymentId, images, instanceTypes, regions, sshKeys } from '../data/decode';
import { ApiError } from '../data/http';
import type { FieldError } from '../data/http';
import { OrderDraft, randomKey } from '../data/orderDraft';
import type { Order } from '../data/orderDraft';
import type { Image, InstanceType, Region, SSHKey, User } from '../data/types';
import { usePage } from '../router';
import { Icon } from '../ui/icons';
import {
  BackLink, Button, ErrorPanel, Field, RadioCards, Skeleton, TextField, fieldMessage, useErrorFocus,
} from '../ui/parts';
import { memory } from '../ui/words';
import { AddKeyForm, keysKey } from './sshKeys';

const empty: Order = { name: '', regionId: '', instanceTypeId: '', imageId: '', sizeGiB: 20, sshKeyId: '' };
const catalogMs = 300_000;

export function NewDeployment({ user }: { user: User }) {
  const { http, cache, router, toasts } = useApp();
  const heading = usePage('New deployment');
  const form = useRef<HTMLFormElement>(null);
  const draft = useMemo(() => new OrderDraft(sessionStorage, empty), []);
  const [order, setOrder] = useState(draft.order);
  const [errors, setErrors] = useState<FieldError[]>([]);
  const [trouble, setTrouble] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [wasUnanswered, setUnanswered] = useState(draft.isUnanswered);
  const isSending = useRef(false);
  useErrorFocus(form, errors);

  const regionList = useQuery<Region[]>(['regions'], {
    fetch: () => http.get('/catalog/regions', regions), staleMs: catalogMs,
  });
  const regionId = order.regionId || (regionList.data?.[0]?.id ?? '');
  const inRegion = regionId === '' ? null : regionId;
  const region = `?regionId=${encodeURIComponent(regionId)}`;
  const typeList = useQuery<InstanceType[]>(inRegion === null ? null : ['instance-types', inRegion], {
    fetch: () => http.get(`/catalog/instance-types${region}`, instanceTypes), staleMs: catalogMs,
  });
  const imageList = useQuery<Image[]>(inRegion === null ? null : ['images', inRegion], {
    fetch: () => http.get(`/catalog/images${region}`, images), staleMs: catalogMs,
  });
  const keyList = useQuery<SSHKey[]>(keysKey, { fetch: () => http.get('/ssh-keys', sshKeys) });

  // What was not chosen is what most would choose.
  const image = imageList.data?.find((one) => one.id === order.imageId) ?? imageList.data?.[0];
  const type =
    typeList.data?.find((one) => one.id === order.instanceTypeId) ??
    typeList.data?.find((one) => one.ramMiB >= (image?.minRamMiB ?? 0));
  const key = keyList.data?.find((one) => one.id === order.sshKeyId) ?? keyList.data?.[0];

  const change = (part: Partial<Order>) => {
    const next = { ...order, ...part };
    setOrder(next);
    draft.edit(next);
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isSending.current) return;
    isSending.current = true;
    setBusy(true);
    setErrors([]);
    setTrouble(undefined);
    const body = {
      name: order.name.trim(), regionId,
      spec: {
        instanceTypeId: type?.id ?? '', imageId: image?.id ?? '', storage: { sizeGiB: order.sizeGiB },
        sshKeyId: key?.id ?? '',
      },
    };
    try {
      const id = await http.post('/deployments', deploymentId, {
        body, idempotencyKey: draft.keyFor(body, randomKey),
      });
      draft.taken();
      toasts.done(`${body.name} is requested.`);
      void cache.invalidate(deploymentsKey);
      router.go(`/deployments/${id}`, 'replace');
    } catch (error) {
      const isRefused = error instanceof ApiError && !error.isUnanswered && error.code !== 'IDEMPOTENCY_IN_PROGRESS';
      if (isRefused) draft.refused();
      setUnanswered(false);
      const fields = error instanceof ApiError ? error.fields : [];
      setErrors(fields);
      if (fields.length === 0) setTrouble(error);
    }
    isSending.current = false;
    setBusy(false);
  };

  const lists = [regionList, typeList, imageList, keyList];
  const failed = lists.find((list) => list.error !== undefined && list.data === undefined);
  const isLoading = !failed && lists.some((list) => list.data === undefined);
  const unknownPointers = errors.filter(({ pointer }) => !/^\/(name|regionId|spec\/(instanceTypeId|imageId|storage|sshKeyId))/.test(pointer));
  return (
    <div className="page">
      <BackLink to="/deployments">Deployments</BackLink>
      <h1 ref={heading} tabIndex={-1}>New deployment</h1>
      {wasUnanswered && (
        <p className="note" role="status">
          Your last request may not have been answered. Send it again: as long as nothing is changed, it is the same
          request and makes one virtual machine, not two.
        </p>
      )}
      {!user.emailVerified && <p className="note">Confirm your address first: until then nothing can be deployed.</p>}
      {failed && <ErrorPanel error={failed.error} isBusy={lists.some((list) => list.isFetching)} onRetry={() => lists.forEach((list) => { if (list.error !== undefined) void list.refetch(); })} />}
      {isLoading && <div className="card"><Skeleton lines={8} label="Loading what can be asked for" /></div>}
      {!failed && !isLoading && (
        <div className="order">
          <form ref={form} onSubmit={submit} noValidate className="card order-form" id="order">
            <TextField
              label="Name" name="name" maxLength={63} autoComplete="off" required placeholder="web-1"
              hint="Letters, digits, hyphens, underscores, dots and spaces." value={order.name}
              onChange={(event) => change({ name: event.target.value })} error={fieldMessage(errors, '/name')}
            />
            <RadioCards
              legend="Region" name="region" items={regionList.data ?? []} value={regionId}
              error={fieldMessage(errors, '/regionId')} onChange={(id) => change({ regionId: id })}
              describe={(one) => ({ id: one.id, title: one.name })}
            />
            <RadioCards
              legend="Image" name="image" items={imageList.data ?? []} value={image?.id ?? ''}
              error={fieldMessage(errors, '/spec/imageId')} onChange={(id) => change({ imageId: id })}
              describe={(one) => ({ id: one.id, title: one.name, detail: `from ${memory(one.minRamMiB)}, ${one.minDiskGiB} GiB` })}
            />
            <RadioCards
              legend="Instance type" name="type" items={typeList.data ?? []} value={type?.id ?? ''}
              error={fieldMessage(errors, '/spec/instanceTypeId')} onChange={(id) => change({ instanceTypeId: id })}
              describe={(one) => ({
                id: one.id, title: one.name, detail: `${one.vcpus} vCPU, ${memory(one.ramMiB)}`,
                isTooSmall: one.ramMiB < (image?.minRamMiB ?? 0),
              })}
            />
            <Storage
              sizeGiB={order.sizeGiB} least={image?.minDiskGiB ?? 1} error={fieldMessage(errors, '/spec/storage')}
              onChange={(sizeGiB) => change({ sizeGiB })}
            />
            <KeyChoice
              keys={keyList.data ?? []} chosen={key} error={fieldMessage(errors, '/spec/sshKeyId')}
              onChange={(id) => change({ sshKeyId: id })}
            />
          </form>
          <aside className="card summary" aria-label="Summary">
            <h2>Summary</h2>
            <dl>
              <div><dt>Cores</dt><dd>{type?.vcpus ?? '–'}</dd></div>
              <div><dt>Memory</dt><dd>{type ? memory(type.ramMiB) : '–'}</dd></div>
              <div><dt>Disk</dt><dd>{order.sizeGiB || '–'} GiB</dd></div>
              <div><dt>Image</dt><dd>{image?.name ?? '–'}</dd></div>
              <div><dt>Region</dt><dd>{regionId || '–'}</dd></div>
            </dl>
            {trouble !== undefined && <OrderTrouble error={trouble} />}
            {unknownPointers.length > 0 && <OrderTrouble error={new Error(unknownPointers.map((one) => one.message).join('. '))} />}
            <Button type="submit" form="order" look="primary" className="wide" icon="plus" isBusy={isBusy}>
              Create deployment
            </Button>
          </aside>
        </div>
      )}
    </div>
  );
}

function OrderTrouble({ error }: { error: unknown }) {
  const isUnanswered = error instanceof ApiError && error.isUnanswered;
  return (
    <div role="alert" className="form-trouble">
      <Icon name="warn" size={16} />
      <span>
        {error instanceof Error ? error.message : String(error)}
        {isUnanswered && ' Sending it again is safe: it will not make two.'}
      </span>
    </div>
  );
}

function Storage({ sizeGiB, least, error, onChange }: {
  sizeGiB: number;
  least: number;
  error: string | undefined;
  onChange(sizeGiB: number): void;
}) {
  const [text, setText] = useState(String(sizeGiB || ''));
  useEffect(() => setText((shown) => (Number(shown) === sizeGiB ? shown : String(sizeGiB || ''))), [sizeGiB]);
  const change = (next: string) => {
    setText(next);
    onChange(Math.floor(Number(next)) || 0);
  };
  return (
    <Field label="Boot disk" hint={`In GiB; this image needs ${least} or more.`} error={error}>
      {(control) => (
        <div className="storage">
          <input {...control} className="input" type="number" inputMode="numeric" min={least} max={2048} step={1} value={text} onChange={(event) => change(event.target.value)} />
          <input type="range" aria-label="Boot disk in GiB" min={Math.min(least, 200)} max={200} step={1} value={Math.min(200, Math.max(least, sizeGiB))} onChange={(event) => change(event.target.value)} />
        </div>
      )}
    </Field>
  );
}

function KeyChoice({ keys, chosen, error, onChange }: {
  keys: readonly SSHKey[];
  chosen: SSHKey | undefined;
  error: string | undefined;
  onChange(id: string): void;
}) {
  const [isAdding, setAdding] = useState(false);
  const isOpen = isAdding || keys.length === 0;
  return (
    <div className="key-choice">
      {keys.length > 0 && (
        <Field label="SSH key" error={error} hint="The key that you will sign in with.">
          {(control) => (
            <select {...control} className="input" value={chosen?.id ?? ''} onChange={(event) => onChange(event.target.value)}>
              {keys.map((key) => <option key={key.id} value={key.id}>{key.name} ({key.fingerprint.slice(0, 20)}…)</option>)}
            </select>
          )}
        </Field>
      )}
      {keys.length === 0 && <p className="label">SSH key</p>}
      {isOpen
        ? <AddKeyForm isNested onAdded={(key) => { setAdding(false); onChange(key.id); }} {...(keys.length > 0 ? { onCancel: () => setAdding(false) } : {})} />
        : <Button icon="plus" look="ghost" onClick={() => setAdding(true)}>Add another key</Button>}
      {keys.length === 0 && error && <p className="field-error"><Icon name="warn" size={14} />{error}</p>}
    </div>
  );
}
