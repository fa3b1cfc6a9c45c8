import type { ImageDetail } from '../../../../electron/contract/datasets.ts';
import { media } from '../../../studio/media.ts';
import { useStudioQuery } from '../../../studio/studio.tsx';
import { useHere, useView } from '../use-view.tsx';
import { bucketOf, cropTo } from './crop.ts';
import { CropChoice } from './crop-choice.tsx';
import classes from './inspector.module.css';

/** The picture, and over it what training sees of it at the chosen resolution. */
export function CropPicture({ image }: { image: ImageDetail }) {
  const { datasetId } = useHere();
  const crop = useView((state) => state.crop);
  const { data: buckets } = useStudioQuery(
    'datasets.buckets',
    { datasetId, ...crop },
    { keepPrevious: true },
  );
  const bucket = bucketOf(image, buckets ?? []);
  const kept = bucket === null ? null : cropTo(image, bucket);
  const lost = kept === null ? 0 : 1 - kept.width * kept.height;
  const ratio = image.width / image.height;
  return (
    <div>
      <div className={classes.picture} style={{ containerType: 'size' }}>
        <div
          className={classes.frame}
          style={{ aspectRatio: ratio, width: `min(100cqw, ${100 * ratio}cqh)` }}
        >
          <img
            key={image.id}
            src={media.image(image.id)}
            alt={image.file}
            decoding="async"
            data-enlarged={Math.max(image.width, image.height) * 2 <= 300 || undefined}
          />
          {kept !== null && lost > 0.001 && (
            <div
              className={classes.crop}
              style={{
                left: `${kept.left * 100}%`,
                top: `${kept.top * 100}%`,
                width: `${kept.width * 100}%`,
                height: `${kept.height * 100}%`,
              }}
            />
          )}
        </div>
      </div>
      <div className={`${classes.cropLine} figures`}>
        <span>{bucket === null ? ' ' : `As ${bucket.width} × ${bucket.height}, ${lostText(lost)}`}</span>
        <CropChoice />
      </div>
    </div>
  );
}

function lostText(lost: number): string {
  if (lost <= 0.001) return 'nothing cropped';
  return `${(lost * 100).toFixed(lost < 0.0995 ? 1 : 0)} % cropped`;
}
