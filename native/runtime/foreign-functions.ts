import koffi from 'koffi';

/**
 * Bytes of the stack that C code runs on. koffi gives it a block of its own, by default 128 KiB off the main thread,
 * which optimizing a large graph or compiling a shader would overrun; only pages that are touched take memory.
 */
export const stackSize = 8 * 1024 * 1024;

// Settings can only change before the first library is loaded, so whatever loads one takes koffi from here.
koffi.config({
  ...koffi.config(),
  sync_stack_size: stackSize,
  async_stack_size: stackSize,
  resident_async_pools: 2,
});

export { koffi };
