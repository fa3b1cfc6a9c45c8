/** Gives a forked process what one of Electron's has: a port to its parent in `process.parentPort`. */
Object.defineProperty(process, 'parentPort', {
  value: {
    on: (_event: 'message', listener: (message: { readonly data: unknown }) => void) =>
      process.on('message', (data) => {
        listener({ data });
      }),
    postMessage: (message: unknown) => process.send?.(message),
  },
});
