// Short notes about what has just happened, in a live region. Good news goes by itself, trouble stays until dismissed.

import { useEffect, useSyncExternalStore } from 'react';
import { useApp } from '../app';
import { Icon } from './icons';

export interface Toast {
  id: number;
  kind: 'done' | 'trouble';
  text: string;
}

export class Toasts {
  private list: readonly Toast[] = [];
  private next = 1;
  private listeners = new Set<() => void>();

  get all(): readonly Toast[] {
    return this.list;
  }

  done(text: string): void {
    this.add('done', text);
  }

  trouble(error: unknown): void {
    this.add('trouble', error instanceof Error ? error.message : String(error));
  }

  dismiss(id: number): void {
    this.show(this.list.filter((toast) => toast.id !== id));
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private add(kind: Toast['kind'], text: string): void {
    const others = this.list.filter((toast) => toast.text !== text).slice(-3);
    this.show([...others, { id: this.next++, kind, text }]);
  }

  private show(list: readonly Toast[]): void {
    this.list = list;
    for (const listener of [...this.listeners]) listener();
  }
}

export function ToastRegion() {
  const { toasts } = useApp();
  const all = useSyncExternalStore(toasts.subscribe, () => toasts.all);
  return (
    <div className="toasts" role="region" aria-label="Notifications">
      <div role="status">{all.filter((toast) => toast.kind === 'done').map((toast) => <Note key={toast.id} toast={toast} />)}</div>
      <div role="alert">{all.filter((toast) => toast.kind === 'trouble').map((toast) => <Note key={toast.id} toast={toast} />)}</div>
    </div>
  );
}

function Note({ toast }: { toast: Toast }) {
  const { toasts } = useApp();
  useEffect(() => {
    if (toast.kind === 'trouble') return;
    const timer = setTimeout(() => toasts.dismiss(toast.id), 6000);
    return () => clearTimeout(timer);
  }, [toasts, toast]);
  return (
    <div className={`toast toast-${toast.kind}`}>
      <Icon name={toast.kind === 'done' ? 'check' : 'warn'} />
      <span>{toast.text}</span>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => toasts.dismiss(toast.id)}>
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}
