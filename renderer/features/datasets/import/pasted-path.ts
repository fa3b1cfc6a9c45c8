/**
 * The paths in a pasted text, one a line, quoted as file managers copy them or not; null where it is something else.
 */
export function pastedPaths(text: string): readonly string[] | null {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^(["'])(.*)\1$/, '$2'))
    .filter((line) => line !== '');
  const paths = lines.map(pathOf);
  return paths.length === 0 || paths.includes(null) ? null : (paths as string[]);
}

function pathOf(line: string): string | null {
  if (line.startsWith('file://')) {
    const path = URL.canParse(line) ? decodeURIComponent(new URL(line).pathname) : '';
    return /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path === '' ? null : path;
  }
  return /^(\/|~\/|[A-Za-z]:[\\/]|\\\\)/.test(line) ? line : null;
}
