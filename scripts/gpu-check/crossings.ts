import type { Runtime } from '../../native/runtime/runtime.ts';

/** What has crossed between host and device. */
export interface Crossings {
  readonly writes: number;
  readonly reads: number;
  readonly bytes: number;
}

/** A runtime that counts what its tensors are given and what is read of them. */
export function countCrossings(runtime: Runtime): {
  readonly runtime: Runtime;
  /** Since this was last asked. */
  readonly taken: () => Crossings;
} {
  const none = { writes: 0, reads: 0, bytes: 0 };
  let counted = { ...none };
  return {
    runtime: {
      ...runtime,
      tensor: (type, shape, data) => {
        const tensor = runtime.tensor(type, shape, data);
        return {
          ...tensor,
          write: (source) => {
            counted.writes++;
            counted.bytes += source.byteLength;
            tensor.write(source);
          },
          writeInTurn: (source) => {
            counted.writes++;
            counted.bytes += source.byteLength;
            return tensor.writeInTurn(source);
          },
          read: (into) => {
            counted.reads++;
            counted.bytes += into.byteLength;
            return tensor.read(into);
          },
        };
      },
    },
    taken: () => {
      const before = counted;
      counted = { ...none };
      return before;
    },
  };
}
