import { Button, Collapse, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';

import { writesTags } from '../../../electron/contract/captioners.ts';
import type { CaptionerOffer } from '../../../electron/contract/downloads.ts';
import { bytesText } from '../../../electron/contract/quantities.ts';
import { FailureNote } from '../../components/failure-note.tsx';
import classes from '../../components/listed.module.css';
import { PageAddress } from '../../components/page-address.tsx';
import { useStudioCommand, useStudioQuery } from '../../studio/studio.tsx';
import { DownloadEntry } from '../downloads/download-entry.tsx';
import { TokenField } from '../downloads/token-field.tsx';
import { useDownloads } from '../downloads/use-downloads.ts';

/** Captioning models to be had by a click, one from any address, and how those that were asked for stand. */
export function CaptionerOffers() {
  const { data: offers = [] } = useStudioQuery('downloads.captioners', {});
  const { data: downloads = [] } = useDownloads('captioner');
  return (
    <Stack gap="sm">
      {downloads.length > 0 && (
        <section aria-label="Downloads of captioning models">
          {downloads.map((download) => (
            <DownloadEntry key={download.id} download={download} />
          ))}
        </section>
      )}
      <ul className={classes.items} aria-label="Captioning models">
        {offers.map((offer) => (
          <Offer key={offer.id} offer={offer} isAsked={downloads.some(({ id }) => id === offer.id)} />
        ))}
      </ul>
      <FromAddress />
    </Stack>
  );
}

function Offer({ offer, isAsked }: { offer: CaptionerOffer; isAsked: boolean }) {
  const { id: publishedId, name, kind, publisher, bytes, licence, page, suits, captionerId } = offer;
  const start = useStudioCommand('downloads.startCaptioner');
  return (
    <li className={classes.item} aria-label={name}>
      <div className={classes.words}>
        <Text size="sm" fw={500}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" className="figures">
          {writesTags(kind) ? 'Tags' : 'Sentences'} · about {bytesText(bytes)} · {licence} · {publisher}
        </Text>
        <Text size="sm">{suits}</Text>
        <PageAddress name={name} page={page} />
      </div>
      {captionerId === null ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          aria-label={`Download ${name}`}
          disabled={isAsked}
          loading={start.isPending}
          onClick={() => {
            start.mutate({ publishedId });
          }}
        >
          Download
        </Button>
      ) : (
        <Text size="sm" c="dimmed">
          Downloaded
        </Text>
      )}
      {start.error !== null && (
        <div className={classes.below}>
          <FailureNote error={start.error} />
          <Text size="xs" c="dimmed" mt={8}>
            You can also get the files from the page above with another computer, put them into one folder,
            and add that folder.
          </Text>
        </div>
      )}
    </li>
  );
}

/** For models that are not in the list. */
function FromAddress() {
  const start = useStudioCommand('downloads.startCaptionerAddress');
  const [opened, { toggle }] = useDisclosure(false);
  const [address, setAddress] = useState('');
  const [token, setToken] = useState('');
  return (
    <div>
      <Button size="compact-sm" variant="subtle" aria-expanded={opened} onClick={toggle}>
        Another model, by its address
      </Button>
      <Collapse expanded={opened}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            // A dialogue around it has a form of its own.
            event.stopPropagation();
            start.mutate(
              { address, token },
              {
                onSuccess: () => {
                  setAddress('');
                  setToken('');
                },
              },
            );
          }}
        >
          <Stack gap="xs" maw={640} pt="xs">
            <TextInput
              label="Address of the model"
              description="Its page on Hugging Face, or a folder on any server: a WD tagger, or BLIP, ViT-GPT2 or Florence-2 as ONNX."
              placeholder="https://huggingface.co/…/…"
              value={address}
              onChange={({ currentTarget }) => {
                setAddress(currentTarget.value);
              }}
            />
            <TokenField value={token} onChange={setToken} />
            {start.error !== null && <FailureNote error={start.error} />}
            <Group>
              <Button
                type="submit"
                size="xs"
                variant="default"
                loading={start.isPending}
                disabled={address.trim() === ''}
              >
                Download this model
              </Button>
            </Group>
          </Stack>
        </form>
      </Collapse>
    </div>
  );
}
