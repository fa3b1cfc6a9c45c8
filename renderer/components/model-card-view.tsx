import { useMemo } from 'react';
import Markdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';

import { cardPictures } from '../../electron/contract/model-card.ts';
import { media } from '../studio/media.ts';
import classes from './model-card-view.module.css';

interface ModelCardViewProps {
  readonly markdown: string;
  /** Whose pictures are shown; without it there are none. */
  readonly modelId?: number;
}

/** A model card to read, with the pictures that lie beside it. Its links lead out of the studio, and are text. */
export function ModelCardView({ markdown, modelId }: ModelCardViewProps) {
  const components = useMemo(() => {
    const pictures = cardPictures(markdown);
    const img: Components['img'] = ({ src, alt }) => {
      const number = pictures.indexOf(src ?? '');
      if (modelId === undefined || number < 0) return null;
      return <img src={media.card(modelId, number)} alt={alt} loading="lazy" />;
    };
    return { ...texts, img };
  }, [markdown, modelId]);
  return (
    <div className={`${classes.card} figures`}>
      <Markdown remarkPlugins={[remarkGfm]} components={components}>
        {withoutHead(markdown)}
      </Markdown>
    </div>
  );
}

const texts: Components = {
  h1: 'h3',
  h2: 'h4',
  h3: 'h4',
  a: ({ children, href }) => (
    <>
      {children}
      {href !== undefined && children !== href && ` (${href})`}
    </>
  ),
};

/** The YAML head is for hubs, not for people. */
const withoutHead = (markdown: string) => markdown.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '');
