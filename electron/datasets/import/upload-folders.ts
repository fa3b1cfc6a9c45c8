import { dirname, join, relative } from 'node:path';

/** What a browser sent of these sources; only this may be deleted with them. */
export function uploadFolders(uploads: string, roots: readonly string[]): readonly string[] {
  return roots.flatMap((root) => {
    const [upload = ''] = relative(uploads, root).split(/[\\/]/);
    const folder = join(uploads, upload);
    return upload === '' || upload === '..' || dirname(folder) !== uploads ? [] : [folder];
  });
}
