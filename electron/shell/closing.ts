import type { MessageBoxOptions } from 'electron';

export interface ClosingDependencies {
  readonly training: () => boolean;
  /** Resolves to the number of the button. */
  readonly ask: (question: MessageBoxOptions) => Promise<number>;
  /** Pauses what runs, with its state saved, and closes the library. */
  readonly closeStudio: () => Promise<void>;
  readonly quit: () => void;
}

const closingQuestion: MessageBoxOptions = {
  type: 'question',
  title: 'Screenfold',
  message: 'A run is training.',
  detail:
    'If you close Screenfold, the run pauses at the end of its step. You can resume it when you open Screenfold again.',
  buttons: ['Pause and close', 'Keep open'],
  defaultId: 1,
  cancelId: 1,
};

/**
 * What the wish to close comes to. The first one closes all in order and then quits; while that goes on, further ones
 * change nothing; afterwards the window may go.
 * @returns handler of an event that closes; it prevents the event until everything is closed
 */
export function orderlyClosing({ training, ask, closeStudio, quit }: ClosingDependencies) {
  let state: 'open' | 'asking' | 'closing' | 'closed' = 'open';
  const begin = async () => {
    if (training()) {
      state = 'asking';
      const answer = await ask(closingQuestion);
      state = 'open';
      if (answer !== 0) return;
    }
    state = 'closing';
    try {
      await closeStudio();
    } finally {
      state = 'closed';
      quit();
    }
  };
  return (event: { preventDefault(): void }): void => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state === 'open') void begin();
  };
}
