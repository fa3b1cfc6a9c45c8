import { cardBlocks, type CardBlock, type Inline } from './card-blocks.ts';
import classes from './model-card-view.module.css';

/** A model card to read. */
export function ModelCardView({ markdown }: { markdown: string }) {
  return (
    <div className={`${classes.card} figures`}>
      {cardBlocks(markdown).map((block, index) => (
        <Block key={index} block={block} />
      ))}
    </div>
  );
}

function Block({ block }: { block: CardBlock }) {
  switch (block.kind) {
    case 'heading':
      return block.level <= 1 ? (
        <h3>
          <Text parts={block.text} />
        </h3>
      ) : (
        <h4>
          <Text parts={block.text} />
        </h4>
      );
    case 'paragraph':
      return (
        <p>
          <Text parts={block.text} />
        </p>
      );
    case 'list':
      return (
        <ul>
          {block.items.map((item, index) => (
            <li key={index}>
              <Text parts={item} />
            </li>
          ))}
        </ul>
      );
    case 'table':
      return (
        <table>
          <tbody>
            {block.rows.map((row, index) => (
              <tr key={index}>
                {row.map((cell, column) => (
                  <td key={column}>
                    <Text parts={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
    case 'code':
      return <pre>{block.text}</pre>;
  }
}

function Text({ parts }: { parts: readonly Inline[] }) {
  return parts.map(({ text, code }, index) => (code ? <code key={index}>{text}</code> : text));
}
