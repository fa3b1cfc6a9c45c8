import { createContext, use } from 'react';
import { useStore } from 'zustand';

import { createDraftStore, type DraftActions, type RequestDraft } from './request-draft.ts';

/** One draft for the page; a test may give its own. */
export const DraftContext = createContext(createDraftStore());

export function useDraft(): RequestDraft & DraftActions {
  return useStore(use(DraftContext));
}
