import { Collapse, Text, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
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
  doubtful = false,
  children,
}: {
  title: string;
  summary: string;
  /** Something within is wrong, so it cannot stay hidden. */
  faulty?: boolean;
  /** Something within is most likely not meant: it shows, and may be folded away. */
  doubtful?: boolean;
  children: ReactNode;
}) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const expanded = faulty || (chosen ?? doubtful);
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
          aria-label={`${title}: ${summary}`}
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
          <Text size="sm" c="dimmed" truncate component="span">
            {summary}
          </Text>
        </UnstyledButton>
        <Collapse expanded={expanded}>
          <div style={{ paddingTop: 12 }}>{children}</div>
        </Collapse>
      </div>
    </section>
  );
}
