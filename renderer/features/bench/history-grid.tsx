import { Loader } from '@mantine/core';
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { IconAlertTriangle, IconHourglassEmpty, IconStarFilled } from '@tabler/icons-react';
import { useRef, useState } from 'react';

import type { Sample } from '../../../electron/contract/gallery.ts';
import { Picture } from '../../components/pictures/picture.tsx';
import { sampleAddress } from '../../components/pictures/sample-address.ts';
import { rangeInSight } from '../../components/window-range.ts';
import { useStudioQuery } from '../../studio/studio.tsx';
import classes from './bench-screen.module.css';
import { historyLayout, pageSize } from './history-layout.ts';

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
  const [top, setTop] = useState(0);
  const layout = historyLayout(size.width || 800, total);
  const pages = rangeInSight(top, size.height || 300, layout.pageHeight, layout.pages, 0);
  return (
    <div
      ref={ref}
      className={classes.history}
      role="group"
      aria-label="Made before"
      onScroll={({ currentTarget }) => {
        setTop(currentTarget.scrollTop);
      }}
    >
      <div className={classes.pages} style={{ height: layout.height }}>
        {Array.from({ length: pages.end - pages.first }, (_, index) => pages.first + index).map((page) => (
          <div
            key={page}
            className={classes.page}
            style={{
              top: page * layout.pageHeight,
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
        aria-label={`${sample.prompt === '' ? '(no words)' : sample.prompt}, seed ${sample.seed}`}
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

function PastState({ sample }: { sample: Sample }) {
  switch (sample.status) {
    case 'ready':
      return <Picture address={sampleAddress(sample)} alt="" />;
    case 'making':
      return <Loader size={16} aria-label="Making" />;
    case 'queued':
      return <IconHourglassEmpty size={16} stroke={1.6} aria-label="Queued" />;
    default:
      return <IconAlertTriangle size={16} stroke={1.6} aria-label="Not made" />;
  }
}
