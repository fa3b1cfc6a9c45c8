import type { BaseLocationHook } from 'wouter';
import { navigate, useHashLocation } from 'wouter/use-hash-location';

/**
 * Where the page is, behind the `#` of its address. What stands behind a question mark belongs to the place that it was named with: the
 * router's own hook keeps it at the next place, if that names nothing.
 */
export const usePageLocation: BaseLocationHook & { hrefs: (href: string) => string } = () => {
  const [location] = useHashLocation();
  return [location, goTo];
};
usePageLocation.hrefs = (href) => `#${href}`;

function goTo(to: string, options?: Parameters<typeof navigate>[1]): void {
  navigate(to.includes('?') ? to : `${to}?`, options);
}
