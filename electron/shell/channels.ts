/** By which the preload asks for the page's port, and by which it comes. */
export const readyChannel = 'screenfold:ready';
export const portChannel = 'screenfold:port';
