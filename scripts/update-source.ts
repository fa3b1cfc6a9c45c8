/**
 * The address of the folder where newer versions are found, as `SCREENFOLD_UPDATES` gives it; undefined where it gives none.
 * What comes from there is installed: whoever can change it on its way runs what they like. So it is https or nothing.
 */
export function updateSource(address: string | undefined): string | undefined {
  if (address === undefined || address === '') return undefined;
  if (URL.canParse(address) && new URL(address).protocol === 'https:') return address;
  throw new Error(`SCREENFOLD_UPDATES is ${address}; updates are fetched by https alone.`);
}
