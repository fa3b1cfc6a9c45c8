import type { CustomScheme } from 'electron';

/** A scheme of the window's own: its page has an origin that nothing outside of Screenfold can have. */
export const pageScheme: CustomScheme = {
  scheme: 'screenfold',
  privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
};
const pageOrigin = 'screenfold://app';
export const pageAddress = `${pageOrigin}/`;

/** Whether an address is of the window's own page. `URL.origin` is no help: it knows no origin of other schemes. */
export function isOwnAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host, username, password, port } = new URL(address);
  return protocol === 'screenfold:' && host === 'app' && username === '' && password === '' && port === '';
}
