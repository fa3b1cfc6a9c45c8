import type { Job } from '../../native/jobs.ts';
import type { Engine, ResultOf, RunOptions } from './engine.ts';

export interface EndableEngine extends Engine {
  /** Ends what only looks at something: nobody waits for the answer any more. */
  readonly endLooks: () => void;
  /** Ends whatever is still under way; a process that lives keeps this program alive. */
  readonly endAll: () => void;
}

/** An engine whose processes do not outlive the studio. */
export function createEndableEngine(engine: Engine): EndableEngine {
  const [looks, all] = [new AbortController(), new AbortController()];
  return {
    ...(engine.forgetDrivers !== undefined && { forgetDrivers: engine.forgetDrivers }),
    run: <J extends Job>(job: J, options: RunOptions = {}): Promise<ResultOf<J>> => {
      const ends = [all.signal];
      if (job.kind === 'info' || job.kind === 'gpus') ends.push(looks.signal);
      if (options.kill !== undefined) ends.push(options.kill);
      return engine.run(job, { ...options, kill: AbortSignal.any(ends) });
    },
    endLooks: () => {
      looks.abort();
    },
    endAll: () => {
      looks.abort();
      all.abort();
    },
  };
}
