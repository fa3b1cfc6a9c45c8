import { createContext, use } from 'react';

import type { RunRequest } from '../../../electron/contract/runs.ts';
import type { Edits } from './request-draft.ts';

/** The request as it stands, for the fields of the form. */
export interface RequestForm {
  readonly request: RunRequest;
  readonly edit: (change: Edits) => void;
  /** What is wrong with the field at this dotted path. */
  readonly message: (path: string) => string | undefined;
  /** What of the field at this dotted path is allowed and most likely not meant. */
  readonly warning: (path: string) => string | undefined;
  /** ISO 4217. */
  readonly currency: string;
}

export const RequestFormContext = createContext<RequestForm | null>(null);

export function useRequestForm(): RequestForm {
  const form = use(RequestFormContext);
  if (form === null) throw new Error('there is no form above');
  return form;
}
