import type { EventName, EventOf, InputOf, MethodName, OutputOf } from '../../electron/contract/api.ts';

export type ConnectionStatus = 'connecting' | 'open' | 'lost';

/** What the page knows of the studio, whichever way it is reached. */
export interface StudioClient {
  /** Rejects with a `StudioFailure`. */
  call<M extends MethodName>(method: M, input: InputOf<M>): Promise<OutputOf<M>>;
  /** @returns a function that ends it */
  on<E extends EventName>(event: E, listener: (payload: EventOf<E>) => void): () => void;
  status(): ConnectionStatus;
  onStatus(listener: (status: ConnectionStatus) => void): () => void;
}
