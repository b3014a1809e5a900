import type { ComponentChildren } from 'preact';

export type Tone = 'info' | 'good' | 'warning' | 'bad';

/** The word before a title tells the tone to those who do not see its colour. */
const WORDS: Readonly<Record<Tone, string>> = {
  info: 'Note',
  good: 'Done',
  warning: 'Warning',
  bad: 'Problem',
};

interface NoticeProps {
  readonly tone: Tone;
  /** What is the matter, in one sentence. */
  readonly title: ComponentChildren;
  /** The figures or the code behind it. */
  readonly evidence?: ComponentChildren;
  /** What to do about it. */
  readonly remedy?: ComponentChildren;
  /** Buttons and links that do it. */
  readonly children?: ComponentChildren;
}

/** Something that people must know: cause, evidence, remedy. Bad news interrupts a screen reader, other news waits. */
export function Notice({ tone, title, evidence, remedy, children }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <p class="notice-title">
        <span class="notice-tone">{WORDS[tone]}</span> {title}
      </p>
      {evidence !== undefined && <p class="notice-evidence">{evidence}</p>}
      {remedy !== undefined && <p>{remedy}</p>}
      {children !== undefined && <div class="notice-actions">{children}</div>}
    </div>
  );
}
