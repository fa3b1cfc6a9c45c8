import { mediaPaths } from '../../electron/connection/protocol.ts';

/** Addresses of pictures by id, on whichever host the page came from. */
export const media = mediaPaths;
