import { countOf } from '../contract/quantities.ts';
import type { Dispatch } from '../studio/dispatch.ts';
import type { EventMessage } from '../studio/events.ts';

/** Of a run what a notice is about. */
export interface NoticedRun {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly epoch: number;
  readonly epochs: number;
  readonly failure: { readonly message: string } | null;
}

export interface RunNotice {
  readonly title: string;
  readonly body: string;
}

const underWay: ReadonlySet<string> = new Set(['preparing', 'training', 'stopping']);

/**
 * What to tell of runs that have finished or failed since they were last looked at; nothing of those that a person paused or
 * stopped, who knows.
 * @param before how each run stood
 */
export function runNotices(
  before: ReadonlyMap<number, string>,
  runs: readonly NoticedRun[],
): readonly RunNotice[] {
  return runs.flatMap(({ id, name, status, epoch, epochs, failure }) => {
    if (!underWay.has(before.get(id) ?? '')) return [];
    if (status === 'failed') return [{ title: name, body: failure?.message ?? 'The run failed.' }];
    if (status !== 'finished') return [];
    const early = epoch > 0 && epoch < epochs;
    return [
      {
        title: name,
        body: early
          ? `Stopped early, after epoch ${epoch} of ${epochs}.`
          : `Finished, ${countOf(epochs, 'epoch')}.`,
      },
    ];
  });
}

/** The runs as the studio lists them; none where it cannot. */
export async function runsOf(dispatch: Dispatch): Promise<readonly NoticedRun[]> {
  const answer = await dispatch({ type: 'call', id: 0, method: 'runs.list', input: {} });
  return answer.type === 'result' ? (answer.output as readonly NoticedRun[]) : [];
}

export interface NoticeDependencies {
  readonly subscribe: (listener: (message: EventMessage) => void) => () => void;
  readonly runs: () => Promise<readonly NoticedRun[]>;
  /** Whether a person looks at the window, who then sees it there. */
  readonly isInSight: () => boolean;
  readonly show: (notice: RunNotice) => void;
}

/**
 * Shows the system's notice when a run ends while nobody looks.
 * @returns a function that ends it
 */
export function noticeRunEnds({ subscribe, runs, isInSight, show }: NoticeDependencies): () => void {
  let before: ReadonlyMap<number, string> = new Map();
  let looking = Promise.resolve();
  const look = async () => {
    const now = await runs();
    if (!isInSight()) for (const notice of runNotices(before, now)) show(notice);
    before = new Map(now.map(({ id, status }) => [id, status]));
  };
  const lookNext = () => {
    // One after the other, so that no notice comes twice. A studio that closes has nothing more to tell.
    looking = looking.then(look).catch(() => undefined);
  };
  lookNext();
  return subscribe(({ event, payload }) => {
    const { subjects = [] } = payload as { readonly subjects?: readonly string[] };
    if (event === 'changed' && subjects.includes('runs')) lookNext();
  });
}
