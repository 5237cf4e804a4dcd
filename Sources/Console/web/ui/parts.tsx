// The small parts that pages are made of.

import { useCallback, useEffect, useId, useRef, useState, useSyncExternalStore } from 'react';
import type { ButtonHTMLAttributes, InputHTMLAttributes, ReactNode, RefObject } from 'react';
import { useApp } from '../app';
import { Link } from '../router';
import type { FieldError } from '../data/http';
import { ApiError } from '../data/http';
import type { Status } from '../data/types';
import { Icon } from './icons';
import type { IconName } from './icons';
import { exactTime, relativeTime } from './words';

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: 'primary' | 'outline' | 'ghost' | 'danger';
  icon?: IconName;
  /** While its work is under way it stays in place and does nothing. */
  isBusy?: boolean;
};

export function Button({ look = 'outline', icon, isBusy = false, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button" {...rest} className={`button ${look} ${rest.className ?? ''}`} aria-busy={isBusy}
      aria-disabled={isBusy || undefined}
      onClick={(event) => (isBusy ? event.preventDefault() : onClick?.(event))}
    >
      {isBusy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

const statusWords: Record<Status, string> = {
  REQUESTED: 'Requested', PROVISIONING: 'Provisioning', ACTIVE: 'Active', ERROR: 'Error', DELETING: 'Deleting',
  DELETED: 'Deleted',
};

export function statusWord(status: Status): string {
  return statusWords[status];
}

export function StatusBadge({ status }: { status: Status }) {
  return (
    <span className={`badge status-${status.toLowerCase()}`}>
      <span className="dot" aria-hidden="true" />
      {statusWord(status)}
    </span>
  );
}

/** A field's label, hint and error around its control, tied together for screen readers. */
export function Field({ label, hint, error, children }: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  children(control: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }): ReactNode;
}) {
  const id = useId();
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error !== undefined })}
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p className="field-error" id={`${id}-error`}><Icon name="warn" size={14} />{error}</p>}
    </div>
  );
}

type TextFieldProps = InputHTMLAttributes<HTMLInputElement> & {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
};

export function TextField({ label, hint, error, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => <input {...rest} {...control} className="input" />}
    </Field>
  );
}

/** One of several, each a card; a group of radio buttons for the keyboard and for screen readers. */
export function RadioCards<Item>({ legend, name, items, value, error, onChange, describe }: {
  legend: string;
  name: string;
  items: readonly Item[];
  value: string;
  error?: string | undefined;
  onChange(id: string): void;
  describe(item: Item): { id: string; title: string; detail?: string; isTooSmall?: boolean };
}) {
  const errorId = useId();
  return (
    <fieldset className="radio-cards" aria-describedby={error ? errorId : undefined}>
      <legend>{legend}</legend>
      <div className="cards">
        {items.map(describe).map(({ id, title, detail, isTooSmall }) => (
          <label key={id} className={`radio-card${isTooSmall ? ' too-small' : ''}`}>
            <input
              type="radio" name={name} value={id} checked={value === id} aria-invalid={error !== undefined}
              onChange={() => onChange(id)}
            />
            <span className="radio-title">{title}</span>
            {detail && <span className="radio-detail">{detail}</span>}
          </label>
        ))}
      </div>
      {error && <p className="field-error" id={errorId}><Icon name="warn" size={14} />{error}</p>}
    </fieldset>
  );
}

/** The message for a field, from the errors of a refused request. */
export function fieldMessage(errors: readonly FieldError[], ...pointers: string[]): string | undefined {
  const found = errors.filter((error) => pointers.some((pointer) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`)));
  if (found.length === 0) return undefined;
  if (found.some(({ code }) => code === 'REQUIRED')) return 'Fill this in.';
  return found.map(({ message }) => message.charAt(0).toUpperCase() + message.slice(1)).join('. ');
}

/** Brings the first wrong field to the person who has to change it, each time that a request was refused. */
export function useErrorFocus(form: RefObject<HTMLElement>, errors: readonly FieldError[]): void {
  useEffect(() => {
    if (errors.length > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [form, errors]);
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { toasts } = useApp();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // The clipboard is there on secure origins only.
      toasts.trouble(`Your browser does not let this page copy. Select and copy: ${text}`);
    }
  };
  return (
    <button type="button" className="icon-button copy" aria-label={isCopied ? 'Copied' : `Copy ${label}`} onClick={copy}>
      <Icon name={isCopied ? 'check' : 'copy'} size={16} />
    </button>
  );
}

/** Re-renders about every second while the page is seen; returns the server's time. */
export function useServerTime(): number {
  const { clock } = useApp();
  const subscribe = useCallback((listener: () => void) => {
    const timer = setInterval(() => { if (!document.hidden) listener(); }, 500);
    return () => clearInterval(timer);
  }, []);
  return useSyncExternalStore(subscribe, () => Math.floor(clock.time() / 500) * 500);
}

/** An instant, told as its age, or as how long it has been so; the exact time is in the tooltip. */
export function Ago({ time, as = relativeTime }: { time: string; as?: (time: number, now: number) => string }) {
  const now = useServerTime();
  return <time dateTime={time} title={exactTime(time)}>{as(Date.parse(time), now)}</time>;
}

export function Skeleton({ lines = 3, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => <span key={index} />)}
    </div>
  );
}

/** What went wrong in a part of a page, and the way on. */
export function ErrorPanel({ error, onRetry, isBusy, children }: {
  error: unknown;
  onRetry?: () => void;
  isBusy?: boolean;
  children?: ReactNode;
}) {
  const message = error instanceof Error ? error.message : 'Something went wrong.';
  return (
    <div className="panel-error" role="alert">
      <Icon name="warn" size={22} />
      <div>
        <p className="panel-title">{error instanceof ApiError && error.status === 0 ? 'No answer' : 'That did not work'}</p>
        <p>{message}</p>
        <div className="row">
          {onRetry && <Button icon="retry" isBusy={isBusy ?? false} onClick={onRetry}>Try again</Button>}
          {children}
        </div>
      </div>
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-icon"><Icon name={icon} size={28} /></span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Asks before something is done that cannot be taken back. The native dialog keeps the focus inside. */
export function ConfirmDialog({ title, children, action, isBusy, onConfirm, onCancel }: {
  title: string;
  children: ReactNode;
  action: string;
  isBusy: boolean;
  onConfirm(): void;
  onCancel(): void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => { if (opener instanceof HTMLElement) opener.focus(); };
  }, []);
  return (
    <dialog
      ref={dialog} className="dialog" aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`}
      onCancel={(event) => { event.preventDefault(); onCancel(); }}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      <div id={`${id}-text`}>{children}</div>
      <div className="row end">
        <Button onClick={onCancel} autoFocus>Cancel</Button>
        <Button look="danger" icon="trash" isBusy={isBusy} onClick={onConfirm}>{action}</Button>
      </div>
    </dialog>
  );
}

export function BackLink({ to, children }: { to: string; children: ReactNode }) {
  return <Link to={to} className="back-link"><Icon name="back" size={16} />{children}</Link>;
}
