import Markdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import classes from './model-card-view.module.css';

/** A model card to read: text alone, for its pictures lie beside it and its links lead out of the studio. */
export function ModelCardView({ markdown }: { markdown: string }) {
  return (
    <div className={`${classes.card} figures`}>
      <Markdown remarkPlugins={[remarkGfm]} components={components}>
        {withoutHead(markdown)}
      </Markdown>
    </div>
  );
}

const components: Components = {
  h1: 'h3',
  h2: 'h4',
  h3: 'h4',
  img: () => null,
  a: ({ children, href }) => (
    <>
      {children}
      {href !== undefined && children !== href && ` (${href})`}
    </>
  ),
};

/** The YAML head is for hubs, not for people. */
const withoutHead = (markdown: string) => markdown.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '');
