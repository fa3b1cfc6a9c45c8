/** What is used of WebAssembly's JavaScript interface, which TypeScript declares for browsers only. */
declare namespace WebAssembly {
  class Memory {
    /** Both in pages of 64 KiB. */
    constructor(descriptor: {
      readonly initial: number;
      readonly maximum?: number;
      readonly shared?: boolean;
    });
    /** A `SharedArrayBuffer` where it is shared; for views that are read and written it is the same. */
    readonly buffer: ArrayBuffer;
  }
  type Module = object;
  const Module: new (bytes: Uint8Array) => Module;
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory | number>>>>);
    readonly exports: object;
  }
}
