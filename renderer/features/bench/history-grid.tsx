import { Loader } from '@mantine/core';
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { IconAlertTriangle, IconHourglassEmpty, IconStarFilled } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { observeSize } from '../../components/observe-size.ts';
import { Picture } from '../../components/pictures/picture.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import { promptText } from '../../components/prompt-text.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import classes from './bench-screen.module.css';
import { historyLayout, pageSize } from './history-layout.ts';

/** Before the window has told its size. */
const assumed = { width: 800, height: 300 };
const observeElementRect = observeSize(assumed);

/** What the bench made, newest first; only the pages in sight are asked for and drawn. */
export function HistoryGrid({
  total,
  shown,
  picked,
  onShow,
  onPick,
}: {
  total: number;
  shown: number | null;
  /** Those to be compared, in order. */
  picked: readonly number[];
  onShow: (sample: Sample) => void;
  onPick: (sample: Sample) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const size = useElementSize<HTMLDivElement>();
  const ref = useMergedRef(scroller, size.ref);
  const layout = historyLayout(size.width || assumed.width, total);
  const pages = useVirtualizer({
    count: layout.pages,
    getScrollElement: () => scroller.current,
    observeElementRect,
    estimateSize: () => layout.pageHeight,
    overscan: 0,
    useFlushSync: false,
  });
  useEffect(() => {
    pages.measure();
  }, [pages, layout.pageHeight]);
  return (
    <div ref={ref} className={classes.history} role="group" aria-label="Earlier pictures">
      <div className={classes.pages} style={{ height: layout.height }}>
        {pages.getVirtualItems().map(({ index: page, start }) => (
          <div
            key={page}
            className={classes.page}
            style={{
              top: start,
              gridTemplateColumns: `repeat(${layout.columns}, ${layout.cell}px)`,
              gridAutoRows: layout.cell,
            }}
          >
            <HistoryPage {...{ page, shown, picked, onShow, onPick }} />
          </div>
        ))}
      </div>
    </div>
  );
}

function HistoryPage({
  page,
  shown,
  picked,
  onShow,
  onPick,
}: {
  page: number;
  shown: number | null;
  picked: readonly number[];
  onShow: (sample: Sample) => void;
  onPick: (sample: Sample) => void;
}) {
  const { data } = useStudioQuery(
    'gallery.history',
    { offset: page * pageSize, limit: pageSize },
    { keepPrevious: true },
  );
  return data?.samples.map((sample) => {
    const mark = picked.indexOf(sample.id);
    return (
      <button
        key={sample.id}
        type="button"
        className={classes.past}
        aria-label={`${promptText(sample)}, seed ${sample.seed}${stateText(sample)}`}
        aria-current={sample.id === shown || undefined}
        data-pick={mark === -1 ? undefined : 'AB'[mark]}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey) onPick(sample);
          else onShow(sample);
        }}
      >
        <PastState sample={sample} />
        {sample.favourite && <IconStarFilled className={classes.star} size={14} aria-hidden />}
      </button>
    );
  });
}

const stateText = ({ status }: Sample): string =>
  status === 'failed' ? ', failed' : status === 'cancelled' ? ', not made' : '';

function PastState({ sample }: { sample: Sample }) {
  switch (sample.status) {
    case 'ready':
      return <Picture address={sampleAddress(sample)} alt="" />;
    case 'making':
      return <Loader size={16} role="img" aria-label="Making" />;
    case 'queued':
      return <IconHourglassEmpty size={16} stroke={1.6} aria-label="Queued" />;
    case 'failed':
      return <NotMade label="Failed" />;
    case 'cancelled':
      return <NotMade label="Not made" />;
  }
}

function NotMade({ label }: { label: string }) {
  return (
    <span className={classes.notMade}>
      <IconAlertTriangle size={16} stroke={1.6} aria-hidden />
      {label}
    </span>
  );
}
