import { Text, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconChevronRight } from '@tabler/icons-react';
import { type ReactNode, useId, useState } from 'react';

import classes from './form-section.module.css';

/** One part of the form: its name at the left, its fields at the right. */
export function FormSection({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <h2 className={classes.title} id={id}>
        {title}
      </h2>
      <div>{children}</div>
    </section>
  );
}

/** A part most people leave as it is: closed, it says in one line what is set. */
export function FoldedSection({
  title,
  summary,
  faulty = false,
  doubt,
  children,
}: {
  title: string;
  summary: string;
  /** Something within is wrong, so it cannot stay hidden. */
  faulty?: boolean;
  /**
   * What within is most likely not meant. It stands in place of the summary: opening the part by itself would push away what
   * somebody is writing in below.
   */
  doubt?: string | undefined;
  children: ReactNode;
}) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const expanded = faulty || (chosen ?? false);
  const doubtful = !expanded && doubt !== undefined;
  const line = doubtful ? doubt : summary;
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <h2 className={classes.title} id={id}>
        {title}
      </h2>
      <div>
        <UnstyledButton
          className={classes.summary}
          aria-expanded={expanded}
          aria-label={`${title}: ${line}`}
          onClick={() => {
            setChosen(!expanded);
          }}
        >
          <IconChevronRight
            size={16}
            className={classes.chevron}
            data-open={expanded || undefined}
            aria-hidden
          />
          {doubtful && <IconAlertTriangle size={16} className={classes.doubt} aria-hidden />}
          <Text size="sm" {...(doubtful ? {} : { c: 'dimmed' })} component="span">
            {line}
          </Text>
        </UnstyledButton>
        {/* Some of these parts hold dozens of fields, which would all be drawn again at each letter typed elsewhere. */}
        {expanded && <div className={classes.within}>{children}</div>}
      </div>
    </section>
  );
}
