// Numbers and times in words.

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function relativeTime(time: number, now: number): string {
  const seconds = Math.floor((now - time) / 1000);
  if (seconds < 5) return 'just now';
  return `${age(seconds)} ago`;
}

/** `a moment`, `12 s`, `3 min`. */
export function spanUntil(time: number, now: number): string {
  const seconds = Math.floor((now - time) / 1000);
  return seconds < 5 ? 'a moment' : age(seconds);
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** In the reader's time zone, to the second: `25 Nov 2026, 01:30:18`. */
export function exactTime(time: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(time));
}

/** `01:30:18`. */
export function clockTime(time: string): string {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
    .format(new Date(time));
}

/** `0.4 s`, `12 s`, `1 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** `512 MiB`, `4 GiB`. */
export function memory(mib: number): string {
  return mib < 1024 ? `${mib} MiB` : `${Number((mib / 1024).toFixed(1))} GiB`;
}

export function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
