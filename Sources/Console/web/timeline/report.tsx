// The report of a run as a page of its own: its verdict, its time line and its story. The trace stands in the page.

import { createRoot } from 'react-dom/client';
import { TimelineChart } from './chart';
import { readLine, stamp, timelineOf } from './model';
import type { Line } from './model';

interface Report {
  scenario: string;
  about: string;
  seed: string;
  failures: string[];
  trace: Line[];
}

function read(): Report {
  const json = JSON.parse(document.getElementById('run')?.textContent ?? '{}') as Partial<Report>;
  return {
    scenario: json.scenario ?? '', about: json.about ?? '', seed: json.seed ?? '', failures: json.failures ?? [],
    trace: (json.trace ?? []).flatMap((line) => readLine(line) ?? []),
  };
}

function Page({ report }: { report: Report }) {
  const lanes = timelineOf(report.trace).groups.flatMap((group) => group.lanes.flatMap((lane) => lane.marks));
  const marks = lanes.sort((one, other) => one.line.n - other.line.n);
  const hasPassed = report.failures.length === 0;
  return (
    <main className="page">
      <div>
        <h1>{report.scenario}</h1>
        <p className="sub">{report.about}</p>
        <p className="head-status">
          <span className={`badge ${hasPassed ? 'status-active' : 'status-error'}`}>{hasPassed ? 'Passed' : 'Failed'}</span>
          <span className="muted">seed {report.seed}, {report.trace.length} events, {stamp(report.trace[report.trace.length - 1]?.t ?? 0)} of its time</span>
        </p>
      </div>
      {!hasPassed && <div className="panel-error" role="alert"><pre tabIndex={0}>{report.failures.join('\n')}</pre></div>}
      <section className="card" aria-labelledby="timeline">
        <h2 id="timeline">Time line</h2>
        <TimelineChart lines={report.trace} />
      </section>
      <section className="card" aria-labelledby="story">
        <h2 id="story">Story</h2>
        <ol className="story">
          {marks.map(({ line, tone, text }) => (
            <li key={line.n} className={`story-${tone}`}><time>{stamp(line.t)}</time><strong>{line.actor}</strong><span>{text}</span></li>
          ))}
        </ol>
      </section>
    </main>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<Page report={read()} />);
