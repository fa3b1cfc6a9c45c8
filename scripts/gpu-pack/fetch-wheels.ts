import { spawnSync } from 'node:child_process';

/**
 * Fetches packages of PyPI into a folder, by Python's pip, for another platform than this one as well.
 * @param packages with the versions that serve, as pip reads them
 * @param platforms as pip names them, any of which serves
 */
export function fetchWheels(packages: readonly string[], platforms: readonly string[], folder: string): void {
  const only = ['--no-deps', '--only-binary=:all:', '--python-version', '3.12', '--implementation', 'cp'];
  const named = platforms.flatMap((one) => ['--platform', one]);
  const { status } = spawnSync(
    process.platform === 'win32' ? 'python' : 'python3',
    ['-m', 'pip', 'download', '-q', ...only, ...named, '-d', folder, ...packages],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (status !== 0) throw new Error(`pip could not fetch ${packages.join(', ')}.`);
}
