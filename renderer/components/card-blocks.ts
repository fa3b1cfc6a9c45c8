/** A model card's Markdown, as far as model cards use it, as plain data to draw. */
export type CardBlock =
  | { readonly kind: 'heading'; readonly level: number; readonly text: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly text: readonly Inline[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'table'; readonly rows: readonly (readonly (readonly Inline[])[])[] }
  | { readonly kind: 'code'; readonly text: string };

export interface Inline {
  readonly text: string;
  readonly code: boolean;
}

/** What is not understood stays as it was written; nothing is ever taken for HTML. */
export function cardBlocks(markdown: string): readonly CardBlock[] {
  const blocks: CardBlock[] = [];
  const lines = withoutHead(markdown).split(/\r?\n/);
  let at = 0;
  /** The run of lines from here on that are of one kind. */
  const take = (belongs: (line: string) => boolean) => {
    const start = at;
    while (at < lines.length && belongs(lines[at]!)) at += 1;
    return lines.slice(start, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading !== null) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, text: inline(heading[2]!) });
      at += 1;
    } else if (line.startsWith('```')) {
      at += 1;
      blocks.push({ kind: 'code', text: take((inside) => !inside.startsWith('```')).join('\n') });
      at += 1;
    } else if (isItem(line)) {
      blocks.push({
        kind: 'list',
        items: take(isItem).map((item) => inline(item.replace(/^\s*[-*]\s+/, ''))),
      });
    } else if (isRow(line)) {
      // A head without words, as cards have it, goes with the rule below it.
      const rows = take(isRow).filter((row) => !/^\|[\s|:-]*$/.test(row));
      blocks.push({ kind: 'table', rows: rows.map((row) => cells(row).map(inline)) });
    } else if (line.trim() === '') {
      at += 1;
    } else {
      blocks.push({ kind: 'paragraph', text: inline(take(isText).join(' ')) });
    }
  }
  return blocks;
}

const isItem = (line: string) => /^\s*[-*]\s+/.test(line);
const isRow = (line: string) => line.startsWith('|');
const isText = (line: string) =>
  line.trim() !== '' && !isItem(line) && !isRow(line) && !/^#{1,6}\s/.test(line) && !line.startsWith('```');

/** The YAML head is for hubs, not for people. */
const withoutHead = (markdown: string) => markdown.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '');

const cells = (row: string) =>
  row
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

/** Code between backticks; elsewhere escapes are undone and marks of emphasis left out. */
function inline(text: string): readonly Inline[] {
  return text
    .split(/(?<!\\)(`[^`]*`)/)
    .filter((part) => part !== '')
    .map((part) =>
      part.length > 1 && part.startsWith('`') && part.endsWith('`')
        ? { text: part.slice(1, -1), code: true }
        : { text: plain(part), code: false },
    );
}

function plain(text: string): string {
  return text
    .replace(/(?<!\\)\*\*(.+?)(?<!\\)\*\*/g, '$1')
    .replace(/(?<!\\)\[([^\]]*)\]\(([^)]*)\)/g, '$1 ($2)')
    .replace(/\\([\\`*_[\]<>|#])/g, '$1');
}
