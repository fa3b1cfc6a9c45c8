import { mediaPaths } from '../../electron/contract/protocol.ts';

/** Addresses of pictures by id, on whichever host the page came from. */
export const media = mediaPaths;
