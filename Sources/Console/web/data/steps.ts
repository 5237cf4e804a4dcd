// The steps of a deployment, with the time that each took, read from its log.

import type { LogEvent, Status } from './types';

export interface Step {
  /** `Disk`, `Delete server`. */
  title: string;
  state: 'running' | 'done' | 'failed';
  /** In ms since 1970. */
  start: number;
  /** Null while it runs. */
  end: number | null;
  /** How long it took at most, in ms: the log is written at each look at the cloud, and not in between. */
  atMost: number;
}

/** The log's lines that begin another attempt, after which the steps are told anew. */
const beginnings = /^(Deployment requested|Another try requested|Deletion requested)$/;

/**
 * Reads the steps of the newest attempt.
 *
 * @param status - ends what still runs: where the deployment has come to rest, nothing does.
 */
export function stepsOf(events: readonly LogEvent[], status: Status): Step[] {
  const first = events.map((event) => beginnings.test(event.message)).lastIndexOf(true);
  const attempt = events.slice(Math.max(0, first));
  const steps: Step[] = [];
  let waiting: Step | undefined;
  let [earlier, now] = [NaN, NaN];
  for (const event of attempt) {
    const time = Date.parse(event.ts);
    if (time !== now) [earlier, now] = [now, time];
    const begin = (title: string): Step => {
      const step: Step = {
        title, state: 'running', start: time, end: null, atMost: Number.isNaN(earlier) ? 0 : time - earlier,
      };
      steps.push(step);
      return step;
    };
    const began = /^(Creating|Deleting) (.+)…$/.exec(event.message);
    const created = /^(.+) ready$/.exec(event.message);
    const deleted = /^(.+) deleted$/.exec(event.message);
    const failed = /^(Creating|Deleting) (.+?) failed(:|$)/.exec(event.message);
    if (beginnings.test(event.message)) {
      waiting = begin('Wait for a worker');
    } else if (waiting !== undefined && waiting.end === null) {
      finish(waiting, 'done', time);
    }
    if (began) begin(title(began[1], began[2]));
    else if (created) finish(running(steps, title('Creating', created[1])), 'done', time);
    else if (deleted) finish(running(steps, title('Deleting', deleted[1])), 'done', time);
    else if (failed) finish(running(steps, title(failed[1], failed[2])), 'failed', time);
  }
  const last = attempt[attempt.length - 1];
  if (last !== undefined && status !== 'REQUESTED' && status !== 'PROVISIONING' && status !== 'DELETING') {
    const state = status === 'ERROR' ? 'failed' : 'done';
    for (const step of steps) if (step.end === null) finish(step, state, Date.parse(last.ts));
  }
  return steps;
}

function running(steps: Step[], title: string): Step | undefined {
  return steps.find((step) => step.title === title && step.end === null);
}

function finish(step: Step | undefined, state: 'done' | 'failed', end: number): void {
  if (step === undefined) return;
  step.state = state;
  step.end = end;
}

function title(verb: string | undefined, what: string | undefined): string {
  const text = what ?? '';
  const name = text.charAt(0).toUpperCase() + text.slice(1);
  return verb === 'Deleting' ? `Delete ${text.startsWith('SSH') ? text : text.charAt(0).toLowerCase() + text.slice(1)}` : name;
}
