/** What one node said of a notice. */
interface NoticeAnswer {
  readonly origin: string;
  readonly outcome: 'new' | 'known' | 'refused' | 'unreachable';
  readonly code?: string | undefined;
}

/** What the nodes said of a notice, in a sentence: how many obey, and who does not for which reason. */
export function noticeOutcome(answers: readonly NoticeAnswer[]): string {
  const obeying = answers.filter(({ outcome }) => outcome === 'new' || outcome === 'known').length;
  const others = answers.filter(({ outcome }) => outcome === 'refused' || outcome === 'unreachable');
  const heard = `${obeying} of ${answers.length} nodes of the distribution took it and tell the others.`;
  if (others.length === 0) return heard;
  const reasons = others.map(
    ({ origin, outcome, code }) => `${origin} ${outcome}${code === undefined ? '' : ` (${code})`}`,
  );
  return `${heard} Not at first hand: ${reasons.join(', ')}.`;
}
