// The live trace of the portal: what there is, then line by line over a WebSocket.

import { useEffect, useState } from 'react';
import { useApp } from '../app';
import { readLine } from '../timeline/model';
import type { Line } from '../timeline/model';

const keptLines = 10_000;

/** The lines so far, gathered for a moment so that a burst is drawn once. */
export function useTrace(onCall: () => void): { lines: Line[]; isLive: boolean } {
  const { clock } = useApp();
  const [lines, setLines] = useState<Line[]>([]);
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    let socket: WebSocket | undefined;
    let isOver = false;
    let last = 0;
    let fresh: Line[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      const batch = fresh;
      fresh = [];
      setLines((known) => [...known, ...batch].slice(-keptLines));
      if (batch.some((line) => line.kind === 'call')) onCall();
    };
    const connect = () => {
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
      socket = new WebSocket(`${scheme}://${location.host}/_hothouse/timeline?after=${last}`);
      socket.onopen = () => setLive(true);
      socket.onmessage = (event) => {
        let line: Line | null = null;
        try {
          line = readLine(JSON.parse(String(event.data)));
        } catch {
          // Not a line.
        }
        if (line === null || line.n <= last) return;
        last = line.n;
        fresh.push(line);
        timer ??= setTimeout(show, 100);
      };
      socket.onclose = () => {
        setLive(false);
        if (isOver) return;
        // A server that was started again begins its trace anew.
        last = 0;
        setLines([]);
        retry = setTimeout(connect, 1000 + Math.random() * 2000);
      };
    };
    connect();
    return () => {
      isOver = true;
      clearTimeout(timer);
      clearTimeout(retry);
      socket?.close();
    };
  }, [clock, onCall]);
  return { lines, isLive };
}
