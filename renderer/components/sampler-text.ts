import { samplerLabel } from '../../electron/contract/values.ts';

/** A sampler's name as people write it. */
export const samplerText = samplerLabel;
