/** What node throws where a disk has no room. */
export function noSpace(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`ENOSPC: no space left on device, write '${path}'`), {
    ...{ errno: -28, code: 'ENOSPC', syscall: 'write', path },
  });
}
