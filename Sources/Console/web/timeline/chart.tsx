// Draws a trace: one row a lane, one mark a line, statuses as bars. Wheel and keys zoom and move; a mark says what it
// is when it is pointed at.

import { useEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent } from 'react';
import { axisStep, stamp, timelineOf } from './model';
import type { Line, Mark } from './model';

const rowHeight = 22;
const axisHeight = 26;
const shortest = 200;

interface Window {
  from: number;
  to: number;
}

interface Row {
  key: string;
  label: string;
  isTitle: boolean;
  draw: 'title' | 'life' | 'lane';
  index: number;
  group: number;
}

export function TimelineChart({ lines, isLive = false }: { lines: readonly Line[]; isLive?: boolean }) {
  const timeline = useMemo(() => timelineOf(lines), [lines]);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [view, setView] = useState<Window | null>(null);
  const [pointed, setPointed] = useState<{ mark: Mark; x: number; y: number } | null>(null);
  const drag = useRef<{ x: number; view: Window } | null>(null);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Where nobody has chosen, the newest two minutes of a live one, or the whole of a run.
  const end = Math.max(timeline.end, 1000);
  const { from, to } = view ?? { from: isLive ? Math.max(0, end - 120_000) : 0, to: end * 1.01 };
  const labelWidth = width < 520 ? 92 : 150;
  const letters = width < 520 ? 11 : 19;
  const plot = Math.max(100, width - labelWidth - 16);
  const x = (t: number) => labelWidth + ((t - from) / (to - from)) * plot;

  const look = (next: Window) => {
    const length = Math.min(Math.max(next.to - next.from, shortest), Math.max(end * 1.2, 10_000));
    const start = Math.max(0, Math.min(next.from, end));
    setView({ from: start, to: start + length });
  };
  const zoom = (factor: number, around = (from + to) / 2) =>
    look({ from: around - (around - from) * factor, to: around + (to - around) * factor });
  const move = (share: number) => look({ from: from + (to - from) * share, to: to + (to - from) * share });

  const zoomer = useRef(zoom);
  zoomer.current = zoom;
  const place = useRef({ from, to, plot, labelWidth });
  place.current = { from, to, plot, labelWidth };
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    // React's own wheel listener may not keep the page from scrolling.
    const turn = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      const { from: start, to: stop, plot: size, labelWidth: labels } = place.current;
      const share = (event.clientX - element.getBoundingClientRect().left - labels) / size;
      zoomer.current(event.deltaY > 0 || event.deltaX > 0 ? 1.25 : 0.8, start + (stop - start) * share);
    };
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, []);

  const press = (event: KeyboardEvent) => {
    const acts: Record<string, () => void> = {
      '+': () => zoom(0.7), '=': () => zoom(0.7), '-': () => zoom(1.4), ArrowLeft: () => move(-0.2),
      ArrowRight: () => move(0.2), Home: () => look({ from: 0, to: to - from }), End: () => setView(null),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const dragged = (event: PointerEvent) => {
    if (!drag.current) return;
    const moved = ((drag.current.x - event.clientX) / plot) * (drag.current.view.to - drag.current.view.from);
    look({ from: drag.current.view.from + moved, to: drag.current.view.to + moved });
  };

  const lives = timeline.lives.filter((life) => {
    const last = life.spans[life.spans.length - 1];
    return (life.spans[0]?.from ?? 0) <= to && (last?.status !== 'DELETED' || (last?.from ?? 0) >= from);
  }).slice(-12);
  const rows: Row[] = [];
  if (lives.length > 0) {
    rows.push({ key: 'lives', label: 'Deployments', isTitle: true, draw: 'title', index: 0, group: 0 });
    lives.forEach((life, index) => rows.push({ key: life.id, label: life.name, isTitle: false, draw: 'life', index, group: 0 }));
  }
  timeline.groups.forEach((group, number) => {
    // A socket that is long gone has no place on the screen.
    const lanes = group.lanes.map((lane, index) => ({ lane, index }))
      .filter(({ lane }) => group.title !== 'Sockets' || lane.marks.some(({ line }) => line.t >= from && line.t <= to));
    if (lanes.length === 0) return;
    rows.push({ key: group.title, label: group.title, isTitle: true, draw: 'title', index: 0, group: number });
    for (const { lane, index } of lanes) rows.push({ key: `${group.title} ${lane.name}`, label: lane.name, isTitle: false, draw: 'lane', index, group: number });
  });
  const height = axisHeight + rows.length * rowHeight + 6;
  const step = axisStep(to - from, Math.max(2, plot / 110));
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(tick);

  return (
    <div className="timeline">
      <div className="row timeline-tools">
        <button type="button" className="button outline" onClick={() => zoom(0.6)}>Zoom in</button>
        <button type="button" className="button outline" onClick={() => zoom(1.6)}>Zoom out</button>
        <button type="button" className="button outline" onClick={() => move(-0.4)}>Earlier</button>
        <button type="button" className="button outline" onClick={() => move(0.4)}>Later</button>
        <button type="button" className="button ghost" disabled={view === null} onClick={() => setView(null)}>{isLive ? 'Follow' : 'All'}</button>
      </div>
      <div
        ref={box} className="timeline-box" tabIndex={0} role="img"
        aria-label={`Time line of ${lines.length} events in ${rows.filter((row) => !row.isTitle).length} lanes. Plus and minus zoom, the arrow keys move.`}
        onKeyDown={press} onPointerMove={dragged}
        onPointerDown={(event) => { drag.current = { x: event.clientX, view: { from, to } }; }}
        onPointerUp={() => { drag.current = null; }}
        onPointerLeave={() => { drag.current = null; setPointed(null); }}
      >
        <svg width={width} height={height} aria-hidden="true">
          {ticks.map((tick) => (
            <g key={tick}>
              <line className="tick" x1={x(tick)} x2={x(tick)} y1={axisHeight - 6} y2={height} />
              <text className="tick-label" x={x(tick) + 4} y={14}>{stamp(tick)}</text>
            </g>
          ))}
          {rows.map((row, number) => {
            const y = axisHeight + number * rowHeight + rowHeight / 2;
            if (row.draw === 'title') return <text key={row.key} className="lane-title" x={8} y={y + 4}>{row.label}</text>;
            const life = row.draw === 'life' ? lives[row.index] : undefined;
            const lane = row.draw === 'lane' ? timeline.groups[row.group]?.lanes[row.index] : undefined;
            return (
              <g key={row.key}>
                <text className="lane-name" x={16} y={y + 4}>{short(row.label, letters)}<title>{row.label}</title></text>
                <line className="lane-line" x1={labelWidth} x2={labelWidth + plot} y1={y} y2={y} />
                {life?.spans.map((span) => {
                  const left = Math.max(labelWidth, x(span.from));
                  const right = Math.min(labelWidth + plot, x(span.to ?? Math.max(end, to)));
                  if (right <= left || (span.status === 'DELETED')) return null;
                  return <rect key={span.from} className={`span span-${span.status.toLowerCase()}`} x={left} y={y - 6} width={Math.max(2, right - left)} height={12} rx={3}><title>{`${life.name}: ${span.status} from ${stamp(span.from)}`}</title></rect>;
                })}
                {lane?.marks.filter(({ line }) => line.t >= from && line.t <= to).slice(-1500).map((mark) => (
                  <circle
                    key={mark.line.n} className={`mark mark-${mark.tone}`} cx={x(mark.line.t)} cy={y} r={4}
                    onPointerEnter={() => setPointed({ mark, x: x(mark.line.t), y })}
                  />
                ))}
              </g>
            );
          })}
          {pointed && <line className="pointer" x1={pointed.x} x2={pointed.x} y1={axisHeight - 6} y2={height} />}
        </svg>
        {pointed && (
          <div className="timeline-tip" style={{ left: Math.min(pointed.x, width - 320), top: pointed.y + 14 }}>
            <strong>{pointed.mark.line.actor}</strong> <span>{stamp(pointed.mark.line.t)}</span>
            <div>{pointed.mark.text}</div>
          </div>
        )}
      </div>
    </div>
  );
}

/** A lane's name in so many letters; what tells users and their sockets apart is kept. */
function short(label: string, letters: number): string {
  const name = label.replace(/@[^/]*/, '');
  if (name.length <= letters) return name;
  const socket = /\/\d+$/.exec(name)?.[0] ?? '';
  return `${name.slice(0, letters - 1 - socket.length)}…${socket}`;
}
