/** Resolves when a stream has said all it had to say. */
export function endOf(stream: NodeJS.ReadableStream | null): Promise<void> {
  if (stream === null) return Promise.resolve();
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error'] as const) stream.once(event, resolve);
  });
}
